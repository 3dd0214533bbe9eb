import { RoomError, type Client, type Room } from '../../client/index.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { Color } from '../common/colors.ts';
import { gameNamed, games } from '../games/games.ts';
import type { TableGame } from '../games/common/table-game.ts';

/** How a visitor wants to enter a room. */
export type RoomRequest =
  | { how: 'quick'; game: TableGame; options: JsonObject }
  /** A private room, found by its code only. */
  | { how: 'private'; game: TableGame; options: JsonObject }
  /** A match against bots, started at once. */
  | { how: 'bots'; game: TableGame; options: JsonObject; bots: number }
  | { how: 'room'; id: string; watch: boolean }
  | { how: 'code'; code: string; watch: boolean };

/** A guest's profile. */
export type PlayerProfile = { colour: Color };

/** Enters the requested room. @throws RoomError */
export async function findRoom(client: Client, wish: RoomRequest, profile: PlayerProfile): Promise<Room> {
  switch (wish.how) {
    case 'quick':
      return client.quick(wish.game.contract, { options: wish.options, profile });
    case 'private':
      return client.create(wish.game.contract, { private: true, options: wish.options, profile });
    case 'bots': {
      const room = await client.create(wish.game.contract, {
        private: true,
        options: wish.options,
        bots: wish.bots,
        profile,
      });
      if (wish.game.contract.def.start === 'host') await room.start(); // refused, the waiting room says the rest
      return room;
    }
    case 'room':
    case 'code': {
      const which = wish.how === 'room' ? { id: wish.id } : { code: wish.code };
      return enterWithMatchingGame(game =>
        wish.watch ? client.watch(game.contract, which) : client.join(game.contract, { ...which, profile }),
      );
    }
  }
}

/** Codes and links do not say the game: on `wrong-game` the next game is tried. */
async function enterWithMatchingGame(enter: (game: TableGame) => Promise<Room>): Promise<Room> {
  try {
    return await enter(games[0]!);
  } catch (error) {
    const named = error instanceof RoomError && error.code === 'wrong-game' ? gameNamed(error.detail ?? '') : undefined;
    if (!named) throw error;
    return enter(named);
  }
}

import { RoomError, type Client, type Room } from '../../client/index.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { Color } from '../common/colors.ts';
import { gameNamed, games } from '../games/games.ts';
import type { TableGame } from '../games/common/table-game.ts';

/** How somebody wants to get to a table. */
export type RoomRequest =
  | { how: 'quick'; game: TableGame; options: JsonObject }
  /** A table for friends: nobody finds it without its code. */
  | { how: 'private'; game: TableGame; options: JsonObject }
  /** Play begins at once, against so many bots. */
  | { how: 'bots'; game: TableGame; options: JsonObject; bots: number }
  | { how: 'room'; id: string; watch: boolean }
  | { how: 'code'; code: string; watch: boolean };

/** What a guest brings along to each table. */
export type PlayerProfile = { colour: Color };

/** Gets somebody what they wish for. @throws RoomError */
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

/** Neither a code nor a link says which game is played there; who guesses wrong is told. */
async function enterWithMatchingGame(enter: (game: TableGame) => Promise<Room>): Promise<Room> {
  try {
    return await enter(games[0]!);
  } catch (error) {
    const named = error instanceof RoomError && error.code === 'wrong-game' ? gameNamed(error.detail ?? '') : undefined;
    if (!named) throw error;
    return enter(named);
  }
}

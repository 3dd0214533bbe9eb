import type { Contract, ContractDef, OptionsIn, ProfileIn } from '../../shared/contract.ts';
import type { Client } from '../client.ts';
import type { Room } from '../room.ts';

/** Which room to enter: by id or code, to watch, by quick join, or a new one. `profile`: the player's profile. */
export type Which<D extends ContractDef = ContractDef> =
  | ({ id: string } & WithProfile<D>)
  | ({ code: string } & WithProfile<D>)
  | { watch: string }
  | ({ quick: true | { options?: OptionsIn<D> } } & WithProfile<D>)
  | ({ create: true | { options?: OptionsIn<D>; private?: boolean; bots?: number } } & WithProfile<D>);
type WithProfile<D extends ContractDef> = { profile?: ProfileIn<D> | undefined };

/** Which room is meant. The profile makes no difference: it is sent on entering. */
export const keyOf = (which: object | null): string => JSON.stringify(which && { ...which, profile: undefined });

interface SharedRoom {
  room: Promise<Room<never>>;
  users: number;
}

const sharedRooms = new WeakMap<Client, Map<string, SharedRoom>>();

/**
 * Shares one room among all components with the same client and arguments. It is closed after the last component
 * releases it, in a later turn, because components are unmounted and mounted again (React's strict mode, route changes).
 */
export function acquireRoom<D extends ContractDef>(
  client: Client,
  game: Contract<D>,
  which: Which<D>,
  asked: string,
): { room: Promise<Room<D>>; release: () => void } {
  let rooms = sharedRooms.get(client);
  if (!rooms) sharedRooms.set(client, (rooms = new Map()));
  const key = `${game.name} ${asked}`;
  let one = rooms.get(key);
  if (!one) {
    rooms.set(key, (one = { room: enterRoom(client, game, which) as unknown as SharedRoom['room'], users: 0 }));
    const mine = one;
    const forget = () => {
      if (rooms.get(key) === mine) rooms.delete(key);
    };
    // A room that ended, or could not be entered, is entered again by the next component.
    one.room.then(room => void room.onEnd(forget), forget);
  }
  const mine = one;
  mine.users += 1;
  let released = false;
  return {
    room: mine.room as unknown as Promise<Room<D>>,
    release: () => {
      if (released) return;
      released = true;
      mine.users -= 1;
      setTimeout(() => {
        if (mine.users > 0) return;
        if (rooms.get(key) === mine) rooms.delete(key);
        mine.room.then(
          room => room.close(),
          () => {},
        );
      }, 0);
    },
  };
}

function enterRoom<D extends ContractDef>(client: Client, game: Contract<D>, which: Which<D>): Promise<Room<D>> {
  if ('watch' in which) return client.watch(game, { id: which.watch });
  const profile = which.profile === undefined ? {} : { profile: which.profile };
  if ('quick' in which) return client.quick(game, { ...(which.quick === true ? {} : which.quick), ...profile });
  if ('create' in which) return client.create(game, { ...(which.create === true ? {} : which.create), ...profile });
  return client.join(game, { ...('id' in which ? { id: which.id } : { code: which.code }), ...profile });
}

import type { Contract, ContractDef, OptionsIn } from '../../shared/contract.ts';
import type { Client } from '../client.ts';
import type { Room } from '../room.ts';

/** Which room: a known one, any open one, a new one; or a known one to be watched. */
export type Which<D extends ContractDef = ContractDef> =
  | { id: string }
  | { code: string }
  | { watch: string }
  | { quick: true | { options?: OptionsIn<D> } }
  | { create: true | { options?: OptionsIn<D>; private?: boolean; bots?: number } };

interface SharedRoom {
  room: Promise<Room<never>>;
  users: number;
}

const sharedRooms = new WeakMap<Client, Map<string, SharedRoom>>();

/**
 * One room for all components that ask the same of a client, let go of when the last of them is gone; not in the same
 * moment, since React takes components away and puts them back (strict mode, a route that changes).
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
    // A room that is over is entered anew by whoever asks again; so is one that refused.
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
  if ('quick' in which) return client.quick(game, which.quick === true ? {} : which.quick);
  if ('create' in which) return client.create(game, which.create === true ? {} : which.create);
  return client.join(game, which);
}

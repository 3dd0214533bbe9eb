import type { Contract, ContractDef, OptionsOf, ProfileOf, ViewOf } from '../../shared/contract.ts';
import type { PublicRoom } from '../../shared/protocol.ts';
import type { Client } from '../client.ts';
import { Listeners } from '../listeners.ts';
import type { RoomError } from '../room-error.ts';
import type { Room } from '../room.ts';
import type { RoomStatus, Status } from '../status.ts';
import { acquireRoom, keyOf, type Which } from './shared-rooms.ts';

/** What a page shows of a room that it has asked for. */
export type RoomValue<D extends ContractDef> =
  /** The room is being entered. */
  | { room: null; state: null; info: null; refused: null; status: Status }
  /** Entering was refused: `refused.why`, and `refused.now` for what the user can do. */
  | { room: null; state: null; info: null; refused: RoomError; status: Status }
  /** `state` changes in place: draw it, but do not keep or compare it. */
  | {
      room: Room<D>;
      state: ViewOf<D> | null;
      info: PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
      refused: null;
      status: RoomStatus;
    };

/** A room as a store: what Svelte calls one, and any library that takes `subscribe`. */
export interface RoomStore<D extends ContractDef> {
  /**
   * Calls `run` at once, and after each change of the room or its status, with a new object each time.
   * @returns a function that ends it
   * @example
   * ```ts
   * const stop = roomStore(client, race, { code: 'K7QXM' }).subscribe(({ status }) => { banner.textContent = inWords(status) })
   * stop()
   * ```
   */
  subscribe(run: (value: RoomValue<D>) => void): () => void;
}

/** @internal */
export const valueOf = <D extends ContractDef>(
  client: Client,
  room: Room<D> | null,
  refused: RoomError | null,
): RoomValue<D> =>
  room
    ? { room, state: room.state, info: room.info, refused: null, status: room.status }
    : { room, state: null, info: null, refused: refused as RoomError, status: client.status };

/**
 * A room as a store. It is entered with the first subscription. After the last one has ended the room is closed, and the
 * seat is held as for a disconnected player; `room.leave()` gives it up. Stores and hooks with the same client and
 * arguments share the room.
 * @param client created once: `const client = connect(url)`
 * @param which `profile` is sent on entering; after that, `room.setProfile` changes it
 * @example
 * ```ts
 * const table = roomStore(client, race, { code: 'K7QXM' }) // in Svelte: $table.state
 * const stop = table.subscribe(({ room, state, refused, status }) => {
 *   banner.textContent = refused ? refused.why : inWords(status)
 *   if (room && state) draw(state)
 * })
 * ```
 */
export function roomStore<D extends ContractDef>(client: Client, game: Contract<D>, which: Which<D>): RoomStore<D> {
  const changed = new Listeners<[RoomValue<D>]>();
  let room: Room<D> | null = null;
  let refused: RoomError | null = null;
  let subscribers = 0;
  let leave = () => {};
  const value = () => valueOf(client, room, refused);
  const notify = () => changed.notify(value());

  const enter = () => {
    const entering = acquireRoom(client, game, which, keyOf(which));
    let stops = [
      client.onStatus(() => {
        if (!room) notify();
      }),
    ];
    let isOver = false;
    leave = () => {
      isOver = true;
      for (const stop of stops) stop();
      entering.release();
      room = refused = null;
    };
    entering.room.then(
      entered => {
        if (isOver) return;
        room = entered;
        stops = [...stops, entered.onChange(notify), entered.onStatus(notify)];
        notify();
      },
      (error: RoomError) => {
        if (isOver) return;
        refused = error;
        notify();
      },
    );
  };

  return {
    subscribe(run) {
      if (subscribers++ === 0) enter();
      const stop = changed.add(run);
      run(value());
      let isEnded = false;
      return () => {
        if (isEnded) return;
        isEnded = true;
        stop();
        if (--subscribers === 0) leave();
      };
    },
  };
}

/**
 * Hooks for React 18 and later, and for Preact by its `preact/compat`. Apart from `rejoin/client`, so that pages
 * without either do not need them.
 * @module rejoin/react
 */
import { useCallback, useEffect, useReducer, useState, useSyncExternalStore } from 'react';
import type { Contract, ContractDef, OptionsOf, ProfileOf, ViewOf } from '../../shared/contract.ts';
import type { PublicRoom } from '../../shared/protocol.ts';
import type { Client, RoomError } from '../client.ts';
import type { Room } from '../room.ts';
import type { RoomStatus, Status } from '../status.ts';
import { acquireRoom, type Which } from './shared-rooms.ts';

export type { Which };

/** A room, as a component has it. */
export type RoomHook<D extends ContractDef> =
  /** It is being entered. */
  | { room: null; state: null; info: null; refused: null; status: Status }
  /** One may not: `refused.why`, and `refused.now` for what helps. */
  | { room: null; state: null; info: null; refused: RoomError; status: Status }
  /** `state` changes in place: it is there to be drawn, not to be kept or compared. */
  | {
      room: Room<D>;
      state: ViewOf<D> | null;
      info: PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
      refused: null;
      status: RoomStatus;
    };

/**
 * Something that tells when it has changed: a room, a prediction.
 * @example
 * ```ts
 * // anything that tells of its changes will do: here, whether the page is in sight
 * const sight: Told = {
 *   onChange(fn) {
 *     document.addEventListener('visibilitychange', fn)
 *     return () => document.removeEventListener('visibilitychange', fn)
 *   },
 * }
 * const useHidden = () => useSelected(sight, () => document.hidden)
 * ```
 */
export interface Subscribable {
  /** Tells of each change. @returns what ends it */
  onChange(fn: () => void): () => void;
}

/**
 * How a client's connection is, or how it is at a table; draws again when it becomes another.
 * @example
 * ```tsx
 * function Line({ room }: { room: Room }) {
 *   const status = useStatus(room)
 *   return <p role="status">{inWords(status)}</p>
 * }
 * ```
 */
export function useStatus(of: Client): Status;
export function useStatus<D extends ContractDef>(of: Room<D>): RoomStatus;
export function useStatus(of: { status: RoomStatus; onStatus(fn: () => void): () => void }): RoomStatus {
  return useSyncExternalStore<RoomStatus>(
    useCallback((fn: () => void) => of.onStatus(fn), [of]),
    () => of.status,
    () => of.status,
  );
}

/**
 * Draws again after each change of a room, or of a prediction. In games with a tick that is many times a second: there,
 * `useSelected` what the component shows.
 * @example
 * ```tsx
 * function Mine({ room }: { room: Room<typeof race.def> }) {
 *   const mine = useMemo(() => predict(room, raceGame), [room])
 *   useChanges(mine)
 *   return <Track at={mine.state?.at ?? []} onStep={by => mine.act.step({ by })} />
 * }
 * ```
 */
export function useChanges(of: Subscribable | null): void {
  const [, draw] = useReducer((n: number, _: null) => n + 1, 0);
  useEffect(() => {
    if (!of) return;
    const stop = of.onChange(() => draw(null));
    draw(null); // what changed between drawing and listening
    return stop;
  }, [of]);
}

/**
 * Something of a room; draws again when that has become another. It has to be a number, a text, a boolean or null, for
 * states change in place: an object would be the same one.
 * @example
 * ```tsx
 * function Place({ room }: { room: Room<typeof race.def> }) {
 *   const at = useSelected(room, r => r.state?.at[0] ?? 0)
 *   return <meter max={10} value={at} />
 * }
 * ```
 */
export function useSelected<T extends Subscribable, V extends number | string | boolean | null | undefined>(
  of: T,
  select: (of: T) => V,
): V {
  return useSyncExternalStore<V>(
    useCallback((fn: () => void) => of.onChange(fn), [of]),
    () => select(of),
    () => select(of),
  );
}

/**
 * Enters a room while the component is there, and draws again after each change. When it goes, the seat is kept, as for
 * a player whose phone is off; to give it up, `room.leave()`. Two components that ask the same of one client share the
 * room.
 * @param client made once, outside of components: `const client = connect(url)`
 * @param which null: none yet
 * @example
 * ```tsx
 * function Table({ code }: { code: string }) {
 *   const { room, state, status, refused } = useRoom(client, race, { code })
 *   if (refused) return <p>{refused.why}</p>
 *   if (!room || !state) return <p>{inWords(status) || 'One moment…'}</p>
 *   return <Track at={state.at} onStep={by => room.act.step({ by })} />
 * }
 * ```
 */
export function useRoom<D extends ContractDef>(client: Client, game: Contract<D>, which: Which<D> | null): RoomHook<D> {
  const key = which && JSON.stringify(which);
  const [entered, setEntered] = useState<{ key: string | null; room: Room<D> | null; refused: RoomError | null }>({
    key: null,
    room: null,
    refused: null,
  });
  useEffect(() => {
    if (key === null) return;
    let isMounted = true;
    const { room, release } = acquireRoom(client, game, JSON.parse(key) as Which<D>, key);
    room.then(
      made => {
        if (isMounted) setEntered({ key, room: made, refused: null });
      },
      (refused: RoomError) => {
        if (isMounted) setEntered({ key, room: null, refused });
      },
    );
    return () => {
      isMounted = false;
      release();
    };
  }, [client, game, key]);
  const current = entered.key === key ? entered : null;
  const room = current?.room ?? null;
  useChanges(room);
  const connectionStatus = useStatus(client);
  const roomStatus = useStatus<D>((room ?? client) as Room<D>);
  return room
    ? { room, state: room.state, info: room.info, refused: null, status: roomStatus }
    : { room: null, state: null, info: null, refused: current?.refused ?? null, status: connectionStatus };
}

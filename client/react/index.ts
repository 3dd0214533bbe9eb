/**
 * Hooks for React 18 and later, and for Preact with `preact/compat`. A separate entry, so that pages without either do
 * not need them.
 * @module rejoin/react
 */
import { useCallback, useEffect, useReducer, useState, useSyncExternalStore } from 'react';
import type { Contract, ContractDef } from '../../shared/contract.ts';
import type { Client } from '../client.ts';
import type { RoomError } from '../room-error.ts';
import type { Room } from '../room.ts';
import type { RoomStatus, Status } from '../status.ts';
import { valueOf, type RoomValue } from '../store/room-store.ts';
import { acquireRoom, keyOf, type Which } from '../store/shared-rooms.ts';

export type { Which };

/** The result of `useRoom`. */
export type RoomHook<D extends ContractDef> = RoomValue<D>;

/**
 * An object that reports its changes: a room, a prediction.
 * @example
 * ```ts
 * // here: whether the page is visible
 * const visibility: Subscribable = {
 *   onChange(fn) {
 *     document.addEventListener('visibilitychange', fn)
 *     return () => document.removeEventListener('visibilitychange', fn)
 *   },
 * }
 * const useHidden = () => useSelected(visibility, () => document.hidden)
 * ```
 */
export interface Subscribable {
  /** Calls `fn` after each change. @returns a function that ends it */
  onChange(fn: () => void): () => void;
}

/**
 * Returns the status of a client or of a room. Renders again when it changes.
 * @example
 * ```tsx
 * function StatusLine({ room }: { room: Room }) {
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
 * Renders again after each change of a room or a prediction. In games with a tick that is many times per second; use
 * `useSelected` there.
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
    draw(null); // changes between rendering and subscribing
    return stop;
  }, [of]);
}

/**
 * Returns a value derived from a room. Renders again when it changes. It must be a number, string, boolean or null:
 * states change in place, so an object would stay the same.
 * @example
 * ```tsx
 * function Progress({ room }: { room: Room<typeof race.def> }) {
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
 * Enters a room while the component is mounted, and renders again after each change. After unmounting, the seat is held
 * as for a disconnected player; `room.leave()` gives it up. Components with the same client and arguments share the
 * room.
 * @param client created once, outside of components: `const client = connect(url)`
 * @param which null: no room yet. `profile` is sent on entering; after that, `room.setProfile` changes it.
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
  const key = which && keyOf(which);
  const [entered, setEntered] = useState<{ key: string | null; room: Room<D> | null; refused: RoomError | null }>({
    key: null,
    room: null,
    refused: null,
  });
  useEffect(() => {
    if (key === null) return;
    let isMounted = true;
    const { room, release } = acquireRoom(client, game, which!, key);
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
  // Read before, so that a change of either status draws again.
  return {
    ...valueOf(client, room, current?.refused ?? null),
    status: room ? roomStatus : connectionStatus,
  } as RoomHook<D>;
}

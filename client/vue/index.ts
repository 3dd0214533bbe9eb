/**
 * A composable for Vue 3.3 and later. A separate entry, so that pages without Vue do not need it.
 * @module rejoin/vue
 */
import { shallowRef, toValue, watch, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import type { Contract, ContractDef } from '../../shared/contract.ts';
import type { Client } from '../client.ts';
import { roomStore, valueOf, type RoomValue } from '../store/room-store.ts';
import { keyOf, type Which } from '../store/shared-rooms.ts';

export type { RoomValue, Which };

/**
 * Enters a room while the component, or the effect scope, is alive. The ref has a new value after each change of the
 * room or its status. After that the seat is held as for a disconnected player; `room.leave()` gives it up. Components
 * with the same client and arguments share the room.
 * @param client created once, outside of components: `const client = connect(url)`
 * @param which a value, a ref or a getter; null: no room yet. `profile` is sent on entering; after that,
 * `room.setProfile` changes it.
 * @example
 * ```ts
 * import { shallowRef } from 'vue'
 * import { useRoom } from 'rejoin/vue'
 *
 * // in <script setup>; the template reads table.state, table.refused?.why and inWords(table.status)
 * const code = shallowRef('K7QXM')
 * const table = useRoom(client, race, () => ({ code: code.value }))
 * const step = (by: number) => table.value.room?.act.step({ by })
 * ```
 */
export function useRoom<D extends ContractDef>(
  client: Client,
  game: Contract<D>,
  which: MaybeRefOrGetter<Which<D> | null>,
): Readonly<ShallowRef<RoomValue<D>>> {
  const shown = shallowRef(valueOf<D>(client, null, null));
  const show = (value: RoomValue<D>) => {
    shown.value = value;
  };
  watch(
    () => keyOf(toValue(which)),
    (_key, _before, onCleanup) => {
      const asked = toValue(which);
      if (asked) onCleanup(roomStore(client, game, asked).subscribe(show));
      else show(valueOf<D>(client, null, null));
    },
    { immediate: true },
  );
  return shown;
}

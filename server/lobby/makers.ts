import { createHash } from 'node:crypto';
import { limits } from '../../shared/limits.ts';
import type { Maker } from '../store/store.ts';
import { widerNetworksOf } from '../identity/networks.ts';

/** Detail of a refusal: the quota and the name of its limit. */
export const overQuota = ({ key, most }: Maker): string =>
  `${most} rooms (${key.startsWith('p') ? 'liveRooms' : 'address.liveRooms'})`;
/** Whether the quota is that of the player. */
export const isOfPlayer = ({ key }: Maker): boolean => key.startsWith('p');

/**
 * The makers of a new room: the player, the address, and its wider networks, each with a quota of live rooms. The store
 * is given only hashes of them.
 * @param address null: this machine, or unknown
 */
export function makersOf(player: string, address: string | null): Maker[] {
  const networks =
    address === null
      ? []
      : [{ name: address, factor: 1 }, ...widerNetworksOf(address, limits.address.prefixMultiplier)];
  return [
    { key: `p${hash(player)}`, most: limits.liveRooms },
    ...networks.map(({ name, factor }) => ({ key: `a${hash(name)}`, most: limits.address.liveRooms * factor })),
  ];
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);

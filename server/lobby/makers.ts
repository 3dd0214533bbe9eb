import { createHash } from 'node:crypto';
import { limits } from '../../shared/limits.ts';
import type { Maker } from '../store/store.ts';
import { widerNetworksOf } from '../identity/networks.ts';

/** The detail of a refusal: the quota, with its limit by name. */
export const overQuota = ({ key, most }: Maker): string =>
  `${most} rooms (${key.startsWith('p') ? 'liveRooms' : 'address.liveRooms'})`;
/** Whether the quota is the player's own. */
export const isOfPlayer = ({ key }: Maker): boolean => key.startsWith('p');

/**
 * The makers of a new room: the player, the address, and the wider networks of the address, each with its quota of live
 * rooms. The store keeps no names and no addresses, only their hashes.
 * @param address null for this machine, or if it is unknown
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

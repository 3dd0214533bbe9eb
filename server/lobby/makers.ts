import { createHash } from 'node:crypto';
import { limits } from '../../shared/limits.ts';
import type { Maker } from '../store/store.ts';
import { widerNetworksOf } from '../identity/networks.ts';

/** The one that is over its quota, with its limit by name, as a refusal tells it. */
export const overQuota = ({ key, most }: Maker): string => `${most} rooms (${key.startsWith('p') ? 'liveRooms' : 'address.liveRooms'})`;
/** Whether the quota is the player's own. */
export const isOfPlayer = ({ key }: Maker): boolean => key.startsWith('p');

/**
 * Whose a new room is: the player, the address, and the wider networks of that, each with the number of rooms that may live. The store
 * keeps no names and no addresses, only their hashes.
 * @param address null: this machine, or nobody knows
 */
export function makersOf(player: string, address: string | null): Maker[] {
  const networks = address === null ? [] : [{ name: address, factor: 1 }, ...widerNetworksOf(address, limits.address.prefixMultiplier)];
  return [{ key: `p${hash(player)}`, most: limits.liveRooms }, ...networks.map(({ name, factor }) => ({ key: `a${hash(name)}`, most: limits.address.liveRooms * factor }))];
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);

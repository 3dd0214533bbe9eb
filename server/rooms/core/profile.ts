import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { parseJson } from '../../../shared/parse-json.ts';
import type { RoomDocument } from './document.ts';
import type { RoomTransaction } from './transaction.ts';

/**
 * Validates a player's profile against the contract. Null is accepted. In a game without profiles every profile is read
 * as null, because the client may be of a newer version of the game.
 */
export function readProfile(
  t: RoomTransaction,
  given: Json,
): { ok: true; value: Json } | { ok: false; detail: string } {
  const schema = t.game.contract.def.profile;
  if (!schema || given === null) return { ok: true, value: null };
  t.beforeRule('profile');
  const read = parseJson(schema, given, 'profile');
  if (!read.ok) return { ok: false, detail: read.isNotJson ? read.detail : `profile: ${read.detail}` };
  // A schema's output may be longer than its input.
  return Buffer.byteLength(JSON.stringify(read.value)) > limits.profileBytes
    ? { ok: false, detail: `profile: at most ${limits.profileBytes} bytes` }
    : read;
}

/** Seats written before profiles existed have none. */
export function addMissingProfiles({ room }: RoomDocument): void {
  for (const seat of room.seats) if (seat && seat.profile === undefined) seat.profile = null;
}

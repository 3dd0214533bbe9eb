import type { ContractDef } from '../../../shared/contract.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { parseJson } from '../../../shared/parse-json.ts';
import type { RoomDocument } from './document.ts';
import type { RoomTransaction } from './transaction.ts';

/**
 * Reads what a player brings along to a seat, as the contract's `profile` has it. Null brings nothing; so does whatever
 * is brought to a game that asks for nothing, since its client may know a newer version of the game.
 */
export function readProfile(
  t: RoomTransaction,
  given: Json,
): { ok: true; value: Json } | { ok: false; detail: string } {
  const schema = (t.game.contract.def as ContractDef).profile;
  if (!schema || given === null) return { ok: true, value: null };
  t.beforeRule('profile');
  const read = parseJson(schema, given, 'profile');
  if (!read.ok) return { ok: false, detail: read.isNotJson ? read.detail : `profile: ${read.detail}` };
  // What comes out of a schema may be longer than what went in.
  return Buffer.byteLength(JSON.stringify(read.value)) > limits.profileBytes
    ? { ok: false, detail: `profile: at most ${limits.profileBytes} bytes` }
    : read;
}

/** Seats that were taken before there were profiles have brought nothing. */
export function addMissingProfiles({ room }: RoomDocument): void {
  for (const seat of room.seats) if (seat && seat.profile === undefined) seat.profile = null;
}

import { parse, type ContractDef } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import { readJson, type Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomDocument } from './document.ts';
import type { Table } from './seating.ts';

/**
 * Reads what a player brings along to a seat, as the contract's `profile` has it. Null brings nothing; so does whatever is
 * brought to a game that asks for nothing, since its client may know a newer version of the game.
 */
export function readProfile(t: Table, given: Json): { ok: true; value: Json } | { ok: false; detail: string } {
  const schema = (t.game.contract.def as ContractDef).profile;
  if (!schema || given === null) return { ok: true, value: null };
  t.asks('profile');
  const read = parse(schema, given);
  if (!read.ok) return { ok: false, detail: `profile: ${read.detail}` };
  // What comes out of a schema is the game's own making: it need be no JSON, and may be longer than what went in.
  const value = readJson(read.value);
  if (value === undefined) return { ok: false, detail: 'profile: no JSON comes out of its schema' };
  if (Buffer.byteLength(JSON.stringify(value)) > limits.profileBytes) return { ok: false, detail: `profile: at most ${limits.profileBytes} bytes` };
  try {
    return { ok: true, value: copy(value, 'profile') };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : 'profile: not valid' };
  }
}

/** Seats that were taken before there were profiles have brought nothing. */
export function fillProfiles({ room }: RoomDocument): void {
  for (const seat of room.seats) if (seat && seat.profile === undefined) seat.profile = null;
}

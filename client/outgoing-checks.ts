import type { ContractDef } from '../shared/contract.ts';
import { parse } from '../shared/parse.ts';
import { NotJsonError, type Json, type JsonObject } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import { makeRefusal, type RefusalCode, type Refused } from '../shared/refusals.ts';
import { strictJson, TooLargeError, utf8Length, type ValueBounds } from '../shared/strict-json.ts';
import { RoomError } from './room-error.ts';

/** A message that can be sent, or why it cannot. */
export type CheckedValue = { ok: true; value: Json } | Refused<RefusalCode>;

type SizeLimit = 'authBytes' | 'dataBytes' | 'heldBytes' | 'optionsBytes' | 'profileBytes';

/**
 * Checks a value before it is queued: it must be JSON and within the server's limits. The result is a copy, so later
 * changes by the caller are not sent.
 * @param what names the value in the refusal, as in "options.map"
 * @param badCode the refusal code for a value that is not JSON
 */
export function checkOutgoing(
  what: string,
  value: unknown,
  limit: SizeLimit = 'dataBytes',
  badCode: RefusalCode = 'bad-data',
  bounds: ValueBounds = limits,
): CheckedValue {
  try {
    const json = strictJson(value, what, bounds);
    const bytes = utf8Length(JSON.stringify(json));
    if (bytes > limits[limit]) throw new TooLargeError(limit, `${what} has ${bytes} bytes, at most ${limits[limit]}`);
    return { ok: true, value: json };
  } catch (error) {
    if (error instanceof TooLargeError) return makeRefusal('too-large', `${error.message} (${error.limit})`);
    return makeRefusal(
      badCode,
      error instanceof NotJsonError
        ? error.message
        : `${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Bounds of a whole request. Its payloads are checked by their own bounds. */
const requestBounds: ValueBounds = { payloadDepth: limits.payloadDepth + 3, payloadValues: 3 * limits.payloadValues };

/** Checks the body of a request. */
export const checkRequest = (name: string, body: object): CheckedValue =>
  checkOutgoing(name, body, 'dataBytes', 'bad-request', requestBounds);

/**
 * Checks the `auth` of a handshake. If the server would refuse it, it is not sent, because every attempt would fail.
 */
export function checkAuth(auth: object): CheckedValue {
  const { token } = auth as { token?: unknown };
  const ofToken = typeof token === 'string' ? checkOutgoing('the token', token, 'authBytes', 'bad-request') : null;
  return ofToken?.ok === false ? ofToken : checkOutgoing('auth', auth, 'authBytes', 'bad-request');
}

/** Shortens a name to the part that the server reads. @throws TypeError if it is not a string */
export function checkName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError('name must be a string');
  return name.slice(0, limits.nameUnits);
}

/**
 * @returns the data of a signal to send
 * @throws TypeError if the contract does not declare the name, or the data are invalid
 */
export function checkSignal(game: ContractDef, name: string, data: unknown): Json {
  const schema = game.signals && Object.hasOwn(game.signals, name) ? game.signals[name] : undefined;
  if (!schema) throw new TypeError(`this game has no signal '${name}'`);
  const checked = checkOutgoing(`signal '${name}'`, data ?? null);
  if (!checked.ok) throw new TypeError(checked.detail);
  const read = parse(schema, checked.value);
  if (!read.ok) throw new TypeError(`signal '${name}': ${read.detail}`);
  return checked.value;
}

/** @returns the value @throws RoomError */
export function checkedOrThrow(checked: CheckedValue): Json {
  if (checked.ok) return checked.value;
  throw new RoomError(checked.code, checked.detail);
}

/** Encodes options and profile. @throws RoomError if they cannot be sent */
export function encodePayloads({ options, profile }: { options?: unknown; profile?: unknown }): {
  options?: JsonObject;
  profile?: Json;
} {
  return {
    ...(options === undefined
      ? {}
      : { options: checkedOrThrow(checkOutgoing('options', options, 'optionsBytes', 'bad-options')) as JsonObject }),
    ...(profile === undefined
      ? {}
      : { profile: checkedOrThrow(checkOutgoing('profile', profile, 'profileBytes', 'bad-profile')) }),
  };
}

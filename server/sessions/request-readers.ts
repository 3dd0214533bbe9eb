import { RejoinError } from '../../shared/errors.ts';
import { isId, parseRoomCode } from '../../shared/ids.ts';
import { checkPayload, isPlainObject, type Json, type JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { isPosition } from '../../shared/position.ts';
import type {
  ActRequest,
  CreateRequest,
  InspectRequest,
  JoinRequest,
  LeaveRequest,
  ListRequest,
  InputRequest,
  HeartbeatRequest,
  RequestName,
  Requests,
  OneWayMessageName,
  OneWayMessages,
  ShortInput,
  SignalRequest,
} from '../../shared/protocol.ts';

/**
 * Parsers for everything that clients send. Input is untrusted before them. Their results have the declared types, are
 * JSON within the limits, and contain only known fields.
 */

/** A malformed request; the message is sent to the client. */
export class BadRequestError extends RejoinError {
  override readonly name = 'BadRequestError';
  override readonly code = 'bad-request';
}

const fail = (what: string): never => {
  throw new BadRequestError(what);
};

const optional = <T>(value: unknown, read: (v: unknown) => T): T | undefined =>
  value === undefined || value === null ? undefined : read(value);
const id =
  (what: string) =>
  (v: unknown): string =>
    isId(v) ? v : fail(`${what}: letters, digits, - and _, at most ${limits.idLength}`);
const flag =
  (what: string) =>
  (v: unknown): boolean =>
    typeof v === 'boolean' ? v : fail(`${what}: true or false`);
const word =
  (what: string) =>
  (v: unknown): string =>
    typeof v === 'string' && v.length > 0 && v.length <= limits.wordLength ? v : fail(`${what}: a short text`);
const count =
  (what: string, most: number) =>
  (v: unknown): number =>
    Number.isSafeInteger(v) && (v as number) >= 0 && (v as number) <= most
      ? (v as number)
      : fail(`${what}: a whole number up to ${most}`);
const object = (v: unknown, what: string): Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v) && isPlainObject(v)
    ? (v as Record<string, unknown>)
    : fail(`${what}: an object`);

function payload(v: unknown, what: string): Json {
  const wrong = checkPayload(v, { depth: limits.payloadDepth, values: limits.payloadValues });
  return wrong ? fail(`${what}: ${wrong}`) : (v as Json);
}

function options(v: unknown): JsonObject {
  const value = payload(object(v, 'options'), 'options') as JsonObject;
  return Buffer.byteLength(JSON.stringify(value)) <= limits.optionsBytes
    ? value
    : fail(`options: at most ${limits.optionsBytes} bytes`);
}

function profile(v: unknown): Json {
  const value = payload(v, 'profile');
  return Buffer.byteLength(JSON.stringify(value)) <= limits.profileBytes
    ? value
    : fail(`profile: at most ${limits.profileBytes} bytes`);
}

const omitUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const positiveInteger =
  (what: string) =>
  (n: unknown): number =>
    Number.isSafeInteger(n) && (n as number) > 0 ? (n as number) : fail(`${what}: a whole number from 1`);
const readActionNumber = positiveInteger('n');
const readTerm = positiveInteger('term');
const roomId = id('room');
const eventName = word('name');
const readHold = (v: unknown): JsonObject => payload(object(v, 'hold'), 'hold') as JsonObject;
const readPresses = (v: unknown): Record<string, number> =>
  Object.fromEntries(
    Object.entries(object(v, 'press'))
      .slice(0, limits.inputNames)
      .map(([name, times]) => [name, counts.press(times)]),
  );
const counts = {
  number: count('number', Number.MAX_SAFE_INTEGER),
  n: count('n', Number.MAX_SAFE_INTEGER),
  after: count('after', Number.MAX_SAFE_INTEGER),
  press: count('press', limits.pressesPerTick),
};

type Readers = { [K in RequestName]: (value: unknown) => Requests[K][0] };

export const requestReaders: Readers = {
  create(value): CreateRequest {
    const v = object(value, 'create');
    return omitUndefined({
      game: word('game')(v.game),
      options: optional(v.options, options),
      private: optional(v.private, flag('private')),
      key: optional(v.key, id('key')),
      bots: optional(v.bots, count('bots', limits.seats)),
    }) as CreateRequest;
  },
  join(value): JoinRequest {
    const v = object(value, 'join');
    if ([v.room, v.code, v.quick].filter(x => x !== undefined && x !== null).length !== 1)
      fail('join: exactly one of room, code and quick');
    return omitUndefined({
      room: optional(v.room, id('room')),
      code: optional(v.code, c => parseRoomCode(c) ?? 'none'), // an impossible code counts as unknown
      quick: optional(v.quick, q => {
        const quick = object(q, 'quick');
        return omitUndefined({
          game: word('quick.game')(quick.game),
          options: optional(quick.options, options),
          call: optional(quick.call, id('quick.call')),
        }) as NonNullable<JoinRequest['quick']>;
      }),
      game: optional(v.game, word('game')),
      version: optional(v.version, count('version', Number.MAX_SAFE_INTEGER)),
      watch: optional(v.watch, flag('watch')),
      profile: optional(v.profile, profile),
      whole: optional(v.whole, flag('whole')),
      short: optional(v.short, flag('short')),
      resume: optional(v.resume, flag('resume')),
      session: optional(v.session, id('session')),
      place: optional(v.place, p => (isPosition(p) ? p : fail('place: [term, seq]'))),
    }) as JoinRequest;
  },
  act(value): ActRequest {
    const v = object(value, 'act');
    const n = optional(v.n, readActionNumber);
    const term = optional(v.term, readTerm);
    if ((n === undefined) !== (term === undefined)) fail('act: n and term go together');
    const read: ActRequest = { room: roomId(v.room), name: eventName(v.name) };
    if (v.data !== undefined) read.data = payload(v.data, 'data');
    if (n !== undefined) Object.assign(read, { n, term });
    if (v.session !== undefined && v.session !== null) read.session = id('session')(v.session);
    return read;
  },
  place(value): HeartbeatRequest {
    const rooms = object(object(value, 'place').rooms, 'rooms');
    const entries = Object.entries(rooms);
    if (entries.length > limits.roomsPerConnection) fail('place: too many rooms');
    return {
      rooms: Object.fromEntries(
        entries.map(([room, place]) => [id('room')(room), isPosition(place) ? place : fail('place: [term, seq]')]),
      ),
    };
  },
  leave(value): LeaveRequest {
    const v = object(value, 'leave');
    return omitUndefined({
      room: id('room')(v.room),
      session: optional(v.session, id('session')),
      seat: optional(v.seat, flag('seat')),
    }) as LeaveRequest;
  },
  list: (value): ListRequest =>
    omitUndefined({ game: optional(object(value ?? {}, 'list').game, word('game')) }) as ListRequest,
  inspect: (value): InspectRequest => ({ room: id('room')(object(value, 'inspect').room) }),
};

/** One-way messages. */
export const messageReaders: { [K in OneWayMessageName]: (value: unknown) => OneWayMessages[K] } = {
  input(value): InputRequest {
    const v = object(value, 'input');
    const read: InputRequest = { room: roomId(v.room), n: counts.n(v.n) };
    if (v.after !== undefined && v.after !== null) read.after = counts.after(v.after);
    if (v.hold !== undefined && v.hold !== null) read.hold = readHold(v.hold);
    if (v.press !== undefined && v.press !== null) read.press = readPresses(v.press);
    if (v.session !== undefined && v.session !== null) read.session = id('session')(v.session);
    return read;
  },
  i(value): ShortInput {
    if (!Array.isArray(value) || value.length > 5) return fail('i: [number, n, hold, press, after]');
    const [number, n, hold = 0, press = 0, after = 0] = value as unknown[];
    return [
      counts.number(number),
      counts.n(n),
      hold === 0 ? 0 : readHold(hold),
      press === 0 ? 0 : readPresses(press),
      counts.after(after),
    ];
  },
  signal(value): SignalRequest {
    const v = object(value, 'signal');
    return { room: roomId(v.room), name: eventName(v.name), data: payload(v.data ?? null, 'data') };
  },
};

import { isId, readCode } from '../../shared/ids.ts';
import { checkPayload, isPlain, type Json, type JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { isPlace } from '../../shared/place.ts';
import type { ActRequest, CreateRequest, InspectRequest, JoinRequest, LeaveRequest, ListRequest, InputRequest, PlaceRequest, RequestName, Requests, SayingName, Sayings, ShortInput, SignalRequest } from '../../shared/protocol.ts';

/**
 * Reads what clients send. Every byte is somebody else's until it has been through here; what comes out has the types it
 * claims, is JSON within the bounds, and holds nothing that was not asked for.
 */

/** What is wrong with a request; the sentence goes to whoever sent it. */
export class BadRequest extends Error { override readonly name = 'BadRequest'; }

const bad = (what: string): never => { throw new BadRequest(what); };

const optional = <T>(value: unknown, read: (v: unknown) => T): T | undefined => (value === undefined || value === null ? undefined : read(value));
const id = (what: string) => (v: unknown): string => (isId(v) ? v : bad(`${what}: letters, digits, - and _, at most ${limits.idLength}`));
const flag = (what: string) => (v: unknown): boolean => (typeof v === 'boolean' ? v : bad(`${what}: true or false`));
const word = (what: string) => (v: unknown): string => (typeof v === 'string' && v.length > 0 && v.length <= limits.wordLength ? v : bad(`${what}: a short text`));
const count = (what: string, most: number) => (v: unknown): number => (Number.isSafeInteger(v) && (v as number) >= 0 && (v as number) <= most ? (v as number) : bad(`${what}: a whole number up to ${most}`));
const object = (v: unknown, what: string): Record<string, unknown> => (typeof v === 'object' && v !== null && !Array.isArray(v) && isPlain(v) ? (v as Record<string, unknown>) : bad(`${what}: an object`));

function payload(v: unknown, what: string): Json {
  const wrong = checkPayload(v, { depth: limits.payloadDepth, values: limits.payloadValues });
  return wrong ? bad(`${what}: ${wrong}`) : (v as Json);
}

function options(v: unknown): JsonObject {
  const value = payload(object(v, 'options'), 'options') as JsonObject;
  return Buffer.byteLength(JSON.stringify(value)) <= limits.optionsBytes ? value : bad(`options: at most ${limits.optionsBytes} bytes`);
}

function profile(v: unknown): Json {
  const value = payload(v, 'profile');
  return Buffer.byteLength(JSON.stringify(value)) <= limits.profileBytes ? value : bad(`profile: at most ${limits.profileBytes} bytes`);
}

const drop = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const fromOne = (what: string) => (n: unknown): number => (Number.isSafeInteger(n) && (n as number) > 0 ? (n as number) : bad(`${what}: a whole number from 1`));
const numbered = fromOne('n');
const ofTerm = fromOne('term');
const roomId = id('room');
const eventName = word('name');
const held = (v: unknown): JsonObject => payload(object(v, 'hold'), 'hold') as JsonObject;
const presses = (v: unknown): Record<string, number> => Object.fromEntries(Object.entries(object(v, 'press')).slice(0, limits.inputNames).map(([name, times]) => [name, upTo.press(times)]));
const upTo = { number: count('number', Number.MAX_SAFE_INTEGER), n: count('n', Number.MAX_SAFE_INTEGER), after: count('after', Number.MAX_SAFE_INTEGER), press: count('press', limits.presses) };

type Readers = { [K in RequestName]: (value: unknown) => Requests[K][0] };

export const readers: Readers = {
  create(value): CreateRequest {
    const v = object(value, 'create');
    return drop({ game: word('game')(v.game), options: optional(v.options, options), private: optional(v.private, flag('private')), key: optional(v.key, id('key')), bots: optional(v.bots, count('bots', limits.seats)) }) as CreateRequest;
  },
  join(value): JoinRequest {
    const v = object(value, 'join');
    if ([v.room, v.code, v.quick].filter(x => x !== undefined && x !== null).length !== 1) bad('join: exactly one of room, code and quick');
    return drop({
      room: optional(v.room, id('room')),
      code: optional(v.code, c => readCode(c) ?? 'none'), // a code that cannot exist is like one that does not
      quick: optional(v.quick, q => {
        const quick = object(q, 'quick');
        return drop({ game: word('quick.game')(quick.game), options: optional(quick.options, options), call: optional(quick.call, id('quick.call')) }) as NonNullable<JoinRequest['quick']>;
      }),
      game: optional(v.game, word('game')),
      version: optional(v.version, count('version', Number.MAX_SAFE_INTEGER)),
      watch: optional(v.watch, flag('watch')),
      profile: optional(v.profile, profile),
      whole: optional(v.whole, flag('whole')),
      short: optional(v.short, flag('short')),
      resume: optional(v.resume, flag('resume')),
      session: optional(v.session, id('session')),
      place: optional(v.place, p => (isPlace(p) ? p : bad('place: [term, seq]'))),
    }) as JoinRequest;
  },
  act(value): ActRequest {
    const v = object(value, 'act');
    const n = optional(v.n, numbered);
    const term = optional(v.term, ofTerm);
    if ((n === undefined) !== (term === undefined)) bad('act: n and term go together');
    const read: ActRequest = { room: roomId(v.room), name: eventName(v.name) };
    if (v.data !== undefined) read.data = payload(v.data, 'data');
    if (n !== undefined) Object.assign(read, { n, term });
    if (v.session !== undefined && v.session !== null) read.session = id('session')(v.session);
    return read;
  },
  place(value): PlaceRequest {
    const rooms = object(object(value, 'place').rooms, 'rooms');
    const entries = Object.entries(rooms);
    if (entries.length > limits.roomsPerConnection) bad('place: too many rooms');
    return { rooms: Object.fromEntries(entries.map(([room, place]) => [id('room')(room), isPlace(place) ? place : bad('place: [term, seq]')])) };
  },
  leave(value): LeaveRequest {
    const v = object(value, 'leave');
    return drop({ room: id('room')(v.room), session: optional(v.session, id('session')), seat: optional(v.seat, flag('seat')) }) as LeaveRequest;
  },
  list: (value): ListRequest => drop({ game: optional(object(value ?? {}, 'list').game, word('game')) }) as ListRequest,
  inspect: (value): InspectRequest => ({ room: id('room')(object(value, 'inspect').room) }),
};

/** What is said without an answer. */
export const sayings: { [K in SayingName]: (value: unknown) => Sayings[K] } = {
  input(value): InputRequest {
    const v = object(value, 'input');
    const read: InputRequest = { room: roomId(v.room), n: upTo.n(v.n) };
    if (v.after !== undefined && v.after !== null) read.after = upTo.after(v.after);
    if (v.hold !== undefined && v.hold !== null) read.hold = held(v.hold);
    if (v.press !== undefined && v.press !== null) read.press = presses(v.press);
    if (v.session !== undefined && v.session !== null) read.session = id('session')(v.session);
    return read;
  },
  i(value): ShortInput {
    if (!Array.isArray(value) || value.length > 5) return bad('i: [number, n, hold, press, after]');
    const [number, n, hold = 0, press = 0, after = 0] = value as unknown[];
    return [upTo.number(number), upTo.n(n), hold === 0 ? 0 : held(hold), press === 0 ? 0 : presses(press), upTo.after(after)];
  },
  signal(value): SignalRequest {
    const v = object(value, 'signal');
    return { room: roomId(v.room), name: eventName(v.name), data: payload(v.data ?? null, 'data') };
  },
};

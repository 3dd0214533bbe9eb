import type { ActionCtx, AnyGame, ContractDef, Player, Ranking } from '../../shared/contract.ts';
import { parse } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import { copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { randomFrom } from '../../shared/random.ts';
import { effectsTimer, type HiddenRoom, type RoomDocument } from './document.ts';

/** Thrown by `ctx.refuse`: not a failure, an answer. */
export class RuleRefusal extends Error {
  constructor(readonly code: string, readonly detail: string | undefined) {
    super(code);
    this.name = 'RuleRefusal';
  }
}

class AsyncRule extends TypeError { override readonly name = 'AsyncRule'; }
export const isAsyncRule = (error: unknown): boolean => error instanceof AsyncRule;

/** A rule that awaits would go on after its entry was written, on a state that has moved on. @throws where the result is a promise */
export function mustBeSync<T>(result: T): T {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return result;
  (result as Promise<unknown>).then(undefined, () => {}); // its failure must not end the process
  throw new AsyncRule('a rule must not be asynchronous');
}

/** An event of the batch: to everybody, or to some seats. */
export interface RoomEvent { name: string; data: Json; to?: readonly number[] }

/**
 * What a rule gets besides the state. All that it does is done to the document and to `events`, where the caller undoes
 * it if the rule fails; so nothing here may reach further.
 */
export function contextFor(game: AnyGame, doc: RoomDocument, events: RoomEvent[], now: number, seat: number | null): ActionCtx<ContractDef> {
  const def = game.contract.def as ContractDef;
  const schemaOf = (kind: 'events' | 'timers' | 'effects', name: string) => {
    const schema = def[kind]?.[name];
    if (!schema || !Object.hasOwn(def[kind]!, name)) throw new TypeError(`${kind}: the contract has no '${name}'`);
    return schema;
  };
  const checked = (kind: 'events' | 'timers' | 'effects', name: string, data: unknown): Json => {
    const read = parse(schemaOf(kind, name), data);
    if (!read.ok) throw new TypeError(`${kind}.${name}: ${read.detail}`);
    return JSON.parse(JSON.stringify(read.value)) as Json; // what will be stored, apart from what the rule still holds
  };
  const showClock = (name: string, at: number | null) => {
    if (!def.clocks?.includes(name)) return;
    if (at === null) delete doc.room.clocks[name];
    else doc.room.clocks[name] = at;
  };
  const timer = (name: string) => ({
    set(ms: number, data: unknown) {
      if (!(Number.isFinite(ms) && ms >= 0)) throw new RangeError(`timers.${name}.set(${ms}): a time in ms`);
      if (!Object.hasOwn(doc.hidden.timers, name) && Object.keys(doc.hidden.timers).filter(t => !t.startsWith('$')).length >= limits.timers) throw new RangeError(`more than ${limits.timers} timers`);
      const at = now + Math.round(ms);
      doc.hidden.timers[name] = { at, data: checked('timers', name, data) };
      showClock(name, at);
    },
    clear() {
      delete doc.hidden.timers[name];
      showClock(name, null);
    },
    get at() { return doc.hidden.timers[name]?.at ?? null; },
  });
  return {
    now,
    seat: seat ?? -1,
    random: randomFrom(doc.hidden.seed),
    get players() { return playersOf(doc); },
    get options() { return copy(doc.room.options) as never; },
    match: doc.room.match,
    get previous() { return copy(doc.hidden.previous); },
    timers: new Proxy({}, { get: (_t, name) => (typeof name === 'string' && (schemaOf('timers', name), true) ? timer(name) : undefined) }) as never,
    emit(name: string, data: unknown, to?: readonly number[]) {
      if (to && !def.view) throw new TypeError(`emit('${name}', …, to): only a game with a view can tell some and not others`);
      if (events.length >= limits.events) throw new RangeError(`more than ${limits.events} events at once`);
      events.push({ name, data: checked('events', name, data), ...(to ? { to: [...to] } : {}) });
    },
    effects: new Proxy({}, { get: (_t, name) => (typeof name === 'string' && (schemaOf('effects', name), true) ? (data: unknown) => {
      const { hidden } = doc;
      if (Object.keys(hidden.effects).length >= limits.effects) throw new RangeError(`more than ${limits.effects} effects that nobody has done yet`);
      // The time is in the key so that a history which the store forgot cannot have given it to something else.
      hidden.effects[`${doc.room.id}.${now.toString(36)}.${++hidden.effectCount}`] = { name, data: checked('effects', name, data), match: doc.room.match };
      hidden.timers[effectsTimer] ??= { at: now + limits.effectRetry, data: null };
    } : undefined) }) as never,
    end: ({ ranking }) => endMatch(doc, ranking),
    refuse(code: string, detail?: string): never {
      if (!def.refusals?.includes(code)) throw new TypeError(`refuse('${code}'): not among the contract's refusals`);
      throw new RuleRefusal(code, detail?.slice(0, 200));
    },
  };
}

const playersOf = (doc: RoomDocument): Player[] =>
  doc.room.seats.flatMap(s => (s ? [{ name: s.name, here: s.here, out: s.out, bot: s.bot, team: s.team }] : []));

/** A match's own timers end with it. */
export function endTimers(hidden: HiddenRoom): void {
  for (const name of Object.keys(hidden.timers)) if (!name.startsWith('$') || name.startsWith('$move-')) delete hidden.timers[name];
}

/** @throws when no match is on, or the ranking is not one of the seats */
export function endMatch(doc: RoomDocument, ranking: Ranking): void {
  const { room, hidden } = doc;
  if (room.phase !== 'playing') throw new Error('end: no match is on');
  const named = ranking.flat();
  if (new Set(named).size !== named.length || named.some(s => !Number.isSafeInteger(s) || !room.seats[s])) throw new RangeError(`end: the ranking ${JSON.stringify(ranking)} does not name each seat once`);
  room.phase = 'ended';
  room.result = { ranking: ranking.map(place => [...place]) };
  room.clocks = {};
  endTimers(hidden);
}

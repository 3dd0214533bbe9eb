import type { ActionCtx, AnyGame, ContractDef, Player, Ranking, Schema } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { copy } from '../../../shared/delta.ts';
import { RefusalError, RejoinError } from '../../../shared/errors.ts';
import type { Json } from '../../../shared/json.ts';
import { parseJson } from '../../../shared/parse-json.ts';
import { createRandom, type Random } from '../../../shared/random.ts';
import {
  effectsTimer,
  playerIdOf,
  rosterOf,
  type HiddenRoom,
  type RoomDocument,
  type RoomMetadata,
} from './document.ts';

/** Thrown by `ctx.refuse`: a regular refusal, not a failure. */
export class RuleRefusalError extends RefusalError {
  override readonly name = 'RuleRefusalError';
}

class AsyncRuleError extends RejoinError {
  override readonly name = 'AsyncRuleError';
  override readonly code = 'async-rule';
}
export const isAsyncRule = (error: unknown): boolean => error instanceof AsyncRuleError;

/**
 * An async rule would continue after its entry is written, on a state that has changed since.
 * @throws AsyncRuleError when the result is a promise
 */
export function assertSync<T>(result: T): T {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return result;
  (result as Promise<unknown>).then(undefined, () => {}); // its rejection must not end the process
  throw new AsyncRuleError(
    'a rule must not be asynchronous: all it does is done when it returns (for what takes time, declare an effect)',
  );
}

/** An event of the batch: to all members, or to some seats. */
export interface RoomEvent {
  name: string;
  data: Json;
  to?: readonly number[];
}

type SchemaKind = 'events' | 'timers' | 'effects';

/**
 * The context that a rule gets besides the state. It changes only the document and `events`, so that the caller can
 * undo everything if the rule fails. One is created per action and most rules use little of it, so costly parts are
 * created lazily.
 */
class RuleContext {
  readonly #def: ContractDef;
  readonly #doc: RoomDocument;
  readonly #events: RoomEvent[];
  #random: Random | null = null;
  readonly seat: number;

  constructor(
    def: ContractDef,
    doc: RoomDocument,
    events: RoomEvent[],
    readonly now: number,
    seat: number | null,
  ) {
    this.#def = def;
    this.#doc = doc;
    this.#events = events;
    this.seat = seat ?? -1;
  }

  get random(): Random {
    return (this.#random ??= createRandom(this.#doc.hidden.seed));
  }
  get players(): Player[] {
    return playersOf(this.#doc);
  }
  get options(): Json {
    return copy(this.#doc.room.options);
  }
  get match(): number {
    return this.#doc.room.match;
  }
  get previous(): HiddenRoom['previous'] {
    return copy(this.#doc.hidden.previous);
  }

  // Returned as arrow functions, so that rules may destructure the context.
  get timers(): object {
    return new Proxy(
      {},
      {
        get: (_t, name) => (typeof name === 'string' && this.#schemaOf('timers', name) ? this.#timer(name) : undefined),
      },
    );
  }
  get effects(): object {
    return new Proxy(
      {},
      {
        get: (_t, name) =>
          typeof name === 'string' && this.#schemaOf('effects', name)
            ? (data: unknown) => this.#requestEffect(name, data)
            : undefined,
      },
    );
  }
  get emit() {
    return (name: string, data: unknown, to?: readonly number[]): void => {
      if (to && !this.#def.view)
        throw new TypeError(`emit('${name}', …, to): only a game with a view can send an event to some seats`);
      if (to?.some(seat => !Number.isSafeInteger(seat) || !this.#doc.room.seats[seat]))
        throw new TypeError(`emit('${name}', …, to): ${JSON.stringify(to)} is not a list of seats`);
      if (this.#events.length >= limits.events) throw new RangeError(`more than ${limits.events} events at once`);
      this.#events.push({ name, data: this.#checked('events', name, data), ...(to ? { to: [...to] } : {}) });
    };
  }
  get metadata(): RoomMetadata | null {
    return copy(this.#doc.hidden.metadata ?? null);
  }
  get setMetadata() {
    return (data: unknown): void => {
      const { metadata: schema } = this.#def;
      if (!schema) throw new TypeError('setMetadata: the contract declares no metadata');
      const read = parseJson(schema, data, 'metadata');
      if (!read.ok) throw new TypeError(read.isNotJson ? read.detail : `metadata: ${read.detail}`);
      this.#doc.hidden.metadata = assertMetadata(read.value);
    };
  }
  get end() {
    return ({ ranking }: { ranking: Ranking }): void => endMatch(this.#doc, ranking);
  }
  get refuse() {
    return (code: string, detail?: string): never => {
      if (!this.#def.refusals?.includes(code))
        throw new TypeError(`refuse('${code}'): not among the contract's refusals`);
      if (detail !== undefined && typeof detail !== 'string')
        throw new TypeError(`refuse('${code}', detail): must be a string, not ${typeof detail}`);
      throw new RuleRefusalError(code, detail?.slice(0, 200));
    };
  }

  #timer(name: string) {
    const { now } = this;
    const doc = this.#doc;
    const { timers } = doc.hidden;
    return {
      set: (ms: number, data: unknown): void => {
        if (!(ms >= 0 && ms <= limits.longestTimer))
          throw new RangeError(`timers.${name}.set(${ms}): a time in ms, at most 366 days`);
        if (!Object.hasOwn(timers, name) && Object.keys(timers).filter(t => !t.startsWith('$')).length >= limits.timers)
          throw new RangeError(`more than ${limits.timers} timers`);
        const at = now + Math.round(ms);
        timers[name] = { at, data: this.#checked('timers', name, data) };
        if (this.#def.clocks?.includes(name)) doc.room.clocks[name] = at;
      },
      clear: (): void => {
        delete timers[name];
        delete doc.room.clocks[name];
      },
      get at(): number | null {
        return timers[name]?.at ?? null;
      },
    };
  }

  #requestEffect(name: string, data: unknown): void {
    const { room, hidden } = this.#doc;
    if (Object.keys(hidden.effects).length >= limits.pendingEffects)
      throw new RangeError(`more than ${limits.pendingEffects} pending effects`);
    // The key contains the time, so that it cannot equal a key from entries that the store lost.
    hidden.effects[`${room.id}.${this.now.toString(36)}.${++hidden.effectCount}`] = {
      name,
      data: this.#checked('effects', name, data),
      match: room.match,
      roster: this.#keepRoster(),
    };
    hidden.timers[effectsTimer] ??= { at: this.now + limits.effectRetry, data: null };
  }

  /** Keeps the players for an effect. Pending effects with the same players share one list. @returns its key */
  #keepRoster(): string {
    const { hidden } = this.#doc;
    const roster = rosterOf(this.#doc);
    const rosters = (hidden.rosters ??= {});
    const text = JSON.stringify(roster);
    const same = Object.keys(rosters).find(key => JSON.stringify(rosters[key]) === text);
    if (same !== undefined) return same;
    rosters[hidden.effectCount] = roster;
    return String(hidden.effectCount);
  }

  #schemaOf(kind: SchemaKind, name: string): Schema {
    const schemas = this.#def[kind];
    if (!schemas || !Object.hasOwn(schemas, name)) throw new TypeError(`${kind}: the contract has no '${name}'`);
    return schemas[name]!;
  }

  #checked(kind: SchemaKind, name: string, data: unknown): Json {
    const path = `${kind}.${name}`;
    const read = parseJson(this.#schemaOf(kind, name), data, path);
    if (read.ok) return read.value; // a copy, independent of the rule's object
    throw new TypeError(read.isNotJson ? read.detail : `${path}: ${read.detail}`);
  }
}

/** @throws TypeError, RangeError if it cannot be indexed */
function assertMetadata(value: Json): RoomMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('metadata: the schema must return an object');
  const entries = Object.entries(value);
  const { keys, textLength } = limits.metadata;
  if (entries.length > keys) throw new RangeError(`metadata: ${entries.length} keys, at most ${keys}`);
  for (const [name, one] of entries) {
    if (typeof one !== 'string' && typeof one !== 'number' && typeof one !== 'boolean')
      throw new TypeError(`metadata.${name}: must be a text, a number, true or false`);
    if (name.length > textLength || (typeof one === 'string' && one.length > textLength))
      throw new RangeError(`metadata.${name}: name and text have at most ${textLength} characters`);
  }
  return value as RoomMetadata;
}

/** The players as rules see them. */
export const playersOf = (doc: RoomDocument): Player[] =>
  doc.room.seats.flatMap((s, i) =>
    s
      ? [
          {
            id: playerIdOf(doc, i),
            name: s.name,
            profile: copy(s.profile),
            here: s.here,
            out: s.out,
            bot: s.bot,
            team: s.team,
          },
        ]
      : [],
  );

export const contextFor = (
  game: AnyGame,
  doc: RoomDocument,
  events: RoomEvent[],
  now: number,
  seat: number | null,
): ActionCtx<ContractDef> =>
  new RuleContext(game.contract.def, doc, events, now, seat) as unknown as ActionCtx<ContractDef>;

/** Removes the match's own timers. */
export function endTimers(hidden: HiddenRoom): void {
  for (const name of Object.keys(hidden.timers))
    if (!name.startsWith('$') || name.startsWith('$move-')) delete hidden.timers[name];
}

/** @throws when no match is in progress, or the ranking does not name each seat once */
export function endMatch(doc: RoomDocument, ranking: Ranking): void {
  const { room, hidden } = doc;
  if (room.phase !== 'playing')
    throw new Error(room.phase === 'ended' ? 'end: the match has already ended' : 'end: no match is in progress');
  if (!Array.isArray(ranking) || !ranking.every(Array.isArray))
    throw new TypeError('end: a ranking is a list of places, each a list of seats: { ranking: [[first], [second]] }');
  const named = ranking.flat();
  if (new Set(named).size !== named.length || named.some(s => !Number.isSafeInteger(s) || !room.seats[s]))
    throw new RangeError(`end: the ranking ${JSON.stringify(ranking)} does not name each seat once`);
  room.phase = 'ended';
  room.result = { ranking: ranking.map(place => [...place]) };
  room.clocks = {};
  endTimers(hidden);
}

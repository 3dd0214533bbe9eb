import { apply, compose, copy, diff, restore, type Change, type Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { isAsyncRule, type RoomEvent } from './context.ts';
import type { RoomDocument, StoredVerdict } from './document.ts';

/**
 * A room's document while inputs run on it, and what they have changed since the last entry.
 *
 * Invariants:
 *  - `shadow` is the document after the last step that counted; `doc` is what rules mutate, and equals it between steps.
 *  - `batch` is exactly what leads from the last entry to `shadow`.
 */
export class Draft {
  private readonly shadow: RoomDocument;
  /** Events of the batch. */
  events: RoomEvent[] = [];
  private batch: Changes | null = null;
  /** In games that journal motion less often: what has changed since it was last told. */
  private fresh: Changes | null = null;

  constructor(readonly doc: RoomDocument, private readonly lazy: boolean, private readonly onFailure: (where: string, error: unknown) => void) { this.shadow = copy(doc, 'document'); }

  /**
   * Runs `fn` on the document and counts what it did; if it throws, or left something that is not JSON, nothing happened.
   * `by`: the engine may have changed anything; a game's rule only what its context lets it reach, so only that is compared.
   */
  count<T>(fn: () => T, by: 'engine' | 'rule' = 'engine'): T {
    const said = this.events.length;
    try {
      const result = fn();
      const changes = by === 'rule' ? diff(reachOf(this.shadow), reachOf(this.doc), '') : diff(this.shadow as unknown as Json, this.doc as unknown as Json, '');
      const news = this.events.length > said ? this.events.slice(said) : null;
      // To encode it all, only to see how long it is, is left for what may be too long.
      const size = sizeAtMost(changes) + sizeAtMost(news) <= limits.entryBytes ? 0 : JSON.stringify(changes ?? null).length + JSON.stringify(news).length;
      if (size > limits.entryBytes) throw new RangeError(`a change and events of ${size} bytes; at most ${limits.entryBytes}`);
      if (changes) {
        apply(this.shadow as unknown as Json, changes);
        this.note(changes);
      }
      return result;
    } catch (error) {
      restore(this.doc as unknown as Json, this.shadow as unknown as Json);
      // A rule that awaits holds the state still, and goes on: it is left with a state that is nobody's.
      if (isAsyncRule(error)) this.doc.state = copy(this.shadow.state);
      this.events.length = said;
      throw error;
    }
  }

  /** A change that document and shadow already contain becomes part of the batch. */
  private note(changes: Changes): void {
    if (this.lazy) this.fresh = this.fresh ? compose(this.fresh, structuredClone(changes)) : structuredClone(changes);
    this.batch = this.batch ? compose(this.batch, changes) : changes;
  }

  /** Like count, for what must not stop the rest: a failure is reported and leaves nothing. */
  tryOut(where: string, fn: () => void, by: 'engine' | 'rule' = 'engine'): boolean {
    try {
      this.count(fn, by);
      return true;
    } catch (error) {
      this.onFailure(where, error);
      return false;
    }
  }

  /** Writes a verdict down as the change it is: to find it by comparing would mean to look at every verdict of every seat. */
  record(i: number, n: number, verdict: StoredVerdict): void {
    if (!this.doc.hidden.seats[i]) return; // the action was its last: nobody will ask
    const past = n - limits.verdicts;
    const verdicts: Changes = { [n]: typeof verdict === 'number' ? verdict : [verdict] };
    if (Object.hasOwn(this.doc.hidden.seats[i].verdicts, past)) verdicts[past] = [];
    for (const { hidden } of [this.doc, this.shadow]) {
      const seat = hidden.seats[i]!;
      seat.base = n;
      seat.verdicts[n] = typeof verdict === 'number' ? verdict : [...verdict];
      delete seat.verdicts[past];
    }
    this.note({ hidden: { seats: { [i]: { base: n, verdicts } } } });
  }

  /**
   * Where motion may be journaled later: what has changed since this was last asked, if it is motion and nothing else.
   * It stays part of the next entry. Null: there is more to it, or nothing.
   */
  motion(): Changes | null {
    const { fresh, batch } = this;
    if (!fresh || !batch || this.events.length > 0 || !onlyKeys(batch, motionKeys)) return null;
    if (!onlyKeys(batch['room'], ['inputs']) || !onlyKeys(batch['hidden'], ['clock', 'seed'])) return null;
    this.fresh = null;
    return fresh;
  }

  /** Whether the batch changes this part of the document. */
  changes(part: keyof RoomDocument): boolean { return this.batch !== null && part in this.batch; }

  /** Takes the batch, as of the room's clock; null when nothing has changed. */
  take(clock: number): { changes: Changes; events: RoomEvent[] } | null {
    if (!this.batch && this.events.length === 0) return null;
    this.doc.hidden.clock = this.shadow.hidden.clock = clock;
    const taken = { changes: compose(this.batch ?? {}, { hidden: { clock } }), events: this.events };
    this.batch = this.fresh = null;
    this.events = [];
    return taken;
  }
}

/** A bound for the length of a value's JSON, far above what most need: each character may have to be escaped. */
function sizeAtMost(value: unknown): number {
  if (typeof value === 'string') return 2 + 6 * value.length;
  if (typeof value !== 'object' || value === null) return 25;
  let size = 2;
  for (const key of Object.keys(value)) size += 4 + 6 * key.length + sizeAtMost((value as Record<string, unknown>)[key]);
  return size;
}

/** All that a rule can reach: the state, and what its context does. */
const reachOf = ({ state, room, hidden }: RoomDocument): Json => ({
  state,
  room: { phase: room.phase, result: room.result, clocks: room.clocks, inputs: room.inputs },
  hidden: { seed: hidden.seed, timers: hidden.timers, effects: hidden.effects, effectCount: hidden.effectCount },
}) as unknown as Json;

const motionKeys = ['state', 'room', 'hidden'];
const onlyKeys = (changes: Change | undefined, keys: readonly string[]): boolean => changes === undefined || (typeof changes === 'object' && changes !== null && !Array.isArray(changes) && Object.keys(changes).every(key => keys.includes(key)));

import { compose } from '../../../shared/compose.ts';
import { apply, copy, type Change, type Changes } from '../../../shared/delta.ts';
import { diffJson, OwnedObjects } from '../../../shared/diff.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { restore } from '../../../shared/restore.ts';
import { isAsyncRule, type RoomEvent } from './rule-context.ts';
import type { RoomDocument, StoredVerdict } from './document.ts';

/**
 * A room's document while inputs run on it, and what they have changed since the last entry.
 *
 * Invariants:
 *  - `shadow` is the document after the last step that counted; `doc` is what rules mutate, and equals it between
 *    steps.
 *  - `batch` is exactly what leads from the last entry to `shadow`;
 *  - nobody but `doc` holds an object of its state: what a rule puts in from outside is copied.
 */
export class Draft {
  private readonly shadow: RoomDocument;
  private readonly owned: OwnedObjects;
  /** Events of the batch. */
  events: RoomEvent[] = [];
  private batch: Changes | null = null;
  /** In games that journal motion less often: what has changed since it was last told. */
  private unsentVolatile: Changes | null = null;

  /** @param thorough see Owned */
  constructor(
    readonly doc: RoomDocument,
    private readonly hasVolatileState: boolean,
    private readonly onFailure: (where: string, error: unknown) => void,
    thorough = false,
  ) {
    this.shadow = copy(doc, 'document');
    this.owned = new OwnedObjects(thorough);
    this.owned.add(doc.state);
  }

  /**
   * Runs `fn` on the document and counts what it did; if it throws, or left something that is not JSON, nothing
   * happened. `by`: the engine may have changed anything; a game's rule only what its context lets it reach, so only
   * that is compared.
   */
  transact<T>(fn: () => T, by: 'engine' | 'rule' = 'engine'): T {
    const eventCount = this.events.length;
    const { state } = this.doc;
    try {
      const result = fn();
      const isNewState = this.doc.state !== state;
      const changes = this.difference(by);
      this.checkSize(changes, this.events.length > eventCount ? this.events.slice(eventCount) : null, isNewState);
      if (changes) {
        apply(this.shadow as unknown as Json, changes);
        this.addToBatch(changes);
      }
      return result;
    } catch (error) {
      this.undo();
      // A rule that awaits holds the state still, and goes on: it is left with a state that is nobody's.
      if (isAsyncRule(error)) this.doc.state = copy(this.shadow.state);
      this.events.length = eventCount;
      throw error;
    }
  }

  /** What the document is now that its shadow is not. @throws NotJsonError */
  private difference(by: 'engine' | 'rule'): Changes | undefined {
    const { doc, shadow } = this;
    const state = this.owned.diff(shadow.state, doc as unknown as JsonObject, 'state');
    const rest =
      by === 'rule'
        ? diffJson(ruleReachableParts(shadow), ruleReachableParts(doc))
        : diffJson(engineParts(shadow), engineParts(doc));
    return state === undefined ? rest : { ...rest, state };
  }

  /**
   * A change has a bound; a state that a match begins with, or that was migrated, has the document's. To encode it all,
   * only to see how long it is, is left for what may be too long.
   */
  private checkSize(changes: Changes | undefined, events: RoomEvent[] | null, isNewState: boolean): void {
    if (sizeAtMost(changes) + sizeAtMost(events) <= limits.entryBytes) return;
    const eventBytes = bytesOf(events);
    const size = isNewState ? bytesOf(this.doc) : bytesOf(changes ?? null) + eventBytes;
    const most = isNewState ? limits.documentBytes : limits.entryBytes;
    if (size > most || eventBytes > limits.entryBytes)
      throw new RangeError(
        isNewState
          ? `a document of ${size} bytes; at most ${most}`
          : `a change and events of ${size} bytes; at most ${most}`,
      );
  }

  /** What a rule put in from outside is left as it is: only objects of the state's own are changed back. */
  private undo(): void {
    const { doc, shadow } = this;
    restore(doc.room as unknown as Json, shadow.room as unknown as Json);
    restore(doc.hidden as unknown as Json, shadow.hidden as unknown as Json);
    try {
      const holder = { state: doc.state };
      restore(holder, { state: shadow.state }, value => this.owned.has(value));
      doc.state = holder.state;
    } catch {
      doc.state = copy(shadow.state); // a rule has made something unwritable, or unreadable
    }
  }

  /** A change that document and shadow already contain becomes part of the batch. */
  private addToBatch(changes: Changes): void {
    if (this.hasVolatileState)
      this.unsentVolatile = this.unsentVolatile
        ? compose(this.unsentVolatile, structuredClone(changes))
        : structuredClone(changes);
    this.batch = this.batch ? compose(this.batch, changes) : changes;
  }

  /** Like count, for what must not stop the rest: a failure is reported and leaves nothing. */
  tryTransact(where: string, fn: () => void, by: 'engine' | 'rule' = 'engine'): boolean {
    try {
      this.transact(fn, by);
      return true;
    } catch (error) {
      this.onFailure(where, error);
      return false;
    }
  }

  /**
   * Writes a verdict down as the change it is: to find it by comparing would mean to look at every verdict of every
   * seat.
   */
  recordVerdict(i: number, n: number, verdict: StoredVerdict): void {
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
    this.addToBatch({ hidden: { seats: { [i]: { base: n, verdicts } } } });
  }

  /**
   * Where motion may be journaled later: what has changed since this was last asked, if it is motion and nothing else.
   * It stays part of the next entry. Null: there is more to it, or nothing.
   */
  takeVolatileChanges(): Changes | null {
    const { unsentVolatile, batch } = this;
    if (!unsentVolatile || !batch || this.events.length > 0 || !hasOnlyKeys(batch, volatileKeys)) return null;
    if (!hasOnlyKeys(batch['room'], ['inputs']) || !hasOnlyKeys(batch['hidden'], ['clock', 'seed'])) return null;
    this.unsentVolatile = null;
    return unsentVolatile;
  }

  /** Whether the batch changes this part of the document. */
  hasChanges(part: keyof RoomDocument): boolean {
    return this.batch !== null && part in this.batch;
  }

  /** Takes the batch, as of the room's clock; null when nothing has changed. */
  take(clock: number): { changes: Changes; events: RoomEvent[] } | null {
    if (!this.batch && this.events.length === 0) return null;
    this.doc.hidden.clock = this.shadow.hidden.clock = clock;
    const taken = { changes: compose(this.batch ?? {}, { hidden: { clock } }), events: this.events };
    this.batch = this.unsentVolatile = null;
    this.events = [];
    return taken;
  }
}

/** A bound for the length of a value's JSON, far above what most need: each character may have to be escaped. */
function sizeAtMost(value: unknown): number {
  if (typeof value === 'string') return 2 + 6 * value.length;
  if (typeof value !== 'object' || value === null) return 25;
  let size = 2;
  for (const key of Object.keys(value))
    size += 4 + 6 * key.length + sizeAtMost((value as Record<string, unknown>)[key]);
  return size;
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** What of a document is the engine's own. */
const engineParts = ({ room, hidden }: RoomDocument): Json => ({ room, hidden }) as unknown as Json;

/** What a rule can reach besides the state: what its context does. */
const ruleReachableParts = ({ room, hidden }: RoomDocument): Json =>
  ({
    room: { phase: room.phase, result: room.result, clocks: room.clocks, inputs: room.inputs },
    hidden: { seed: hidden.seed, timers: hidden.timers, effects: hidden.effects, effectCount: hidden.effectCount },
  }) as unknown as Json;

const volatileKeys = ['state', 'room', 'hidden'];
const hasOnlyKeys = (changes: Change | undefined, keys: readonly string[]): boolean =>
  changes === undefined ||
  (typeof changes === 'object' &&
    changes !== null &&
    !Array.isArray(changes) &&
    Object.keys(changes).every(key => keys.includes(key)));

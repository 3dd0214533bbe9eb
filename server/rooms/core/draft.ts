import { compose } from '../../../shared/compose.ts';
import { apply, copy, type Change, type Changes } from '../../../shared/delta.ts';
import { diffJson, OwnedObjects } from '../../../shared/diff.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { restore } from '../../../shared/restore.ts';
import { isAsyncRule, type RoomEvent } from './rule-context.ts';
import type { RoomDocument, StoredVerdict } from './document.ts';

/**
 * A room's document while commands run on it, and the changes since the last entry.
 * Invariants:
 *  - `shadow` is the document after the last successful step. Rules mutate `doc`; between steps both are equal.
 *  - `batch` is exactly the change from the last entry to `shadow`.
 *  - Only `doc` references the objects of its state: values that a rule assigns from elsewhere are copied.
 */
export class Draft {
  private readonly shadow: RoomDocument;
  private readonly owned: OwnedObjects;
  /** Events of the batch. */
  events: RoomEvent[] = [];
  private batch: Changes | null = null;
  /**
   * In games that do not journal volatile state with every tick: the changes since `takeVolatileChanges` last returned
   * some.
   */
  private unsentVolatile: Changes | null = null;

  /** @param thorough see OwnedObjects */
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
   * Runs `fn` on the document and adds its changes to the batch. If `fn` throws, or leaves a value that is not JSON,
   * all its changes are undone. `by`: the engine may change anything; a rule can only change what its context reaches,
   * so only that is compared.
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
      // An async rule keeps a reference to the state and continues later: the document gets a fresh copy, so it cannot
      // be changed then.
      if (isAsyncRule(error)) this.doc.state = copy(this.shadow.state);
      this.events.length = eventCount;
      throw error;
    }
  }

  /** The change from `shadow` to `doc`. @throws NotJsonError */
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
   * A change is limited to `entryBytes`. A new state (start of a match, migration) is limited to `documentBytes`
   * instead. Exact sizes need encoding, so they are computed only when a cheap upper bound exceeds the limit.
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

  /**
   * Reverts to `shadow`. Only objects that the state owns are mutated, not objects that a rule inserted from elsewhere.
   */
  private undo(): void {
    const { doc, shadow } = this;
    restore(doc.room as unknown as Json, shadow.room as unknown as Json);
    restore(doc.hidden as unknown as Json, shadow.hidden as unknown as Json);
    try {
      const holder = { state: doc.state };
      restore(holder, { state: shadow.state }, value => this.owned.has(value));
      doc.state = holder.state;
    } catch {
      doc.state = copy(shadow.state); // a rule has frozen an object, or made one unreadable
    }
  }

  /** Adds a change that `doc` and `shadow` already contain. */
  private addToBatch(changes: Changes): void {
    if (this.hasVolatileState)
      this.unsentVolatile = this.unsentVolatile
        ? compose(this.unsentVolatile, structuredClone(changes))
        : structuredClone(changes);
    this.batch = this.batch ? compose(this.batch, changes) : changes;
  }

  /**
   * As `transact`, for work whose failure must not stop the rest: a failure is reported, and its changes are undone.
   */
  tryTransact(where: string, fn: () => void, by: 'engine' | 'rule' = 'engine'): boolean {
    try {
      this.transact(fn, by);
      return true;
    } catch (error) {
      this.onFailure(where, error);
      return false;
    }
  }

  /** Adds a verdict to the batch directly: finding the change by comparison would visit every verdict of every seat. */
  recordVerdict(i: number, n: number, verdict: StoredVerdict): void {
    if (!this.doc.hidden.seats[i]) return; // the action ended the hold, so nobody will ask for its verdict
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
   * For games that journal volatile state less often: the changes since the last call, if all of them are volatile.
   * They remain part of the next entry. Null if there are none, or if the batch has other changes.
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

  /** Takes the batch and sets the room's clock; null if nothing has changed. */
  take(clock: number): { changes: Changes; events: RoomEvent[] } | null {
    if (!this.batch && this.events.length === 0) return null;
    this.doc.hidden.clock = this.shadow.hidden.clock = clock;
    const taken = { changes: compose(this.batch ?? {}, { hidden: { clock } }), events: this.events };
    this.batch = this.unsentVolatile = null;
    this.events = [];
    return taken;
  }
}

/** An upper bound for the JSON length of a value: assumes that every character is escaped. */
function sizeAtMost(value: unknown): number {
  if (typeof value === 'string') return 2 + 6 * value.length;
  if (typeof value !== 'object' || value === null) return 25;
  let size = 2;
  for (const key of Object.keys(value))
    size += 4 + 6 * key.length + sizeAtMost((value as Record<string, unknown>)[key]);
  return size;
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const engineParts = ({ room, hidden }: RoomDocument): Json => ({ room, hidden }) as unknown as Json;

/** The parts that a rule can change through its context, besides the state. */
const ruleReachableParts = ({ room, hidden }: RoomDocument): Json =>
  ({
    room: { phase: room.phase, result: room.result, clocks: room.clocks, inputs: room.inputs },
    hidden: {
      seed: hidden.seed,
      timers: hidden.timers,
      effects: hidden.effects,
      effectCount: hidden.effectCount,
      ...(hidden.rosters ? { rosters: hidden.rosters } : {}),
      ...(hidden.metadata ? { metadata: hidden.metadata } : {}),
    },
  }) as unknown as Json;

const volatileKeys = ['state', 'room', 'hidden'];
const hasOnlyKeys = (changes: Change | undefined, keys: readonly string[]): boolean =>
  changes === undefined ||
  (typeof changes === 'object' &&
    changes !== null &&
    !Array.isArray(changes) &&
    Object.keys(changes).every(key => keys.includes(key)));

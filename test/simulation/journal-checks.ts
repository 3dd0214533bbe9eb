import type { StoreCall } from '../../testkit/faulty-store.ts';
import type {
  AppendRequest,
  ClaimedRoom,
  FindOrCreate,
  Found,
  NewRoom,
  PassRequest,
  PassResult,
  SnapshotRequest,
} from '../../server/store/store.ts';
import { applyChange, entryChanges, difference, isSame } from './independent-delta.ts';
import { firedOf, marks } from './games.ts';
import { History, type Doc, type Entry } from './history.ts';

/** Says that a promise was broken: which, and what was seen. */
export type ReportViolation = (rule: string, what: string) => void;

/** An action as a player asked for it. */
export interface RequestedAction {
  id: string;
  who: string;
  how: 'add' | 'book' | 'deny' | 'draw' | 'arm' | 'crash';
  /** ms, for a timer */
  ms: number;
  asked: number;
  answered: number;
  verdict: 'accepted' | 'refused' | 'unknown' | null;
  /** Of the client that asked. */
  client: number;
}

/**
 * What the store is told, checked at each call that it carries out. Knows the document of every entry by applying the
 * entries itself, and reads from it what was done, in which order, and how often.
 */
export class JournalChecks {
  history!: History;
  private doc!: Doc;
  private token: string | null = null;
  private term = 0;
  private due: number | null = null;
  private highest = 0;
  private readonly writers = new Map<number, string>();
  private readonly tokens = new Map<string, number>();
  /** What is done in the present history. */
  present = new Set<string>();
  private lastOf = new Map<string, number>();
  /** The store has fallen back. */
  private forgot = false;
  private fired = new Set<string>();
  readonly refused = new Set<string>();
  entries = 0;

  constructor(
    private readonly asked: ReadonlyMap<string, RequestedAction>,
    private readonly complain: ReportViolation,
  ) {}

  get head(): Entry {
    return this.history.head;
  }
  /** The document of now, not to be changed. */
  get now(): Doc {
    return this.doc;
  }

  /** Takes in a call that the store has carried out. */
  recordCall(call: StoreCall, args: readonly unknown[]): void {
    if (call.op === 'create' && call.result === 'ok') this.created(args[0] as NewRoom);
    else if (call.op === 'findOrCreate' && (call.result as Found).how === 'made')
      this.created((args[0] as FindOrCreate).prepared!);
    else if (call.op === 'claim' && (call.result as ClaimedRoom).ok)
      this.claimed(args[1] as { token: string; expected: string | null; node: string }, call.result as ClaimedRoom);
    else if (call.op === 'pass' && (call.result as PassResult).ok)
      this.passed(args[1] as PassRequest, call.result as PassResult);
    else if (call.op === 'append' && call.result === 'ok') this.appended(call, args[1] as AppendRequest);
    else if (call.op === 'snapshot' && call.result === 'ok') this.snapshot(args[1] as SnapshotRequest);
    else if (call.op === 'release' && call.result === 'ok') this.released(args[1] as string);
  }

  /** The store has fallen back to an entry, and to who owned the room then. */
  recordRollback(seq: number, term: number, owner: { token: string | null; term: number; due: number | null }): void {
    this.forgot = true;
    let at: Entry | null = this.head;
    while (at && at.seq > seq) at = at.parent;
    this.history.head = at!;
    if (at!.term !== term && seq > 0)
      this.complain('harness', `fell back to ${seq} of term ${term}, found ${at!.term}`);
    this.doc = JSON.parse(at!.text) as Doc;
    this.token = owner.token;
    this.term = owner.term;
    this.due = owner.due;
    this.present = new Set();
    this.lastOf = new Map();
    this.fired = new Set();
    this.read(this.doc, true);
  }

  private created(room: NewRoom): void {
    this.history = new History(room.snapshot);
    this.doc = JSON.parse(this.history.root.text) as Doc;
  }

  private claimed(claim: { token: string; expected: string | null; node: string }, result: ClaimedRoom): void {
    const { term, seq } = result;
    if (claim.expected !== this.token)
      this.complain('one owner', `${claim.node} claimed with the token ${claim.expected}, the room's is ${this.token}`);
    if (seq !== this.head.seq)
      this.complain('one history', `a claim reads up to ${seq}, the journal ends at ${this.head.seq}`);
    this.begins(term, claim);
  }

  private passed({ token, seq, to }: PassRequest, { term }: PassResult): void {
    if (token !== this.token) this.complain('one owner', `handed to ${to.node} by somebody else than the owner`);
    if (seq !== this.head.seq)
      this.complain('one history', `handed over at ${seq}, the journal ends at ${this.head.seq}`);
    this.begins(term, to);
  }

  private begins(term: number, owner: { token: string; node: string }): void {
    if (term <= this.highest) this.complain('terms', `term ${term} after ${this.highest}`);
    if (this.tokens.has(owner.token)) this.complain('terms', 'a token was used twice');
    this.highest = Math.max(this.highest, term);
    this.tokens.set(owner.token, term);
    this.writers.set(term, owner.node);
    this.token = owner.token;
    this.term = term;
  }

  private released(token: string): void {
    if (token !== this.token) this.complain('one owner', 'released by somebody else than the owner');
    this.token = null;
  }

  private appended(call: StoreCall, append: AppendRequest): void {
    const term = this.tokens.get(append.token);
    this.entries += 1;
    if (term === undefined || append.token !== this.token)
      return this.complain(
        'a term has one writer',
        `${call.node} of term ${term} wrote entry ${append.seq}; the owner is of term ${this.term}`,
      );
    if (this.writers.get(term)?.split('~')[0] !== call.node)
      this.complain('a term has one writer', `${call.node} wrote in the term of ${this.writers.get(term)}`);
    if (append.seq !== this.head.seq + 1)
      return this.complain('one history', `entry ${append.seq} after ${this.head.seq}`);
    const clock = this.doc.hidden.clock;
    applyChange(this.doc, entryChanges(append.entry));
    this.history.add({
      term,
      seq: append.seq,
      by: call.node,
      marks: new Set(append.entry.match(marks)),
      text: JSON.stringify(this.doc),
    });
    if (this.doc.hidden.clock < clock)
      this.complain('time', `the room's clock went back from ${clock} to ${this.doc.hidden.clock}`);
    if (this.doc.hidden.fault !== null) this.complain('quarantine', this.doc.hidden.fault);
    if (append.due !== undefined) this.due = append.due;
    const due = Object.values(this.doc.hidden.timers).reduce((least, t) => Math.min(least, t.at), Infinity);
    if ((this.due ?? Infinity) !== due)
      this.complain('timers', `entry ${append.seq}: due at ${due}, the index says ${this.due}`);
    if (append.release) this.token = null;
    this.read(this.doc, false);
  }

  private snapshot({ token, seq, text }: SnapshotRequest): void {
    if (token !== this.token) this.complain('a term has one writer', 'a snapshot by somebody else than the owner');
    const { doc } = JSON.parse(text) as { doc: Doc };
    this.forgot = true;
    let at: Entry | null = this.head;
    while (at && at.seq > seq) at = at.parent;
    if (!at || !isSame(doc, this.history.doc(at)))
      this.complain(
        'the journal is the document',
        `the snapshot of ${seq}: ${at ? difference(doc, this.history.doc(at)) : 'nothing'}`,
      );
  }

  /**
   * What is new in the state: each action once, in the order of its player, and only if it was asked for and not
   * refused.
   */
  private read({ state }: Doc, again: boolean): void {
    if (!state) return;
    for (const { id } of state.done.slice(this.present.size)) this.doneNow(id, again);
    if (state.done.length !== this.present.size)
      this.complain('exactly once', `${state.done.length} are done, ${this.present.size} different ones`);
    for (const { id, due, at } of state.fired.slice(this.fired.size)) {
      if (this.fired.has(id)) this.complain('timers fire once', `${id} fired twice`);
      this.fired.add(id);
      if (at < due) this.complain('timers', `${id} fired ${due - at} ms early`);
      if (![...this.present].some(p => firedOf(p) === id)) this.complain('timers', `${id} fired, and nobody set it`);
    }
    if (state.fired.length !== this.fired.size)
      this.complain('timers fire once', `${state.fired.length} fired, ${this.fired.size} different ones`);
    if (state.moved > 1) this.complain('versions', 'migrated twice');
  }

  /**
   * Of two windows of one player, one of which the store forgot, nobody can tell which is the older: their actions have
   * an order each.
   */
  private isOfLostWindow(id: string, before: string): boolean {
    return this.forgot && this.asked.get(id)?.client !== this.asked.get(before)?.client;
  }

  private doneNow(id: string, again: boolean): void {
    if (this.present.has(id)) this.complain('exactly once', `${id} is done twice`);
    this.present.add(id);
    const who = id[1]!;
    const n = Number(/\d+/.exec(id)![0]);
    const before = this.lastOf.get(who) ?? -1;
    if ((n <= before && !this.isOfLostWindow(id, `~${who}${before}~`)) || (who === 'z' && n !== before + 1))
      this.complain('order of a player', `${id} after ${before}`);
    this.lastOf.set(who, Math.max(n, before));
    if (who === 'z' || again) return;
    const asked = this.asked.get(id);
    if (!asked) return this.complain('exactly once', `${id} was not asked for`);
    if (this.refused.has(id) || asked.how === 'deny' || asked.how === 'crash')
      this.complain('exactly once', `${id} was refused, and is done`);
  }
}

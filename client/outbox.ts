import type { Json } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import type { Position } from '../shared/position.ts';
import type { ActReply, ActRequest, NumberedVerdict, Verdict } from '../shared/protocol.ts';
import { dutyOf, makeRefusal, type Refused } from '../shared/refusals.ts';

/** What became of an action. `unknown`: the room or the seat is gone, and nobody can tell any more. */
export type ActionResult<Code extends string = string> = { ok: true; position: Position } | Refused<Code>;

/**
 * `sent`: on the line that stands, since the last reckoning. `tried`: ever; then it may have been done, whatever broke
 * since.
 */
interface Action {
  name: string;
  data: Json;
  isSent: boolean;
  wasEverSent: boolean;
  settle(said: ActionResult): void;
}

/** What the outbox needs of its room. */
export interface OutboxPort {
  send(request: Omit<ActRequest, 'room'>): Promise<ActReply>;
  /** The room's owner does not know this connection or session: join again, then resume(). */
  rejoin(): void;
  /** The hold on the room is over. */
  end(refusal: Refused): void;
  after(ms: number, fn: () => void): void;
}

/**
 * The actions of one session that have no verdict yet, in order.
 *
 * Invariants:
 *  - the action at index i has the number base + 1 + i; numbers are never stored, so a new base renumbers them all;
 *  - a base is only taken from a reconciliation under a term at least as new as ours;
 *  - an action leaves only with a verdict, or when session or room are gone.
 */
export class Outbox {
  private queue: Action[] = [];
  private base = 0;
  private term = 0;
  private isOpen = false;
  /**
   * Counts lines and reconciliations: an answer to something sent before the last one says nothing about numbers now.
   */
  private epoch = 0;
  private isPaused = false;

  constructor(private readonly port: OutboxPort) {}

  get pending(): number {
    return this.queue.length;
  }
  /** The latest term whose owner this session's numbers are settled with. */
  get settledTerm(): number {
    return this.term;
  }

  /** @param settled hears of it in the very turn in which it is known; the promise, after that */
  act(name: string, data: Json, settled: (said: ActionResult) => void = () => {}): Promise<ActionResult> {
    return new Promise(resolve => {
      const settle = (said: ActionResult) => {
        settled(said);
        resolve(said);
      };
      this.queue.push({ name, data, isSent: false, wasEverSent: false, settle });
      this.sendPending();
    });
  }

  /** The line is gone: what was sent may or may not have arrived. */
  suspend(): void {
    this.isOpen = false;
    this.epoch += 1;
    for (const action of this.queue) action.isSent = false;
  }

  /** Takes over what an owner knows of the session: settles what has a verdict, numbers the rest anew, sends it. */
  resume(term: number, base: number, verdicts: readonly NumberedVerdict[]): void {
    if (term < this.term) return; // an owner of the past
    // Within one term numbers only grow. An answer that says less was overtaken by verdicts; to believe it would give a
    // number to a second action, and the owner would answer that with the verdict of the first.
    if (term === this.term) base = Math.max(base, this.base);
    this.epoch += 1;
    const known = new Map(verdicts);
    const done = Math.max(0, Math.min(base - this.base, this.queue.length));
    const settled = this.queue.splice(0, done);
    settled.forEach((action, i) => {
      const verdict = known.get(this.base + 1 + i);
      action.settle(verdict ? resultOf(term, verdict) : makeRefusal('unknown'));
    });
    this.term = term;
    this.base = base;
    for (const action of this.queue) action.isSent = false;
    this.isOpen = true;
    this.sendPending();
  }

  /**
   * The session's hold has ended, and another session begins: numbers count from 1 again. What was sent may have been
   * done, and nobody can tell any more.
   */
  restart(refusal: Refused): void {
    this.epoch += 1;
    this.base = 0;
    this.end(refusal);
  }

  /** Session or room are gone. */
  end(refusal: Refused): void {
    this.isOpen = false;
    for (const action of this.queue.splice(0))
      action.settle(action.wasEverSent ? makeRefusal('unknown', refusal.code) : refusal);
  }

  private sendPending(): void {
    if (!this.isOpen || this.isPaused) return;
    this.queue.slice(0, limits.actionWindow).forEach((action, i) => {
      if (!action.isSent) this.send(action, this.base + 1 + i);
    });
  }

  private send(action: Action, n: number): void {
    action.isSent = action.wasEverSent = true;
    const { epoch } = this;
    this.port.send({ name: action.name, data: action.data, n, term: this.term }).then(
      reply => this.handleReply(action, reply, epoch),
      () => {
        if (epoch === this.epoch) this.retryLater(action, 100);
      }, // no answer on a line that still stands: the same number again
    );
  }

  private handleReply(action: Action, reply: ActReply, epoch: number): void {
    if (epoch !== this.epoch || !this.queue.includes(action)) return;
    if (reply.ok) return this.settle(action, { ok: true, position: reply.place });
    if ('base' in reply && reply.code === 'stale-term') return this.resume(reply.term, reply.base, reply.verdicts);
    switch (dutyOf(reply.code)) {
      case 'final':
        if ('place' in reply && reply.place) return this.settle(action, reply);
        // Refused without using up its number: what comes after it moves up.
        this.queue.splice(this.queue.indexOf(action), 1);
        action.settle(reply);
        this.isOpen = false;
        return this.port.rejoin();
      case 'retry':
        return this.retryLater(action, reply.retryAfter ?? 50);
      case 'resync':
      case 'renew':
        this.isOpen = false;
        return this.port.rejoin();
      case 'stop':
        return this.port.end(reply);
    }
  }

  private settle(action: Action, said: ActionResult): void {
    // Verdicts come in the order of the numbers; should one overtake, those before it have theirs as well.
    const at = this.queue.indexOf(action);
    if (at !== 0) return this.port.rejoin();
    this.queue.shift();
    this.base += 1;
    action.settle(said);
    this.sendPending();
  }

  private retryLater(action: Action, ms: number): void {
    action.isSent = false;
    if (this.isPaused) return;
    this.isPaused = true;
    this.port.after(ms, () => {
      this.isPaused = false;
      this.sendPending();
    });
  }
}

function resultOf(term: number, verdict: Verdict): ActionResult {
  return verdict.code === undefined
    ? { ok: true, position: [verdict.term ?? term, verdict.seq] }
    : { ok: false, code: verdict.code, ...(verdict.detail ? { detail: verdict.detail } : {}) };
}

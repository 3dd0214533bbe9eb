import type { Json } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import type { Position } from '../shared/position.ts';
import type { ActReply, ActRequest, NumberedVerdict, Verdict } from '../shared/protocol.ts';
import { dutyOf, makeRefusal, type Refused } from '../shared/refusals.ts';

/** Result of an action. `unknown`: the room or the seat is gone and the outcome is not known. */
export type ActionResult<Code extends string = string> = { ok: true; position: Position } | Refused<Code>;

/**
 * `isSent`: sent over the current connection since the last reconciliation. `wasEverSent`: it may have been executed.
 */
interface Action {
  name: string;
  data: Json;
  isSent: boolean;
  wasEverSent: boolean;
  settle(result: ActionResult): void;
}

/** What the outbox needs of its room. */
export interface OutboxPort {
  send(request: Omit<ActRequest, 'room'>): Promise<ActReply>;
  /** The owner does not know this connection or session: join again, then call resume(). */
  rejoin(): void;
  /** The hold on the room is over. */
  end(refusal: Refused): void;
  after(ms: number, fn: () => void): void;
}

/**
 * The actions of one session without a verdict, in order.
 * | Invariants:
 * - the action at index i has the number base + 1 + i; numbers are never stored, so a new base renumbers all;
 * - a base is only taken from a reconciliation under a term at least as new as ours;
 * - an action is removed only with a verdict, or when the session or the room is over.
 */
export class Outbox {
  private queue: Action[] = [];
  private base = 0;
  private term = 0;
  private isOpen = false;
  /**
   * Counts connections and reconciliations. An answer to a message sent before the last one says nothing about the
   * current numbers.
   */
  private epoch = 0;
  private isPaused = false;

  constructor(private readonly port: OutboxPort) {}

  get pending(): number {
    return this.queue.length;
  }
  /** The latest term whose owner has reconciled this session's numbers. */
  get settledTerm(): number {
    return this.term;
  }

  /** @param settled called in the same turn as the result arrives, before the promise resolves */
  act(name: string, data: Json, settled: (result: ActionResult) => void = () => {}): Promise<ActionResult> {
    return new Promise(resolve => {
      const settle = (result: ActionResult) => {
        settled(result);
        resolve(result);
      };
      this.queue.push({ name, data, isSent: false, wasEverSent: false, settle });
      this.sendPending();
    });
  }

  /** The connection was lost: messages in flight may or may not have arrived. */
  suspend(): void {
    this.isOpen = false;
    this.epoch += 1;
    for (const action of this.queue) action.isSent = false;
  }

  /**
   * Reconciles with what an owner knows of the session: settles actions with a verdict, renumbers and sends the rest.
   */
  resume(term: number, base: number, verdicts: readonly NumberedVerdict[]): void {
    if (term < this.term) return; // an older owner
    // Within one term numbers only grow. An older answer was overtaken by verdicts. Accepting it would give a used
    // number to another action, and the owner would answer that with the verdict of the first.
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

  /** The session is over and a new one begins: numbers start at 1. Actions already sent have an unknown outcome. */
  restart(refusal: Refused): void {
    this.epoch += 1;
    this.base = 0;
    this.end(refusal);
  }

  /** The session or the room is over. */
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
      }, // no answer on an open connection: the same number again
    );
  }

  private handleReply(action: Action, reply: ActReply, epoch: number): void {
    if (epoch !== this.epoch || !this.queue.includes(action)) return;
    if (reply.ok) return this.settle(action, { ok: true, position: reply.place });
    if ('base' in reply && reply.code === 'stale-term') return this.resume(reply.term, reply.base, reply.verdicts);
    switch (dutyOf(reply.code)) {
      case 'final':
        if ('place' in reply && reply.place) return this.settle(action, reply);
        // Refused without using up its number: the following actions move up.
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

  private settle(action: Action, result: ActionResult): void {
    // Verdicts arrive in the order of the numbers. If one is early, those before it have a verdict as well: join to get
    // them.
    const at = this.queue.indexOf(action);
    if (at !== 0) return this.port.rejoin();
    this.queue.shift();
    this.base += 1;
    action.settle(result);
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

import type { Json } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import type { Position } from '../shared/position.ts';
import type { JoinSuccess } from '../shared/protocol.ts';
import { makeRefusal, type Refused } from '../shared/refusals.ts';
import { Outbox, type ActionResult, type OutboxPort } from './outbox.ts';
import { checkOutgoing } from './outgoing-checks.ts';
import type { CompleteClock } from './ports.ts';
import { SlowActionTimer } from './slow-action-timer.ts';

/**
 * An action of this client whose effect is not in `state` yet. `position`: the entry with its effect; null without a
 * verdict.
 */
export interface PendingAction {
  readonly name: string;
  readonly data: Json;
  position: Position | null;
}

/** Time (ms) after the verdict in which the entry of an accepted action arrives. After that the room is joined again. */
const lateEntryMs = 300;

/** What the actions need of their room. */
export interface RoomActionsPort extends OutboxPort {
  /** An entry is late: join again, unless that is under way. */
  catchUp(): void;
  /** `slowSince` may have changed. */
  checkStatus(): void;
  /** Whether the entry at a position is applied, or nothing will be applied any more. */
  isApplied(place: Position): boolean;
}

/**
 * The actions of one client in one room. The outbox gets their verdicts; this class gives each result to its caller.
 * | Invariant: an action is reported as accepted only when its effect is in the state.
 */
export class RoomActions {
  private readonly outbox: Outbox;
  private readonly slow: SlowActionTimer;
  private readonly unapplied = new Set<PendingAction>();
  /** Accepted actions whose effect is not applied yet. */
  private waiters: { place: Position; reached(): void }[] = [];

  constructor(
    private readonly port: RoomActionsPort,
    clock: CompleteClock,
  ) {
    this.outbox = new Outbox(port);
    this.slow = new SlowActionTimer(clock, () => port.checkStatus());
  }

  /** Number of actions without a verdict. */
  get withoutVerdict(): number {
    return this.outbox.pending;
  }
  /** Since when the oldest action has had no verdict, on the device's clock, if that is long; else null. */
  get slowSince(): number | null {
    return this.slow.slowSince;
  }
  /** Actions whose effect is not in the state yet, oldest first. */
  get pending(): PendingAction[] {
    return [...this.unapplied].filter(({ position }) => position === null || !this.port.isApplied(position));
  }
  /** The latest term whose owner has reconciled the session's numbers. */
  get settledTerm(): number {
    return this.outbox.settledTerm;
  }

  /** Data that cannot be sent is refused at once and delays no other action. */
  async perform(name: string, data: unknown): Promise<ActionResult<never>> {
    const checked = checkOutgoing('data', data);
    if (!checked.ok) return checked as Refused<never>;
    if (name.length === 0 || name.length > limits.wordLength) return makeRefusal('no-such-action') as Refused<never>;
    const one: PendingAction = { name, data: checked.value, position: null };
    this.unapplied.add(one);
    const settled = this.slow.begin();
    const result = await this.outbox.act(name, checked.value, result => {
      if (result.ok) one.position = result.position;
      else this.unapplied.delete(one);
    });
    // Verdict and change arrive independently. Code that reads the state after the verdict must find the effect in it.
    if (result.ok) await this.waitForPosition(result.position);
    this.unapplied.delete(one);
    settled();
    return result as ActionResult<never>;
  }

  /** The connection was lost. */
  suspend(): void {
    this.outbox.suspend();
  }

  /**
   * A join was answered. Entries of older terms that the new owner does not have are lost: they will never arrive.
   * @returns whether an accepted action waited for such an entry
   */
  resume({ term, base, verdicts }: JoinSuccess): boolean {
    this.outbox.resume(term, base, verdicts);
    return this.release(({ place }) => place[0] < term && !this.port.isApplied(place));
  }

  /** The session is over and a new one begins. */
  restart(refusal: Refused): void {
    this.outbox.restart(refusal);
  }

  /** The hold on the room is over, and `isApplied` is true from now on. */
  end(refusal: Refused): void {
    this.outbox.end(refusal);
    this.settleApplied();
  }

  /** An entry was applied. */
  settleApplied(): void {
    this.release(({ place }) => this.port.isApplied(place));
  }

  private waitForPosition(place: Position): Promise<void> {
    if (this.port.isApplied(place)) return Promise.resolve();
    return new Promise(reached => {
      this.waiters.push({ place, reached });
      this.port.after(lateEntryMs, () => {
        if (!this.port.isApplied(place)) this.port.catchUp();
      });
    });
  }

  private release(isDone: (waiter: { place: Position }) => boolean): boolean {
    const done = this.waiters.filter(isDone);
    this.waiters = this.waiters.filter(waiter => !done.includes(waiter));
    for (const { reached } of done) reached();
    return done.length > 0;
  }
}

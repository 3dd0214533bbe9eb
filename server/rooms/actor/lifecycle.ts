import { RejoinError } from '../../../shared/errors.ts';
import type { Timer } from '../../runtime/ports.ts';
import type { PassResult } from '../../store/store.ts';

/** Why an actor ended. `stopped`: the node shuts down; `handed-over`: another node owns the room now. */
export type EndReason = 'fenced' | 'unknown-outcome' | 'stopped' | 'released' | 'removed' | 'handed-over';

/** The room's ownership ended before the message was answered; the current owner has to be asked. */
export class NotOwnerError extends RejoinError {
  override readonly name = 'NotOwnerError';
  override readonly code = 'not-owner';

  /** @param wasNotProcessed the message was certainly not processed: it was still in the mailbox */
  constructor(
    readonly reason: string,
    readonly wasNotProcessed: boolean,
  ) {
    super(reason);
  }
}

/**
 * When a room is released. `when-alone`: if no connection is in it; `always`: in any case; `remove`: it is removed
 * from the store, too.
 */
export type ReleaseRequest = 'when-alone' | 'always' | 'remove';

/**
 * The node that a room is handed to. It has loaded the room under a token that it issued. `readyUntil`: monotonic ms
 * until which it keeps the room loaded.
 */
export interface HandoverTarget {
  token: string;
  node: string;
  games: readonly string[];
  readyUntil: number;
}
/**
 * The result of a handover: what the new owner has to know. `pausedSince`: monotonic ms since which no command was
 * processed.
 */
export interface HandoverResult extends PassResult {
  seq: number;
  pausedSince: number;
  /** The room's clock, ms. */
  roomTime: number;
}
/** `kept`: this actor still runs the room; `ended`: it ended for another reason. */
export type HandoverOutcome = 'handed-over' | 'kept' | 'ended';
export interface HandoverRequest {
  target: HandoverTarget;
  onHandedOver(how: HandoverResult): void;
  resolve(outcome: HandoverOutcome): void;
}

/** What an actor does. In all states but `idle` and `ended` its loop runs. */
type State =
  | { kind: 'idle'; wakeTimer: Timer | null }
  | { kind: 'running' }
  /** The room is released once the mailbox is empty. */
  | { kind: 'releasing'; request: ReleaseRequest }
  /** The room is handed over before the next batch. */
  | { kind: 'handing-over'; request: HandoverRequest }
  | { kind: 'ended' };

/** The states of a room's actor, from its start to its end. */
export class Lifecycle {
  private state: State = { kind: 'idle', wakeTimer: null };
  private readonly endListeners: (() => void)[] = [];

  get isEnded(): boolean {
    return this.state.kind === 'ended';
  }
  /** Whether the actor keeps the room: it has neither ended nor is it about to give the room up. */
  get keepsRoom(): boolean {
    return this.state.kind === 'idle' || this.state.kind === 'running';
  }
  get releaseRequest(): ReleaseRequest | null {
    return this.state.kind === 'releasing' ? this.state.request : null;
  }
  get handoverRequest(): HandoverRequest | null {
    return this.state.kind === 'handing-over' ? this.state.request : null;
  }

  /** idle → running. @returns whether the loop has to be started */
  beginLoop(): boolean {
    if (this.state.kind !== 'idle') return false;
    this.state.wakeTimer?.cancel();
    this.state = { kind: 'running' };
    return true;
  }

  /** running, releasing → idle */
  endLoop(): void {
    if (this.state.kind === 'running' || this.state.kind === 'releasing')
      this.state = { kind: 'idle', wakeTimer: null };
  }

  /** While idle: the timer that begins the loop again. */
  wakeBy(timer: Timer): void {
    if (this.state.kind === 'idle') this.state.wakeTimer = timer;
    else timer.cancel();
  }

  /**
   * running → releasing. A request of the room itself waits while the room is handed over, and is repeated each second;
   * one of the node (`always`) replaces the handover.
   */
  requestRelease(request: ReleaseRequest): void {
    const { state } = this;
    if (state.kind === 'ended' || (state.kind === 'handing-over' && request !== 'always')) return;
    if (state.kind === 'releasing' && request === 'when-alone') return; // the other requests go further
    if (state.kind === 'handing-over') this.resolveAtEnd(state.request);
    this.state = { kind: 'releasing', request };
  }

  /** running → handing-over. Not while the room is being given up already. */
  requestHandover(request: HandoverRequest): void {
    if (this.state.kind === 'running') this.state = { kind: 'handing-over', request };
    else request.resolve(this.isEnded ? 'ended' : 'kept');
  }

  /** handing-over → running: the target cannot run the room. */
  keepAfterHandover(request: HandoverRequest): void {
    request.resolve('kept');
    if (this.handoverRequest === request) this.state = { kind: 'running' };
  }

  /** any → ended. @returns false if it had ended before */
  end(): boolean {
    const { state } = this;
    if (state.kind === 'ended') return false;
    this.state = { kind: 'ended' };
    if (state.kind === 'idle') state.wakeTimer?.cancel();
    if (state.kind === 'handing-over') this.resolveAtEnd(state.request);
    return true;
  }

  /** No effect if the handover has been carried out meanwhile. */
  private resolveAtEnd(request: HandoverRequest): void {
    this.onEnd(() => request.resolve('ended'));
  }

  /** `listener` is called by `notifyEnd`. */
  onEnd(listener: () => void): void {
    this.endListeners.push(listener);
  }
  notifyEnd(): void {
    for (const listener of this.endListeners) listener();
  }
}

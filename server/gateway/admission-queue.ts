import { limits } from '../../shared/limits.ts';
import type { Clock } from '../runtime/ports.ts';

/**
 * Delays new clients while this node claims rooms: after another node's death many of both arrive at once, and claims
 * come first because the players in those rooms are waiting. Then clients are admitted over several turns of the event
 * loop, so that room traffic is sent in between.
 */
export class AdmissionQueue {
  private readonly waiting: (() => void)[] = [];
  private isAdmitting = false;

  /** @param claims resolves when the pending claims have settled; null if there are none */
  constructor(
    private readonly clock: Clock,
    private readonly claims: () => Promise<unknown> | null,
  ) {}

  /**
   * Calls `enter`: immediately if no claims are pending, otherwise in order, after at most about
   * `limits.newClientDelay`.
   */
  admit(enter: () => void): void {
    if (!this.isAdmitting && this.claims() === null) return enter();
    this.waiting.push(enter);
    if (!this.isAdmitting) void this.admitWaiting();
  }

  private async admitWaiting(): Promise<void> {
    this.isAdmitting = true;
    const until = this.clock.mono() + limits.newClientDelay;
    for (let claims = this.claims(); claims !== null && this.clock.mono() < until; claims = this.claims())
      await Promise.race([claims, this.clock.sleep(until - this.clock.mono())]);
    // An eighth of the rest per turn: a few clients are admitted one by one, and many do not take long.
    while (this.waiting.length > 0) {
      // each in its own callback: a failure must not affect the others
      for (const enter of this.waiting.splice(0, Math.ceil(this.waiting.length / 8))) this.clock.soon(enter);
      await new Promise<void>(resolve => this.clock.soon(resolve));
    }
    this.isAdmitting = false;
  }
}

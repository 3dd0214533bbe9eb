import { limits } from '../../shared/limits.ts';
import type { Clock } from '../runtime/ports.ts';

/**
 * Newcomers wait while this node claims rooms: after the death of another one many of both come at once, and what is
 * done first decides how long tables stand still whose players were here all along. Then they are let in over some
 * turns of the event loop, so that what rooms and players have to say to each other goes out in between.
 */
export class AdmissionQueue {
  private readonly waiting: (() => void)[] = [];
  private isAdmitting = false;

  /** @param claims resolves when the claims that are under way are over; null when none is */
  constructor(
    private readonly clock: Clock,
    private readonly claims: () => Promise<unknown> | null,
  ) {}

  /**
   * Calls `enter`: at once, where nothing comes before it, or `limits.newClientDelay` later at the latest, and when it
   * is its turn.
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
    // Some in each turn, so that few come in apart, and however many there are it does not take long.
    while (this.waiting.length > 0) {
      // each apart: one that fails keeps nobody else out
      for (const enter of this.waiting.splice(0, Math.ceil(this.waiting.length / 8))) this.clock.soon(enter);
      await new Promise<void>(resolve => this.clock.soon(resolve));
    }
    this.isAdmitting = false;
  }
}

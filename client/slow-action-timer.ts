import type { CompleteClock } from './ports.ts';

/** Time (ms) without a verdict after which an action is reported as waiting. */
export const slowActionMs = 1_000;

/** Tracks the unsettled actions of a room, and since when the oldest has waited too long. */
export class SlowActionTimer {
  private readonly unsettled = new Set<{ readonly begun: number; readonly since: number }>();
  private isArmed = false;

  /** @param changed called when `slowSince` may have changed */
  constructor(
    private readonly clock: CompleteClock,
    private readonly changed: () => void,
  ) {}

  /** Starts tracking an action. @returns a function that ends it */
  begin(): () => void {
    const one = { begun: this.clock.mono(), since: this.clock.now() };
    this.unsettled.add(one);
    this.arm();
    return () => {
      this.unsettled.delete(one);
      this.changed();
      this.arm();
    };
  }

  /** When the oldest action was given, on the device's clock, if it is slow; else null. */
  get slowSince(): number | null {
    const [oldest] = this.unsettled;
    return oldest && this.clock.mono() - oldest.begun >= slowActionMs ? oldest.since : null;
  }

  private arm(): void {
    const [oldest] = this.unsettled;
    if (!oldest || this.isArmed) return;
    const left = oldest.begun + slowActionMs - this.clock.mono();
    if (left <= 0) return;
    this.isArmed = true;
    this.clock.after(left, () => {
      this.isArmed = false;
      this.changed();
      this.arm();
    });
  }
}

import { monotonicNow, type ClientClock } from './ports.ts';

/** An action that has waited this long (ms) for its verdict is worth telling. */
export const slowActionMs = 1_000;

/** The actions of a room that have not settled, and since when the oldest of them has waited for too long. */
export class SlowActionTimer {
  private readonly unsettled = new Set<{ readonly begun: number; readonly since: number }>();
  private readonly mono: () => number;
  private isArmed = false;

  /** @param changed `since` may say something else */
  constructor(
    private readonly clock: ClientClock,
    private readonly changed: () => void,
  ) {
    this.mono = monotonicNow(clock);
  }

  /** One more waits from now on. @returns what ends its wait */
  begin(): () => void {
    const one = { begun: this.mono(), since: this.clock.now() };
    this.unsettled.add(one);
    this.arm();
    return () => {
      this.unsettled.delete(one);
      this.changed();
      this.arm();
    };
  }

  /** When the oldest action was given, on the device's clock, if that is too long ago; else null. */
  get slowSince(): number | null {
    const [oldest] = this.unsettled;
    return oldest && this.mono() - oldest.begun >= slowActionMs ? oldest.since : null;
  }

  private arm(): void {
    const [oldest] = this.unsettled;
    if (!oldest || this.isArmed) return;
    const left = oldest.begun + slowActionMs - this.mono();
    if (left <= 0) return;
    this.isArmed = true;
    this.clock.after(left, () => {
      this.isArmed = false;
      this.changed();
      this.arm();
    });
  }
}

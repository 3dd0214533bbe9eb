import { monotonic, type ClientClock } from './ports.ts';

/** An action that has waited this long (ms) for its verdict is worth telling. */
export const longWait = 1_000;

/** The actions of a room that have not settled, and since when the oldest of them has waited for too long. */
export class LongWait {
  private readonly waiting = new Set<{ readonly begun: number; readonly since: number }>();
  private readonly mono: () => number;
  private isArmed = false;

  /** @param changed `since` may say something else */
  constructor(private readonly clock: ClientClock, private readonly changed: () => void) { this.mono = monotonic(clock); }

  /** One more waits from now on. @returns what ends its wait */
  begin(): () => void {
    const one = { begun: this.mono(), since: this.clock.now() };
    this.waiting.add(one);
    this.arm();
    return () => {
      this.waiting.delete(one);
      this.changed();
      this.arm();
    };
  }

  /** When the oldest action was given, on the device's clock, if that is too long ago; else null. */
  get since(): number | null {
    const [oldest] = this.waiting;
    return oldest && this.mono() - oldest.begun >= longWait ? oldest.since : null;
  }

  private arm(): void {
    const [oldest] = this.waiting;
    if (!oldest || this.isArmed) return;
    const left = oldest.begun + longWait - this.mono();
    if (left <= 0) return;
    this.isArmed = true;
    this.clock.after(left, () => {
      this.isArmed = false;
      this.changed();
      this.arm();
    });
  }
}

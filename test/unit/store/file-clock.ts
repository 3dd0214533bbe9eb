import type { Timer } from '../../../server/runtime/ports.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { ManualClock } from '../manual-ports.ts';

/** A wall clock that stands until it is moved. Turns and deadlines of the file are real. */
export class FileClock extends ManualClock {
  override soon(fn: () => void): void {
    realClock.soon(fn);
  }
  override after(ms: number, fn: () => void): Timer {
    return realClock.after(ms, fn);
  }
}

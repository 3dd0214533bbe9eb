import { readFileSync } from 'node:fs';

/**
 * Gives this process a wall clock that can be wrong: SIGUSR2 has it read, from `file`, by how many ms it is ahead.
 * Replacing Date is what a wrong clock is to JavaScript; a time namespace does not move the wall clock, and a preloaded
 * library would move the monotonic one as well. Monotonic time and timers stay true, as they do when a machine's clock
 * is set.
 */
export function installAdjustableClock(file: string): void {
  const RealDate = Date;
  let ahead = 0;
  class WrongDate extends RealDate {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(RealDate.now() + ahead);
      else super(...(args as [number]));
    }
    static override now(): number {
      return RealDate.now() + ahead;
    }
  }
  globalThis.Date = WrongDate as DateConstructor;
  process.on('SIGUSR2', () => {
    ahead = Number(readFileSync(file, 'utf8')) || 0;
  });
}

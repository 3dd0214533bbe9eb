/** Without anything to go by, an input is thought to count after so long (ms). */
const defaultMs = 80;
const maxMs = 1_500;
/**
 * How much one report counts; and at most so much (ticks): one message that was held up says little of the next. The
 * first few count more, since nothing is known before.
 */
const gain = 0.3;
const maxGainTicks = 0.5;
const initialReports = { reports: 4, gainAt: 2 };
const maxSent = 128;
/** So many ticks later than expected is no report of the moment. */
const outlierTicks = 3;

interface SentInput {
  n: number;
  tick: number;
  press: boolean;
}

/**
 * How many ticks pass from saying an input until it counts: a round trip, and what is to be learnt of the rest of the
 * way. The room says from time to time up to which message it has counted. That it had counted this one bounds the way
 * from above; that it had not counted the next one, from below.
 */
export class InputDelay {
  private sent: SentInput[] = [];
  private lastApplied = 0;
  /** What the way takes beyond a round trip, in ticks. */
  private extraTicks = 0;
  private reports = 0;

  /** @param period ms a tick @param roundTrip what one takes that nothing holds up (ms), null where nobody knows */
  constructor(
    private readonly period: number,
    private readonly roundTrip: () => number | null,
  ) {}

  /** In ticks, with a fraction. */
  get ticks(): number {
    return Math.max(0, Math.min((this.roundTrip() ?? defaultMs) / this.period + this.extraTicks, maxMs / this.period));
  }

  /**
   * A message goes out, at this tick as seen from here. `press`: its number is reported with the tick at which it
   * counts.
   */
  recordSent(n: number, tick: number, press: boolean): void {
    if (n <= (this.sent.at(-1)?.n ?? 0)) this.sent = []; // another session
    this.sent.push({ n, tick, press });
    if (this.sent.length > maxSent) this.sent.shift();
  }

  /** The state of this tick says that messages up to `n` have counted. */
  recordApplied(n: number, tick: number): void {
    if (n === this.lastApplied) return;
    this.lastApplied = n;
    const at = this.sent.findIndex(one => one.n === n);
    if (at < 0) return; // said before this was here to see it, or by another session of the seat
    const [last, next] = [this.sent[at]!, this.sent[at + 1]];
    this.sent = this.sent.slice(at + 1);
    const now = this.ticks;
    const high = tick - last.tick;
    // Presses are reported with the tick at which they count, and what is held mostly; else it was long ago.
    const exact = last.press || high < now + outlierTicks;
    const low = exact ? high - 1 : next ? tick - next.tick - 1 : -Infinity;
    const share = Math.max(gain, 1 / ++this.reports);
    const bound = this.reports <= initialReports.reports ? initialReports.gainAt : maxGainTicks;
    this.extraTicks += Math.max(-bound, Math.min(bound, (Math.max(Math.min(now, high), low) - now) * share));
  }
}

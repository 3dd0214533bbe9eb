/** Assumed round trip (ms) until one is measured. */
const defaultMs = 80;
const maxMs = 1_500;
/**
 * Weight of one report, and its maximum effect in ticks: a single delayed message should change little. The first
 * reports weigh more.
 */
const gain = 0.3;
const maxGainTicks = 0.5;
const initialReports = { reports: 4, gainAt: 2 };
const maxSent = 128;
/** A number reported more than this many ticks later than expected is outdated. */
const outlierTicks = 3;

interface SentInput {
  n: number;
  tick: number;
  press: boolean;
}

/**
 * Estimates the ticks from sending an input until it counts: a round trip plus a learned remainder. The room reports
 * the last message counted: that message gives an upper bound, the next one a lower bound.
 */
export class InputDelay {
  private sent: SentInput[] = [];
  private lastApplied = 0;
  /** Delay beyond a round trip, in ticks. */
  private extraTicks = 0;
  private reports = 0;

  /** @param period ms per tick @param roundTrip shortest recent round trip (ms), null if unknown */
  constructor(
    private readonly period: number,
    private readonly roundTrip: () => number | null,
  ) {}

  /** In ticks, fractional. */
  get ticks(): number {
    return Math.max(0, Math.min((this.roundTrip() ?? defaultMs) / this.period + this.extraTicks, maxMs / this.period));
  }

  /**
   * Records a message sent at this estimated tick. `press`: its number is reported with the tick at which it counts.
   */
  recordSent(n: number, tick: number, press: boolean): void {
    if (n <= (this.sent.at(-1)?.n ?? 0)) this.sent = []; // a new session
    this.sent.push({ n, tick, press });
    if (this.sent.length > maxSent) this.sent.shift();
  }

  /** The state of this tick reports that messages up to `n` have counted. */
  recordApplied(n: number, tick: number): void {
    if (n === this.lastApplied) return;
    this.lastApplied = n;
    const at = this.sent.findIndex(one => one.n === n);
    if (at < 0) return; // sent before this object existed, or by another session of the seat
    const [last, next] = [this.sent[at]!, this.sent[at + 1]];
    this.sent = this.sent.slice(at + 1);
    const now = this.ticks;
    const high = tick - last.tick;
    // Presses are always reported with the tick at which they count, held values usually. Otherwise it was much
    // earlier.
    const exact = last.press || high < now + outlierTicks;
    const low = exact ? high - 1 : next ? tick - next.tick - 1 : -Infinity;
    const share = Math.max(gain, 1 / ++this.reports);
    const bound = this.reports <= initialReports.reports ? initialReports.gainAt : maxGainTicks;
    this.extraTicks += Math.max(-bound, Math.min(bound, (Math.max(Math.min(now, high), low) - now) * share));
  }
}

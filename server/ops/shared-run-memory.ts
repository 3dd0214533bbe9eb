import type { RuleRun } from '../runtime/ports.ts';

/** String fields of a run, in the order of the shared memory. */
const texts = ['room', 'token', 'game', 'input', 'rule', 'player', 'session', 'who'] as const;
const maxLength = 128;
const blockLength = maxLength + 1;
/** Layout: two int32 (count, isDebugged), two float64 (seq, n), then the strings in uint16. */
const count = 0;
const debugged = 1;
const textsAt = 12;

/**
 * The current run, in memory that two threads share. `count` is odd while a run is stored, and different for each run;
 * it is even while nothing runs or a run is being written.
 */
export class SharedRunMemory {
  private readonly ints: Int32Array;
  private readonly numbers: Float64Array;
  private readonly units: Uint16Array;
  private readonly lastTexts = texts.map(() => '');
  private count = 0;

  constructor(readonly shared: SharedArrayBuffer = new SharedArrayBuffer(2 * (textsAt + texts.length * blockLength))) {
    this.ints = new Int32Array(shared, 0, 2);
    this.numbers = new Float64Array(shared, 8, 2);
    this.units = new Uint16Array(shared, 0);
  }

  /** Called by the thread that runs rules. */
  write(run: Readonly<RuleRun>): void {
    if (this.count & 1) this.clear();
    this.numbers[0] = run.seq;
    this.numbers[1] = run.n;
    for (let i = 0; i < texts.length; i++) {
      const text = run[texts[i]!];
      if (text !== this.lastTexts[i]) this.writeText(i, (this.lastTexts[i] = text));
    }
    this.count = (this.count + 1) | 0;
    Atomics.store(this.ints, count, this.count);
  }

  clear(): void {
    if (!(this.count & 1)) return;
    this.count = (this.count + 1) | 0;
    Atomics.store(this.ints, count, this.count);
  }

  set isDebugged(yes: boolean) {
    Atomics.store(this.ints, debugged, yes ? 1 : 0);
  }
  get isDebugged(): boolean {
    return Atomics.load(this.ints, debugged) === 1;
  }

  /** Called by the worker: the count of the current run; null if nothing runs. */
  get runningCount(): number | null {
    const now = Atomics.load(this.ints, count);
    return now & 1 ? now : null;
  }

  /** The current run, if its count is still `which`; else null. */
  read(which: number): RuleRun | null {
    const [seq, n] = [this.numbers[0]!, this.numbers[1]!];
    const read = Object.fromEntries(texts.map((name, i) => [name, this.readText(i)])) as Record<
      (typeof texts)[number],
      string
    >;
    return this.runningCount === which ? { ...read, seq, n } : null;
  }

  private writeText(i: number, text: string): void {
    const from = textsAt + i * blockLength;
    const length = Math.min(text.length, maxLength);
    this.units[from] = length;
    for (let k = 0; k < length; k++) this.units[from + 1 + k] = text.charCodeAt(k);
  }

  private readText(i: number): string {
    const from = textsAt + i * blockLength;
    return String.fromCharCode(...this.units.subarray(from + 1, from + 1 + this.units[from]!));
  }
}

import type { Run } from '../ports.ts';

/** Texts of a run, in the order in which they lie in the shared memory. */
const texts = ['room', 'token', 'game', 'input', 'rule', 'player', 'session', 'who'] as const;
const longest = 128;
const block = longest + 1;
/** Where things lie: two int32 (count, whether a debugger listens), two float64 (seq, n), then the texts, in uint16. */
const count = 0;
const debugged = 1;
const textsAt = 12;

/**
 * What runs at this moment, in memory that two threads share. The count is odd while it stands there, and another one for
 * every run; while it is being written the count is even.
 */
export class WatchMemory {
  private readonly ints: Int32Array;
  private readonly numbers: Float64Array;
  private readonly units: Uint16Array;
  private readonly written = texts.map(() => '');
  private count = 0;

  constructor(readonly shared: SharedArrayBuffer = new SharedArrayBuffer(2 * (textsAt + texts.length * block))) {
    this.ints = new Int32Array(shared, 0, 2);
    this.numbers = new Float64Array(shared, 8, 2);
    this.units = new Uint16Array(shared, 0);
  }

  /** By the thread that runs rules. */
  write(run: Readonly<Run>): void {
    if (this.count & 1) this.clear();
    this.numbers[0] = run.seq;
    this.numbers[1] = run.n;
    for (let i = 0; i < texts.length; i++) {
      const text = run[texts[i]!];
      if (text !== this.written[i]) this.put(i, this.written[i] = text);
    }
    this.count = (this.count + 1) | 0;
    Atomics.store(this.ints, count, this.count);
  }

  clear(): void {
    if (!(this.count & 1)) return;
    this.count = (this.count + 1) | 0;
    Atomics.store(this.ints, count, this.count);
  }

  set debugged(yes: boolean) { Atomics.store(this.ints, debugged, yes ? 1 : 0); }
  get debugged(): boolean { return Atomics.load(this.ints, debugged) === 1; }

  /** By the thread that watches: the run's count, or null while nothing runs. */
  get running(): number | null {
    const now = Atomics.load(this.ints, count);
    return now & 1 ? now : null;
  }

  /** What runs, if it still is the one of that count; else null. */
  read(which: number): Run | null {
    const [seq, n] = [this.numbers[0]!, this.numbers[1]!];
    const read = Object.fromEntries(texts.map((name, i) => [name, this.get(i)])) as Record<(typeof texts)[number], string>;
    return this.running === which ? { ...read, seq, n } : null;
  }

  private put(i: number, text: string): void {
    const from = textsAt + i * block;
    const length = Math.min(text.length, longest);
    this.units[from] = length;
    for (let k = 0; k < length; k++) this.units[from + 1 + k] = text.charCodeAt(k);
  }

  private get(i: number): string {
    const from = textsAt + i * block;
    return String.fromCharCode(...this.units.subarray(from + 1, from + 1 + this.units[from]!));
  }
}

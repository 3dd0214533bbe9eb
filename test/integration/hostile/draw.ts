/** Everything a fuzzer draws comes from here: the same seed, the same packets. */
export class Draw {
  private state: number;
  /** How often something is drawn that ends a line: text that is no JSON, more than a line takes. */
  wild = 0.02;

  constructor(readonly seed: number) {
    this.state = (seed ^ 0x9e3779b9) | 0;
  }

  /** A float in [0, 1). */
  float(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }
  /** A whole number from 0 up to `below`. */
  below(below: number): number {
    return Math.floor(this.float() * below);
  }
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }
  chance(of: number): boolean {
    return this.float() < of;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  /** One of the choices, as often as its weight says. */
  weighed<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.float() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) if ((left -= weight) < 0) return choice;
    return choices[0]![1];
  }
  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}

/** The seed of one of many, from the seed of all. */
export const seedOf = (seed: number, index: number): number =>
  (Math.imul(seed ^ 0x85ebca6b, 0xc2b2ae35) + Math.imul(index + 1, 0x27d4eb2f)) >>> 0;

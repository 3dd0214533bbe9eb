/**
 * State of the generator (sfc32): four 32-bit words. It is part of the room's document, so a new owner continues the
 * sequence.
 */
export type Seed = [number, number, number, number];

/** Random numbers for rules: unbiased, journaled with the state, the same on every owner. */
export interface Random {
  /**
   * A float in [0, 1).
   * @example
   * ```ts
   * const hits = ctx.random.next() < 0.25 // one time in four
   * ```
   */
  next(): number;
  /**
   * A whole number from `min` to `max`, both included.
   * @throws RangeError when not whole or max < min
   * @example
   * ```ts
   * const column = ctx.random.int(0, 6)
   * ```
   */
  int(min: number, max: number): number;
  /**
   * `count` throws of a die with `sides` sides, each 1…sides.
   * @example
   * ```ts
   * const throws = ctx.random.dice(5).sort() // five dice of six sides each
   * ```
   */
  dice(count: number, sides?: number): number[];
  /**
   * One of the items.
   * @throws RangeError on an empty list
   * @example
   * ```ts
   * const first = ctx.random.pick(['rock', 'paper', 'scissors'] as const)
   * ```
   */
  pick<T>(items: readonly T[]): T;
  /**
   * A shuffled copy (Fisher–Yates).
   * @example
   * ```ts
   * const deck = ctx.random.shuffle(['7♣', '8♣', '9♣', '10♣'])
   * const hand = deck.splice(0, 2)
   * ```
   */
  shuffle<T>(items: readonly T[]): T[];
}

/** Draws from `seed` and updates it in place. The algorithm is sfc32 of PractRand (public domain). */
export function createRandom(seed: Seed): Random {
  const nextWord = (): number => {
    let [a, b, c, d] = seed;
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    seed[0] = a;
    seed[1] = b;
    seed[2] = c;
    seed[3] = d;
    return t >>> 0;
  };
  const int = (min: number, max: number): number => {
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || max < min)
      throw new RangeError(`random.int(${min}, ${max}): two whole numbers, the smaller first`);
    const span = max - min + 1;
    if (span > 0x1_0000_0000) throw new RangeError(`random.int(${min}, ${max}): a range of at most 2^32`);
    // Values in the incomplete last part of the range are rejected; they would favor small numbers.
    const fair = 0x1_0000_0000 - (0x1_0000_0000 % span);
    let drawn = nextWord();
    while (drawn >= fair) drawn = nextWord();
    return min + (drawn % span);
  };
  return {
    next: () => nextWord() / 0x1_0000_0000,
    int,
    dice: (count, sides = 6) => Array.from({ length: count }, () => int(1, sides)),
    pick: items => {
      if (items.length === 0) throw new RangeError('random.pick: nothing to pick from');
      return items[int(0, items.length - 1)]!;
    },
    shuffle: items => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(0, i);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
  };
}

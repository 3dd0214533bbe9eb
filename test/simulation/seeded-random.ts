/** The same numbers for the same seed, and none that the world draws (mulberry32). */
export function seededRandom(seed: number): () => number {
  let a = (seed * 0x9e3779b1 + 0x5bd1e995) | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

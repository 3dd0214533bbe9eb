import { limits } from '../../shared/limits.ts';

/**
 * Bounds that a short history reaches: snapshots, journals cut behind them, changes that are not remembered any more.
 */
const small = { snapshotEvery: 7, entriesKept: 4, ring: 6 };

/** Runs something under small bounds, and puts those of the product back. */
export async function withSmallBounds<T>(work: () => Promise<T>): Promise<T> {
  const bounds = limits as unknown as Record<string, number>;
  const own = Object.fromEntries(Object.keys(small).map(name => [name, bounds[name]!]));
  Object.assign(bounds, small);
  try {
    return await work();
  } finally {
    Object.assign(bounds, own);
  }
}

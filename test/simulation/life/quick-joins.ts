import { limits } from '../../../shared/limits.ts';
import type { LifeGame } from './games.ts';

/**
 * So long (ms) before the store forgets a quick join it counts as forgotten: its first try may have reached the store
 * later.
 */
const doubt = 60_000;

/**
 * For each quick join, whether the store may have forgotten it before it was answered (Q5). Then it may have taken a
 * second seat.
 */
export class QuickJoins {
  /** By player and game: how many were made, and how many of them are not answered. */
  private readonly of = new Map<string, { made: number; open: number }>();

  /**
   * @returns `end`, to be called with the time (ms) that the quick join took; its result is whether it may have been
   * forgotten
   */
  begin(player: string, { name, def }: LifeGame): { end(took: number): boolean } {
    const key = `${player}/${name}`;
    const all = this.of.get(key) ?? { made: 0, open: 0 };
    this.of.set(key, all);
    all.open += 1;
    all.made += 1;
    const { made, open } = all;
    const { resultTtl, lastResultTtl, maxHold } = limits.quickJoinSearch;
    return {
      end: took => {
        all.open -= 1;
        // Of several at a time only one is the player's last.
        const isLast = open === 1 && all.made === made;
        return (
          took > (isLast ? lastResultTtl + Math.min((def.away as { hold: number }).hold, maxHold) : resultTtl) - doubt
        );
      },
    };
  }
}

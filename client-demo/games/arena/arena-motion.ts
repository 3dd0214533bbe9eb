import type { Motion } from '../../../client/predict/index.ts';
import type { Arena } from '../../../shared/games/arena/contract.ts';
import { fastest, unpack } from '../../../shared/games/arena/motion.ts';

/** A craft between two ticks. */
export type CraftMotion = { readonly x: number; readonly y: number; readonly vx: number; readonly vy: number };

/** Which parts of Arena's state move. Keys are seats. */
export const arenaMotion: Motion<Arena, CraftMotion> = {
  tick: s => s.tick,
  things: s => unpack(s.crafts),
  fastest: { x: fastest, y: fastest },
};

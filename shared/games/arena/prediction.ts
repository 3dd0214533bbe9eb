import type { DefOf, TickCtx } from '../../contract.ts';
import type { arena, Arena } from './contract.ts';
import { gatherGems } from './gems.ts';
import { pack, unpack } from './motion.ts';
import { isInPlay } from './pilot.ts';
import { beginPlay, move } from './play.ts';

/**
 * The part of a tick that a client predicts: its own craft and the gems it collects. Collisions depend on the current
 * positions of other craft, which the client does not know.
 */
export const arenaPrediction = {
  tick(s: Arena, ctx: TickCtx<DefOf<typeof arena>> & { readonly seat: number }): void {
    if (s.phase === 'over') return;
    s.tick += 1;
    const pilot = s.pilots[ctx.seat];
    if (s.phase === 'play' && pilot && isInPlay(pilot)) {
      const crafts = unpack(s.crafts);
      crafts[ctx.seat] = move(s, pilot, crafts[ctx.seat]!, ctx.inputs[ctx.seat]);
      gatherGems(s, crafts);
      s.crafts = pack(crafts);
    }
    if (s.tick < s.until) return;
    if (s.phase === 'ready') beginPlay(s, ctx);
    else if (s.phase === 'play') s.phase = 'pause'; // craft do not move in a pause
  },
};

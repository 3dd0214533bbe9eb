import type { DefOf, TickCtx } from '../../contract.ts';
import type { arena, Arena } from './contract.ts';
import { gatherGems } from './gems.ts';
import { pack, unpack } from './motion.ts';
import { isInPlay } from './pilot.ts';
import { beginPlay, move } from './play.ts';

/**
 * What a client may guess of a tick: where its own craft goes, and what it gathers on its way. Who meets whom is left
 * to the server: where the others are now, nobody here knows.
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
    else if (s.phase === 'play') s.phase = 'pause'; // nobody moves any more
  },
};

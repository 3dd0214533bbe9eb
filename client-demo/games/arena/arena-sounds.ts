import type { Play } from '../../sound/sounds.ts';
import type { ArenaFrame } from './frame-source.ts';

/**
 * Sounds of one's own craft; for spectators, of the first craft. They follow the drawn frame, so they match what is
 * seen.
 */
export class ArenaSounds {
  private before: ArenaFrame | null = null;

  constructor(private readonly play: Play) {}

  update(seen: ArenaFrame, me: number | null): void {
    const { before } = this;
    this.before = seen;
    if (!before || before.s === seen.s) return;
    if (seen.s.phase === 'play' && before.s.phase === 'ready') this.play('go');
    if (before.s.round !== seen.s.round || seen.s.tick - before.s.tick > 20 || seen.s.phase !== 'play') return;
    const own = me ?? 0;
    const [was, is] = [before.s.pilots[own], seen.s.pilots[own]];
    if (!was || !is || is.gone) return;
    if (is.held > was.held) this.play(is.held - was.held > 1 ? 'star' : 'gem');
    if (is.held < was.held) this.play('robbed');
    if (is.dashed > was.dashed && is.dashed > before.s.tick) this.play('dash');
    if (
      seen.s.pilots.some(
        (pilot, seat) => pilot.stun > (before.s.pilots[seat]?.stun ?? 0) && (seat === own || pilot.by === own),
      )
    )
      this.play('bump');
    if (is.back > 0 && was.back === 0) this.play('fall');
  }
}

import { unpackGem } from '../../../shared/games/arena/ground.ts';
import type { Craft } from '../../../shared/games/arena/motion.ts';
import type { Palette } from './palette.ts';
import type { ArenaFrame } from './frame-source.ts';

/** A short animation. Times are ms of the page's clock, positions are arena units. */
export type VisualEffect =
  | { kind: 'spark'; x: number; y: number; vx: number; vy: number; colour: string; born: number; life: number }
  | { kind: 'ring'; x: number; y: number; reach: number; colour: string; born: number; life: number }
  | { kind: 'word'; x: number; y: number; text: string; colour: string; born: number; life: number };
export interface TrailPoint {
  x: number;
  y: number;
  at: number;
  fast: boolean;
}

const maxEffects = 160;
const trailTime = 380;

/**
 * Flashes and particles. They are derived from states alone, so they are correct for spectators and after a reconnect.
 */
export class VisualEffects {
  readonly list: VisualEffect[] = [];
  readonly trails: TrailPoint[][] = [];
  /** End of the camera shake after a hit on one's own craft. */
  shakesUntil = 0;
  private before: ArenaFrame | null = null;

  /** @param still no particles and no shaking (reduced motion) */
  update(seen: ArenaFrame, me: number | null, now: number, palette: Palette, still: boolean): void {
    const { before } = this;
    this.before = seen;
    if (before && seen.s.tick < before.s.tick) this.clear();
    for (let i = this.list.length - 1; i >= 0; i--)
      if (now > this.list[i]!.born + this.list[i]!.life) this.list.splice(i, 1);
    if (!still) this.trail(seen, now);
    if (
      !before ||
      before.s === seen.s ||
      before.s.round !== seen.s.round ||
      seen.s.tick < before.s.tick ||
      seen.s.tick - before.s.tick > 20 ||
      seen.s.phase !== 'play'
    )
      return;
    seen.s.pilots.forEach((pilot, seat) => {
      const was = before.s.pilots[seat];
      const craft = seen.crafts[seat];
      if (!was || !craft || pilot.gone) return;
      const colour = palette.crafts[seat]!;
      const gained = pilot.held - was.held;
      if (gained > 0) this.word(craft, `+${gained}`, gained > 1 ? palette.star : palette.gem, now);
      if (gained < 0) this.word(craft, `−${-gained}`, palette.open, now);
      if (pilot.dashed > was.dashed && pilot.dashed > before.s.tick) this.ring(craft, 190, colour, now, 260);
      if (pilot.stun > was.stun) {
        this.ring(craft, 330, palette.text, now, 380);
        if (!still) this.burst(craft, colour, 9, now);
        if (seat === me || pilot.by === me) this.shakesUntil = now + 220;
      }
      if (pilot.back > 0 && was.back === 0) this.ring(craft, 420, colour, now, 600);
      if (pilot.back === 0 && was.back > 0) this.ring(craft, 300, colour, now, 500);
    });
    if (still) return;
    before.s.gems.forEach((packed, slot) => {
      const gem = seen.s.gems[slot] === packed ? null : unpackGem(packed);
      if (gem)
        this.burst({ ...gem, vx: 0, vy: 0 }, gem.worth > 1 ? palette.star : palette.gem, gem.worth > 1 ? 10 : 4, now);
    });
  }

  /** A replay went back: drops effects that have not happened yet. */
  private clear(): void {
    this.list.length = 0;
    for (const points of this.trails) points.length = 0;
    this.shakesUntil = 0;
  }

  private trail(seen: ArenaFrame, now: number): void {
    seen.crafts.forEach((craft, seat) => {
      const points = (this.trails[seat] ??= []);
      const last = points.at(-1);
      const pilot = seen.s.pilots[seat]!;
      if (last && Math.hypot(last.x - craft.x, last.y - craft.y) > 700) points.length = 0;
      if (seen.s.phase === 'play' && pilot.back === 0 && !pilot.gone)
        points.push({ x: craft.x, y: craft.y, at: now, fast: Math.hypot(craft.vx, craft.vy) > 70 });
      while (points[0] && now - points[0].at > trailTime) points.shift();
    });
  }

  private add(effect: VisualEffect): void {
    if (this.list.length >= maxEffects) this.list.shift();
    this.list.push(effect);
  }
  private word({ x, y }: Craft, text: string, colour: string, now: number): void {
    this.add({ kind: 'word', x, y: y - 150, text, colour, born: now, life: 800 });
  }
  private ring({ x, y }: Craft, reach: number, colour: string, now: number, life: number): void {
    this.add({ kind: 'ring', x, y, reach, colour, born: now, life });
  }
  private burst({ x, y, vx, vy }: Craft, colour: string, count: number, now: number): void {
    for (let i = 0; i < count; i++) {
      const angle = (i / count) * 2 * Math.PI + (now % 7);
      const speed = 0.25 + (0.35 * ((i * 7) % 5)) / 5;
      this.add({
        kind: 'spark',
        x,
        y,
        vx: Math.cos(angle) * speed + vx / 150,
        vy: Math.sin(angle) * speed + vy / 150,
        colour,
        born: now,
        life: 420 + 60 * (i % 4),
      });
    }
  }
}

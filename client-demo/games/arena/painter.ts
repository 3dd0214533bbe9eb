import { total } from '../../../shared/games/arena/standings.ts';
import { craftSize, middle } from '../../../shared/games/arena/motion.ts';
import { drawCraft, drawEffect, drawTrail, font } from './craft-art.ts';
import type { VisualEffects } from './visual-effects.ts';
import { drawGems, drawGround } from './floor-art.ts';
import type { Palette } from './palette.ts';
import type { ArenaFrame } from './frame-source.ts';
import { makeSprites, type Sprites } from './sprites.ts';

const side = 2 * middle;

/** Draws a frame on a canvas. */
export class Painter {
  private sprites: Sprites | null = null;
  private madeFor = '';
  private readonly draw: CanvasRenderingContext2D;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.draw = canvas.getContext('2d')!;
  }

  /** @param names shown beneath the craft, by seat */
  paint(
    seen: ArenaFrame | null,
    effects: VisualEffects,
    palette: Palette,
    how: { me: number | null; now: number; still: boolean; dense: number; names: readonly string[] },
  ): void {
    const { draw, canvas } = this;
    const { now, still, me } = how;
    const scale = canvas.width / side;
    const made = `${canvas.width} ${palette.floor} ${palette.crafts.join()}`;
    if (made !== this.madeFor || !this.sprites) [this.sprites, this.madeFor] = [makeSprites(palette, scale), made];
    const unit = how.dense / scale;
    const shake = !still && now < effects.shakesUntil ? ((effects.shakesUntil - now) / 220) * 26 : 0;
    draw.setTransform(1, 0, 0, 1, 0, 0);
    draw.clearRect(0, 0, canvas.width, canvas.height);
    draw.setTransform(scale, 0, 0, scale, Math.sin(now / 13) * shake * scale, Math.cos(now / 17) * shake * scale);
    drawGround(draw, palette, seen?.s ?? null, seen?.tick ?? 0, now, still);
    if (!seen) return;
    drawGems(draw, this.sprites, seen.s, now, still);
    if (!still) effects.trails.forEach((points, seat) => drawTrail(draw, points, palette.crafts[seat]!, now));
    // One's own craft is drawn last, above the others.
    const order = seen.crafts.map((_craft, seat) => seat).sort((a, b) => Number(a === me) - Number(b === me));
    for (const seat of order) drawCraft(draw, this.sprites, palette, seen, seat, { mine: seat === me, now, still });
    const leader = leaderOf(seen);
    if (seen.s.phase === 'ready' || seen.s.phase === 'play')
      for (const seat of order) this.label(seen, seat, how.names[seat] ?? '', seat === leader, palette, unit);
    for (const effect of effects.list) drawEffect(draw, effect, now, unit, still);
  }

  /** The name, the gems that others can take, and a crown for the leader. */
  private label(seen: ArenaFrame, seat: number, name: string, leads: boolean, palette: Palette, unit: number): void {
    const pilot = seen.s.pilots[seat]!;
    const { x, y } = seen.crafts[seat]!;
    if (pilot.gone || pilot.back > 0) return;
    const { draw } = this;
    draw.font = `700 ${11 * unit}px ${font}`;
    draw.textAlign = 'center';
    draw.textBaseline = 'alphabetic';
    draw.lineJoin = 'round';
    draw.lineWidth = 3 * unit;
    draw.strokeStyle = 'rgb(8 10 40 / .7)';
    draw.fillStyle = palette.text;
    const text = `${name.length > 8 ? `${name.slice(0, 7)}…` : name} ${pilot.held}`;
    const below = y + craftSize + 13 * unit;
    draw.strokeText(text, x, below);
    draw.fillText(text, x, below);
    if (!leads) return;
    draw.fillStyle = palette.star;
    draw.strokeStyle = 'rgb(8 10 40 / .55)';
    draw.lineWidth = 12;
    draw.beginPath();
    const top = y - craftSize - 26;
    for (const [dx, dy] of [
      [-70, 0],
      [-78, -84],
      [-34, -44],
      [0, -100],
      [34, -44],
      [78, -84],
      [70, 0],
    ] as const)
      draw.lineTo(x + dx, top + dy);
    draw.closePath();
    draw.stroke();
    draw.fill();
  }
}

/** The seat that alone has the most; null for a tie. */
function leaderOf({ s }: ArenaFrame): number | null {
  const totals = s.pilots.map(pilot => (pilot.gone ? -1 : total(pilot)));
  const best = Math.max(...totals);
  return best > 0 && totals.indexOf(best) === totals.lastIndexOf(best) && s.phase === 'play'
    ? totals.indexOf(best)
    : null;
}

import { isDashing, fallTicks, canDash, safeTicks } from '../../../shared/games/arena/pilot.ts';
import { craftSize, middle, type Craft } from '../../../shared/games/arena/motion.ts';
import type { Pilot } from '../../../shared/games/arena/contract.ts';
import type { VisualEffect, TrailPoint } from './visual-effects.ts';
import type { Palette } from './palette.ts';
import type { ArenaFrame } from './frame-source.ts';
import { spriteReach, type Sprites } from './sprites.ts';

type Draw = CanvasRenderingContext2D;
const around = 2 * Math.PI;

export function drawTrail(draw: Draw, points: readonly TrailPoint[], colour: string, now: number): void {
  draw.strokeStyle = colour;
  draw.lineCap = 'round';
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!];
    const fresh = 1 - (now - b.at) / 380;
    draw.globalAlpha = Math.max(0, fresh) * (b.fast ? 0.6 : 0.26);
    draw.lineWidth = craftSize * (b.fast ? 1.7 : 1.1) * Math.max(0.1, fresh);
    draw.beginPath();
    draw.moveTo(a.x, a.y);
    draw.lineTo(b.x, b.y);
    draw.stroke();
  }
  draw.globalAlpha = 1;
}

/** A craft: stretched during a dash, spinning after a hit, shrinking during a fall. */
export function drawCraft(
  draw: Draw,
  sprites: Sprites,
  palette: Palette,
  seen: ArenaFrame,
  seat: number,
  how: { mine: boolean; now: number; still: boolean },
): void {
  const pilot = seen.s.pilots[seat]!;
  const craft = seen.crafts[seat]!;
  const falls = pilot.back > 0 ? (seen.tick - (pilot.back - fallTicks)) / 11 : 0;
  if (pilot.gone || falls >= 1) return;
  const left = Math.max(0, 1 - falls);
  const safe = pilot.safe - seen.tick;
  const pop = safe > safeTicks - 5 && !how.still ? 1 - (safe - safeTicks + 5) / 5 : 1;
  const outward = falls > 0 ? 1 + falls * 0.12 : 1;
  draw.save();
  draw.translate(middle + (craft.x - middle) * outward, middle + (craft.y - middle) * outward);
  draw.globalAlpha = falls > 0 ? left : 1;
  draw.scale(left * pop || 0.01, left * pop || 0.01);
  draw.fillStyle = 'rgb(0 0 0 / .26)';
  draw.beginPath();
  draw.ellipse(0, craftSize * 0.34, craftSize * 0.98, craftSize * 0.86, 0, 0, around);
  draw.fill();
  if (safe > 0) draw.globalAlpha *= how.still ? 0.6 : 0.55 + 0.3 * Math.sin(how.now / 70);
  const heading = Math.atan2(craft.vy, craft.vx);
  const dashing = isDashing(pilot, seen.tick);
  draw.save();
  draw.rotate(heading);
  if (dashing) draw.scale(1.2, 0.86);
  draw.rotate(-heading + (pilot.stun > seen.tick && !how.still ? how.now / 60 : 0));
  draw.drawImage(
    sprites.crafts[seat]!,
    -spriteReach.craft,
    -spriteReach.craft,
    2 * spriteReach.craft,
    2 * spriteReach.craft,
  );
  draw.restore();
  drawSigns(draw, palette, craft, pilot, seen, heading, how);
  draw.restore();
}

/** The direction and the seat's mark; for one's own craft also whether it may dash. */
function drawSigns(
  draw: Draw,
  palette: Palette,
  craft: Craft,
  pilot: Pilot,
  { tick, s }: ArenaFrame,
  heading: number,
  { mine, now, still }: { mine: boolean; now: number; still: boolean },
): void {
  if (Math.hypot(craft.vx, craft.vy) > 6 && pilot.back === 0) {
    draw.fillStyle = palette.text;
    draw.beginPath();
    draw.arc(Math.cos(heading) * craftSize * 0.98, Math.sin(heading) * craftSize * 0.98, 24, 0, around);
    draw.fill();
  }
  if (pilot.safe > tick) ringAt(draw, craftSize + 40, palette.text, 10);
  if (!mine || pilot.back > 0) return;
  const ready = canDash(pilot, tick);
  ringAt(draw, craftSize + 12, palette.text, ready ? 18 : 9);
  if (s.phase !== 'ready') return;
  const hop = still ? 0 : Math.abs(Math.sin(now / 220)) * 40;
  draw.fillStyle = palette.text;
  draw.beginPath();
  draw.moveTo(0, -craftSize - 70 - hop);
  draw.lineTo(-62, -craftSize - 160 - hop);
  draw.lineTo(62, -craftSize - 160 - hop);
  draw.fill();
}

function ringAt(draw: Draw, radius: number, colour: string, width: number): void {
  draw.strokeStyle = colour;
  draw.lineWidth = width;
  draw.beginPath();
  draw.arc(0, 0, radius, 0, around);
  draw.stroke();
}

/** @param unit arena units per pixel */
export function drawEffect(draw: Draw, effect: VisualEffect, now: number, unit: number, still: boolean): void {
  const part = Math.min(1, (now - effect.born) / effect.life);
  draw.globalAlpha = 1 - part * part;
  switch (effect.kind) {
    case 'spark':
      draw.fillStyle = effect.colour;
      draw.beginPath();
      draw.arc(
        effect.x + effect.vx * part * effect.life,
        effect.y + effect.vy * part * effect.life,
        26 * (1 - part) + 6,
        0,
        around,
      );
      draw.fill();
      break;
    case 'ring':
      draw.strokeStyle = effect.colour;
      draw.lineWidth = 26 * (1 - part) + 4;
      draw.beginPath();
      draw.arc(
        effect.x,
        effect.y,
        still ? effect.reach * 0.7 : craftSize + (effect.reach - craftSize) * Math.sqrt(part),
        0,
        around,
      );
      draw.stroke();
      break;
    case 'word':
      draw.font = `800 ${15 * unit}px ${font}`;
      draw.textAlign = 'center';
      draw.lineWidth = 3.5 * unit;
      draw.lineJoin = 'round';
      draw.strokeStyle = 'rgb(8 10 40 / .75)';
      draw.fillStyle = effect.colour;
      draw.strokeText(effect.text, effect.x, effect.y - (still ? 0 : part * 130));
      draw.fillText(effect.text, effect.x, effect.y - (still ? 0 : part * 130));
      break;
  }
  draw.globalAlpha = 1;
}

export const font =
  '"Avenir Next", Avenir, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif';

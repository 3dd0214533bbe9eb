import type { Arena } from '../../../shared/games/arena/contract.ts';
import { gemSize, isOpen, rimAt, rimNarrow, rimWide, unpackGem } from '../../../shared/games/arena/ground.ts';
import { middle } from '../../../shared/games/arena/motion.ts';
import type { Palette } from './palette.ts';
import { spriteReach, type Sprites } from './sprites.ts';

type Draw = CanvasRenderingContext2D;
const around = 2 * Math.PI;

function disc(draw: Draw, radius: number): void {
  draw.beginPath();
  draw.arc(middle, middle, Math.max(0, radius), 0, around);
}

/** The floor and its edge. A solid edge stops craft. A dashed edge is open, and the floor shrinks. */
export function drawGround(
  draw: Draw,
  palette: Palette,
  s: Arena | null,
  tick: number,
  now: number,
  still: boolean,
): void {
  const rim = s ? rimAt(s, tick) : rimWide;
  const open = s !== null && isOpen(s, tick);
  const soon = s !== null && s.phase === 'play' && !open && s.closes - tick < 60;
  disc(draw, rimWide + 60);
  draw.fillStyle = palette.depth;
  draw.fill();
  draw.strokeStyle = palette.line;
  draw.lineWidth = 8;
  for (let radius = rimWide - 130; radius > rim; radius -= 130) {
    disc(draw, radius);
    draw.stroke();
  }
  const floor = draw.createRadialGradient(middle - 500, middle - 700, 200, middle, middle, rimWide);
  floor.addColorStop(0, palette.floor);
  floor.addColorStop(1, palette.floorDeep);
  disc(draw, rim);
  draw.fillStyle = floor;
  draw.fill();
  draw.strokeStyle = palette.line;
  draw.lineWidth = 8;
  for (const radius of [rimNarrow, 1_250]) {
    if (radius >= rim) continue;
    disc(draw, radius);
    draw.stroke();
  }
  for (let i = 0; i < 16; i++) {
    const [x, y] = [Math.cos((i * around) / 16), Math.sin((i * around) / 16)];
    draw.beginPath();
    draw.moveTo(middle + x * Math.min(rim, rimWide - 150), middle + y * Math.min(rim, rimWide - 150));
    draw.lineTo(middle + x * (rim - 60), middle + y * (rim - 60));
    draw.stroke();
  }
  const blink = still ? 1 : 0.65 + 0.35 * Math.sin(now / 90);
  draw.strokeStyle = open || soon ? palette.open : palette.rim;
  draw.globalAlpha = soon || open ? blink : 1;
  draw.lineWidth = open ? 30 : 34;
  if (open) {
    draw.setLineDash([110, 74]);
    draw.lineDashOffset = still ? 0 : -now / 9;
  }
  disc(draw, rim);
  draw.stroke();
  draw.setLineDash([]);
  draw.globalAlpha = 1;
}

/** Gems, each animated with its own phase. */
export function drawGems(draw: Draw, sprites: Sprites, s: Arena, now: number, still: boolean): void {
  s.gems.forEach((packed, slot) => {
    const gem = unpackGem(packed);
    if (!gem) return;
    const [image, reach] =
      gem.worth > 1 ? ([sprites.star, spriteReach.star] as const) : ([sprites.gem, spriteReach.gem] as const);
    const beat = still ? 0 : Math.sin(now / 260 + slot * 1.7);
    const size = reach * (1 + 0.06 * beat);
    draw.fillStyle = 'rgb(0 0 0 / .2)';
    draw.beginPath();
    draw.ellipse(gem.x, gem.y + gemSize * 1.15, gemSize * 0.7, gemSize * 0.22, 0, 0, around);
    draw.fill();
    draw.drawImage(image, gem.x - size, gem.y - size - 8 * beat, 2 * size, 2 * size);
    const glint = still ? 0 : Math.max(0, Math.sin(now / 700 + slot * 2.3) - 0.9) * 10;
    if (glint > 0) twinkle(draw, gem.x - 22, gem.y - 34, 46 * glint);
  });
}

function twinkle(draw: Draw, x: number, y: number, size: number): void {
  draw.strokeStyle = 'rgb(255 255 255 / .9)';
  draw.lineWidth = 8;
  draw.beginPath();
  draw.moveTo(x - size, y);
  draw.lineTo(x + size, y);
  draw.moveTo(x, y - size);
  draw.lineTo(x, y + size);
  draw.stroke();
}

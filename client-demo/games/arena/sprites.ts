import { craftSize } from '../../../shared/games/arena/motion.ts';
import { seatMarks } from '../common/seat-marks.ts';
import { star, type Palette } from './palette.ts';

/**
 * Drawings that are equal in every frame, rendered once per size and palette. The constants are half of their side, in
 * arena units.
 */
export const spriteReach = { craft: craftSize * 1.15, gem: 112, star: 185 };
export interface Sprites {
  crafts: HTMLCanvasElement[];
  gem: HTMLCanvasElement;
  star: HTMLCanvasElement;
}

export function makeSprites(palette: Palette, scale: number): Sprites {
  return {
    crafts: palette.crafts.map((colour, seat) =>
      sprite(spriteReach.craft, 115, scale, draw => drawCraft(draw, colour, seatMarks[seat]!, palette)),
    ),
    gem: sprite(spriteReach.gem, 90, scale, draw => drawGem(draw, palette)),
    star: sprite(spriteReach.star, 150, scale, draw => drawStar(draw, palette)),
  };
}

/** @param size half of the side, in the units that `paint` draws in */
function sprite(
  reach: number,
  size: number,
  scale: number,
  paint: (draw: CanvasRenderingContext2D) => void,
): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.max(2, Math.ceil(2 * reach * scale));
  const draw = canvas.getContext('2d')!;
  draw.setTransform(canvas.width / (2 * size), 0, 0, canvas.height / (2 * size), canvas.width / 2, canvas.height / 2);
  paint(draw);
  return canvas;
}

function drawCraft(draw: CanvasRenderingContext2D, colour: string, mark: string, { edge }: Palette): void {
  const body = new Path2D();
  body.arc(0, 0, 100, 0, 2 * Math.PI);
  draw.fillStyle = colour;
  draw.fill(body);
  const light = draw.createRadialGradient(-34, -42, 8, 0, 0, 100);
  light.addColorStop(0, 'rgb(255 255 255 / .5)');
  light.addColorStop(0.5, 'rgb(255 255 255 / .06)');
  light.addColorStop(1, 'rgb(0 0 0 / .28)');
  draw.fillStyle = light;
  draw.fill(body);
  draw.strokeStyle = edge;
  draw.lineWidth = 8;
  draw.beginPath();
  draw.arc(0, 0, 78, 0, 2 * Math.PI);
  draw.globalAlpha = 0.3;
  draw.stroke();
  draw.globalAlpha = 0.62;
  draw.lineWidth = 13;
  draw.lineJoin = draw.lineCap = 'round';
  draw.stroke(new Path2D(mark));
}

function polygon(points: readonly (readonly [number, number])[]): Path2D {
  const path = new Path2D();
  points.forEach(([x, y], i) => (i === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  path.closePath();
  return path;
}

function drawGem(draw: CanvasRenderingContext2D, { gem, gemDeep }: Palette): void {
  draw.fillStyle = gemDeep;
  draw.fill(
    polygon([
      [0, -70],
      [52, -18],
      [0, 70],
      [-52, -18],
    ]),
  );
  draw.fillStyle = gem;
  draw.fill(
    polygon([
      [0, -70],
      [52, -18],
      [0, -4],
      [-52, -18],
    ]),
  );
  draw.fillStyle = 'rgb(255 255 255 / .55)';
  draw.fill(
    polygon([
      [0, -70],
      [-52, -18],
      [-14, -14],
    ]),
  );
}

function drawStar(draw: CanvasRenderingContext2D, { star: colour, starDeep }: Palette): void {
  const glow = draw.createRadialGradient(0, 0, 40, 0, 0, 150);
  glow.addColorStop(0, colour);
  glow.addColorStop(1, 'rgb(255 220 120 / 0)');
  draw.globalAlpha = 0.4;
  draw.fillStyle = glow;
  draw.fillRect(-150, -150, 300, 300);
  draw.globalAlpha = 1;
  draw.lineJoin = 'round';
  draw.lineWidth = 16;
  draw.strokeStyle = starDeep;
  draw.fillStyle = colour;
  const path = polygon(star(5, 96, 46));
  draw.stroke(path);
  draw.fill(path);
}

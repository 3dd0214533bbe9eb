/**
 * Motion of craft. Integers only, so that every node and browser computes the same result and clients can predict their
 * own craft. Lengths are units of a square of 4096 × 4096, speeds are units per tick.
 */
export interface Craft {
  x: number;
  y: number;
  vx: number;
  vy: number;
}
export interface Steer {
  x: number;
  y: number;
}
/** What limits a craft's motion in this tick. */
export interface MoveConditions {
  /** The craft slides without control. */
  stunned: boolean;
  /** Radius of the floor. */
  rim: number;
  /** The rim is open: it does not stop craft. */
  open: boolean;
}

export const middle = 2048;
/** Radius of a craft. */
export const craftSize = 145;
export const cruise = 56;
export const dashSpeed = 124;
export const knockSpeed = 112;
const grip = 8;
const slide = 7;
/** Units per tick by which the rim pushes a craft back inside. */
const curb = 40;
const last = 4095;
/** Units per tick, in each direction. */
export const fastest = 127;

/** The greatest integer r with r² ≤ n. Corrected, because Math.sqrt may round differently. */
export function integerSqrt(n: number): number {
  let r = Math.floor(Math.sqrt(n));
  while (r * r > n) r -= 1;
  while ((r + 1) * (r + 1) <= n) r += 1;
  return r;
}

/** The quotient rounded toward zero, never −0. */
export const quotient = (a: number, b: number): number => Math.trunc(a / b) + 0;
const clamp = (n: number, low: number, high: number): number => (n < low ? low : n > high ? high : n);

/** A vector of this direction and length; [0, 0] for a zero vector. */
export function toLength(x: number, y: number, length: number): [x: number, y: number] {
  const long = integerSqrt((x * x + y * y) * 0x1_0000); // in 1/256, or short vectors would come out too long
  return long === 0 ? [0, 0] : [quotient(x * length * 256, long), quotient(y * length * 256, long)];
}

export const fromMiddle = (at: { x: number; y: number }): number =>
  integerSqrt((at.x - middle) ** 2 + (at.y - middle) ** 2);

/** Velocity of a dash: in the steered direction, else in the current one; null if there is neither. */
export function aim(craft: Craft, steer: Steer | null): [x: number, y: number] | null {
  const [x, y] = steer && (steer.x !== 0 || steer.y !== 0) ? [steer.x, steer.y] : [craft.vx, craft.vy];
  return x === 0 && y === 0 ? null : toLength(x, y, dashSpeed);
}

/** Moves a craft by one tick. `dash`: a dash begins in this tick. */
export function step(craft: Craft, steer: Steer | null, dash: boolean, footing: MoveConditions): Craft {
  const burst = dash ? aim(craft, steer) : null;
  let [vx, vy] = burst ?? towards(craft, footing.stunned ? null : steer, footing.stunned ? slide : grip);
  let x = craft.x + vx;
  let y = craft.y + vy;
  const far = fromMiddle({ x, y });
  const edge = footing.rim - craftSize;
  if (far > edge && !footing.open && !footing.stunned) {
    const [nx, ny] = toLength(x - middle, y - middle, 1_000);
    const outward = quotient(vx * nx + vy * ny, 1_000);
    const inside = Math.max(edge, far - curb - Math.max(0, outward));
    x = middle + quotient(nx * inside, 1_000);
    y = middle + quotient(ny * inside, 1_000);
    if (outward > 0) {
      vx -= quotient(nx * outward, 1_000);
      vy -= quotient(ny * outward, 1_000);
    }
  }
  return tidy({ x, y, vx, vy });
}

/** Moves the velocity toward the steered one by at most `hold`. */
function towards(craft: Craft, steer: Steer | null, hold: number): [vx: number, vy: number] {
  let { x, y } = steer ?? { x: 0, y: 0 };
  if (x * x + y * y > 10_000) [x, y] = toLength(x, y, 100);
  const dx = quotient(x * cruise, 100) - craft.vx;
  const dy = quotient(y * cruise, 100) - craft.vy;
  if (dx * dx + dy * dy <= hold * hold) return [craft.vx + dx, craft.vy + dy];
  const [ax, ay] = toLength(dx, dy, hold);
  return [craft.vx + ax, craft.vy + ay];
}

/** Two overlapping craft: direction from the first to the second (in thousandths), overlap, and closing speed. */
export interface Touch {
  nx: number;
  ny: number;
  deep: number;
  speed: number;
}
export function touch(a: Craft, b: Craft): Touch | null {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const square = dx * dx + dy * dy;
  if (square >= 4 * craftSize * craftSize) return null;
  const [nx, ny] = square === 0 ? [1_000, 0] : toLength(dx, dy, 1_000);
  return {
    nx,
    ny,
    deep: 2 * craftSize - integerSqrt(square),
    speed: quotient((a.vx - b.vx) * nx + (a.vy - b.vy) * ny, 1_000),
  };
}

/** Clamps to the range that `pack` can encode. */
export const tidy = ({ x, y, vx, vy }: Craft): Craft => ({
  x: clamp(x, 0, last),
  y: clamp(y, 0, last),
  vx: clamp(vx, -fastest, fastest),
  vy: clamp(vy, -fastest, fastest),
});

const digits = 10;
export const pack = (crafts: readonly Craft[]): string =>
  crafts
    .map(({ x, y, vx, vy }) =>
      (((x * 0x1000 + y) * 0x100 + vx + 128) * 0x100 + vy + 128).toString(16).padStart(digits, '0'),
    )
    .join('');

export function unpack(packed: string): Craft[] {
  const crafts: Craft[] = [];
  for (let i = 0; i < packed.length; i += digits) {
    const place = parseInt(packed.slice(i, i + 6), 16);
    const speed = parseInt(packed.slice(i + 6, i + digits), 16);
    crafts.push({ x: place >> 12, y: place & 0xfff, vx: (speed >> 8) - 128, vy: (speed & 0xff) - 128 });
  }
  return crafts;
}

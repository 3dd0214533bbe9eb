import type { CtxOf, DefOf, TickCtx } from '../../contract.ts';
import type { arena, Arena, Pilot } from './contract.ts';
import { dropAround, gatherGems, growGems, scatter } from './gems.ts';
import { hz, isOpen, rimAt, randomPoint } from './ground.ts';
import {
  aim,
  fromMiddle,
  knockSpeed,
  pack,
  quotient,
  step,
  tidy,
  touch,
  unpack,
  type Craft,
  type Touch,
} from './motion.ts';
import { isDashing, dashTicks, fallTicks, isInPlay, canDash, safeTicks, stunTicks } from './pilot.ts';

export type ArenaTick = TickCtx<DefOf<typeof arena>>;

const touchable = (pilot: Pilot, tick: number): boolean => isInPlay(pilot) && pilot.safe <= tick;

/** Longest time in which the rim shrinks, in ticks. */
const closing = 15 * hz;

export function beginPlay(s: Arena, ctx: Pick<CtxOf<typeof arena>, 'options'>): void {
  const ticks = ctx.options.seconds * hz;
  Object.assign(s, {
    phase: 'play',
    until: s.tick + ticks,
    closes: s.tick + ticks - Math.min(closing, Math.floor(ticks / 3)),
  });
}

/** One tick of play: move all craft, resolve collisions, collect gems, then drop craft beyond the rim. */
export function play(s: Arena, ctx: ArenaTick): void {
  const crafts = unpack(s.crafts);
  s.pilots.forEach((pilot, seat) => {
    if (pilot.back !== 0 && pilot.back <= s.tick) comeBack(s, seat, crafts, ctx);
    if (isInPlay(pilot)) crafts[seat] = move(s, pilot, crafts[seat]!, ctx.inputs[seat]);
  });
  for (let a = 0; a < crafts.length; a++) {
    for (let b = a + 1; b < crafts.length; b++)
      if (touchable(s.pilots[a]!, s.tick) && touchable(s.pilots[b]!, s.tick)) meet(s, a, b, crafts, ctx);
  }
  gatherGems(s, crafts);
  fall(s, crafts, ctx);
  growGems(s, ctx.random);
  s.crafts = pack(crafts);
}

/** Moves one craft by one tick, as its pilot steers. */
export function move(s: Arena, pilot: Pilot, craft: Craft, input: ArenaTick['inputs'][number] | undefined): Craft {
  const stunned = pilot.stun > s.tick;
  const steer = input?.steer ?? null;
  const dash = !stunned && canDash(pilot, s.tick) && (input?.dash ?? 0) > 0 && aim(craft, steer) !== null;
  if (dash) {
    pilot.dashed = s.tick;
    pilot.safe = Math.min(pilot.safe, s.tick); // a craft that dashes can be hit
  }
  return step(craft, steer, dash, { stunned, rim: rimAt(s, s.tick), open: isOpen(s, s.tick) });
}

function meet(s: Arena, a: number, b: number, crafts: Craft[], ctx: ArenaTick): void {
  const met = touch(crafts[a]!, crafts[b]!);
  if (!met) return;
  push(crafts, a, met, -1);
  push(crafts, b, met, 1);
  if (met.speed <= 0) return;
  const [aDashes, bDashes] = [isDashing(s.pilots[a]!, s.tick), isDashing(s.pilots[b]!, s.tick)];
  for (const [seat, sign] of [
    [a, -1],
    [b, 1],
  ] as const) {
    const craft = crafts[seat]!;
    crafts[seat] = tidy({
      ...craft,
      vx: craft.vx + sign * quotient(met.nx * met.speed, 1_000),
      vy: craft.vy + sign * quotient(met.ny * met.speed, 1_000),
    });
  }
  if (aDashes && !bDashes) hit(s, a, b, met, 1, crafts, ctx);
  if (bDashes && !aDashes) hit(s, b, a, met, -1, crafts, ctx);
}

/** Moves a craft out of the other by half of their overlap. */
function push(crafts: Craft[], seat: number, { nx, ny, deep }: Touch, sign: 1 | -1): void {
  const craft = crafts[seat]!;
  const half = Math.ceil(deep / 2);
  crafts[seat] = tidy({
    ...craft,
    x: craft.x + sign * quotient(nx * half, 1_000),
    y: craft.y + sign * quotient(ny * half, 1_000),
  });
}

/** A dash hit: the craft is knocked away and drops a quarter of its gems. */
function hit(
  s: Arena,
  by: number,
  seat: number,
  { nx, ny }: Touch,
  sign: 1 | -1,
  crafts: Craft[],
  ctx: ArenaTick,
): void {
  const pilot = s.pilots[seat]!;
  const again = pilot.stun > s.tick;
  crafts[seat] = {
    ...crafts[seat]!,
    vx: sign * quotient(nx * knockSpeed, 1_000),
    vy: sign * quotient(ny * knockSpeed, 1_000),
  };
  pilot.stun = s.tick + stunTicks;
  pilot.by = by;
  s.pilots[by]!.dashed = s.tick - dashTicks; // a dash hits once: the rest of its time is canceled
  const lost = again ? 0 : Math.min(Math.ceil(pilot.held / 4), 6);
  pilot.held -= lost;
  dropAround(s, crafts[seat]!, lost, ctx.random);
  ctx.emit('bumped', { seat, by, lost });
}

/** A craft beyond the rim falls, loses half of its gems, and returns after `fallTicks`. */
function fall(s: Arena, crafts: Craft[], ctx: ArenaTick): void {
  const rim = rimAt(s, s.tick);
  s.pilots.forEach((pilot, seat) => {
    if (!isInPlay(pilot) || fromMiddle(crafts[seat]!) <= rim) return;
    const lost = Math.ceil(pilot.held / 2);
    ctx.emit('fell', { seat, by: pilot.stun > s.tick ? pilot.by : null, lost });
    Object.assign(pilot, { held: pilot.held - lost, back: s.tick + fallTicks, stun: 0, by: null });
    crafts[seat] = { ...crafts[seat]!, vx: 0, vy: 0 };
    scatter(s, lost, ctx.random);
  });
}

function comeBack(s: Arena, seat: number, crafts: Craft[], ctx: ArenaTick): void {
  // Well inside; otherwise the shrinking rim could pass it at once.
  crafts[seat] = { ...randomPoint(ctx.random, Math.floor(rimAt(s, s.tick) / 2)), vx: 0, vy: 0 };
  Object.assign(s.pilots[seat]!, { back: 0, safe: s.tick + safeTicks });
}

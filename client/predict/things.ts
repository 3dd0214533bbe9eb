/**
 * What is shown of one thing that moves: numbers alone, so that they can be mixed. An angle is better two numbers, its
 * sine and cosine.
 */
export type Moving = Readonly<Record<string, number>>;

/**
 * How a game's motion is read off its state. One object serves `interpolate` and `predictOwn`.
 * @example
 * ```ts
 * const motion: Motion<{ tick: number; ships: { x: number; y: number }[] }> = {
 *   tick: s => s.tick,
 *   things: s => s.ships,
 *   fastest: { x: 12, y: 12 },
 * }
 * const others = interpolate(await client.quick(ships), motion)
 * ```
 */
export interface Motion<S, T extends Moving = Moving> {
  /** The tick that made this state: a number that the rules count up by one in each tick. */
  tick(s: S): number;
  /**
   * All that moves, by a key that stays the same while it lives: `s.ships`, or `Object.fromEntries(…)`. A copy is kept.
   */
  things(s: S): Readonly<Record<string | number, T>> | readonly T[];
  /**
   * How much of a number can change in one tick by motion: `{ x: 127, y: 127 }`. What changes by more than 2.5 times
   * that was put there, and is shown so; corrections are shown no faster than half of it. Numbers that are not named
   * only mix.
   */
  fastest?: { readonly [K in keyof T]?: number };
}

export type Things<T extends Moving> = Record<string, T>;
/** A change by more than this many times the fastest way is no motion. */
const teleportFactor = 2.5;
/** A correction loses this part of itself in so many ms … */
const halfLifeMs = 60;
/** … but moves at most by this part of the fastest way. */
const maxCorrectionRatio = 0.5;

export const copyThings = <S, T extends Moving>(motion: Motion<S, T>, s: S): Things<T> => {
  const out: Things<T> = {};
  for (const [key, thing] of Object.entries(motion.things(s))) out[key] = { ...thing };
  return out;
};

/** Whether nothing moves from one to the other: it was put there. @param ticks between the two */
export const isTeleport = <T extends Moving>(
  a: T,
  b: T,
  ticks: number,
  fastest: Motion<never, T>['fastest'],
): boolean =>
  fastest !== undefined &&
  Object.keys(fastest).some(
    name => Math.abs((b[name] ?? 0) - (a[name] ?? 0)) > teleportFactor * fastest[name]! * Math.max(1, ticks),
  );

export function interpolateThing<T extends Moving>(
  a: T,
  b: T,
  part: number,
  ticks: number,
  fastest: Motion<never, T>['fastest'],
): T {
  if (isTeleport(a, b, ticks, fastest)) return part < 0.5 ? a : b;
  const out: Record<string, number> = {};
  for (const name of Object.keys(b)) out[name] = name in a ? a[name]! + (b[name]! - a[name]!) * part : b[name]!;
  return out as T;
}

/**
 * What has been shown and turns out otherwise is not put right at once: the difference is kept, and melts away. So the
 * eye sees a craft drift a little, and never jump.
 */
export class CorrectionSmoother<T extends Moving> {
  private readonly offsets = new Map<string, Record<string, number>>();
  private shown: Things<T> = {};
  private at: number | null = null;

  constructor(
    private readonly fastest: Motion<never, T>['fastest'],
    private readonly period: number,
  ) {}

  /** The course changes now from what was shown last to `things`: what lies between is made up for little by little. */
  startCorrection(things: Things<T>): void {
    for (const [key, now] of Object.entries(things)) {
      const was = this.shown[key];
      // As far as a second of the fastest way is still a correction; beyond that, somebody put it there.
      if (!was || isTeleport(was, now, 1_000 / this.period / teleportFactor, this.fastest)) {
        this.offsets.delete(key);
        continue;
      }
      const off: Record<string, number> = {};
      for (const name of Object.keys(now))
        if (name in was && was[name] !== now[name]) off[name] = was[name]! - now[name]!;
      if (Object.keys(off).length > 0) this.offsets.set(key, off);
      else this.offsets.delete(key);
    }
  }

  /**
   * Between two states that were received, things may have been placed elsewhere: they are shown there at once, without
   * a correction.
   */
  dropTeleported<S>(before: S, after: S, ticks: number, motion: Motion<S, T>): void {
    if (this.offsets.size === 0) return;
    const [from, to] = [copyThings(motion, before), copyThings(motion, after)];
    for (const key of this.offsets.keys())
      if (from[key] && to[key] && isTeleport(from[key], to[key], ticks, this.fastest)) this.offsets.delete(key);
  }

  /** What is to be shown at a moment, for what is true then. */
  apply(things: Things<T>, now: number): Things<T> {
    const ms = this.at === null ? 0 : Math.max(0, now - this.at);
    this.at = now;
    for (const [key, off] of this.offsets) this.decay(key, off, ms);
    if (this.offsets.size === 0) return (this.shown = things);
    const out = { ...things };
    for (const [key, off] of this.offsets) {
      const thing = things[key];
      if (!thing) this.offsets.delete(key);
      else
        out[key] = {
          ...thing,
          ...Object.fromEntries(
            Object.keys(off)
              .filter(name => name in thing)
              .map(name => [name, thing[name]! + off[name]!]),
          ),
        };
    }
    return (this.shown = out);
  }

  private decay(key: string, off: Record<string, number>, ms: number): void {
    const left = 0.5 ** (ms / halfLifeMs);
    for (const name of Object.keys(off)) {
      const size = Math.abs(off[name]!);
      const most =
        this.fastest?.[name] === undefined ? Infinity : (this.fastest[name]! * maxCorrectionRatio * ms) / this.period;
      const rest = Math.max(size * left, size - most);
      if (rest < 0.01) delete off[name];
      else off[name] = Math.sign(off[name]!) * rest;
    }
    if (Object.keys(off).length === 0) this.offsets.delete(key);
  }
}

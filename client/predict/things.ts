/**
 * The drawn values of one moving thing. Numbers only, so that they can be interpolated. Represent an angle by its sine
 * and cosine.
 */
export type Moving = Readonly<Record<string, number>>;

/**
 * How to read a game's motion from its state. One object serves `interpolate` and `predictOwn`.
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
  /** The tick of this state: a number that the rules increment by one in each tick. */
  tick(s: S): number;
  /**
   * All moving things, by a key that is stable for each thing: `s.ships`, or `Object.fromEntries(…)`. The values are
   * copied.
   */
  things(s: S): Readonly<Record<string | number, T>> | readonly T[];
  /**
   * Maximum change of a value in one tick by motion: `{ x: 127, y: 127 }`. A change of more than 2.5 times that is a
   * teleport and shown at once; corrections move at most at half of it. Values not listed are always interpolated.
   */
  fastest?: { readonly [K in keyof T]?: number };
}

export type Things<T extends Moving> = Record<string, T>;
/** A change above this multiple of the fastest motion is a teleport. */
const teleportFactor = 2.5;
/** Half-life of a correction, ms. */
const halfLifeMs = 60;
/** Maximum speed of a correction, as a share of the fastest motion. */
const maxCorrectionRatio = 0.5;

export const copyThings = <S, T extends Moving>(motion: Motion<S, T>, s: S): Things<T> => {
  const out: Things<T> = {};
  for (const [key, thing] of Object.entries(motion.things(s))) out[key] = { ...thing };
  return out;
};

/** Whether a thing was teleported from one state to the other. @param ticks between the two */
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
 * Error smoothing: when the shown value turns out wrong, the difference is kept as an offset that decays with a
 * half-life, so that things drift instead of jumping.
 */
export class CorrectionSmoother<T extends Moving> {
  private readonly offsets = new Map<string, Record<string, number>>();
  private shown: Things<T> = {};
  private at: number | null = null;

  constructor(
    private readonly fastest: Motion<never, T>['fastest'],
    private readonly period: number,
  ) {}

  /** Keeps the difference between what was shown last and `things` as offsets. */
  startCorrection(things: Things<T>): void {
    for (const [key, now] of Object.entries(things)) {
      const was = this.shown[key];
      // Up to one second of the fastest motion is a correction; beyond that it is a teleport.
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

  /** Drops the offsets of things that were teleported between two received states: those are shown in place at once. */
  dropTeleported<S>(before: S, after: S, ticks: number, motion: Motion<S, T>): void {
    if (this.offsets.size === 0) return;
    const [from, to] = [copyThings(motion, before), copyThings(motion, after)];
    for (const key of this.offsets.keys())
      if (from[key] && to[key] && isTeleport(from[key], to[key], ticks, this.fastest)) this.offsets.delete(key);
  }

  /** Adds the remaining offsets at a moment to the true values. */
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

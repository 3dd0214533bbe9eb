import type { Random } from '../../random.ts';
import type { Arena } from './contract.ts';
import {
  gemSize,
  hz,
  packGem,
  rimAt,
  rimWide,
  slots,
  randomPoint,
  starWorth,
  unpackGem,
  directionVector,
} from './ground.ts';
import { craftSize, fromMiddle, middle, quotient, toLength, type Craft } from './motion.ts';

/** Ticks between two new gems, and between two stars. */
const gemEvery = 8;
const starEvery = 12 * hz;
const margin = 200;

const count = (s: Arena): number => s.gems.reduce((n, gem) => n + (gem === 0 ? 0 : 1), 0);
/** Number of gems on the floor. */
const wanted = (s: Arena): number => Math.min(slots - 10, 5 + 2 * s.pilots.filter(pilot => !pilot.gone).length);

/** Puts a gem into the first free slot. Without a free slot it is lost. */
function lay(s: Arena, worth: number, at: { x: number; y: number }): void {
  const slot = s.gems.indexOf(0);
  if (slot >= 0) s.gems[slot] = packGem({ worth, ...at });
}

export function freshGems(s: Arena, random: Random): void {
  s.gems.fill(0);
  for (let n = wanted(s); n > 0; n--) lay(s, 1, randomPoint(random, rimWide - margin));
}

/**
 * Adds gems at fixed ticks, not at random ones: each draw changes the room's random seed, and a draw in every tick
 * would take more of the journal than the motion.
 */
export function growGems(s: Arena, random: Random): void {
  const rim = rimAt(s, s.tick);
  s.gems.forEach((gem, slot) => {
    if (gem !== 0 && fromMiddle(unpackGem(gem)!) > rim) s.gems[slot] = 0;
  });
  if (s.tick % gemEvery === 0 && count(s) < wanted(s)) lay(s, 1, randomPoint(random, rim - margin));
  if (s.tick % starEvery === 0) lay(s, starWorth, randomPoint(random, Math.floor(rim / 2)));
}

/** Each gem goes to the nearest craft that reaches it. */
export function gatherGems(s: Arena, crafts: readonly Craft[]): void {
  for (let slot = 0; slot < slots; slot++) {
    const gem = unpackGem(s.gems[slot]!);
    if (!gem) continue;
    let nearest = (craftSize + gemSize) ** 2;
    let taker: number | null = null;
    s.pilots.forEach((pilot, seat) => {
      const craft = crafts[seat]!;
      const square = (craft.x - gem.x) ** 2 + (craft.y - gem.y) ** 2;
      // A stunned craft collects nothing; otherwise it would get back the gems that it just dropped.
      if (pilot.gone || pilot.back !== 0 || pilot.stun > s.tick || square >= nearest) return;
      nearest = square;
      taker = seat;
    });
    if (taker === null) continue;
    s.pilots[taker]!.held += gem.worth;
    s.gems[slot] = 0;
  }
}

/** Scatters dropped gems around the craft, within the rim. */
export function dropAround(s: Arena, craft: Craft, gems: number, random: Random): void {
  if (gems === 0) return;
  const turn = random.int(0, 15);
  const edge = rimAt(s, s.tick) - craftSize;
  for (let i = 0; i < gems; i++) {
    const [wx, wy] = directionVector(turn + Math.floor((i * 16) / gems));
    const far = 300 + 60 * (i % 3);
    const at = { x: craft.x + quotient(wx * far, 1_000), y: craft.y + quotient(wy * far, 1_000) };
    if (fromMiddle(at) > edge) {
      const [x, y] = toLength(at.x - middle, at.y - middle, edge);
      Object.assign(at, { x: middle + x, y: middle + y });
    }
    lay(s, 1, at);
  }
}

export function scatter(s: Arena, gems: number, random: Random): void {
  for (let i = 0; i < gems; i++) lay(s, 1, randomPoint(random, rimAt(s, s.tick) - margin));
}

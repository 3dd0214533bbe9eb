import type { BotMove, DefOf } from '../../contract.ts';
import type { Random } from '../../random.ts';
import type { arena, Arena } from './contract.ts';
import { isOpen, rimAt, unpackGem } from './ground.ts';
import { craftSize, fromMiddle, middle, toLength, unpack, type Craft } from './motion.ts';
import { isInPlay, canDash } from './pilot.ts';

type Move = BotMove<DefOf<typeof arena>>;
interface Spot {
  x: number;
  y: number;
}

/** Longest distance to a target for a dash, and how many ticks the bot predicts. */
const reach = 560;
const ahead = 5;

const distance = (a: Spot, b: Spot): number => Math.hypot(a.x - b.x, a.y - b.y);
const soon = (craft: Craft, ticks = ahead): Spot => ({ x: craft.x + craft.vx * ticks, y: craft.y + craft.vy * ticks });

/** Plays a seat. Priorities: keep away from an open rim, dash at a worthwhile target, collect the best gem. */
export function bot(view: Arena, seat: number, random: Random): Move | null {
  const me = view.pilots[seat];
  if (!me || view.phase !== 'play' || !isInPlay(me)) return { hold: { steer: { x: 0, y: 0 } } };
  const crafts = unpack(view.crafts);
  const craft = crafts[seat]!;
  const home = { x: middle, y: middle };
  const rim = rimAt(view, view.tick + 10);
  const room = rim - fromMiddle(soon(craft));
  if (isOpen(view, view.tick + 20) && room < 3 * craftSize) return steer(craft, home, random, 4);
  const prey = canDash(me, view.tick) ? preyOf(view, seat, crafts) : null;
  // Not at every opportunity: as a person would.
  if (prey && landsInside(view, craft, prey, rim) && random.int(1, 10) <= 4)
    return { ...steer(craft, prey, random, 3), press: ['dash'] };
  return steer(craft, bestGem(view, seat, crafts, rim) ?? home, random, 8);
}

/** The best target in reach. A pilot with more gems is worth a longer way; one near the rim is worth more. */
function preyOf(view: Arena, seat: number, crafts: readonly Craft[]): Spot | null {
  const craft = crafts[seat]!;
  let best: Spot | null = null;
  let worth = 0;
  view.pilots.forEach((pilot, other) => {
    if (other === seat || !isInPlay(pilot) || pilot.safe > view.tick || pilot.stun > view.tick) return;
    const at = soon(crafts[other]!, 4);
    const far = distance(craft, at);
    const atRim = fromMiddle(at) > rimAt(view, view.tick) - 500 && fromMiddle(at) > fromMiddle(craft);
    const prize = pilot.held + (atRim ? 4 : 0);
    const value = prize * (1 - far / reach);
    if (far > reach || prize < 5 || value <= worth) return;
    [best, worth] = [at, value];
  });
  return best;
}

/** A dash covers about 700 units. It must not end beyond an open rim. */
function landsInside(view: Arena, craft: Craft, prey: Spot, rim: number): boolean {
  if (!isOpen(view, view.tick + 20)) return true;
  const [x, y] = toLength(prey.x - craft.x, prey.y - craft.y, 700);
  return fromMiddle({ x: craft.x + x, y: craft.y + y }) < rim - craftSize;
}

/** The gem with the best value for its distance. Gems that others reach sooner count less. */
function bestGem(view: Arena, seat: number, crafts: readonly Craft[], rim: number): Spot | null {
  const from = soon(crafts[seat]!);
  let best: Spot | null = null;
  let worth = 0;
  for (const packed of view.gems) {
    const gem = unpackGem(packed);
    if (!gem || (isOpen(view, view.tick + 20) && fromMiddle(gem) > rim - 2 * craftSize)) continue;
    const far = distance(from, gem);
    const rivals = crafts.filter(
      (craft, other) => other !== seat && isInPlay(view.pilots[other]!) && distance(soon(craft), gem) < far * 0.7,
    ).length;
    const value = gem.worth / (150 + far) / (1 + rivals);
    if (value > worth) [best, worth] = [gem, value];
  }
  return best;
}

/** Steers to a spot, correcting for the current velocity. A small random error keeps bots from moving alike. */
function steer(craft: Craft, to: Spot, random: Random, off: number): Move {
  const from = soon(craft, 3);
  const [x, y] = toLength(Math.round(to.x - from.x), Math.round(to.y - from.y), 100 - off);
  return { hold: { steer: { x: x + random.int(-off, off), y: y + random.int(-off, off) } } };
}

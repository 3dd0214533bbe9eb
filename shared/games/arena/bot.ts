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

/** How far it looks for somebody to dash at, and how many ticks ahead it thinks. */
const reach = 560;
const ahead = 5;

const distance = (a: Spot, b: Spot): number => Math.hypot(a.x - b.x, a.y - b.y);
const soon = (craft: Craft, ticks = ahead): Spot => ({ x: craft.x + craft.vx * ticks, y: craft.y + craft.vy * ticks });

/** Plays a seat: away from the rim first, at somebody worth it next, else to the gem that is worth the way. */
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
  // Now and then it hesitates, as people do.
  if (prey && landsInside(view, craft, prey, rim) && random.int(1, 10) <= 4)
    return { ...steer(craft, prey, random, 3), press: ['dash'] };
  return steer(craft, bestGem(view, seat, crafts, rim) ?? home, random, 8);
}

/** Somebody near who holds something; who holds much is worth a longer way, who stands at the rim even more. */
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

/** A dash goes on for some 700 units; where the rim is open it must not go over it. */
function landsInside(view: Arena, craft: Craft, prey: Spot, rim: number): boolean {
  if (!isOpen(view, view.tick + 20)) return true;
  const [x, y] = toLength(prey.x - craft.x, prey.y - craft.y, 700);
  return fromMiddle({ x: craft.x + x, y: craft.y + y }) < rim - craftSize;
}

/** The gem with the best ratio of worth and way, leaving to others what they reach sooner. */
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

/** Towards a spot, minding the way it still slides; by some hundredths off, so that no two bots are the same. */
function steer(craft: Craft, to: Spot, random: Random, off: number): Move {
  const from = soon(craft, 3);
  const [x, y] = toLength(Math.round(to.x - from.x), Math.round(to.y - from.y), 100 - off);
  return { hold: { steer: { x: x + random.int(-off, off), y: y + random.int(-off, off) } } };
}

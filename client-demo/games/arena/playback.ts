import type { Arena } from '../../../shared/games/arena/contract.ts';
import { hz } from '../../../shared/games/arena/ground.ts';
import { unpack, type Craft } from '../../../shared/games/arena/motion.ts';

const tickTime = 1000 / hz;
/** How far behind what was heard last is shown (ticks): enough for one that comes late. */
const behind = 2;
/** What is not heard is made up for this long (ticks), then all stand still. */
const madeUp = 2.5;
const kept = 16;
/** A way no craft can go in a tick: it was put there. */
const leap = 320;

export interface Heard { s: Arena; crafts: Craft[] }
/** What is to be seen at a moment: everything of one tick, and the craft on their way to the next. */
export interface Seen { tick: number; s: Arena; crafts: Craft[] }

/** Shows the states a little late, and so smoothly, in whatever rhythm they arrive. */
export class Playback {
  private heard: Heard[] = [];
  /** When tick 0 was or would have been, on this page's clock; the earliest arrivals count. */
  private zero: number | null = null;

  hear(s: Arena, now: number): void {
    const last = this.heard.at(-1);
    if (last && s.tick < last.s.tick) this.forget(); // another match, or history that was lost
    // The client changes its state in place: what is shown later must be put aside.
    const heard = { s: { ...s, gems: [...s.gems], pilots: s.pilots.map(pilot => ({ ...pilot })) }, crafts: unpack(s.crafts) };
    if (this.heard.at(-1)?.s.tick === s.tick) this.heard.pop();
    this.heard.push(heard);
    if (this.heard.length > kept) this.heard.shift();
    const zero = now - s.tick * tickTime;
    if (this.zero === null || Math.abs(zero - this.zero) > 500) this.zero = zero;
    else this.zero += (zero - this.zero) * (zero < this.zero ? 0.25 : 0.02);
  }

  at(now: number): Seen | null {
    const { heard, zero } = this;
    const newest = heard.at(-1);
    if (!newest || zero === null) return null;
    const tick = Math.min((now - zero) / tickTime - behind, newest.s.tick + madeUp);
    const i = heard.findLastIndex(entry => entry.s.tick <= tick);
    const from = heard[Math.max(0, i)]!;
    const to = heard[i + 1];
    if (i < 0) return { tick: from.s.tick, ...from };
    if (!to) return { tick, s: from.s, crafts: from.crafts.map((craft, seat) => onward(from.s, seat, craft, tick - from.s.tick)) };
    const part = (tick - from.s.tick) / (to.s.tick - from.s.tick);
    return { tick, s: from.s, crafts: from.crafts.map((craft, seat) => between(craft, to.crafts[seat] ?? craft, part)) };
  }

  private forget(): void {
    this.heard = [];
    this.zero = null;
  }
}

function between(a: Craft, b: Craft, part: number): Craft {
  if (Math.abs(a.x - b.x) > leap || Math.abs(a.y - b.y) > leap) return part < 0.5 ? a : b;
  const mix = (from: number, to: number) => from + (to - from) * part;
  return { x: mix(a.x, b.x), y: mix(a.y, b.y), vx: mix(a.vx, b.vx), vy: mix(a.vy, b.vy) };
}

function onward(s: Arena, seat: number, craft: Craft, ticks: number): Craft {
  const moves = s.phase === 'play' && s.pilots[seat]?.back === 0;
  return moves ? { ...craft, x: craft.x + craft.vx * ticks, y: craft.y + craft.vy * ticks } : craft;
}

/**
 * A small game in real time that every server of the bench plays by these very functions: craft on a square whose edges
 * meet, which turn to where they are steered and are never still. Whole numbers only; in each tick all of them move and
 * turn.
 */
export interface Craft {
  x: number;
  y: number;
  heading: number;
}
export interface Steer {
  x: number;
  y: number;
}

export const hz = 20;
/**
 * How many play in a room of each kind of it. `views`: everybody sees a number that nobody else does; `big`: others
 * watch, too.
 */
export const players = { arena: 8, views: 8, big: 100 } as const;
export type ArenaGame = keyof typeof players;
/** Inputs a second of each player. */
export const inputsEach = 10;
export const wide = 4_096;
const fullTurn = 256;
const speed = 40;
const turn = 6;

const table = (of: (angle: number) => number): number[] =>
  Array.from({ length: fullTurn }, (_x, i) => Math.round(of((i * 2 * Math.PI) / fullTurn) * speed));
const ways = { x: table(Math.cos), y: table(Math.sin) };

/** Where a seat begins. */
export const start = (seat: number): Craft => ({
  x: (300 + 437 * seat) & (wide - 1),
  y: (3_700 - 411 * seat) & (wide - 1),
  heading: (seat * 32) & (fullTurn - 1),
});

/** What only its own player sees of a craft: it changes in every tick. */
export const burn = (fuel: number, { heading }: Craft): number => (fuel + 7 + heading) & 1_023;

/** Moves one craft by one tick, in place. `steer` null: nothing was ever steered. */
export function move(craft: Craft, steer: Steer | null): void {
  const { heading } = craft;
  const aside = steer === null ? 0 : ways.x[heading]! * steer.y - ways.y[heading]! * steer.x;
  const next = (heading + (aside > 0 ? turn : aside < 0 ? -turn : 1)) & (fullTurn - 1);
  craft.heading = next;
  craft.x = (craft.x + ways.x[next]!) & (wide - 1);
  craft.y = (craft.y + ways.y[next]!) & (wide - 1);
}

/** Whether a craft that was steered to the right for long goes there. */
export const goesRight = ({ heading }: Craft): boolean => Math.min(heading, fullTurn - heading) <= 2 * turn;

/** Digits of 64, none of which JSON or JavaScript has to escape. */
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';
const valueOf = new Map([...digits].map((digit, i) => [digit.charCodeAt(0), i]));
const two = (n: number): string => digits[n >> 6]! + digits[n & 63]!;
const from = (text: string, i: number): number =>
  (valueOf.get(text.charCodeAt(i))! << 6) | valueOf.get(text.charCodeAt(i + 1))!;

/** All craft as text, two digits of 64 for each number (`xxyyhh`): for a wire on which numbers with names cost more. */
export const pack = (crafts: readonly Craft[]): string =>
  crafts.map(({ x, y, heading }) => two(x) + two(y) + two(heading)).join('');

export function unpack(packed: string): Craft[] {
  const crafts: Craft[] = [];
  for (let i = 0; i < packed.length; i += 6)
    crafts.push({ x: from(packed, i), y: from(packed, i + 2), heading: from(packed, i + 4) });
  return crafts;
}

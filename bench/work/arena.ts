/**
 * A small game in real time that every server of the bench plays by these very functions: craft on a square whose edges
 * meet, which turn to where they are steered and are never still. Whole numbers only; in each tick all of them move and turn.
 */
export interface Craft { x: number; y: number; heading: number }
export interface Steer { x: number; y: number }

export const hz = 20;
/** How many play in a room of each kind of it. `views`: everybody sees a number that nobody else does; `big`: others watch, too. */
export const players = { arena: 8, views: 8, big: 60 } as const;
export type ArenaGame = keyof typeof players;
/** Inputs a second of each player. */
export const inputsEach = 10;
export const wide = 4_096;
const fullTurn = 256;
const speed = 40;
const turn = 6;

const table = (of: (angle: number) => number): number[] => Array.from({ length: fullTurn }, (_x, i) => Math.round(of((i * 2 * Math.PI) / fullTurn) * speed));
const ways = { x: table(Math.cos), y: table(Math.sin) };

/** Where a seat begins. */
export const start = (seat: number): Craft => ({ x: (300 + 437 * seat) & (wide - 1), y: (3_700 - 411 * seat) & (wide - 1), heading: (seat * 32) & (fullTurn - 1) });

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

/** All craft as text, eight hex digits each (`xxxyyyhh`): for a wire on which numbers with names cost more. */
export const pack = (crafts: readonly Craft[]): string => crafts.map(({ x, y, heading }) => ((x * 0x1000 + y) * 0x100 + heading).toString(16).padStart(8, '0')).join('');

export function unpack(packed: string): Craft[] {
  const crafts: Craft[] = [];
  for (let i = 0; i < packed.length; i += 8) crafts.push({ x: parseInt(packed.slice(i, i + 3), 16), y: parseInt(packed.slice(i + 3, i + 6), 16), heading: parseInt(packed.slice(i + 6, i + 8), 16) });
  return crafts;
}

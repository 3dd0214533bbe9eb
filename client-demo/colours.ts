import { colours, type Colour } from '../shared/games/colours.ts';

export { colours, type Colour };

/** For who has not chosen, seat by seat: whoever sits beside the other is told apart at a glance. */
const apart: readonly Colour[] = ['coral', 'sun', 'mint', 'sky', 'violet', 'pink', 'lime', 'pearl'];

export const isColour = (value: unknown): value is Colour => (colours as readonly unknown[]).includes(value);

/**
 * The colour of each seat, no two alike as long as there are enough. Who has chosen one that an earlier seat has gets the free one
 * that is nearest on the wheel; bots, those who said nothing, and free seats get what is left. All windows come to the same.
 */
export function coloursOf(seats: readonly ({ readonly profile?: unknown } | null)[]): Colour[] {
  const found = new Map<number, Colour>();
  const taken = new Set<Colour>();
  const give = (seat: number, colour: Colour) => {
    found.set(seat, colour);
    taken.add(colour);
  };
  seats.forEach((seat, i) => {
    const chosen = (seat?.profile as { colour?: unknown } | null | undefined)?.colour;
    if (isColour(chosen)) give(i, nearestFree(chosen, taken));
  });
  const rest = seats.map((_seat, i) => i).filter(i => !found.has(i)).sort((a, b) => Number(seats[a] === null) - Number(seats[b] === null) || a - b);
  for (const i of rest) {
    const own = apart[i % apart.length]!;
    give(i, taken.has(own) ? apart.find(colour => !taken.has(colour)) ?? own : own);
  }
  return seats.map((_seat, i) => found.get(i)!);
}

/** Around the wheel, one step to either side, then two; where none is free, the colour itself. */
function nearestFree(wished: Colour, taken: ReadonlySet<Colour>): Colour {
  const at = colours.indexOf(wished);
  for (let step = 0; step <= colours.length / 2; step++) {
    for (const way of [step, -step]) {
      const colour = colours.at((at + way) % colours.length)!;
      if (!taken.has(colour)) return colour;
    }
  }
  return wished;
}

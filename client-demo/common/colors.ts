import { colors, type Color } from '../../shared/games/colors.ts';

export { colors, type Color };

/** For who has not chosen, seat by seat: whoever sits beside the other is told apart at a glance. */
const distinctOrder: readonly Color[] = ['coral', 'sun', 'mint', 'sky', 'violet', 'pink', 'lime', 'pearl'];

export const isColor = (value: unknown): value is Color => (colors as readonly unknown[]).includes(value);

/**
 * The colour of each seat, no two alike as long as there are enough. Who has chosen one that an earlier seat has gets
 * the free one that is nearest on the wheel; bots, those who said nothing, and free seats get what is left. All windows
 * come to the same.
 */
export function seatColors(seats: readonly ({ readonly profile?: unknown } | null)[]): Color[] {
  const found = new Map<number, Color>();
  const taken = new Set<Color>();
  const give = (seat: number, colour: Color) => {
    found.set(seat, colour);
    taken.add(colour);
  };
  seats.forEach((seat, i) => {
    const chosen = (seat?.profile as { colour?: unknown } | null | undefined)?.colour;
    if (isColor(chosen)) give(i, nearestFree(chosen, taken));
  });
  const rest = seats
    .map((_seat, i) => i)
    .filter(i => !found.has(i))
    .sort((a, b) => Number(seats[a] === null) - Number(seats[b] === null) || a - b);
  for (const i of rest) {
    const own = distinctOrder[i % distinctOrder.length]!;
    give(i, taken.has(own) ? (distinctOrder.find(colour => !taken.has(colour)) ?? own) : own);
  }
  return seats.map((_seat, i) => found.get(i)!);
}

/** Around the wheel, one step to either side, then two; where none is free, the colour itself. */
function nearestFree(wished: Color, taken: ReadonlySet<Color>): Color {
  const at = colors.indexOf(wished);
  for (let step = 0; step <= colors.length / 2; step++) {
    for (const way of [step, -step]) {
      const colour = colors.at((at + way) % colors.length)!;
      if (!taken.has(colour)) return colour;
    }
  }
  return wished;
}

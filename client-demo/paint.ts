import { useLayoutEffect } from 'preact/hooks';
import type { RoomLike } from '../client/index.ts';
import { Cell } from './cell.ts';
import { coloursOf, type Colour } from './colours.ts';
import { marks } from './games/marks.ts';

/** As many seats as have a mark, with nobody in them: what the pictures of the home page are painted with. */
const nobody = marks.map(() => null);
const shades = ['', '-light', '-deep', '-edge'];

/** The colours of the seats as the style sheets have them now, for what is painted by hand. */
export const painted = new Cell('');

/** Says to the style sheets which seat has which colour: everything that belongs to a seat is painted by `--seat-N`. */
export function paint(seats: readonly Colour[]): void {
  const { style } = document.documentElement;
  seats.forEach((colour, seat) => { for (const shade of shades) style.setProperty(`--seat-${seat}${shade}`, `var(--${colour}${shade})`); });
  painted.set(seats.join(' '));
}
export const paintNobody = (): void => paint(coloursOf(nobody));

/** Paints the page in the colours of those at a table, for as long as it is shown. */
export function usePaint(room: RoomLike): void {
  const seats = coloursOf([...room.players, ...nobody.slice(room.players.length)]);
  useLayoutEffect(() => paint(seats), [seats.join(' ')]);
  useLayoutEffect(() => paintNobody, []);
}

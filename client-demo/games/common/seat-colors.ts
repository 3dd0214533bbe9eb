import { useLayoutEffect } from 'preact/hooks';
import type { RoomLike } from '../../../client/index.ts';
import { Cell } from '../../common/cell.ts';
import { seatColors, type Color } from '../../common/colors.ts';
import { seatMarks } from './seat-marks.ts';

/** As many seats as have a mark, with nobody in them: what the pictures of the home page are painted with. */
const emptySeats = seatMarks.map(() => null);
const shades = ['', '-light', '-deep', '-edge'];

/** The colours of the seats as the style sheets have them now, for what is painted by hand. */
export const appliedColors = new Cell('');

/** Says to the style sheets which seat has which colour: everything that belongs to a seat is painted by `--seat-N`. */
export function applySeatColors(seats: readonly Color[]): void {
  const { style } = document.documentElement;
  seats.forEach((colour, seat) => {
    for (const shade of shades) style.setProperty(`--seat-${seat}${shade}`, `var(--${colour}${shade})`);
  });
  appliedColors.set(seats.join(' '));
}
export const resetSeatColors = (): void => applySeatColors(seatColors(emptySeats));

/** Paints the page in the colours of those at a table, for as long as it is shown. */
export function useSeatColors(room: RoomLike): void {
  const seats = seatColors([...room.players, ...emptySeats.slice(room.players.length)]);
  useLayoutEffect(() => applySeatColors(seats), [seats.join(' ')]);
  useLayoutEffect(() => resetSeatColors, []);
}

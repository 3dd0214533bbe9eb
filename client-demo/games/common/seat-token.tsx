import { Disc } from './disc.tsx';

/** A seat's colour and mark, as on the board. */
export function SeatToken({ seat }: { seat: number }) {
  return (
    <svg class="token" viewBox="-50 -50 100 100" aria-hidden="true">
      <Disc seat={seat} x={0} y={0} />
    </svg>
  );
}

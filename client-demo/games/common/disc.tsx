import { seatMarks } from './seat-marks.ts';

/** The paints of discs and plate: once in the page, for all drawings. */
export function Paints() {
  return (
    <svg class="paints" width="0" height="0" aria-hidden="true">
      <defs>
        {seatMarks.map((_mark, seat) => (
          <radialGradient key={seat} id={`disc-${seat}`} cx="0.38" cy="0.3" r="0.85">
            <stop offset="0" style={{ stopColor: `var(--seat-${seat}-light)` }} />
            <stop offset="0.55" style={{ stopColor: `var(--seat-${seat})` }} />
            <stop offset="1" style={{ stopColor: `var(--seat-${seat}-deep)` }} />
          </radialGradient>
        ))}
        <linearGradient id="plate" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" class="plate-top" />
          <stop offset="1" class="plate-low" />
        </linearGradient>
      </defs>
    </svg>
  );
}

/** A disc, or a seat's token. They differ in shape as well as in colour: each has a mark of its own. */
export function Disc({
  seat,
  x,
  y,
  falls = null,
  dim = false,
}: {
  seat: number;
  x: number;
  y: number;
  /** how far it falls, in hundredths of a cell */
  falls?: number | null;
  dim?: boolean;
}) {
  const edge = `var(--seat-${seat}-edge)`;
  const style =
    falls === null
      ? { '--edge': edge }
      : { '--edge': edge, '--fall': `${-falls}px`, animationDuration: `${Math.round(170 + Math.sqrt(falls) * 17)}ms` };
  return (
    <g transform={`translate(${x} ${y})`}>
      <g class={`disc ${falls === null ? '' : 'is-falling'} ${dim ? 'is-dim' : ''}`} style={style}>
        <circle r="45" fill={`url(#disc-${seat})`} />
        <circle class="disc-edge" r="36" />
        <path class="disc-mark" transform="scale(.5)" d={seatMarks[seat]} />
      </g>
    </g>
  );
}

import { seatMarks } from '../common/seat-marks.ts';

const gems = [
  [-1_050, -620],
  [-340, -1_120],
  [820, -780],
  [1_240, 260],
  [-1_180, 640],
  [260, 1_180],
] as const;
const crafts = [
  { seat: 0, x: -420, y: 260, way: 28 },
  { seat: 1, x: 480, y: 660, way: 200 },
  { seat: 2, x: 560, y: -260, way: 120 },
  { seat: 3, x: -520, y: -560, way: 310 },
] as const;

/** A decorative picture of a round. */
export function ArenaPicture() {
  return (
    <svg class="arena arena-picture" viewBox="-2000 -2000 4000 4000" aria-hidden="true">
      <circle r="1960" style={{ fill: 'var(--arena-depth)' }} />
      <circle r="1880" style={{ fill: 'var(--arena-floor-deep)', stroke: 'var(--arena-rim)', strokeWidth: 60 }} />
      <circle r="1250" style={{ fill: 'var(--arena-floor)', opacity: 0.35 }} />
      <circle r="760" style={{ fill: 'var(--arena-floor)', opacity: 0.6 }} />
      {gems.map(([x, y]) => (
        <g key={x} transform={`translate(${x} ${y}) scale(2)`}>
          <path d="M0-70 52-18 0 70-52-18Z" style={{ fill: 'var(--arena-gem-deep)' }} />
          <path d="M0-70 52-18 0-4-52-18Z" style={{ fill: 'var(--arena-gem)' }} />
        </g>
      ))}
      {crafts.map(({ seat, x, y, way }) => (
        <g key={seat} transform={`translate(${x} ${y}) scale(2.6)`}>
          <path
            d="M-60-96-420 0-60 96Z"
            transform={`rotate(${way})`}
            style={{ fill: `var(--craft-${seat})`, opacity: 0.35 }}
          />
          <circle r="100" style={{ fill: `var(--craft-${seat})` }} />
          <path class="arena-mark" d={seatMarks[seat]} />
        </g>
      ))}
    </svg>
  );
}

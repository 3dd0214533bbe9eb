/** Positions of the pips by face, in a die of 100 units. */
const pips: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [[50, 50]],
  [
    [29, 29],
    [71, 71],
  ],
  [
    [27, 27],
    [50, 50],
    [73, 73],
  ],
  [
    [29, 29],
    [71, 29],
    [29, 71],
    [71, 71],
  ],
  [
    [28, 28],
    [72, 28],
    [50, 50],
    [28, 72],
    [72, 72],
  ],
  [
    [29, 25],
    [71, 25],
    [29, 50],
    [71, 50],
    [29, 75],
    [71, 75],
  ],
];

interface DieProps {
  face: number;
  /** Whether the die counts for the bid. */
  mark?: 'hit' | 'miss' | null;
  /** Index among the dice thrown together, for the animation; null: no animation. */
  rolls?: number | null;
}

/** A die from above. It is hidden from screen readers: its container names it. */
export function Die({ face, mark = null, rolls = null }: DieProps) {
  return (
    <svg
      class={`die ${mark ? `is-${mark}` : ''} ${rolls === null ? '' : 'is-rolling'}`}
      viewBox="0 0 100 100"
      aria-hidden="true"
      data-face={face}
      style={rolls === null ? {} : { animationDelay: `${rolls * 60}ms` }}
    >
      <rect class="die-edge" x="3" y="7" width="94" height="92" rx="24" />
      <rect class="die-body" x="3" y="2" width="94" height="92" rx="24" />
      <g class={face === 1 ? 'die-one' : 'die-pips'} transform="translate(0 -2)">
        {(pips[face] ?? []).map(([x, y], i) => (
          <circle key={i} cx={x} cy={y} r={face === 1 ? 15 : 9.5} />
        ))}
      </g>
    </svg>
  );
}

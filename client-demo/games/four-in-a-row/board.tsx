import { useState } from 'preact/hooks';
import { columns, rows, type Four } from '../../../shared/games/four-in-a-row/contract.ts';
import { landingCell } from '../../../shared/games/four-in-a-row/rules.ts';
import { Columns } from './columns.tsx';
import { Disc } from '../common/disc.tsx';
import { useDrops } from './drops.ts';

export interface BoardProps {
  /** Null before the first match. */
  board: Four['board'] | null;
  last: number | null;
  line: readonly number[] | null;
  match: number;
  /** The seat whose turn it is. */
  hand: number | null;
  /** Column of a dropped disc that has no verdict yet. */
  pending: number | null;
  names: readonly string[];
  onDrop(column: number): void;
}

const empty: Four['board'] = Array<null>(rows * columns).fill(null);
const middle = 3;
const x = (cell: number): number => (cell % columns) * 100 + 50;
const y = (cell: number): number => Math.floor(cell / columns) * 100 + 50;
const cells = empty.map((_, cell) => cell);

/** The front of the board: a plate with 42 holes. One cell is 100 units. */
const plate = `M-24 8a32 32 0 0 1 32-32H692a32 32 0 0 1 32 32V596a28 28 0 0 1-28 28H4a28 28 0 0 1-28-28Z${cells
  .map(c => `M${x(c) - 41} ${y(c)}a41 41 0 1 0 82 0a41 41 0 1 0-82 0Z`)
  .join('')}`;

/** The board of Four in a Row. Discs fall behind the plate. */
export function Board(props: BoardProps) {
  const { last, line, match, hand, pending, names, onDrop } = props;
  const board = props.board ?? empty;
  const [aim, setAim] = useState<number | null>(null);
  const drops = useDrops(board, match);
  // The disc of the player whose turn it is stays visible without a pointer.
  const column = pending ?? aim ?? (hand === null ? null : middle);
  const target = hand !== null && pending === null && aim !== null ? landingCell(board, aim) : null;
  return (
    <div
      class={`four ${line ? 'is-won' : ''}`}
      data-testid="board"
      data-hand={hand ?? ''}
      data-discs={board.filter(seat => seat !== null).length}
    >
      <svg class="four-art" viewBox="-32 -112 764 756" aria-hidden="true">
        <rect class="four-back" x="-20" y="-20" width="740" height="640" rx="28" />
        {drops.leaving && (
          <g class="four-leaving" key={`leaving ${match}`}>
            {drops.leaving.map((seat, c) => seat !== null && <Disc key={c} seat={seat} x={x(c)} y={y(c)} />)}
          </g>
        )}
        {board.map(
          (seat, c) =>
            seat !== null && (
              <Disc
                key={`${match}/${c}`}
                seat={seat}
                x={x(c)}
                y={y(c)}
                falls={drops.isNew(c) ? y(c) + 62 : null}
                dim={line !== null && !line.includes(c)}
              />
            ),
        )}
        {column !== null && hand !== null && (
          <g
            class={`four-hand ${pending === null ? '' : 'is-pending'}`}
            style={{ transform: `translate(${column * 100 + 50}px, -62px)` }}
          >
            <Disc seat={hand} x={0} y={0} />
          </g>
        )}
        <path class="four-plate" d={plate} fill-rule="evenodd" />
        {cells.map(c => (
          <circle key={c} class="four-rim" cx={x(c)} cy={y(c)} r="41.5" />
        ))}
        {target !== null && (
          <circle class="four-target" style={{ '--own': `var(--seat-${hand})` }} cx={x(target)} cy={y(target)} r="33" />
        )}
        {last !== null && !line && (
          <circle key={`last ${match}/${last}`} class="four-last" cx={x(last)} cy={y(last)} r="41" />
        )}
        {line?.map((c, i) => (
          <circle key={c} class="four-won" style={{ animationDelay: `${450 + i * 90}ms` }} cx={x(c)} cy={y(c)} r="41" />
        ))}
        <rect class="four-foot" x="-32" y="612" width="764" height="26" rx="13" />
      </svg>
      <Columns board={board} names={names} active={hand !== null && pending === null} onAim={setAim} onDrop={onDrop} />
    </div>
  );
}

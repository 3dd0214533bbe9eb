import { useEffect, useState } from 'preact/hooks';
import { columns, rows, type Four } from '../../../shared/games/four-in-a-row/contract.ts';
import { landingCell, winningLine } from '../../../shared/games/four-in-a-row/rules.ts';
import { Board } from './board.tsx';

/** The columns of a short match, in order. It is played in a loop. */
const match = [3, 2, 3, 3, 4, 5, 2, 4, 1, 5, 4, 1, 1, 0, 2, 5, 5, 2];
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
const pace = 850;
/** How long the won board stays, in moves. */
const rest = 6;

/** A decorative board that plays a match. It has no accessible name and takes no clicks. */
export function FourPicture() {
  const [round, setRound] = useState(() => (calm() ? match.length : 8));
  useEffect(() => {
    if (calm()) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setRound(n => n + 1);
    }, pace);
    return () => clearInterval(timer);
  }, []);
  const length = match.length + rest;
  const { board, last } = after(round % length);
  return (
    <div class="picture-four" aria-hidden="true">
      <Board
        board={board}
        last={last}
        line={last === null ? null : winningLine(board, last)}
        match={Math.floor(round / length)}
        hand={null}
        pending={null}
        names={[]}
        onDrop={() => {}}
      />
    </div>
  );
}

function after(moves: number): { board: Four['board']; last: number | null } {
  const board = Array<number | null>(rows * columns).fill(null);
  let last: number | null = null;
  for (const [i, column] of match.slice(0, moves).entries()) {
    const cell = landingCell(board, column);
    if (cell === null) continue;
    board[cell] = i % 2;
    last = cell;
    if (winningLine(board, cell)) break;
  }
  return { board, last };
}

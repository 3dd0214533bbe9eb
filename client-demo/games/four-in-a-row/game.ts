import type { Contract } from '../../../shared/contract.ts';
import { columns, fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import type { TableGame } from '../table-game.ts';
import { asFour } from './four-room.ts';
import { FourTable } from './four-table.tsx';

export const fourInARowTable: TableGame = {
  contract: fourInARow as unknown as Contract,
  title: 'Four in a Row',
  hold: fourInARow.def.away.hold,
  Table: FourTable,
  turn: room => (room.info.phase === 'playing' ? (asFour(room).state?.turn ?? null) : null),
  clock(room) {
    const total = asFour(room).info.options.turnSeconds * 1000;
    const left = asFour(room).clock('turn');
    return total > 0 && left !== null ? { left, total } : null;
  },
  ending(room) {
    const { state, info } = asFour(room);
    if (state?.line) return 'Four in a row.';
    if (info.result?.ranking.length === 1) return 'The board is full.';
    const loser = info.result?.ranking.at(-1)?.[0];
    const seat = loser === undefined ? null : info.seats[loser];
    return seat && !seat.out ? 'The clock ran out.' : 'The other side gave up.';
  },
  lastMove(room) {
    const { state, players } = asFour(room);
    if (!state || state.last === null) return '';
    const seat = state.board[state.last];
    const who = seat === room.seat ? 'You' : (seat === null || seat === undefined ? undefined : players[seat]?.name) ?? 'The other side';
    return `${who} dropped into column ${(state.last % columns) + 1}.`;
  },
};

import type { Contract } from '../../../shared/contract.ts';
import { columns, fourInARow, type Four } from '../../../shared/games/four-in-a-row/contract.ts';
import type { TableGame } from '../common/table-game.ts';
import { asFour } from './four-room.ts';
import { FourTable } from './four-table.tsx';
import { FourPicture } from './picture.tsx';

export const fourInARowTable: TableGame = {
  contract: fourInARow as unknown as Contract,
  title: 'Four in a Row',
  pitch: 'Drop discs, line up four, and see the trap before the other side does.',
  variants: [
    { name: 'Classic', note: 'a minute for each move', options: {} },
    { name: 'Quick', note: '15 seconds for each move', options: { turnSeconds: 15 } },
    { name: 'No clock', note: 'as long as you like', options: { turnSeconds: 0 } },
  ],
  bots: 1,
  howTo: 'Choose a column: click, tap, or press 1 to 7.',
  ownSeats: false,
  ownStandings: false,
  hold: fourInARow.def.away.hold,
  replayGuide: {
    pacing: { by: 'moves', dwell: { round: 700, move: 950, blow: 0, call: 1_500, out: 0 } },
    eventsOf: ({ state, before, events }) => {
      const [now, was] = [state as Four, before as Four];
      const moves = events
        .filter(([name]) => name === 'dropped')
        .map(([, data]) => ({ kind: 'move' as const, seat: (data as { seat: number }).seat, text: null }));
      return now.line && !was.line
        ? [...moves.slice(0, -1), { kind: 'call', seat: moves.at(-1)?.seat ?? null, text: null }]
        : moves;
    },
  },
  Table: FourTable,
  Picture: FourPicture,
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
  sounds: (room, play) =>
    asFour(room).on('dropped', (_disc, { replayed }) => {
      if (!replayed) play('drop');
    }),
  lastMove(room) {
    const { state, players } = asFour(room);
    if (!state || state.last === null) return '';
    const seat = state.board[state.last];
    const who =
      seat === room.seat
        ? 'You'
        : ((seat === null || seat === undefined ? undefined : players[seat]?.name) ?? 'The other side');
    return `${who} dropped into column ${(state.last % columns) + 1}.`;
  },
};

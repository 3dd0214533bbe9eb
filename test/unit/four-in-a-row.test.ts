import assert from 'node:assert/strict';
import fc from 'fast-check';
import { columns, rows } from '../../shared/games/four-in-a-row/contract.ts';
import { fourInARowGame, landingCell, winningLine } from '../../shared/games/four-in-a-row/rules.ts';
import { seatedRoom, type RoomMachineFixture } from './room-machine.ts';
import type { Four } from '../../shared/games/four-in-a-row/contract.ts';

/** Two seats play these columns, whoever begins; the first that is refused is the last. */
function play(
  moves: readonly number[],
  turnSeconds = 60,
): RoomMachineFixture & { first: number; codes: string[]; state: Four } {
  const played = seatedRoom(fourInARowGame, 2, { options: { turnSeconds } });
  const state = played.room.doc.state as unknown as Four;
  const first = state.turn;
  const codes = moves.map((column, i) => played.act((first + i) % 2, 'drop', { column }));
  return { ...played, first, codes, state: played.room.doc.state as unknown as Four };
}

describe('Four in a Row', () => {
  const wins: [string, number[], number[]][] = [
    ['upright', [0, 1, 0, 1, 0, 1, 0], [14, 21, 28, 35]],
    ['level', [0, 0, 1, 1, 2, 2, 3], [35, 36, 37, 38]],
    ['rising', [0, 1, 1, 2, 2, 3, 2, 3, 3, 5, 3], [17, 23, 29, 35]],
    ['falling', [3, 2, 2, 1, 1, 0, 1, 0, 0, 5, 0], [14, 22, 30, 38]],
  ];
  for (const [how, moves, line] of wins) {
    it(`four ${how} win`, () => {
      const { codes, state, room, first } = play(moves);
      assert.deepEqual(
        codes,
        moves.map(() => 'ok'),
      );
      assert.deepEqual(state.line, line);
      assert.equal(room.doc.room.phase, 'ended');
      assert.deepEqual(room.doc.room.result, { ranking: [[first], [1 - first]] });
      assert.deepEqual(room.doc.room.clocks, {}, 'its clock has stopped');
    });
  }

  it('a line does not go around the edge', () => {
    const board = Array<number | null>(columns * rows).fill(null);
    for (const cell of [5, 6, 7, 8]) board[cell] = 0; // the end of one row, the beginning of the next
    assert.equal(winningLine(board, 6), null);
    for (const cell of [6, 12, 18, 24]) board[cell] = 1; // falling left from the right edge
    assert.deepEqual(winningLine(board, 12), [6, 12, 18, 24]);
  });

  it('a line says the same as looking at every line of the board', () => {
    // All straight lines from edge to edge.
    const lines: number[][] = [];
    const inside = (r: number, c: number) => r >= 0 && r < rows && c >= 0 && c < columns;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        for (const [dr, dc] of [
          [0, 1],
          [1, 0],
          [1, 1],
          [1, -1],
        ] as const) {
          if (inside(r - dr, c - dc)) continue;
          const line: number[] = [];
          for (let i = 0; inside(r + dr * i, c + dc * i); i++) line.push((r + dr * i) * columns + c + dc * i);
          lines.push(line);
        }
      }
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, null), { minLength: 42, maxLength: 42 }),
        fc.nat(41),
        (board, cell) => {
          // Each line cut where the colour changes: the pieces of four and more that hold the cell.
          const pieces = lines.flatMap(line =>
            line.reduce<number[][]>((cut, l) => {
              if (cut.length > 0 && board[cut.at(-1)![0]!] === board[l]) cut.at(-1)!.push(l);
              else cut.push([l]);
              return cut;
            }, []),
          );
          const won = pieces.filter(piece => board[cell] !== null && piece.length >= 4 && piece.includes(cell));
          assert.deepEqual(
            winningLine(board, cell),
            won.length === 0 ? null : [...new Set(won.flat())].sort((a, b) => a - b),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('a full board without a line is a draw', () => {
    // Columns in pairs of two, so that no line of four can come about.
    const order = [
      0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 2, 3, 2, 3, 3, 2, 3, 2, 2, 3, 2, 3, 4, 5, 4, 5, 5, 4, 5, 4, 4, 5, 4, 5, 6, 6,
      6, 6, 6, 6,
    ];
    const { codes, state, room } = play(order);
    assert.deepEqual(
      codes,
      order.map(() => 'ok'),
    );
    assert.equal(state.line, null);
    assert.deepEqual(room.doc.room.result, { ranking: [[0, 1]] });
  });

  it('a full column is refused, with its number, and costs no turn', () => {
    const { codes, state, room, first } = play([0, 0, 0, 0, 0, 0, 0]);
    assert.equal(codes.at(-1), 'column-full');
    assert.equal(state.turn, first);
    assert.deepEqual(landingCell(state.board, 0), null);
    assert.equal(room.doc.room.phase, 'playing');
  });

  it('it is refused out of turn, and with a column that is none', () => {
    const { act, first } = play([]);
    assert.equal(act(1 - first, 'drop', { column: 0 }), 'not-your-turn');
    for (const column of [-1, 7, 1.5, '3', null]) assert.equal(act(first, 'drop', { column }), 'bad-data');
  });

  it('[T3] whose time runs out loses', () => {
    const { room, first, advance } = play([3]);
    assert.ok(room.doc.room.clocks.turn);
    advance(59_999);
    assert.equal(room.doc.room.phase, 'playing');
    advance(1);
    assert.deepEqual(room.doc.room.result, { ranking: [[first], [1 - first]] });
  });

  it("without a clock nobody's time runs out", () => {
    const { room, advance } = play([3], 0);
    advance(3_600_000);
    assert.equal(room.doc.room.phase, 'playing');
  });

  it('[S5] who lost begins the next match', () => {
    const { act, room, first } = play([0, 1, 0, 1, 0, 1, 0]);
    for (const seat of [0, 1]) assert.equal(act(seat, '$rematch'), 'ok');
    assert.equal(room.doc.room.match, 2);
    assert.equal((room.doc.state as unknown as Four).turn, 1 - first);
  });

  it('[S3] who leaves loses', () => {
    const { act, room } = play([0]);
    act(0, '$leave');
    assert.deepEqual(room.doc.room.result, { ranking: [[1], [0]] });
  });
});

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { bot } from '../../shared/games/four-in-a-row/bot.ts';
import { columns, rows, type Four } from '../../shared/games/four-in-a-row/contract.ts';
import { fourInARowGame, landingCell, winningLine } from '../../shared/games/four-in-a-row/rules.ts';
import { createRandom, type Random } from '../../shared/random.ts';
import { seatedRoom } from './room-machine.ts';

/** A board as it looks: `x` is seat 0, `o` seat 1; the top rows may be left out. */
function board(picture: string, turn: number): Four {
  const lines = picture
    .trim()
    .split('\n')
    .map(line => line.trim().padEnd(columns, '.'));
  const cells = [...'.'.repeat(columns * (rows - lines.length)), ...lines.join('')].map(c =>
    c === 'x' ? 0 : c === 'o' ? 1 : null,
  );
  return { board: cells, turn, last: null, line: null, moves: cells.filter(c => c !== null).length };
}
const drawn = (seed: number): Random => createRandom([seed, seed * 7 + 1, 3, 4]);
const choice = (view: Four, seed = 1): number | null => {
  const move = bot(view, view.turn, drawn(seed));
  return move && 'act' in move ? (move.data as { column: number }).column : null;
};
const always = (view: Four): number[] =>
  [...new Set(Array.from({ length: 20 }, (_, seed) => choice(view, seed + 1)!))].sort();

describe('the bot of Four in a Row', () => {
  const wins: [string, string, number[]][] = [
    ['upright', 'x......\nx......\nx.oo.o.', [0]],
    ['level', 'ooo....\nxxx...o', [3]],
    ['rising', '..xo...\n.xoo...\nxoox.o.', [3]],
    ['rather than block', 'o.....x\no.....x\no.....x', [6]],
  ];
  for (const [how, picture, columns] of wins)
    it(`wins when it can: ${how}`, () => {
      assert.deepEqual(always(board(picture, 0)), columns);
    });
  it('blocks what would win for the other side', () => {
    assert.deepEqual(always(board('xxx...o', 1)), [3]);
    assert.deepEqual(always(board('o......\no......\no.xx...', 0)), [0]);
    assert.deepEqual(always(board('o......\noxx.x..', 1)), [3]);
  });
  it('sees a trap two moves ahead: two open ends of three in a row are not allowed', () => {
    const answers = always(board('..xx..o', 1));
    assert.ok(
      answers.every(column => [1, 4, 0, 5].includes(column)),
      answers.join(),
    );
  });
  it("does not put a disc where it carries the other side's fourth", () => {
    assert.ok(!always(board('xxx....\noxo.x.o', 1)).includes(3));
  });
  it('says nothing when it is not its turn, and nothing after the end', () => {
    const view = board('xo.....', 0);
    assert.equal(bot(view, 1, drawn(1)), null);
    assert.equal(bot({ ...view, line: [1, 2, 3, 4] }, 0, drawn(1)), null);
    assert.equal(bot(board('xoxoxox\nxoxoxox\nxoxoxox\noxoxoxo\noxoxoxo\noxoxoxo', 0), 0, drawn(1)), null);
  });
  it('leaves what it sees as it was, and with the same numbers does the same', () => {
    const view = board('...o...\n..xx...', 1);
    const before = structuredClone(view);
    assert.deepEqual(bot(view, 1, drawn(9)), bot(view, 1, drawn(9)));
    assert.deepEqual(view, before);
  });

  /** A whole match; @returns the winner, or null for a draw */
  function match(seats: [(view: Four) => number, (view: Four) => number]): number | null {
    const view = board('.......', 0);
    for (;;) {
      const column = seats[view.turn as 0 | 1](view);
      const cell = landingCell(view.board, column);
      assert.notEqual(cell, null, 'a move that counts');
      view.board[cell!] = view.turn;
      if (winningLine(view.board, cell!)) return view.turn;
      view.moves += 1;
      if (view.moves === rows * columns) return null;
      view.turn = 1 - view.turn;
    }
  }
  it('beats who plays at random, and thinks for a few hundredths of a second', () => {
    const slowest: number[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const luck = drawn(seed + 100);
      const random = (view: Four) =>
        luck.pick(Array.from({ length: columns }, (_, c) => c).filter(c => landingCell(view.board, c) !== null));
      const think = (view: Four) => {
        const began = performance.now();
        const column = choice(view, seed);
        slowest.push(performance.now() - began);
        return column!;
      };
      const first = seed % 2 === 0;
      assert.equal(match(first ? [think, random] : [random, think]), first ? 0 : 1);
    }
    assert.ok(slowest.sort((a, b) => a - b)[Math.floor(slowest.length / 2)]! < 60, `${slowest.at(-1)} ms`);
  });
  it('plays two matches against itself that are not the same', () => {
    const course = (seed: number) => {
      const columns: number[] = [];
      const luck = drawn(seed);
      const play = (view: Four) => {
        const move = bot(view, view.turn, luck) as { data: { column: number } };
        columns.push(move.data.column);
        return move.data.column;
      };
      match([play, play]);
      return columns.join('');
    };
    assert.equal(new Set([1, 2, 3, 4].map(course)).size > 1, true);
  });
  it('[B] sits down at a table and answers', () => {
    const played = seatedRoom(fourInARowGame, 1);
    assert.equal(played.act(0, '$bot'), 'ok');
    assert.equal(played.room.doc.room.phase, 'playing');
    const moves = () => (played.room.doc.state as unknown as Four).moves;
    for (let i = 0; i < 3 && played.room.doc.room.phase === 'playing'; i++) {
      const { turn } = played.room.doc.state as unknown as Four;
      const before = moves();
      if (turn === 0) assert.equal(played.act(0, 'drop', { column: i }), 'ok');
      else played.advance(1_500);
      assert.equal(moves(), before + 1);
    }
    assert.deepEqual(played.failures, []);
  });
});

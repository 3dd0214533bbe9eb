import assert from 'node:assert/strict';
import { deduplicateReports, type HangReport } from '../../server/rooms/core/hangs.ts';
import { limits } from '../../shared/limits.ts';
import { handsGame } from './protocol/games.ts';
import { SharedRunMemory } from '../../server/ops/shared-run-memory.ts';
import { faultyGame } from './faulty-game.ts';
import { playerOf, seatedRoom, sessionOf } from './room-machine.ts';

const blame = (more: Partial<HangReport>): HangReport => ({
  id: 'x',
  input: 'act',
  rule: 'actions.draw',
  player: '',
  session: '',
  n: 0,
  who: '',
  ...more,
});
const act = (seat: number, n: number): HangReport =>
  blame({ player: playerOf(seat), session: sessionOf(playerOf(seat)), n });

describe('what hung', () => {
  it('[R8] counts for an hour', () => {
    const room = seatedRoom(handsGame, 2);
    for (let i = 0; i < 5; i++) {
      room.step({ kind: 'hung', hangReports: [blame({})] });
      room.advance(limits.hang.reportTtl / 2);
    }
    assert.equal(room.room.doc.room.phase, 'playing');
    room.step({ kind: 'hung', hangReports: [blame({ id: 'y' })] });
    room.step({ kind: 'hung', hangReports: [blame({ id: 'z' })] });
    assert.equal(room.room.doc.room.phase, 'quarantined');
    assert.deepEqual(room.replayed(), room.room.doc);
  });

  it('[R8] [A3] a number that was the next one gets its verdict at once; a later one when it comes, and those before it are run', () => {
    const room = seatedRoom(handsGame, 2);
    room.step({ kind: 'hung', hangReports: [act(0, 1)] });
    assert.deepEqual(room.room.doc.hidden.seats[0]!.verdicts[1], [
      room.journal.at(-1)!.seq,
      'rule-failed',
      'it took too long',
    ]);
    room.step({ kind: 'hung', hangReports: [act(1, 2)] });
    assert.equal(room.act(1, 'draw'), 'ok');
    assert.equal(room.act(1, 'draw'), 'rule-failed');
    assert.equal(room.act(1, 'draw'), 'ok');
    assert.equal((room.room.doc.state as { hands: unknown[][] }).hands[1]!.length, 2);
    assert.deepEqual(room.replayed(), room.room.doc);
  });

  it('[R8] a number that has a verdict by then keeps it', () => {
    const room = seatedRoom(handsGame, 2);
    assert.equal(room.act(0, 'draw'), 'ok');
    room.step({ kind: 'hung', hangReports: [act(0, 1)] });
    assert.equal(typeof room.room.doc.hidden.seats[0]!.verdicts[1], 'number');
  });

  it('[R8] [R4] a player whose join hung is refused; others are not', () => {
    const room = seatedRoom(faultyGame(), 0);
    room.step({
      kind: 'hung',
      hangReports: [blame({ input: 'join', rule: 'joined', player: playerOf(0), session: sessionOf(playerOf(0)) })],
    });
    assert.equal(room.join(playerOf(0)), 'join-refused');
    assert.equal(room.join(playerOf(0), 'another session'), 'join-refused');
    assert.equal(room.join(playerOf(1)), 'ok');
    room.advance(limits.hang.reportTtl);
    assert.equal(room.join(playerOf(0)), 'ok');
  });

  it('[R7] [R8] a migrate that hung is one that failed', () => {
    const room = seatedRoom(handsGame, 2);
    room.step({ kind: 'hung', hangReports: [blame({ input: 'migrate', rule: 'migrate' })] });
    assert.match(room.room.fault ?? '', /migrate hung/);
  });

  it('[R8] the same, said by two nodes, counts once', () => {
    assert.deepEqual(
      deduplicateReports([act(0, 1), { ...act(0, 1), id: 'y' }, act(0, 2)]).map(b => b.n),
      [1, 2],
    );
  });

  it('[R9] a release brings back what a room out of play was, and only such a room', () => {
    const room = seatedRoom(handsGame, 2);
    const before = structuredClone(room.room.doc);
    assert.equal(room.step({ kind: 'serve', name: '$release', data: null }).kind, 'accepted');
    assert.deepEqual(room.room.doc, before);
    for (let i = 0; i < 3; i++) room.step({ kind: 'hung', hangReports: [blame({ id: String(i) })] });
    assert.equal(room.step({ kind: 'serve', name: '$release', data: null }).kind, 'accepted');
    assert.deepEqual(
      { ...room.room.doc, hidden: { ...room.room.doc.hidden, clock: 0 } },
      { ...before, hidden: { ...before.hidden, clock: 0 } },
    );
    assert.deepEqual(room.replayed(), room.room.doc);
    room.step({ kind: 'serve', name: '$close', data: null });
    assert.equal(room.step({ kind: 'serve', name: '$release', data: null }).kind, 'refused');
  });

  it('what runs is read by another thread as it was written, or not at all', () => {
    const memory = new SharedRunMemory();
    const other = new SharedRunMemory(memory.shared);
    const run = {
      room: 'r',
      token: 't'.repeat(22),
      game: 'ludo',
      seq: 2 ** 40,
      input: 'act',
      rule: 'actions.roll',
      player: 'ada «♟»',
      session: 's',
      n: 7,
      who: '',
    };
    assert.equal(other.runningCount, null);
    memory.write(run);
    const first = other.runningCount!;
    assert.deepEqual(other.read(first), run);
    memory.write(Object.assign(run, { rule: 'x'.repeat(500), who: 'bob' }));
    assert.equal(other.read(first), null, 'it is another by now');
    assert.equal(other.read(other.runningCount!)!.rule, 'x'.repeat(128));
    memory.clear();
    assert.equal(other.runningCount, null);
  });
});

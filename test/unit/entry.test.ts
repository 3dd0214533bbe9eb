import assert from 'node:assert/strict';
import { recoverRoom } from '../../server/rooms/actor/recovery.ts';
import {
  encodeEntry,
  encodeSnapshot,
  journalVersion,
  readSnapshot,
  UnreadableRoomError,
} from '../../server/rooms/core/entry.ts';
import type { ClaimedRoom } from '../../server/store/store.ts';
import { copy } from '../../shared/delta.ts';
import { handsGame } from './protocol/games.ts';
import { faultyGame } from './faulty-game.ts';
import { emptyRoom, playerOf, seatedRoom } from './room-machine.ts';

/** A room of some entries, as a claim would read it with the snapshot at `snapshotSeq`. */
function stored(snapshotSeq: number): { claimed: ClaimedRoom; doc: unknown; last: number } {
  const played = emptyRoom(faultyGame());
  const docs = [copy(played.room.doc)];
  const keep = () => {
    while (docs.length <= played.journal.length) docs.push(copy(played.room.doc));
  };
  for (let i = 0; i < 4; i++) {
    played.join(playerOf(i));
    keep();
  }
  for (let i = 0; i < 8; i++) {
    played.act(i % 4, i % 3 === 0 ? 'cheat' : 'draw', i % 3 === 0 ? { then: 'refuse' } : {});
    keep();
  }
  const last = played.journal.length;
  return {
    last,
    doc: played.room.doc,
    claimed: {
      ok: true,
      term: 2_000,
      seq: last,
      terms: [
        [1_000, 1],
        [2_000, last + 1],
      ],
      snapshot: encodeSnapshot(docs[snapshotSeq]!),
      snapshotSeq,
      entries: played.journal.map(entry => encodeEntry(entry).entry),
      firstSeq: 1,
      previous: null,
      hangReports: [],
    },
  };
}
const read = (claimed: ClaimedRoom) => recoverRoom(faultyGame(), readSnapshot(claimed.snapshot), claimed, () => {});

describe('reading a room', () => {
  it('[J4] gives the document that was written, wherever the snapshot lies', () => {
    for (const at of [0, 1, 5, 12]) {
      const { claimed, doc, last } = stored(at);
      const { doc: made, head } = read(claimed);
      assert.deepEqual(made, doc);
      assert.deepEqual(head, [1_000, last]);
    }
  });

  it('[C2] the entries, also those behind the snapshot, are known to whoever comes back', () => {
    const { claimed } = stored(5);
    const { audiences, head } = read(claimed);
    for (let seq = 0; seq < head[1]; seq++) {
      const missed = audiences.changesSince(seq === 0 ? [0, 0] : [1_000, seq], head, 'all');
      assert.equal(missed?.length, head[1] - seq, `from ${seq}`);
      assert.equal(missed![0]![1], seq + 1);
    }
    assert.equal(audiences.changesSince([999, 3], head, 'all'), null);
  });

  const spoilt: [string, (c: ClaimedRoom) => ClaimedRoom][] = [
    ['a gap in the middle', c => ({ ...c, entries: c.entries.filter((_e, i) => i !== 6) })],
    ['an end that is missing', c => ({ ...c, entries: c.entries.slice(0, -1) })],
    ['a beginning that is missing', c => ({ ...c, entries: c.entries.slice(7), firstSeq: 8 })],
    ['no entries at all', c => ({ ...c, entries: [], firstSeq: c.seq + 1 })],
    ['an entry that is not JSON', c => ({ ...c, entries: c.entries.map((e, i) => (i === 6 ? e.slice(0, 20) : e)) })],
    [
      'an entry of another version',
      c => ({ ...c, entries: c.entries.map((e, i) => (i === 6 ? e.replace(`[${journalVersion},`, '[9,') : e)) }),
    ],
    [
      'an entry that fits no state',
      c => ({ ...c, entries: c.entries.map((e, i) => (i === 6 ? '[3,{"state":{"nowhere":{"x":1}}},1000]' : e)) }),
    ],
    ['an entry without changes', c => ({ ...c, entries: c.entries.map((e, i) => (i === 6 ? '[3]' : e)) })],
    [
      'an entry as the version before wrote it',
      c => ({ ...c, entries: c.entries.map((e, i) => (i === 6 ? '{"v":2,"c":{"state":{"a":1}}}' : e)) }),
    ],
    [
      'an entry without changes, behind the snapshot',
      c => ({ ...c, entries: c.entries.map((e, i) => (i === 2 ? '[3]' : e)) }),
    ],
    ['an entry that is null', c => ({ ...c, entries: c.entries.map((e, i) => (i === 6 ? 'null' : e)) })],
    ['a snapshot that is not JSON', c => ({ ...c, snapshot: '' })],
    ['a snapshot of another version', c => ({ ...c, snapshot: c.snapshot.replace(`"v":${journalVersion}`, '"v":9') })],
    ['a snapshot without a document', c => ({ ...c, snapshot: '{"v":3}' })],
    [
      'a state of a version to come',
      c => ({ ...c, snapshot: c.snapshot.replace('"stateVersion":2', '"stateVersion":3') }),
    ],
  ];
  for (const [what, spoil] of spoilt)
    it(`[J6] ${what} is unreadable`, () => assert.throws(() => read(spoil(stored(5).claimed)), UnreadableRoomError));

  it('[V1] [J4] with a view too, and the views are those of the players', () => {
    const played = seatedRoom(handsGame, 2);
    const first = copy(played.room.doc);
    const before = played.journal.length;
    for (const seat of [0, 1, 0]) played.act(seat, 'draw');
    const claimed: ClaimedRoom = {
      ok: true,
      term: 2_000,
      seq: played.journal.length,
      terms: [
        [1_000, 1],
        [2_000, played.journal.length + 1],
      ],
      snapshot: encodeSnapshot(first),
      snapshotSeq: before,
      entries: played.journal.map(entry => encodeEntry(entry).entry),
      firstSeq: 1,
      previous: null,
      hangReports: [],
    };
    const { audiences, doc, head } = recoverRoom(handsGame, readSnapshot(claimed.snapshot), claimed, () => {});
    assert.deepEqual(doc, played.room.doc);
    const { hands } = doc.state as { hands: string[][] };
    assert.deepEqual((audiences.view('player:player-0').state as { yours: string[] }).yours, hands[0]);
    assert.deepEqual((audiences.view('watch').state as { yours: string[] }).yours, []);
    const missed = JSON.stringify(audiences.changesSince([1_000, before], head, 'player:player-1'));
    for (const card of hands[0]!) assert.ok(!missed.includes(card));
    assert.ok(missed.includes(hands[1]![0]!));
    assert.equal(
      audiences.changesSince([1_000, before - 1], head, 'watch'),
      null,
      'what a view showed before the snapshot nobody knows',
    );
  });
});

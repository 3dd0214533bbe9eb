import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { CompleteClock } from '../../client/ports.ts';
import { RoomClock } from '../../client/room-clock.ts';
import { RoomReplica } from '../../client/room-replica.ts';
import { RoomSync, type RoomParts } from '../../client/room-sync.ts';
import { RoundTrips } from '../../client/round-trips.ts';
import type { JoinReply, JoinSuccess, RoomView, WireChange } from '../../shared/protocol.ts';
import { VirtualClock } from '../../testkit/virtual-clock.ts';

/** The room follows a connection whose answers to joins the test chooses. */
function followRoom() {
  const virtual = new VirtualClock();
  const clock: CompleteClock = {
    now: () => virtual.now(),
    mono: () => virtual.mono(),
    random: () => 0.5,
    after: (ms, fn) => {
      const timer = virtual.after(ms, fn);
      return () => timer.cancel();
    },
  };
  const joins: { at: number; answer: (reply: JoinReply) => Promise<void> }[] = [];
  const connector = {
    connection: {},
    isLive: true,
    status: { state: 'live' },
    request: () =>
      new Promise<JoinReply>(resolve =>
        joins.push({ at: virtual.mono(), answer: async reply => (resolve(reply), virtual.advance(0)) }),
      ),
  };
  const roundTrips = new RoundTrips();
  const parts = {
    connector,
    clock,
    roundTrips,
    playerId: () => 'p',
    game: { version: 1 },
    id: 'r',
    session: 's',
    watch: false,
    forget: () => {},
    hasPendingJoin: () => false,
  } as unknown as RoomParts;
  const replica = new RoomReplica(() => {});
  const sync = new RoomSync(parts, replica, new RoomClock(clock, roundTrips), {} as never);
  return { virtual, joins, replica, sync };
}

const answer = (seq: number): JoinSuccess => ({
  ok: true,
  room: 'r',
  seat: null,
  hold: null,
  session: 's',
  term: 1,
  place: [1, seq],
  base: 0,
  verdicts: [],
  now: 0,
  lost: false,
  with: 'snapshot',
  view: { room: { seats: [] }, state: { seq } } as unknown as RoomView,
});
const change = (seq: number): WireChange => [1, seq, 1, { state: { seq } }];

describe('a room of a client', () => {
  it('[W3] [C1b] is not joined again before retryAfter, whatever asks for a join while one is pending', async () => {
    const { virtual, joins, sync } = followRoom();
    sync.rejoin();
    sync.receiveNotice({ room: 'r', code: 'resync' });
    await joins[0]!.answer({ ok: false, code: 'slow-down', retryAfter: 400 });
    sync.receiveNotice({ room: 'r', code: 'resync' });
    sync.receiveHead(undefined);
    await virtual.advance(399);
    assert.equal(joins.length, 1);
    await virtual.advance(400);
    assert.equal(joins.length, 2);
    assert.ok(joins[1]!.at - joins[0]!.at >= 400);
  });

  it('[C1] is joined once more if that was asked for while a join was pending', async () => {
    const { joins, sync } = followRoom();
    sync.rejoin();
    sync.receiveNotice({ room: 'r', code: 'resync' });
    await joins[0]!.answer(answer(3));
    assert.equal(joins.length, 2);
  });

  it('[C1a] keeps the last 1,000 changes that arrive while a join is pending, and applies them after it', async () => {
    const { joins, sync, replica } = followRoom();
    sync.rejoin();
    for (let seq = 1; seq <= 5_000; seq++) sync.receiveChange(change(seq));
    await joins[0]!.answer(answer(4_000));
    assert.deepEqual([replica.position, replica.view.state, joins.length], [[1, 5_000], { seq: 5_000 }, 1]);
  });

  it('[C1a] joins again if it has dropped a change that the answer does not contain', async () => {
    const { joins, sync, replica } = followRoom();
    sync.rejoin();
    for (let seq = 1; seq <= 5_000; seq++) sync.receiveChange(change(seq));
    await joins[0]!.answer(answer(3_000));
    assert.equal(joins.length, 2);
    await joins[1]!.answer(answer(5_000));
    assert.deepEqual(replica.position, [1, 5_000]);
  });
});

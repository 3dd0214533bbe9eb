import assert from 'node:assert/strict';
import { z } from 'zod';
import { readDocument } from '../../../server/rooms/core/entry.ts';
import { contract, state } from '../../../shared/contract.ts';
import { ledgerDocument, openLedgerRoom } from './ledger-fixture.ts';
import { insideStore } from '../../simulation/stored-rooms.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

const hour = 3_600_000;
const day = 24 * hour;

interface Letters {
  turn: number;
  moves: number[];
  late: number[];
}
/** A game by correspondence: a week for each move, and players who look in once a day at most. */
const letters = contract('letters', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Letters>(),
  actions: { move: z.object({}) },
  timers: { turn: z.object({ seat: z.int() }) },
  clocks: ['turn'],
  away: { hold: 21 * day, then: 'forfeit' },
  replay: true,
});
const lettersGame = letters.rules({
  setup: ctx => {
    ctx.timers.turn.set(7 * day, { seat: 0 });
    return { turn: 0, moves: [], late: [] };
  },
  actions: {
    move(s, _data, ctx) {
      s.moves.push(ctx.now);
      s.turn = 1 - ctx.seat;
      ctx.timers.turn.set(7 * day, { seat: s.turn });
      if (s.moves.length === 8) ctx.end({ ranking: [[ctx.seat]] });
    },
  },
  timers: {
    turn(s, { seat }, ctx) {
      s.late.push(ctx.now);
      s.turn = 1 - seat;
      ctx.timers.turn.set(7 * day, { seat: s.turn });
    },
  },
});

const relayHold = 60_000;
/** A game whose timer sets itself again, and whose bot plays for those who are away. */
const relay = contract('relay', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ rounds: number }>(),
  actions: { go: z.object({}) },
  timers: { round: z.object({}) },
  away: { hold: relayHold, then: 'bot' },
});
const relayGame = relay.rules({
  setup: ctx => {
    ctx.timers.round.set(hour, {});
    return { rounds: 0 };
  },
  actions: { go: () => {} },
  timers: {
    round(s, _data, ctx) {
      s.rounds += 1;
      ctx.timers.round.set(hour, {});
    },
  },
  bot: () => null,
});
async function relayed() {
  const world = new TestCluster([relayGame]);
  await world.start('a');
  const ada = world.client('ada', 'a');
  const adas = await world.clock.run(ada.client.create(relay, { bots: 1 }));
  await world.clock.waitUntil('it begins', () => adas.info.phase === 'playing');
  return { world, ada, adas };
}

/** Time in which nobody does anything, six hours at a time; nodes look after their rooms in between. */
async function idle(world: TestCluster, ms: number): Promise<void> {
  for (const until = world.clock.mono() + ms; world.clock.mono() < until;) {
    world.clock.skip(Math.min(6 * hour, until - world.clock.mono() - 1_500));
    await world.clock.advance(1_500);
  }
}

/** The same, and no deadline passes while it is skipped: a room that is woken late moves its deadlines (T7). */
async function idleTimely(world: TestCluster, ms: number): Promise<void> {
  const { rooms } = insideStore(world).table;
  for (const until = world.clock.mono() + ms; world.clock.mono() < until;) {
    const due = Math.min(...[...rooms.values()].map(room => room.due ?? Infinity));
    world.clock.skip(Math.min(6 * hour, due - world.clock.now() - 3_000, until - world.clock.mono() - 5_000));
    await world.clock.advance(5_000);
  }
}

describe('rooms that last for weeks', () => {
  it('[J18] both players stay connected for 30 days and do nothing: the room is there, and goes on', async () => {
    const { world, id, adas, bobs } = await openLedgerRoom(['a']);
    await idle(world, 30 * day);
    assert.ok(await world.memory.owner(id));
    assert.ok(adas.live && bobs.live, 'and they were never told otherwise');
    assert.ok((await world.clock.run(adas.act.add({ id: 'after a month' }))).ok);
    assert.equal(await world.memory.byCode(adas.info.code), id);
  });

  it('[J7] [T3] a deadline in 30 days, nobody connected, nodes that come and go: it strikes in its time', async () => {
    const world = new TestCluster([lettersGame]);
    await world.start('a', 'b');
    const players = ['ada', 'bob'].map((name, i) => world.client(name, i ? 'b' : 'a'));
    const [ada, bob] = players as [(typeof players)[0] & {}, (typeof players)[0] & {}];
    const adas = await world.clock.run(ada.client.create(letters));
    const { id } = adas;
    await world.clock.run(bob.client.join(letters, { id }));
    await world.clock.waitUntil('it begins', () => adas.info.phase === 'playing');
    ada.client.close();
    bob.client.close();
    const inStore = () => insideStore(world).table.rooms.get(id);
    const moved: number[] = [];
    let visits = 0;
    /** A player looks in from a node of now, makes a move, and is gone. */
    const visit = async (player: string): Promise<void> => {
      const home = [...world.nodes.values()].find(h => h.state === 'up')!.name;
      const client = world.client(player, home);
      const room = await world.clock.run(client.client.join(letters, { id }), `visit ${++visits}`);
      assert.ok((await world.clock.run(room.act.move({}))).ok);
      moved.push(world.clock.now());
      client.client.close();
      await world.clock.advance(40_000);
      assert.equal(world.owner(id), undefined, 'it sleeps');
    };
    const replaceAll = async (round: number): Promise<void> => {
      const old: TestNode[] = [...world.nodes.values()].filter(h => h.state === 'up');
      await world.bootNode(`n${round}`);
      for (const host of old) world.kill(host);
      await world.clock.advance(3_000);
    };
    await idle(world, 3 * day);
    for (const [round, [player, days]] of (
      [
        ['ada', 4],
        ['bob', 6],
        ['ada', 6.5],
      ] as const
    ).entries()) {
      await visit(player);
      await replaceAll(round);
      await idle(world, days * day);
      assert.ok(
        inStore()!.expires >= inStore()!.due! + 22 * day - 1_000,
        'it lives until its deadline, the hold, and a day',
      );
    }
    // Nobody comes any more: 3 + 4 + 6 + 6.5 days are over.
    await idle(world, moved.at(-1)! + 7 * day - world.clock.now() - 30_000);
    await world.clock.waitUntil(
      'it strikes',
      () => (ledgerDocument(world, id)?.state as Letters | undefined)?.late.length === 1,
      60_000,
    );
    const { late } = ledgerDocument(world, id)!.state as Letters;
    assert.ok(
      late[0]! - moved.at(-1)! >= 7 * day && late[0]! - moved.at(-1)! < 7 * day + 3_000,
      `${late[0]! - moved.at(-1)! - 7 * day} ms late`,
    );
    for (const [player, days] of [
      ['ada', 5],
      ['bob', 5],
      ['ada', 0],
      ['bob', 0],
      ['ada', 0],
    ] as const) {
      await visit(player);
      await idle(world, days * day);
    }
    assert.ok(world.clock.mono() > 30 * day);
    const replay = await world.clock.run(
      [...world.nodes.values()].find(h => h.state === 'up')!.node.replays.read(id, 1),
    );
    assert.ok(replay.ok, 'the recording of a month is whole');
  });

  it('[B7] [J7] bots play for all players, and a timer sets itself again: the match ends after a day and the hold, and the room is gone', async () => {
    const { world, ada, adas } = await relayed();
    ada.client.close();
    await world.clock.advance(10_000);
    await idleTimely(world, relayHold + 23 * hour);
    const doc = async () => readDocument((await world.memory.peek(adas.id))!);
    assert.equal((await doc()).room.phase, 'playing', 'a player may still come back');
    assert.ok(((await doc()).state as { rounds: number }).rounds >= 20, 'its timers fire');
    await idleTimely(world, 2 * hour);
    assert.equal((await doc()).room.phase, 'ended');
    await idleTimely(world, 3 * hour);
    assert.deepEqual([await world.memory.owner(adas.id), world.memory.size], [null, 0]);
  });

  it('[B7] a player who comes back before goes on, and the time starts again', async () => {
    const { world, ada, adas } = await relayed();
    ada.client.close();
    await world.clock.advance(10_000);
    await idleTimely(world, 20 * hour);
    const back = world.client('ada', 'a');
    const room = await world.clock.run(back.client.join(relay, { id: adas.id }));
    assert.equal(room.info.phase, 'playing');
    await idleTimely(world, 3 * day);
    assert.equal(room.info.phase, 'playing', 'she is there');
    back.client.close();
    await world.clock.advance(10_000);
    await idleTimely(world, 22 * hour);
    assert.equal(readDocument((await world.memory.peek(adas.id))!).room.phase, 'playing');
  });
});

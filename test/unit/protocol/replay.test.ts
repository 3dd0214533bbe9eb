import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Room } from '../../../client/room.ts';
import { contract, state, view } from '../../../shared/contract.ts';
import { apply } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import type { ReplayReply } from '../../../shared/protocol.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ secret: string[]; hits: number[]; log: string[] }>(),
  view: view<{ secret: (string | null)[]; hits: number[]; log: string[] }>(),
  actions: { hit: z.object({ note: z.string() }), stop: z.object({}) },
  events: { hit: z.object({ seat: z.int() }), felt: z.object({ seat: z.int() }) },
  replay: true,
});
const duelGame = duel.rules({
  setup: ctx => ({
    secret: ctx.players.map((_p, i) => `SECRET-${i}-${ctx.random.int(1, 1_000_000)}`),
    hits: ctx.players.map(() => 0),
    log: [],
  }),
  actions: {
    hit(s, { note }, ctx) {
      s.hits[ctx.seat]! += 1;
      s.log.push(note);
      if (s.log.length > 10) s.log.shift();
      ctx.emit('hit', { seat: ctx.seat });
      ctx.emit('felt', { seat: ctx.seat }, [1 - ctx.seat]);
    },
    stop: (_s, _d, ctx) => ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] }),
  },
  view: (s, who) => ({ ...s, secret: s.secret.map((t, i) => (who.seat === i || who.replay ? t : null)) }),
});
type DuelRoom = Room<(typeof duel)['def']>;

async function duelling(seed = 1) {
  const world = new TestCluster([duelGame], seed);
  await world.start('a', 'b', 'c');
  const ada = world.client('ada', 'a');
  const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: 'duel' }));
  assert.ok(made.ok);
  const adas: DuelRoom = await world.clock.run(ada.client.join(duel, { id: made.room }));
  const bob = world.client('bob', 'b');
  const bobs: DuelRoom = await world.clock.run(bob.client.join(duel, { id: made.room }));
  await world.clock.waitUntil('the match begins', () => adas.info.phase === 'playing' && bobs.info.phase === 'playing');
  const recording = async (match = 1): Promise<ReplayReply> => {
    let reply: ReplayReply | { ok: false } = { ok: false };
    for (let i = 0; i < 50 && !reply.ok; i++) {
      await world.clock.advance(100);
      reply = await world.clock.run(world.node('a').node.replays.read(made.room, match));
    }
    assert.ok(reply.ok, 'the recording is there');
    return reply;
  };
  return { world, id: made.room, adas, bobs, ada, bob, recording };
}

/** Plays a recording to its end. */
function watch(replay: ReplayReply): {
  room: { phase: string; result: unknown };
  state: { secret: string[]; hits: number[]; log: string[] };
} {
  const seen = structuredClone(replay.view) as unknown as Json;
  for (const [, changes] of replay.frames) apply(seen, changes);
  return seen as never;
}

describe('replays', () => {
  for (const kills of [0, 1, 3]) {
    it(`[Y1] a finished match can be watched from its beginning to the state that it ended with${kills ? `, though its owner died ${kills} ×` : ''}`, async () => {
      const { world, id, adas, bobs, recording } = await duelling(kills + 1);
      for (let i = 0; i < 150; i++) {
        const said = await world.clock.run((i % 2 ? adas : bobs).act.hit({ note: `n${i}` }));
        assert.ok(said.ok);
        if (!kills || i % Math.floor(150 / kills) !== 40) continue;
        const owner = world.owner(id)!;
        world.kill(owner);
        await world.bootNode(owner.name);
      }
      assert.ok((await world.clock.run(adas.act.stop())).ok);
      const replay = await recording();
      const end = watch(replay);
      assert.deepEqual([...end.state.hits], [...adas.state!.hits]);
      assert.deepEqual(end.state.log, adas.state!.log);
      assert.equal(end.room.phase, 'ended');
      assert.deepEqual(end.room.result, adas.info.result);
      assert.equal(replay.frames.length, 151, 'each entry is a frame');
      assert.deepEqual(replay.view.state, { secret: end.state.secret, hits: [0, 0], log: [] });
      assert.ok(replay.frames.every(([at], i) => at >= (replay.frames[i - 1]?.[0] ?? 0)));
      assert.equal(
        replay.frames.flatMap(([, , events]) => events ?? []).filter(([name]) => name === 'hit').length,
        150,
      );
      assert.ok(
        !JSON.stringify(replay.frames).includes('felt'),
        'what was for one seat alone is not told to those who watch',
      );
    });
  }

  it('[Y2] it is shown through the view: open only as far as the game opens it to a replay', async () => {
    const { world, adas, recording, ada } = await duelling();
    await world.clock.run(adas.act.hit({ note: 'x' }));
    await world.clock.run(adas.act.stop());
    const replay = await recording();
    assert.ok((replay.view.state as { secret: string[] }).secret.every(s => s.startsWith('SECRET-')));
    assert.ok(!('hidden' in replay.view) && !JSON.stringify(replay).includes('seed'));
    assert.ok(!ada.bytes.some(text => text.includes('SECRET-1')), 'and nothing of it reached a player');
  });

  it('[Y3] each match of a room has its own, and none is there before its end', async () => {
    const { world, id, adas, bobs, recording } = await duelling();
    await world.clock.run(adas.act.hit({ note: 'first' }));
    assert.deepEqual((await world.clock.run(world.node('a').node.replays.read(id, 1))).ok, false);
    await world.clock.run(adas.act.stop());
    await world.clock.run(adas.rematch());
    await world.clock.run(bobs.rematch());
    await world.clock.waitUntil('the second match', () => adas.info.match === 2 && adas.info.phase === 'playing');
    await world.clock.run(bobs.act.hit({ note: 'second' }));
    await world.clock.run(bobs.act.stop());
    assert.deepEqual(watch(await recording(2)).state.log, ['second']);
    assert.deepEqual(watch(await recording(1)).state.log, ['first']);
  });

  it('[Y3] who asks too early is told that the match is on; who asks in the moment of its end, to ask again', async () => {
    const { world, id, adas, recording } = await duelling(5);
    const asked = async (match: number) => {
      const said = await world.clock.run(world.node('a').node.replays.read(id, match));
      return said.ok ? 'shown' : said.code;
    };
    await world.clock.run(adas.act.hit({ note: 'x' }));
    assert.deepEqual([await asked(1), await asked(2)], ['not-now', 'replay-missing']);
    let answer = (): void => {};
    world.faultFor = call =>
      (call.op as string) === 'keepReplay'
        ? {
            hold: new Promise<void>(done => {
              answer = done;
            }),
          }
        : undefined;
    await world.clock.run(adas.act.stop());
    await world.clock.advance(50);
    assert.equal(await asked(1), 'unavailable');
    world.faultFor = () => undefined;
    answer();
    await recording();
    assert.deepEqual([await asked(1), await asked(2), world.node('a').warnings], ['shown', 'replay-missing', []]);
    assert.equal(
      ((await world.clock.run(world.node('a').node.replays.read('nowhere', 1))) as { code: string }).code,
      'replay-missing',
    );
  });

  it('[Y4] the owner dies before it has put the recording together: the next one does', async () => {
    const { world, id, adas, recording } = await duelling(9);
    await world.clock.run(adas.act.hit({ note: 'x' }));
    const owner = world.owner(id)!;
    // Its requests for the pieces never come back.
    world.faultFor = call =>
      (call.op as string) === 'replayParts' && call.node === owner.name
        ? { holdReply: new Promise(() => {}) }
        : undefined;
    await world.clock.run(adas.act.stop());
    await world.clock.advance(200);
    world.kill(owner);
    assert.deepEqual(watch(await recording()).state.log, ['x']);
  });
});

describe('recordings of matches that follow at once', () => {
  /** All of it in one turn of the owner: nothing can be journaled in between. */
  const atOnce = (table: Awaited<ReturnType<typeof duelling>>, ...acts: [player: 'ada' | 'bob', name: string][]) => {
    const host = table.world.owner(table.id)!.node.ownedRooms.get(table.id)!;
    const sessions = (host as unknown as { doc: { hidden: { seats: { player: string; session: string }[] } } }).doc
      .hidden.seats;
    return table.world.clock.run(
      Promise.all(
        acts.map(([player, name]) =>
          host.send({
            k: 'act',
            player,
            session: sessions.find(s => s.player === player)!.session,
            name,
            data: name.startsWith('$') ? null : name === 'hit' ? { note: player } : {},
            number: null,
          }),
        ),
      ),
    );
  };

  it('[J17] [Y1] a match that ends, and the agreement to the next one, in one turn: the end is an entry of its own, and recorded', async () => {
    const table = await duelling(2);
    const { world, id, adas, bobs, recording } = table;
    const before = world.storeCalls.length;
    const said = await atOnce(
      table,
      ['ada', 'hit'],
      ['ada', 'stop'],
      ['bob', '$rematch'],
      ['ada', '$rematch'],
      ['bob', 'hit'],
    );
    assert.ok(
      said.every(reply => reply.ok),
      JSON.stringify(said),
    );
    const entries = world.storeCalls.slice(before).filter(call => call.op === 'append' && call.room === id);
    assert.deepEqual(
      entries
        .slice(0, 2)
        .map(
          ({ append }) => (JSON.parse(append!.entry) as [number, { room: { phase?: string; match?: number } }])[1].room,
        )
        .map(r => [r.phase, r.match]),
      [
        ['ended', undefined],
        ['playing', 2],
      ],
    );
    await world.clock.waitUntil('both are in the second match', () => adas.info.match === 2 && bobs.info.match === 2);
    assert.deepEqual(watch(await recording(1)).state.log, ['ada']);
    await world.clock.run(adas.act.stop());
    assert.deepEqual(watch(await recording(2)).state.log, ['bob']);
  });

  /** The last snapshot of the first match fails, and the second one begins. */
  async function failing() {
    const table = await duelling(3);
    const { world, adas, bobs } = table;
    let failed = 0;
    world.faultFor = call => (call.op === 'snapshot' && ++failed ? { lose: 'request' } : undefined);
    await world.clock.run(adas.act.hit({ note: 'first' }));
    await world.clock.run(adas.act.stop());
    return {
      ...table,
      failed: () => failed,
      rematch: async () => {
        await world.clock.run(Promise.all([adas.rematch(), bobs.rematch()]));
        await world.clock.waitUntil('the second match', () => adas.info.match === 2 && adas.info.phase === 'playing');
        await world.clock.run(bobs.act.hit({ note: 'second' }));
      },
    };
  }

  it('[Y8] a last snapshot that fails is written again, also when the next match is on', async () => {
    const { world, adas, recording, failed, rematch } = await failing();
    await rematch();
    assert.ok(failed() > 0);
    world.faultFor = () => undefined;
    assert.deepEqual(watch(await recording(1)).state.log, ['first']);
    await world.clock.run(adas.act.stop());
    assert.deepEqual(watch(await recording(2)).state.log, ['second']);
  });

  it('[Y8] also when nothing happens after it', async () => {
    const { world, recording, failed } = await failing();
    await world.clock.advance(3_000);
    assert.ok(failed() > 1);
    world.faultFor = () => undefined;
    assert.deepEqual(watch(await recording(1)).state.log, ['first']);
  });

  it('[Y8] also when the owner dies first', async () => {
    const { world, id, adas, recording, rematch } = await failing();
    await rematch();
    const owner = world.owner(id)!;
    world.kill(owner);
    world.faultFor = () => undefined;
    assert.deepEqual(watch(await recording(1)).state.log, ['first']);
    await world.clock.run(adas.act.stop());
    assert.deepEqual(watch(await recording(2)).state.log, ['second']);
  });

  it('[Y8] a room that all have left is removed only when it is written', async () => {
    const { world, id, adas, bobs, ada, bob, recording } = await failing();
    await world.clock.run(Promise.all([adas.leave(), bobs.leave()]));
    ada.client.close();
    bob.client.close();
    await world.clock.advance(60_000);
    assert.ok(await world.memory.owner(id));
    world.faultFor = () => undefined;
    let owner: unknown = id;
    const isGone = () => {
      void world.memory.owner(id).then(found => (owner = found));
      return owner === null;
    };
    await world.clock.waitUntil('it is gone', isGone, 60_000);
    assert.deepEqual(watch(await recording(1)).state.log, ['first']);
  });

  it('[Y8] pieces that do not make a recording are said to be so', async () => {
    const { world, id } = await duelling(4);
    (world.memory as unknown as { pieces: Map<string, { texts: string[]; expires: number }> }).pieces.set(`${id}/7`, {
      texts: [await world.node('a').node.parts.compressor.compress('{"frames":[]}')],
      expires: Infinity,
    });
    await world.clock.run(world.node('a').node.replays.save(id, 7));
    assert.match(world.node('a').warnings.join(), /recording dropped: incomplete/);
  });

  it('[Y3] a match out of play has not ended: nothing is shown of it, and it is recorded to its end', async () => {
    const { world, id, adas, recording } = await duelling(6);
    await world.clock.run(adas.act.hit({ note: 'before' }));
    const host = world.owner(id)!.node.ownedRooms.get(id)! as unknown as {
      machine: { quarantine(why: string): void };
      mailbox: { addCommands(command: unknown): void };
      schedule(): void;
    };
    host.machine.quarantine('a test');
    host.mailbox.addCommands({ kind: 'timers' });
    host.schedule();
    await world.clock.waitUntil('it is out of play', () => adas.info.phase === 'quarantined');
    await world.clock.advance(500);
    assert.equal((await world.clock.run(world.node('a').node.replays.read(id, 1))).ok, false);
    await world.clock.run(world.owner(id)!.node.router.request(id, { k: 'serve', name: '$release', data: null }));
    await world.clock.waitUntil('it goes on', () => adas.info.phase === 'playing');
    await world.clock.run(adas.act.hit({ note: 'after' }));
    await world.clock.run(adas.act.stop());
    assert.deepEqual(watch(await recording(1)).state.log, ['before', 'after']);
  });
});

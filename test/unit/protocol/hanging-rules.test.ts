import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Room } from '../../../client/room.ts';
import { poison, poisonGame, type Poison, type HangPoint } from '../../integration/cluster/hanging-game.ts';
import { ReplayArchive } from '../../../server/replays/replay-archive.ts';
import { noMeter } from '../../../server/ops/metrics.ts';
import { noLog } from '../../../server/ops/log.ts';
import { contract, state, view } from '../../../shared/contract.ts';
import { documentOf, openRoom, openRawConnection, type ClusterRoomFixture } from './cluster-room-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

type Def = (typeof poison)['def'];
const held: { world: TestCluster | null } = { world: null };
const game = poisonGame(() => held.world!.hang());

/** Two players on nodes that are not the owner's; more nodes than will be lost. */
async function begun(how: { nodes?: string[]; bots?: number } = {}): Promise<ClusterRoomFixture<Def>> {
  const party = await openRoom(poison, game, ['ann', 'bob'], {
    nodes: how.nodes ?? ['a', 'b', 'c', 'd', 'e', 'f'],
    begin: world => {
      held.world = world;
    },
    ...(how.bots ? { request: { bots: how.bots } } : {}),
  });
  await party.world.clock.run(party.rooms[0]!.start());
  return party;
}
const dead = ({ world }: ClusterRoomFixture<Def>) => [...world.nodes.values()].filter(h => h.state === 'dead').length;
const play = ({ world, rooms }: ClusterRoomFixture<Def>, seat: number, name: 'add' | 'hang' | 'heal') =>
  world.clock.run(
    (rooms[seat]!.act as Record<string, (d: object) => Promise<{ ok: boolean; code?: string; detail?: string }>>)[
      name
    ]!({}),
  );
const spoil = ({ world, rooms }: ClusterRoomFixture<Def>, where: HangPoint) =>
  world.clock.run(rooms[0]!.act.spoil({ where }));
const count = (room: Room<Def>) => (room.state as Poison).count;
/** A new owner that has heard what there is to hear. */
const settled = (party: ClusterRoomFixture<Def>) =>
  party.world.clock
    .waitUntil('somebody runs the room', () => party.world.owner(party.id) !== undefined, 20_000)
    .then(() => party.world.clock.advance(3_000));
const listed = async ({ world, id }: ClusterRoomFixture<Def>) =>
  (await world.memory.quarantined(10)).find(q => q.id === id);
const release = (party: ClusterRoomFixture<Def>) => {
  const host = [...party.world.nodes.values()].find(h => h.state === 'up')!;
  return party.world.clock.run(
    host.node.router.request(party.id, { k: 'serve', name: '$release', data: null }),
  ) as Promise<{ ok: boolean; code?: string }>;
};

/** Reads what it gets without end, should it say so. */
const trap = z.object({ hang: z.boolean().optional() }).transform(value => (value.hang ? held.world!.hang() : value));
const trapped = contract('trapped', {
  version: 1,
  seats: { min: 1, max: 2 },
  state: state<{ n: number }>(),
  actions: {},
  options: trap,
  signals: { wave: trap },
  start: 'host',
});

describe('what hangs outside of a room', () => {
  const begunAt = () =>
    openRoom(trapped, trapped.rules({ setup: () => ({ n: 0 }), actions: {} }), ['ann', 'bob'], {
      begin: world => {
        held.world = world;
      },
    });

  it('[R8] a signal that cannot be read to its end costs the node that read it, and the room goes on', async () => {
    const { world, id, rooms } = await begunAt();
    const eve = openRawConnection(world, world.node('b'), 'bob');
    assert.ok((await eve.ask('join', { room: id })).ok);
    eve.say('signal', { room: id, name: 'wave', data: { hang: true } });
    assert.deepEqual(
      [...world.nodes.values()].map(h => h.state),
      ['up', 'dead', 'up'],
    );
    assert.equal((await world.memory.quarantined(10)).length, 0);
    await world.clock.run(rooms[0]!.start());
  });

  it('[R8] so do options of a new room', async () => {
    const { world } = await begunAt();
    void world.node('b').node.lobby.create('eve', { game: 'trapped', options: { hang: true } });
    assert.deepEqual(
      [...world.nodes.values()].map(h => h.state),
      ['up', 'dead', 'up'],
    );
  });

  it('[R8] so does the view of a recording', async () => {
    const world = new TestCluster([], 7);
    held.world = world;
    const seen: string[] = [];
    const shown = {
      v: 2,
      begin: { at: 0, seq: 1, room: { id: 'r', match: 1 }, state: { n: 0 } },
      frames: [],
      game: 'spy',
      version: 1,
      hash: '',
    };
    const spy = contract('spy', {
      version: 1,
      seats: { min: 1, max: 1 },
      state: state<{ n: number }>(),
      view: view<object>(),
      actions: {},
    }).rules({
      setup: () => ({ n: 0 }),
      actions: {},
      view: () => {
        seen.push('view');
        return {};
      },
    });
    const hangDetector = {
      begin: (run: { game: string; rule: string }) => {
        seen.push(`${run.game}.${run.rule} begins`);
      },
      end: () => {
        seen.push('ends');
      },
    };
    const replays = new ReplayArchive({
      store: { replay: async () => JSON.stringify(shown) } as never,
      games: new Map([['spy', spy]]),
      compressor: { compress: async t => t, decompress: async t => t },
      clock: world.clock,
      log: noLog,
      hangDetector,
      life: 1_000,
      meter: noMeter,
      keepsShort: true,
      hasRoom: () => true,
    });
    assert.ok((await replays.read('r', 1)).ok);
    assert.deepEqual(seen, ['spy.view begins', 'view', 'ends']);
  });
});

describe('a rule that hangs, in one process', () => {
  it('[R8] [A3] an action costs one node, and is refused, once; what was said beside it is done', async () => {
    const party = await begun();
    const [ann, bob] = party.rooms as [Room<Def>, Room<Def>];
    const said = await Promise.all(
      [ann.act.add({}), bob.act.add({}), bob.act.hang({}), bob.act.add({}), ann.act.add({})].map(p =>
        party.world.clock.run(p),
      ),
    );
    assert.deepEqual(
      said.map(s => (s.ok ? 'ok' : `${s.code}, ${s.detail}`)),
      ['ok', 'ok', 'rule-failed, it took too long', 'ok', 'ok'],
    );
    await party.world.clock.waitUntil('both have it', () => [ann, bob].every(r => count(r) === 4));
    assert.deepEqual([dead(party), party.world.hangs], [1, 1]);
    assert.equal(documentOf(party.world, party.id).hidden.hangs?.length, 1);
    assert.equal(await listed(party), undefined);
  });

  it('[R8] what hung is not run while it is not journaled, though owners die before they could', async () => {
    const party = await begun();
    let lost = 0;
    party.world.faultFor = call => {
      if (call.op !== 'append' || call.room !== party.id || party.world.hangs === 0 || lost >= 2) return undefined;
      lost += 1;
      party.world.kill(party.world.node(call.node));
      return { lose: 'request' };
    };
    const said = await play(party, 0, 'hang');
    assert.deepEqual([said.ok, said.code], [false, 'rule-failed']);
    assert.equal(lost, 2);
    assert.equal(party.world.hangs, 1);
    assert.equal(documentOf(party.world, party.id).hidden.hangs?.length, 1);
  });

  it('[R8] without a number nobody runs it again: it is answered `unknown`, and counts', async () => {
    const party = await begun();
    const { world, id } = party;
    const host = [...world.nodes.values()].find(h => h.state === 'up' && !h.owns(id))!;
    const seat = documentOf(world, id).hidden.seats[0]!;
    const reply = (await world.clock.run(
      host.node.router.request(id, {
        k: 'act',
        player: seat.player,
        session: seat.session,
        name: 'hang',
        data: {},
        number: null,
      }),
    )) as { code?: string };
    assert.equal(reply.code, 'unknown');
    await settled(party);
    assert.ok((await play(party, 1, 'add')).ok);
    assert.deepEqual([world.hangs, documentOf(world, id).hidden.hangs?.length], [1, 1]);
  });

  for (const where of ['timer', 'view', 'bot', 'left'] as const) {
    it(`[R8] a ${where} costs one node, and the room goes on without it`, async () => {
      const party = await begun(where === 'bot' ? { bots: 1 } : {});
      const { world, rooms } = party;
      const spoilt = spoil(party, where);
      if (where === 'left') void rooms[1]!.leave();
      await world.clock.waitUntil('it hangs', () => world.hangs > 0, 20_000);
      assert.ok((await spoilt).ok);
      await settled(party);
      for (let i = 0; i < 3; i++) assert.ok((await play(party, 0, 'add')).ok);
      await world.clock.waitUntil('it is seen', () => count(rooms[0]!) === 3);
      await world.clock.advance(5_000);
      assert.deepEqual([dead(party), world.hangs], [1, 1]);
      const { room, state } = documentOf(world, party.id);
      if (where === 'timer') assert.equal((state as unknown as Poison).strikes, 0);
      if (where === 'left') assert.equal(room.seats[1]!.out, true);
      if (where === 'view') assert.equal(rooms[1]!.state, null);
    });
  }

  it('[R8] [R9] three within an hour and the room is out of play: nothing of it runs; released, it goes on as it was', async () => {
    const party = await begun();
    const { world, rooms, id } = party;
    assert.ok((await play(party, 0, 'add')).ok);
    for (let i = 1; i <= 2; i++) assert.equal((await play(party, 1, 'hang')).code, 'rule-failed');
    // The room may be closed to its players before they have heard the verdict: then they are told that it is not
    // known.
    const third = await play(party, 1, 'hang');
    assert.ok(
      third.code === 'rule-failed' || (third.code === 'unknown' && third.detail === 'room-quarantined'),
      JSON.stringify(third),
    );
    assert.equal(dead(party), 3);
    const doc = documentOf(world, id);
    assert.equal(doc.room.phase, 'quarantined');
    assert.deepEqual(
      { ...(await listed(party)), since: 0, code: '' },
      {
        id,
        code: '',
        game: 'poison',
        why: 'rules hung 3 times within an hour: actions.hang, actions.hang, actions.hang',
        since: 0,
      },
    );
    assert.equal((await play(party, 1, 'hang')).ok, false);
    assert.equal(dead(party), 3);
    // Nobody there for long, and the owner dies: it is all still there.
    for (const client of party.clients) world.disconnect(client);
    await world.clock.advance(120_000);
    for (const client of party.clients) client.isOffline = false;
    assert.equal(doc.room.seats.filter(s => s !== null).length, 2);
    assert.ok((await release(party)).ok);
    assert.ok((await release(party)).ok, 'twice is like once');
    assert.equal(await listed(party), undefined);
    const now = documentOf(world, id);
    assert.deepEqual(
      [now.room.phase, now.hidden.fault, now.hidden.hangs, now.hidden.before, (now.state as unknown as Poison).count],
      ['playing', null, undefined, undefined, 1],
    );
    const again = await world.clock.run(party.clients[1]!.client.join(poison, { id }));
    assert.ok((await world.clock.run(again.act.add({}))).ok);
    await world.clock.waitUntil('it is seen', () => count(again) === 2);
    assert.equal(dead(party), 3);
    assert.equal(rooms.length, 2);
  });

  it('[R9] a release gives timers the time that they had, and those who went meanwhile the time of an absence', async () => {
    const party = await begun();
    const { world, id } = party;
    await spoil(party, 'timer'); // due in 300 ms
    documentOf(world, id);
    const host = world.owner(id)!.node.ownedRooms.get(id) as unknown as {
      machine: { quarantine(why: string): void };
      mailbox: { addCommands(command: unknown): void };
      schedule(): void;
    };
    host.machine.quarantine('a test says so');
    host.mailbox.addCommands({ kind: 'timers' });
    host.schedule();
    await world.clock.waitUntil('it is listed', () => documentOf(world, id).room.phase === 'quarantined');
    world.disconnect(party.clients[1]!);
    await world.clock.advance(60_000);
    assert.equal(world.hangs, 0);
    assert.ok((await release(party)).ok);
    const { room, hidden } = documentOf(world, id);
    const left = hidden.timers['strike']!.at - world.clock.now();
    assert.ok(left > 0 && left <= 300, `${left} ms`);
    assert.ok(room.seats[1]!.until! > world.clock.now() + 590_000);
    await world.clock.waitUntil('then it fires', () => world.hangs === 1, 2_000);
  });

  it('[R8] a tick that always hangs takes three nodes, then the room is out of play; it is loaded without running anything', async () => {
    const party = await begun();
    const { world, id } = party;
    await spoil(party, 'tick');
    await world.clock.waitUntil(
      'it is out of play',
      () => world.owner(id) !== undefined && documentOf(world, id).room.phase === 'quarantined',
      60_000,
    );
    assert.equal(dead(party), 3);
    world.kill(world.owner(id)!);
    const eve = world.client('eve', 'a');
    eve.homeNode = [...world.nodes.values()].find(h => h.state === 'up')!.name;
    const watching = await world.clock.run(eve.client.watch(poison, { id }));
    assert.deepEqual([watching.info.phase, watching.state], ['quarantined', null]);
    assert.equal(world.hangs, 3);
  });
});

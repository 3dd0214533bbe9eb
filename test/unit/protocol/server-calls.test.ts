import assert from 'node:assert/strict';
import { z } from 'zod';
import { ServerRoomError, ServerRooms } from '../../../server/node/server-rooms.ts';
import { encodeServerCall } from '../../../server/rooms/core/server-calls.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { contract, state, view } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { emptyRoom, outcomeCode } from '../room-machine.ts';
import { documentOf, openRawConnection, openRoom } from './cluster-room-fixture.ts';
import type { TestCluster } from '../../../testkit/test-cluster.ts';

const bank = contract('bank', {
  version: 1,
  seats: { min: 2, max: 2 },
  start: 'host',
  state: state<{ money: number; log: string[] }>(),
  view: view<{ money: number }>(),
  actions: { add: z.object({ by: z.int() }) },
  serverActions: {
    pay: z.object({ by: z.int(), how: z.enum(['ok', 'refuse', 'throw', 'hang', 'end']).default('ok') }),
  },
  events: { paid: z.object({ by: z.int() }) },
  refusals: ['no'],
});
const bankGame = (world: () => TestCluster | null) =>
  bank.rules({
    setup: () => ({ money: 0, log: [] }),
    view: ({ money }) => ({ money }),
    actions: { add: (s, { by }) => void (s.money += by) },
    serverActions: {
      pay(s, { by, how }, ctx) {
        s.money += by;
        s.log.push(`${ctx.match}`);
        if (how === 'refuse') ctx.refuse('no', 'not today');
        if (how === 'throw') throw new Error('as asked');
        if (how === 'hang') world()!.hang();
        if (how === 'end') ctx.end({ ranking: [[0, 1]] });
      },
    },
  });

const refusal = (code: string) => (error: unknown) => error instanceof ServerRoomError && error.code === code;

/** A match between two players, and the server's own code on a node that does not own the room. */
async function openBank(playing = true) {
  let world: TestCluster | null = null;
  const game = bankGame(() => world);
  const party = await openRoom(bank, game, ['ada', 'bob']);
  world = party.world;
  const run = <T>(promise: Promise<T>) => party.world.clock.run(promise);
  const [adas, bobs] = party.rooms as [(typeof party.rooms)[0] & object, (typeof party.rooms)[0] & object];
  if (playing) await run(adas.start());
  const other = [...party.world.nodes.values()].find(node => node !== party.owner)!;
  const rooms = new ServerRooms<readonly [typeof game]>(other.node);
  const money = () => (documentOf(party.world, party.id).state as { money: number }).money;
  return { ...party, run, adas, bobs, server: rooms, money };
}

describe('server actions', () => {
  it('[X5] [X5j] changes the match once by its key, refuses the key for other data, and never at the request of a client', async () => {
    const { server, run, id, adas, money, world } = await openBank(false);
    await assert.rejects(run(server.act(id, 'pay', { by: 1 })), refusal('not-playing'));
    await run(adas.start());
    await run(server.act(id, 'pay', { by: 5 }, { key: 'order 1' }));
    await run(server.act(id, 'pay', { by: 5 }, { key: 'order 1' }));
    await run(server.act(id, 'pay', { by: 5 }, { key: '__proto__' }));
    await run(server.act(id, 'pay', { how: 'ok', by: 5 }, { key: 'two fields' }));
    await run(server.act(id, 'pay', { by: 5, how: 'ok' }, { key: 'two fields' }));
    await run(server.act(id, 'pay', { by: 5 }, { key: '__proto__' }));
    assert.equal(money(), 15);
    await assert.rejects(run(server.act(id, 'pay', { by: 6 }, { key: 'order 1' })), refusal('bad-request'));
    await run(server.act(id, 'pay', { by: 2 }));
    await run(server.act(id, 'pay', { by: 2 }));
    assert.equal(money(), 19);
    await world.clock.waitUntil('the client sees it', () => adas.state?.money === 19, 100);
    const raw = openRawConnection(world, world.node('a'), 'ada');
    await raw.ask('join', { room: id });
    for (const name of ['pay', '$act', '$send'])
      assert.equal(
        (await raw.ask('act', { room: id, name, data: { key: '=x', name: 'pay', data: { by: 1 } } })).code,
        'no-such-action',
      );
    assert.equal(money(), 19);
  });

  it('[X5i] a refusal is a verdict, too: it is given again, and changes nothing', async () => {
    const { server, run, id, money } = await openBank();
    for (let i = 0; i < 2; i++) {
      await assert.rejects(run(server.act(id, 'pay', { by: 1, how: 'refuse' }, { key: 'r' })), {
        code: 'no',
        detail: 'not today',
      });
      await assert.rejects(run(server.act(id, 'pay', { by: 1, how: 'throw' }, { key: 't' })), refusal('rule-failed'));
    }
    await assert.rejects(run(server.act(id, 'pay', { by: 'much' as never }, { key: 'b' })), refusal('bad-data'));
    await assert.rejects(run(server.act(id, 'win' as never, {} as never)), refusal('no-such-action'));
    await assert.rejects(run(server.act(id, 'pay', { by: 1 }, { key: '' })), refusal('bad-request'));
    await assert.rejects(run(server.act(id, 'pay', { by: 1 }, { key: 'x'.repeat(65) })), refusal('bad-request'));
    await assert.rejects(run(server.act('nowhere', 'pay', { by: 1 })), refusal('room-missing'));
    await assert.rejects(run(server.send(id, 'paid', { by: 1 }, { key: 'r' })), refusal('bad-request'));
    assert.equal(money(), 0);
    await run(server.act(id, 'pay', { by: 1, how: 'end' }));
    await assert.rejects(run(server.act(id, 'pay', { by: 1 })), refusal('not-playing'));
    assert.equal(money(), 1);
  });

  it('[X4a] [X5c] the owner dies before or after the entry is written: executed once, by one of them', async () => {
    for (const lose of ['request', 'reply'] as const) {
      const { server, run, id, owner, world, money } = await openBank();
      for (const key of ['order', undefined]) {
        const now = world.owner(id)!;
        world.faultFor = call => (call.op === 'append' && call.node === now.name ? { lose } : undefined);
        const done = server.act(id, 'pay', { by: 5 }, key === undefined ? {} : { key });
        await world.clock.advance(20);
        if (now === owner) world.kill(now);
        world.faultFor = () => undefined;
        await run(done);
      }
      await run(server.act(id, 'pay', { by: 5 }, { key: 'order' }));
      assert.equal(money(), 10, lose);
    }
  });

  it('[X5d] [X5k] keys are remembered for an hour, those of calls without one for a minute, and at most so many', () => {
    const game = bankGame(() => null);
    const room = emptyRoom(game);
    for (const player of ['ada', 'bob']) room.join(player);
    room.act(0, '$start');
    const pay = (key: string) => {
      const data = { key, name: 'pay', data: { by: 1 }, to: null };
      const code = outcomeCode(room.step({ kind: 'serve', name: '$act', data }));
      return [code, (room.room.doc.state as unknown as { money: number }).money];
    };
    const { keys, keyLife, callLife } = limits.serverCalls;
    assert.deepEqual(pay('$once'), ['ok', 1]);
    for (let i = 1; i < keys; i++) assert.deepEqual(pay(`=${i}`), ['ok', i + 1]);
    assert.deepEqual(pay('=more'), ['slow-down', keys]);
    assert.deepEqual(pay('=1'), ['ok', keys]);
    room.advance(callLife);
    assert.deepEqual(pay('=more'), ['ok', keys + 1]);
    assert.deepEqual(pay('=another'), ['slow-down', keys + 1]);
    room.advance(keyLife - callLife);
    assert.deepEqual(pay('=1'), ['ok', keys + 2]);
    assert.deepEqual(Object.keys(room.room.doc.hidden.served!), ['=more', '=1']);
    assert.deepEqual(room.replayed().hidden, room.room.doc.hidden);
  });

  it('[X4a] [X5f] [X5g] ends a match once, and never the next one; kicks once; the answer to a repetition says that it is one', async () => {
    for (const lose of ['request', 'reply'] as const) {
      const { server, run, id, adas, world } = await openBank();
      const loseNextAppend = () => {
        let left = 1;
        world.faultFor = call =>
          call.op === 'append' && call.node === world.owner(id)?.name && left-- > 0 ? { lose } : undefined;
      };
      loseNextAppend();
      const end = () => run(server.end(id, { ranking: [[1], [0]] }, { key: 'final' }));
      assert.deepEqual(await end(), { repeated: false });
      await world.clock.waitUntil('it is over', () => adas.info.phase === 'ended', 2_000);
      await run(server.start(id));
      assert.deepEqual(await end(), { repeated: true });
      assert.equal((await run(server.see(id))).room.phase, 'playing');
      loseNextAppend();
      assert.deepEqual(await run(server.end(id, { ranking: [[0], [1]] })), { repeated: false }, lose);
      await assert.rejects(run(server.end(id, { ranking: [[0], [1]] })), {
        code: 'not-now',
        detail: 'match 2 has already ended',
      });
      loseNextAppend();
      assert.deepEqual(await run(server.kick(id, 'bob', { key: 'k' })), { repeated: false });
      assert.deepEqual(await run(server.kick(id, 'bob', { key: 'k' })), { repeated: true });
      await assert.rejects(run(server.kick(id, 'ada', { key: 'k' })), refusal('bad-request'));
      assert.deepEqual((await run(server.see(id))).players, ['ada', null]);
    }
  });

  it('[X5f] a room whose keys are used up can still be ended by the server', () => {
    const room = emptyRoom(bankGame(() => null));
    for (const player of ['ada', 'bob']) room.join(player);
    room.act(0, '$start');
    const serve = (name: '$send' | '$end', key: string, data: Json) =>
      outcomeCode(
        room.step({ kind: 'serve', name, data: { key, name: name === '$send' ? 'paid' : '', data, to: null } }),
      );
    for (let i = 0; i < limits.serverCalls.keys; i++) assert.equal(serve('$send', `=${i}`, { by: 1 }), 'ok');
    assert.equal(serve('$send', '=more', { by: 1 }), 'slow-down');
    assert.equal(serve('$end', '=end', { ranking: [[0, 1]] }), 'ok');
    assert.equal(serve('$end', '=end', { ranking: [[0, 1]] }), 'ok');
  });

  it('[X5f] nodes of a build without keys for them find what to end and whom to kick', () => {
    const data = (kind: '$end' | '$kick', name: string, data: Json) =>
      encodeServerCall({ kind, key: '=k', name, data, to: null }) as JsonObject;
    assert.deepEqual(data('$end', '', { ranking: [[0]] })['ranking'], [[0]]);
    assert.deepEqual(data('$kick', 'bob', { player: 'bob' })['player'], 'bob');
    const room = emptyRoom(bankGame(() => null));
    for (const player of ['ada', 'bob']) room.join(player);
    assert.equal(outcomeCode(room.step({ kind: 'serve', name: '$kick', data: { player: 'bob' } })), 'ok');
  });

  it('[X5e] one that hangs takes its node with it, and is refused by the next owner', async () => {
    const { server, run, id, owner, world, money } = await openBank();
    await assert.rejects(run(server.act(id, 'pay', { by: 1, how: 'hang' }, { key: 'h' })), refusal('rule-failed'));
    assert.notEqual(world.owner(id), owner);
    assert.equal(world.hangs, 1);
    await run(server.act(id, 'pay', { by: 1 }));
    assert.equal(money(), 1);
  });
});

describe("the server's events", () => {
  it('[X6] reach all members or the players it names, once', async () => {
    const { server, run, id, adas, bobs, world } = await openBank(false);
    const heard: string[] = [];
    adas.on('paid', ({ by }) => heard.push(`ada ${by}`));
    bobs.on('paid', ({ by }) => heard.push(`bob ${by}`));
    await run(server.send(id, 'paid', { by: 1 }, { key: 'one' }));
    await run(server.send(id, 'paid', { by: 1 }, { key: 'one' }));
    await run(server.send(id, 'paid', { by: 2 }, { to: 'bob' }));
    await run(adas.start());
    await run(server.send(id, 'paid', { by: 3 }, { to: ['ada', 'bob'] }));
    await world.clock.advance(100);
    assert.deepEqual(heard, ['ada 1', 'bob 1', 'bob 2', 'ada 3', 'bob 3']);
    await assert.rejects(run(server.send(id, 'paid', { by: 1 }, { to: 'eve' })), refusal('not-seated'));
    await assert.rejects(run(server.send(id, 'paid', {} as never)), refusal('bad-data'));
    await assert.rejects(run(server.send(id, 'lost' as never, {} as never)), refusal('bad-request'));
  });
});

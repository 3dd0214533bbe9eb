import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { z } from 'zod';
import { connect, type Client, type Room } from '../../../client/index.ts';
import { RulesRejectedError } from '../../../server/index.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { contract, state, view } from '../../../shared/contract.ts';
import type { DevRoomReply, RerunReport } from '../../../shared/dev-protocol.ts';

interface Table {
  sum: number;
  dice: number[];
  late: boolean;
  unit?: string;
}

/** A game whose rules differ by `step`: what `add` multiplies by. `version` 2 adds a unit to the state. */
function gameOf({ step = 1, version = 1, migrate = true, seats = 2 } = {}) {
  const sums = contract('sums', {
    version,
    clientsFrom: 1,
    seats: { min: 2, max: seats },
    state: state<Table>(),
    view: view<{ sum: number; own: number | null; unit: string }>(),
    actions: { add: z.object({ by: z.int() }), fail: z.object({}) },
    timers: { late: z.object({}) },
    events: { rolled: z.object({ die: z.int() }) },
  });
  return sums.rules({
    setup(ctx) {
      ctx.timers.late.set(3_600_000, {});
      return { sum: 0, dice: ctx.players.map(() => ctx.random.int(1, 6)), late: false };
    },
    view: (s, { seat }) => ({
      sum: s.sum * step,
      own: seat === null ? null : s.dice[seat]!,
      unit: s.unit ?? `x${step}`,
    }),
    actions: {
      add(s, { by }, ctx) {
        s.sum += by * step;
        s.dice[ctx.seat] = ctx.random.int(1, 6);
        ctx.emit('rolled', { die: s.dice[ctx.seat]! });
      },
      fail() {
        throw new Error('on purpose');
      },
    },
    timers: { late: s => void (s.late = true) },
    ...(version > 1 && migrate ? { migrate: s => ({ ...(s as Table), unit: 'migrated' }) } : {}),
  });
}
type Game = ReturnType<typeof gameOf>;

describe('rules that are reloaded under play', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  async function play(): Promise<{
    server: RunningServer;
    url: string;
    clients: Client[];
    rooms: Room<Game['contract']['def']>[];
  }> {
    const server = await startServer(
      { store: 'memory', games: [gameOf()], dev: true, log: noLog },
      { port: 0, host: '127.0.0.1' },
    );
    endings.push(() => server.close());
    const url = `http://127.0.0.1:${server.port}`;
    const clients = ['Ann', 'Bob', 'Cid'].map(name => connect(url, { storage: null, name }));
    endings.push(...clients.map(client => () => client.close()));
    const { contract: sums } = gameOf();
    const first = await clients[0]!.create(sums);
    const rooms = [
      first,
      await clients[1]!.join(sums, { id: first.id }),
      await clients[2]!.watch(sums, { id: first.id }),
    ];
    return { server, url, clients, rooms };
  }
  const read = async (url: string, room: { id: string }, query = '') =>
    (await (await fetch(`${url}/dev/rooms/${room.id}.json${query}`)).json()) as DevRoomReply;
  const rerun = async (url: string, room: { id: string }) =>
    (await (await fetch(`${url}/dev/rooms/${room.id}/rerun.json`)).json()) as RerunReport;
  const settled = async (
    rooms: readonly Room<Game['contract']['def']>[],
    isDone: (room: Room<Game['contract']['def']>) => boolean,
  ) => {
    for (const room of rooms)
      if (!isDone(room))
        await new Promise<void>(resolve => {
          const off = room.onChange(() => isDone(room) && (off(), resolve()));
        });
  };

  it('keep connections, seats, timers and random numbers, and show new views to all', async () => {
    const { server, url, clients, rooms } = await play();
    const lines: string[] = [];
    for (const client of clients) client.onStatus(({ state: now }) => lines.push(now));
    const ann = rooms[0]!;
    assert.ok((await ann.act.add({ by: 2 })).ok);
    const before = await read(url, ann);
    lines.length = 0;
    const { rooms: count } = await server.reload(async () => [gameOf({ step: 10 })]);
    assert.equal(count, 1);
    await settled(rooms, room => room.state?.unit === 'x10');
    const after = await read(url, ann);
    assert.deepEqual(
      { ...after.doc, hidden: { ...(after.doc.hidden as object), clock: 0 } },
      { ...before.doc, hidden: { ...(before.doc.hidden as object), clock: 0 } },
    );
    assert.ok(after.term > before.term);
    assert.deepEqual(after.rules, { ...after.rules, loads: 1, rooms: 1, problem: null });
    assert.deepEqual(
      rooms.map(room => [room.seat, room.state?.sum]),
      [
        [0, 20],
        [1, 20],
        [null, 20],
      ],
    );
    assert.ok((await rooms[1]!.act.add({ by: 1 })).ok);
    await settled(rooms, room => room.state?.sum === 120);
    assert.ok(!lines.includes('reconnecting'), lines.join());
    assert.deepEqual(
      clients.map(client => client.status.state),
      ['live', 'live', 'live'],
    );
  });

  it('execute each action once that is sent meanwhile', async () => {
    const { server, rooms } = await play();
    let sum = 0;
    for (let round = 0; round < 5; round++) {
      const acts = rooms.slice(0, 2).flatMap(room => [1, 2, 3].map(by => room.act.add({ by })));
      await server.reload(async () => [gameOf()]);
      for (const result of await Promise.all(acts)) assert.ok(result.ok, JSON.stringify(result));
      sum += 12;
    }
    await settled(rooms, room => room.state?.sum === sum);
  });

  it('that cannot be loaded, or do not fit a running room, leave the old ones running and are named', async () => {
    const { server, url, rooms } = await play();
    const ann = rooms[0]!;
    const bad: [() => Promise<Game[]>, RegExp][] = [
      [() => Promise.reject(new SyntaxError('unexpected token, rules.ts:12')), /unexpected token, rules\.ts:12/],
      [
        () => Promise.resolve([gameOf({ version: 2, migrate: false })]),
        /sums: room \S+ has a state of version 1, and the new rules have no migrate/,
      ],
      [() => Promise.resolve([gameOf({ seats: 3 })]), /has 2 seats, the new contract 3/],
    ];
    for (const [load, why] of bad) {
      await assert.rejects(server.reload(load), why);
      assert.match((await read(url, ann)).rules.problem ?? '', why);
      assert.ok((await ann.act.add({ by: 1 })).ok);
    }
    await settled(rooms, room => room.state?.sum === 3);
    await server.reload(async () => [gameOf({ version: 2 })]);
    await settled(rooms, room => room.state?.unit === 'migrated');
    await assert.rejects(
      server.reload(async () => [gameOf()]),
      (error: unknown) =>
        error instanceof RulesRejectedError && /state of version 2, the new contract has version 1/.test(error.message),
    );
    const { rules } = await read(url, ann);
    assert.deepEqual([rules.loads, /version 2/.test(rules.problem ?? '')], [1, true]);
  });

  it('are refused outside dev mode', async () => {
    const server = await startServer(
      { store: 'memory', games: [gameOf()], log: noLog },
      { port: 0, host: '127.0.0.1' },
    );
    endings.push(() => server.close());
    await assert.rejects(
      server.reload(async () => [gameOf()]),
      TypeError,
    );
  });

  it('show the document at any entry, and the first entry that they would have made otherwise', async () => {
    const { server, url, rooms } = await play();
    const ann = rooms[0]!;
    const moves = [];
    for (const by of [1, 2, 3]) moves.push(await ann.act.add({ by }));
    assert.ok(!(await ann.act.fail({})).ok);
    const [, second] = moves;
    assert.ok(second?.ok);
    const then = await read(url, ann, `?at=${second.position[1]}`);
    assert.equal((then.doc.state as unknown as Table).sum, 3);
    assert.equal((await fetch(`${url}/dev/rooms/${ann.id}.json?at=999`)).status, 503);

    const head = (await read(url, ann)).place[1];
    assert.deepEqual(await rerun(url, ann), { ok: true, from: 1, to: head, differs: null });
    await server.reload(async () => [gameOf({ step: 1 })]);
    await settled(rooms, room => room.status.state === 'live');
    assert.ok((await ann.act.add({ by: 4 })).ok);
    assert.deepEqual((await rerun(url, ann)).differs, null, 'across a reload, too');

    await server.reload(async () => [gameOf({ step: 2 })]);
    const [first] = moves;
    assert.ok(first?.ok);
    const { differs } = await rerun(url, ann);
    assert.ok(differs);
    assert.deepEqual(
      [differs.seq, differs.commands, differs.changes, differs.failures],
      [first.position[1], ['add'], { state: { sum: 2 } }, []],
    );
  });
});

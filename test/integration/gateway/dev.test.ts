import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, describe, it } from 'mocha';
import { Server } from 'socket.io';
import * as v from 'valibot';
import { z } from 'zod';
import { connect } from '../../../client/index.ts';
import { ConfigError, readConfig } from '../../../server/config.ts';
import { resolveDevMode } from '../../../server/http/dev/dev-mode.ts';
import { noLog } from '../../../server/ops/log.ts';
import { journalVersion } from '../../../server/rooms/core/entry.ts';
import { RoomHistory } from '../../../server/rooms/actor/room-history.ts';
import { createServer, startServer, type RunningServer, type ServerOptions } from '../../../server/server.ts';
import { contract, held, pressed, state, view } from '../../../shared/contract.ts';
import type { GamesReply, DevRoomReply } from '../../../shared/dev-protocol.ts';
import { limits } from '../../../shared/limits.ts';

const poker = contract('poker', {
  version: 3,
  seats: { min: 2, max: 2 },
  state: state<{ cards: number[] }>(),
  view: view<{ cards: null }>(),
  options: z.object({ chips: z.int().min(1).max(9).default(4), blind: z.boolean().default(false) }),
  actions: {
    bet: z.object({ chips: z.int().min(1).max(9) }),
    fold: v.object({ sure: v.boolean() }),
    when: z.object({ at: z.date() }),
  },
  events: { bet: z.object({ seat: z.int() }) },
  signals: { wink: z.enum(['left', 'right']) },
  inputs: { lean: held(z.object({ x: z.number() })), tap: pressed() },
  timers: { turn: z.object({ seat: z.int() }) },
  clocks: ['turn'],
  refusals: ['too-much'],
  tick: { hz: 5, durable: { everyMs: 5_000 } },
});
const pokerGame = poker.rules({
  setup(ctx) {
    ctx.timers.turn.set(60_000, { seat: 0 });
    return { cards: [11, 22] };
  },
  view: () => ({ cards: null }),
  actions: {
    bet(_s, _data, ctx) {
      ctx.emit('bet', { seat: ctx.seat }, [ctx.seat]);
    },
    fold() {},
    when() {},
  },
  timers: { turn() {} },
  tick() {},
});
const options = {
  games: [pokerGame],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  log: noLog,
} satisfies ServerOptions;

describe('dev mode', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
  const serving = async (more: Partial<ServerOptions>): Promise<string> => {
    const server: RunningServer = await startServer(
      { store: 'memory', ...options, ...more },
      { port: 0, host: '127.0.0.1' },
    );
    endings.push(() => server.close());
    return `http://127.0.0.1:${server.port}`;
  };
  const get = async <T>(url: string): Promise<T> => {
    const reply = await fetch(url);
    assert.equal(reply.status, 200, url);
    return (await reply.json()) as T;
  };
  const statusOf = async (url: string) => (await fetch(url)).status;

  it('is off unless it is asked for: nothing of it is served, and no room lays itself open', async () => {
    const url = await serving({});
    const client = connect(url, { storage: null });
    endings.push(() => client.close());
    const room = await client.create(poker);
    for (const path of ['/dev', '/dev/', '/dev/games.json', `/dev/rooms/${room.id}.json`])
      assert.equal(await statusOf(url + path), 404, path);
  });

  it('is refused in production, by the library and by the settings', async () => {
    assert.equal(resolveDevMode(undefined, 'production'), false);
    assert.throws(() => resolveDevMode(true, 'production'), /NODE_ENV is production/);
    assert.throws(() => readConfig({ DEV: '1', NODE_ENV: 'production' }), ConfigError);
    assert.equal(readConfig({ NODE_ENV: 'production', DEV: '0' }).DEV, false);
    assert.equal(readConfig({ DEV: '1' }).DEV, true);
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    try {
      await assert.rejects(createServer({ store: 'memory', ...options, dev: true }), TypeError);
    } finally {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    }
  });

  it('describes each game with JSON Schemas, and null where there is none to be had', async () => {
    const { games, sockets, guests } = await get<GamesReply>(`${await serving({ dev: true })}/dev/games.json`);
    const [game] = games;
    assert.ok(game);
    const { options: made, actions, signals, events, inputs, ...rest } = game;
    assert.deepEqual(rest, {
      name: 'poker',
      version: 3,
      seats: { min: 2, max: 2 },
      start: 'full',
      late: false,
      bots: false,
      views: true,
      teams: [],
      tick: 5,
      clocks: ['turn'],
      refusals: ['too-much'],
    });
    assert.deepEqual(made!.properties, {
      chips: { default: 4, type: 'integer', minimum: 1, maximum: 9 },
      blind: { default: false, type: 'boolean' },
    });
    assert.equal(made!.required, undefined, 'as what is put in: what has a default need not be');
    assert.deepEqual(actions.bet!.required, ['chips']);
    assert.deepEqual([actions.fold, actions.when], [null, null], 'no converter; nothing that JSON has');
    assert.deepEqual(signals.wink!.enum, ['left', 'right']);
    assert.ok(events.bet!.properties);
    assert.equal(inputs.tap!.kind, 'pressed');
    assert.ok(inputs.lean!.kind === 'held' && inputs.lean!.schema!.properties);
    assert.deepEqual({ sockets, guests }, { sockets: { namespace: '/', path: '/socket.io' }, guests: true });
  });

  it('lays a room open: the document as no client sees it, and the journal after an entry', async () => {
    const url = await serving({ dev: true });
    const [ann, bob] = [connect(url, { storage: null }), connect(url, { storage: null })];
    endings.push(
      () => ann.close(),
      () => bob.close(),
    );
    const room = await ann.create(poker);
    await bob.join(poker, { id: room.id });
    const all = await get<DevRoomReply>(`${url}/dev/rooms/${room.id}.json`);
    assert.deepEqual(all.doc.state, { cards: [11, 22] });
    const { timers } = all.doc.hidden as unknown as { timers: Record<string, { at: number }> };
    assert.ok(timers.turn!.at > all.now);
    assert.deepEqual(
      all.entries.map(e => e.seq),
      Array.from({ length: all.place[1] }, (_x, i) => i + 1),
    );
    const said = await room.act.bet({ chips: 2 });
    assert.ok(said.ok);
    const { entries, place } = await get<DevRoomReply>(`${url}/dev/rooms/${room.id}.json?since=${all.place[1]}`);
    assert.deepEqual(place[1], said.position[1]);
    assert.deepEqual(entries.at(-1)!.events, [{ name: 'bet', data: { seat: 0 }, to: [0] }]);
    assert.ok(
      entries.every(e => e.term === all.term && e.bytes >= JSON.stringify(e.changes).length && 'hidden' in e.changes),
    );
    for (const [path, status] of [
      ['nobody', 404],
      ['a%20b', 404],
      [`${room.id}.json?since=-1&x=`, 404],
    ] as const)
      assert.equal(await statusOf(`${url}/dev/rooms/${path}.json`), status, path);
  });

  it('a node that takes a room over knows the entries it was loaded from, and keeps a bounded number', () => {
    const text = (n: number) => JSON.stringify([journalVersion, { state: { n } }, 1_000 + n]);
    const doc = { room: { id: 'r' }, state: { n: 5 }, hidden: { clock: 1_005 } };
    const history = new RoomHistory({
      seq: 6,
      snapshot: JSON.stringify({ v: journalVersion, doc }),
      snapshotSeq: 5,
      firstSeq: 5,
      entries: [text(5), text(6)],
      terms: [
        [3, 1],
        [4, 6],
      ],
    });
    assert.deepEqual(
      history.entriesSince(4).map(e => [e.term, e.seq]),
      [
        [3, 5],
        [4, 6],
      ],
    );
    assert.deepEqual(history.entriesSince(5), [
      { seq: 6, term: 4, bytes: text(6).length, changes: { state: { n: 6 }, hidden: { clock: 1_006 } }, events: [] },
    ]);
    const stateAt = (seq: number) => history.documentAt(seq)?.state ?? null;
    assert.deepEqual([4, 5, 6, 7].map(stateAt), [null, { n: 5 }, { n: 6 }, null]);
    const last = limits.devHistory + 10;
    for (let n = 7; n <= last; n++) history.entryCommitted([4, n], text(n));
    assert.deepEqual([history.entriesSince(0).length, history.entriesSince(0).at(-1)!.seq], [limits.devHistory, last]);
    assert.deepEqual([9, 10, 500, last].map(stateAt), [null, { n: 10 }, { n: 500 }, { n: last }]);
  });

  it("in somebody else's app it lies beside the other routes, and says where the sockets are", async () => {
    const app = express();
    const http = createHttpServer(app);
    const io = new Server(http, { path: '/ws' });
    endings.push(() => io.close());
    const server = await createServer({ store: 'memory', ...options, dev: true, io, app, authenticate: () => null });
    endings.push(() => server.close());
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const reply = await get<GamesReply>(
      `http://127.0.0.1:${(http.address() as AddressInfo).port}/rejoin/dev/games.json`,
    );
    assert.deepEqual([reply.sockets, reply.guests], [{ namespace: '/rejoin', path: '/ws' }, false]);
  });
});

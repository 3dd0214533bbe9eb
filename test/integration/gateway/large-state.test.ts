import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { io } from 'socket.io-client';
import { z } from 'zod';
import { connect, type Client } from '../../../client/index.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { contract, state } from '../../../shared/contract.ts';

const atlas = contract('atlas', {
  version: 1,
  seats: { min: 1, max: 2 },
  start: 'host',
  late: true,
  state: state<{ map: string[]; n: number }>(),
  actions: { shift: z.object({}) },
});
const atlasGame = atlas.rules({
  setup: () => ({ map: Array.from({ length: 1_000 }, (_x, i) => `${i} `.padEnd(980, 'x')), n: 0 }),
  actions: {
    shift: s => {
      s.map.shift();
      s.n += 1;
    },
  },
});

describe('a state of nearly a megabyte, over real connections', () => {
  let server: RunningServer;
  const open: { close(): void }[] = [];
  before(async () => {
    server = await startServer(
      { store: 'memory', games: [atlasGame], secret: 'a secret for the tests of a large state', log: noLog },
      { port: 0, host: '127.0.0.1' },
    );
  });
  after(async () => {
    for (const one of open) one.close();
    await server.close();
  });

  for (const transport of ['websocket', 'polling'] as const) {
    it(`[J11] begins a match, is joined and goes on by ${transport}, also for a stock client`, async () => {
      const url = `http://127.0.0.1:${server.port}`;
      const connected = (): Client => {
        const client = connect(url, { storage: null, transports: [transport] });
        open.push(client);
        return client;
      };
      const room = await connected().create(atlas);
      assert.ok((await room.start()).ok);
      assert.equal(room.state!.map.length, 1_000);
      const other = await connected().join(atlas, { id: room.id });
      assert.ok((await room.act.shift({})).ok);
      await new Promise<void>(resolve => {
        const look = () => {
          if (other.state!.n === 1) resolve();
        };
        other.onChange(look);
        look();
      });
      assert.deepEqual(other.state, room.state);
      const stock = io(url, { transports: [transport], forceNew: true });
      open.push(stock);
      await new Promise(resolve => stock.once('welcome', resolve));
      const reply = (await stock.timeout(10_000).emitWithAck('join', { room: room.id, watch: true })) as {
        view: { state: { map: string[] } };
      };
      assert.equal(reply.view.state.map.length, 999);
      const change = new Promise<unknown[]>(resolve => stock.once('change', (...said: unknown[]) => resolve(said)));
      assert.ok((await room.act.shift({})).ok);
      assert.ok(JSON.stringify(await change).length < 300, 'a change is short, however large the state');
      assert.deepEqual([room.ended, other.ended], [null, null]);
    });
  }
});

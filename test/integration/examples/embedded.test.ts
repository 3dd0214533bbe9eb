import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { io as dial } from 'socket.io-client';
import { connect } from '../../../client/index.ts';
import { race } from '../../../examples/embedded/contract.ts';
import { openClub, type Club } from '../../../examples/embedded/club.ts';
import { until } from '../../../tools/until.ts';
import { TestRedis } from '../redis/redis-server.ts';

const root = new URL('../../../', import.meta.url);
const secret = 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4';

/** examples/embedded, as it stands. */
describe('the example of an app with games in it', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
  const open = async (redisUrl?: string): Promise<Club & { url: string }> => {
    const folder = mkdtempSync(join(tmpdir(), 'rejoin-club-'));
    endings.push(() => rmSync(folder, { recursive: true }));
    const club = await openClub({ port: 0, secret, redisUrl, folder });
    endings.push(() => club.close());
    return { ...club, url: `http://127.0.0.1:${club.port}` };
  };
  const member = (url: string) => {
    const client = connect(`${url}/rejoin`, { storage: null });
    endings.push(() => client.close());
    return client;
  };

  it('has its own routes, its own chat, and races that two players of the example run', async () => {
    const { url } = await open();
    assert.equal(await (await fetch(url)).text(), 'The club. Races are on.');
    assert.equal((await fetch(`${url}/nowhere`)).status, 404);
    assert.deepEqual(await (await fetch(`${url}/rejoin/readyz`)).json(), { ready: true, draining: false });
    const [ann, bob] = [dial(url, { forceNew: true }), dial(url, { forceNew: true })];
    endings.push(() => {
      ann.close();
      bob.close();
    });
    await Promise.all([ann, bob].map(socket => once(socket as never, 'connect')));
    ann.emit('chat', 'who runs?');
    assert.deepEqual(await once(bob as never, 'chat'), ['who runs?']);
    const run = async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'examples/embedded/player.ts', url], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
      await once(child, 'close');
      return JSON.parse(out) as { at: number[]; me: number; ranking: number[][] };
    };
    const [one, two] = await Promise.all([run(), run()]);
    assert.deepEqual([one.at, one.ranking], [two.at, two.ranking]);
    assert.deepEqual([one.me, two.me].sort(), [0, 1]);
    assert.ok(one.at[one.ranking[0]![0]!]! >= 10);
  });

  it("on two machines with one Redis: a race goes on when the machine that runs it is gone; the chat stays each machine's own", async () => {
    const redis = await TestRedis.start();
    endings.push(() => redis.stop());
    const [first, second] = [await open(redis.url), await open(redis.url)];
    const [ann, bob] = [member(first.url), member(second.url)];
    const room = await ann.create(race);
    const other = await bob.join(race, { id: room.id });
    await Promise.all([room.ready(), other.ready()]);
    await until('the race is on', () => (other.info.phase === 'playing' ? true : undefined), { timeoutMs: 10_000 });
    await room.act.step({ by: 2 });
    await until('the step is seen on the other machine', () => (other.state?.at[0] === 2 ? true : undefined), {
      timeoutMs: 10_000,
    });
    const chat = dial(second.url, { forceNew: true });
    endings.push(() => chat.close());
    const heard: string[] = [];
    chat.on('chat', (text: string) => heard.push(text));
    await once(chat as never, 'connect');
    const talker = dial(first.url, { forceNew: true });
    endings.push(() => talker.close());
    talker.emit('chat', 'only here');
    await once(talker as never, 'chat');
    ann.close();
    await first.games.close();
    assert.equal((await other.act.step({ by: 3 })).ok, true);
    assert.deepEqual(other.state?.at, [2, 3]);
    assert.deepEqual(heard, []);
    assert.equal(talker.connected, true);
  });
});

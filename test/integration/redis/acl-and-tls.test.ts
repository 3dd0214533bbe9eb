import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createClient } from 'redis';
import { connect } from '../../../client/index.ts';
import { connectRedis } from '../../../server/redis-backend.ts';
import { RedisUnusableError } from '../../../server/store/redis-unusable-error.ts';
import { aclOf, passwordOf } from '../../../tools/local-cluster/redis-users.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { noMeter } from '../../../server/ops/metrics.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../../server/server.ts';
import { readTls } from '../../../server/store/redis-target.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { neededCommands } from '../../../server/store/redis-commands.ts';
import { StoreError } from '../../../server/store/store.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { fourInARowGame } from '../../../shared/games/four-in-a-row/rules.ts';
import { storeSuite } from '../../unit/store/store-suite.ts';
import { TestRedis } from './redis-server.ts';

const secret = 'a secret that is long enough to sign with';
const tls = join(import.meta.dirname, 'tls');

/** Two nodes on a Redis, and a match over both: all that a node does with Redis is done. */
async function playOn(redis: ServerOptions['redis']): Promise<void> {
  const servers: RunningServer[] = [];
  const clients: ReturnType<typeof connect>[] = [];
  try {
    for (const name of ['one', 'two'])
      servers.push(
        await startServer({ games: [fourInARowGame], secret, redis, name, log: noLog }, { port: 0, host: '127.0.0.1' }),
      );
    for (const { port } of servers) clients.push(connect(`http://127.0.0.1:${port}`, { storage: null }));
    const a = await clients[0]!.create(fourInARow, { options: { turnSeconds: 0 } });
    const b = await clients[1]!.join(fourInARow, { code: a.code });
    for (let i = 0; i < 6; i++) {
      const mover = await until(
        "it is somebody's turn",
        () => [a, b].find(r => r.info.phase === 'playing' && r.state?.turn === r.seat),
        { timeoutMs: 20_000 },
      );
      const said = await mover.act.drop({ column: i % 7 });
      assert.ok(said.ok, JSON.stringify(said));
    }
    await until('both see the same', () => JSON.stringify(a.state) === JSON.stringify(b.state) || undefined, {
      timeoutMs: 20_000,
    });
    assert.equal((await clients[1]!.list()).length, 1);
    await servers[0]!.drain();
    // There is no proxy here that would lead the other one on.
    await until(
      'the other node has the room',
      async () => (await clients[1]!.inspect(b as never)).owner === 'two' || undefined,
      { timeoutMs: 40_000 },
    );
  } finally {
    for (const client of clients) client.close();
    for (const server of servers) await server.close();
  }
}

describe('a Redis with users', () => {
  let folder: string;
  let redis: TestRedis;
  const url = (user: 'rejoin' | 'operator') => `redis://${user}:${passwordOf(user, secret)}@127.0.0.1:${redis.port}`;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rejoin-users-'));
    await writeFile(join(folder, 'users.acl'), aclOf(secret, 'rejoin:'));
    redis = await TestRedis.start(['--aclfile', join(folder, 'users.acl')], {
      user: 'operator',
      password: passwordOf('operator', secret),
    });
  });
  /** Runs `work` while the user who plays may not run these commands. */
  const withoutRights = async (commands: string[], work: () => Promise<void>) => {
    const admin = await createClient({ url: url('operator') }).connect();
    try {
      await admin.sendCommand(['ACL', 'SETUSER', 'rejoin', ...commands.map(command => `-${command}`)]);
      await work();
    } finally {
      await admin.sendCommand(['ACL', 'SETUSER', 'rejoin', ...commands.map(command => `+${command}`)]);
      admin.destroy();
    }
  };
  after(async () => {
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('[L1] the user who plays can play: nodes, match, list, hand-over, with nothing refused', async () => {
    await playOn({ url: url('rejoin') });
    const admin = await createClient({ url: url('operator') }).connect();
    const denied = await admin.sendCommand<unknown[]>(['ACL', 'LOG']);
    admin.destroy();
    // A hosted Redis, and this one, may keep its settings to itself: that is asked once at the start.
    assert.deepEqual(
      JSON.stringify(denied)
        .match(/"object":"[^"]+"|object","[^"]+"/g)
        ?.filter(d => !/config\|get/.test(d)) ?? [],
      [],
    );
  }).timeout(120_000);

  it('[L1] and nothing else: no other keys or channels, no settings, nothing that empties or lists', async () => {
    const client = await createClient({ url: url('rejoin') })
      .on('error', () => {})
      .connect();
    try {
      for (const words of [
        'FLUSHALL',
        'FLUSHDB',
        'KEYS *',
        'SCAN 0',
        'CONFIG GET maxmemory',
        'CONFIG SET maxmemory 1',
        'SHUTDOWN',
        'ACL LIST',
        'CLIENT KILL TYPE normal',
        'CLIENT LIST',
        'REPLICAOF NO ONE',
        'MONITOR',
        'SCRIPT FLUSH',
        'FUNCTION FLUSH',
        'SAVE',
        'SWAPDB 0 1',
        'MIGRATE h 1 k 0 1',
        'GET other:key',
        'SET other:key x',
        'PUBLISH other:channel x',
        'SUBSCRIBE other:channel',
        'PSUBSCRIBE *',
        'EVAL return(redis.call("get","other:key")) 0',
      ]) {
        await assert.rejects(
          client.sendCommand(words.split(' ')),
          /NOPERM|no permissions|ACL failure|can't access/i,
          words,
        );
      }
      assert.equal(await client.ping(), 'PONG');
    } finally {
      client.destroy();
    }
    const stranger = createClient({ url: `redis://127.0.0.1:${redis.port}`, socket: { reconnectStrategy: false } }).on(
      'error',
      () => {},
    );
    await stranger.connect().catch(() => {});
    await assert.rejects(stranger.get('rejoin:x'));
    if (stranger.isOpen) stranger.destroy();
  });

  it('[L1] what was written is there after a restart: Redis reads its file back in as the user default, who is off', async () => {
    const store = new RedisStore({ url: url('rejoin'), prefix: 'rejoin:', clock: realClock, log: noLog });
    try {
      await store.connect();
      await store.create({ id: 'kept', code: 'kept', game: 'g@1', snapshot: '{}', life: 60_000 });
      await store.claim('kept', { token: 'a', node: 'n', expected: null, floor: 0, games: ['g@1'] });
      assert.equal(await store.append('kept', { token: 'a', seq: 1, entry: 'e' }), 'ok');
      await redis.kill();
      await redis.run();
      const owner = await until('reads are answered again', () => store.owner('kept').catch(() => undefined), {
        timeoutMs: 20_000,
      });
      assert.equal(owner?.seq, 1);
    } finally {
      await store.close();
    }
  });

  it('[L1] the user who plays may run what a node runs, and no more', async () => {
    const acl = (await readFile(join(import.meta.dirname, '../../../docs/redis.acl'), 'utf8'))
      .split('\n')
      .find(l => l.startsWith('user rejoin '))!;
    assert.deepEqual(
      acl
        .split(' ')
        .filter(word => word.startsWith('+'))
        .map(word => word.slice(1))
        .sort(),
      neededCommands(),
    );
  });

  it('[L1] a node whose user may not run all that it runs does not start, and names what is missing', async () => {
    await withoutRights(['zlexcount', 'publish'], async () => {
      await assert.rejects(
        connectRedis({
          redis: { url: url('rejoin') },
          prefix: 'rejoin:',
          clock: realClock,
          log: noLog,
          meter: noMeter,
          patience: 8_000,
        }),
        (error: unknown) => {
          assert.ok(
            error instanceof RedisUnusableError &&
              /may not run publish, zlexcount: .*\+publish \+zlexcount/.test(error.message),
            String(error),
          );
          return true;
        },
      );
    });
  });

  it('[L1] a right that is taken away later is logged as an error, by name, and not with every call', async () => {
    const errors: string[] = [];
    const store = new RedisStore({
      url: url('rejoin'),
      prefix: 'rejoin:',
      clock: realClock,
      log: { ...noLog, error: (fields, text) => errors.push(`${text} ${JSON.stringify(fields)}`) },
    });
    try {
      await store.connect();
      await withoutRights(['pexpire'], async () => {
        for (const id of ['no-1', 'no-2'])
          await assert.rejects(store.create({ id, code: id, game: 'g@1', snapshot: '{}', life: 60_000 }), StoreError);
      });
      assert.equal(errors.length, 1);
      assert.match(errors[0]!, /redis command refused.*create/);
    } finally {
      await store.close();
    }
  });

  it('[L1] a wrong password is said to be wrong, and not told', async () => {
    await assert.rejects(
      connectRedis({
        redis: { url: `redis://rejoin:hush-hush@127.0.0.1:${redis.port}` },
        prefix: 'rejoin:',
        clock: realClock,
        log: noLog,
        meter: noMeter,
        patience: 8_000,
      }),
      (error: unknown) => {
        assert.ok(
          error instanceof RedisUnusableError && /WRONGPASS/.test(error.message) && !/hush/.test(error.message),
          String(error),
        );
        return true;
      },
    );
  });

  it('the file holds no password, only what it can be known by', () => {
    const text = aclOf(secret, 'mine:');
    assert.ok(
      text.includes(`#${createHash('sha256').update(passwordOf('rejoin', secret)).digest('hex')}`) &&
        text.includes('~mine:*') &&
        !text.includes('PASSWORD') &&
        !text.includes('rejoin:'),
    );
  });

  let store: RedisStore;
  storeSuite({
    name: 'Redis, as the user who plays',
    async open() {
      store = new RedisStore({ url: url('rejoin'), prefix: 'rejoin:', clock: realClock, log: noLog });
      await store.connect();
      return { store };
    },
    close: () => store.close(),
  });
});

describe('a Redis with TLS', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await TestRedis.start(
      [
        '--tls-cert-file',
        join(tls, 'server.pem'),
        '--tls-key-file',
        join(tls, 'server.key'),
        '--tls-ca-cert-file',
        join(tls, 'ca.pem'),
      ],
      { tls: readTls({ ca: join(tls, 'ca.pem'), cert: join(tls, 'client.pem'), key: join(tls, 'client.key') }) },
    );
  });
  after(() => redis?.stop());
  const attempt = (options: ServerOptions['redis']) =>
    connectRedis({ redis: options!, prefix: 'rejoin:', clock: realClock, log: noLog, meter: noMeter, patience: 4_000 });

  it("[L2] is played on with an authority, and a certificate of one's own", () =>
    playOn({
      url: redis.url,
      tls: readTls({ ca: join(tls, 'ca.pem'), cert: join(tls, 'client.pem'), key: join(tls, 'client.key') }),
    })).timeout(120_000);

  it('[L2] is not connected to if nobody vouches for it, nor without a certificate where it asks for one, nor in the clear', async () => {
    await assert.rejects(attempt({ url: redis.url }), RedisUnusableError);
    await assert.rejects(attempt({ url: redis.url, tls: readTls({ ca: join(tls, 'ca.pem') }) }), RedisUnusableError);
    await assert.rejects(attempt({ url: redis.url.replace('rediss:', 'redis:') }), RedisUnusableError);
  });
});

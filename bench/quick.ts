/**
 * `npm run bench:quick`: what one quick join costs the store while many rooms are open, in Redis and in memory.
 *
 *   --rooms N   open rooms of one game (10000)
 *   --calls N   calls of each kind (1000)
 *
 * Prints ms for each kind of call: median, 99th percentile and maximum as the caller sees them, one call at a time, and
 * for Redis the time in the server per command.
 */
import { createClient } from 'redis';
import { parseCommandLine } from '../tools/command-line.ts';
import { noLog } from '../server/ops/log.ts';
import { realClock, realEntropy } from '../server/runtime/real-ports.ts';
import { anyPool, type FindOrCreate, type Store } from '../server/store/store.ts';
import { MemoryStore } from '../server/store/memory-store.ts';
import { RedisStore } from '../server/store/redis-store.ts';
import { TestRedis } from '../test/integration/redis/redis-server.ts';

const { values } = parseCommandLine('bench/quick.ts', {
  options: { rooms: { type: 'string', default: '10000' }, calls: { type: 'string', default: '1000' } },
});
const [rooms, calls] = [Number(values.rooms), Number(values.calls)];
let requestCount = 0;

/** A call by a player of its own. */
function requestOf(more: Partial<FindOrCreate> = {}): FindOrCreate {
  const n = ++requestCount;
  const { pool = 'p0', game = 'game' } = more;
  const prepared = {
    id: `room-${n}`,
    code: `C${n}`,
    game: 'game@1',
    snapshot: '{}',
    life: 3_600_000,
    offer: { game, pool: pool === anyPool ? 'p0' : pool, since: 1_000_000 + n, free: 64, present: true, players: [] },
  };
  return {
    game,
    pool,
    player: `player-${n}`,
    call: `call-${n}`,
    skip: [],
    search: true,
    prepared,
    reserveMs: 600_000,
    rememberMs: 600_000,
    rememberLastMs: 3_600_000,
    repeatWithinMs: 2_000,
    ...more,
  };
}

const kinds: [string, () => FindOrCreate][] = [
  ['an open room of 1 of 10 option sets', () => requestOf({ pool: `p${requestCount % 10}`, prepared: null })],
  ['any open room', () => requestOf({ pool: anyPool, prepared: null })],
  [
    '32 rooms skipped',
    () => requestOf({ prepared: null, skip: Array.from({ length: 32 }, (_x, i) => `room-${i * 10 + 10}`) }),
  ],
  ['a repeat', () => requestOf({ player: 'player-1', call: 'call-1', prepared: null })],
  ['none open: a new room', () => requestOf({ pool: 'new', game: `game-${requestCount}` })],
];

async function measure(name: string, store: Store, serverMicros: () => Promise<number | null>): Promise<void> {
  for (let made = 0; made < rooms; made += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, rooms - made) }, (_x, i) =>
        store.findOrCreate(requestOf({ pool: `p${(made + i) % 10}`, search: false })),
      ),
    );
  }
  for (const [kind, next] of kinds) {
    const took: number[] = [];
    const before = await serverMicros();
    for (let i = 0; i < calls; i++) {
      const request = next();
      const started = performance.now();
      await store.findOrCreate(request);
      took.push(performance.now() - started);
    }
    const after = await serverMicros();
    took.sort((a, b) => a - b);
    const at = (part: number) => took[Math.min(took.length - 1, Math.floor(part * took.length))]!.toFixed(2);
    process.stdout.write(
      `| ${name} | ${kind} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${before === null || after === null ? '' : ((after - before) / calls / 1_000).toFixed(3)} |\n`,
    );
  }
}

process.stdout.write(
  `${rooms} open rooms, ${calls} calls of each kind; ms\n\n| store | call | median | p99 | maximum | in the server |\n|---|---|---|---|---|---|\n`,
);
const redis = await TestRedis.start(['--appendfsync', 'everysec']);
const store = new RedisStore({ url: redis.url, prefix: 'bench:', clock: realClock, log: noLog, deadline: 30_000 });
await store.connect();
const admin = createClient({ url: redis.url });
await admin.connect();
await measure('Redis', store, async () =>
  Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0),
);
admin.destroy();
await store.close();
await redis.stop();
await measure('memory', new MemoryStore(realClock, realEntropy), async () => null);

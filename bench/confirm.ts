import { askRedis } from '../tools/local-cluster/ask-redis.ts';
import { openRedisGroup } from '../tools/local-cluster/redis-group.ts';
import { openRunFolder } from '../tools/local-cluster/run-folder.ts';
import { requireSystem } from '../tools/local-cluster/system.ts';
import { noLog } from '../server/ops/log.ts';
import { realClock } from '../server/runtime/real-ports.ts';
import { RedisStore } from '../server/store/redis-store.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * What a replica's confirmation costs: rooms that append 200-byte entries in closed loops, without and with it, on a
 * master with two replicas. `npm run bench:confirm -- SECONDS`
 */
const {
  positionals: [wanted = '5'],
} = parseCommandLine('bench/confirm.ts', { allowPositionals: true });
const seconds = Number(wanted);
if (!(seconds > 0)) exitWithUsage(`SECONDS: a number above 0, not '${wanted}'`);
const { 'redis-server': command } = await requireSystem(['redis-server'], text => process.stdout.write(`${text}\n`));
const folder = await openRunFolder();
const group = await openRedisGroup(
  {
    command,
    folder: folder.path,
    secret: folder.secret,
    keyPrefix: 'rejoin:',
    downAfterMs: 1_000,
    replicas: 2,
    settings: {},
    port: () => folder.ports.take(),
    onMasterChanged: () => {},
  },
  {
    mayStart: () => true,
    started: (name, pid) => folder.recordProcess({ name, pid }),
    line: () => {},
    exited: () => {},
  },
);
try {
  await group.start();
  process.stdout.write(
    '| rooms | replicas that confirm | appends/s | p50 ms | p99 ms | rounds of WAIT/s |\n|---|---|---|---|---|---|\n',
  );
  for (const rooms of [1, 20, 200])
    for (const waitReplicas of [0, 1, 2]) process.stdout.write(`${await measure(rooms, waitReplicas)}\n`);
} finally {
  await group.killAll();
  await folder.close();
}

async function measure(rooms: number, waitReplicas: number): Promise<string> {
  const store = new RedisStore({
    url: group.operatorUrl(),
    prefix: 'rejoin:',
    clock: realClock,
    log: noLog,
    waitReplicas,
  });
  await store.connect();
  await askRedis(group.operatorUrl(), ['CONFIG', 'RESETSTAT']);
  const took: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    Array.from({ length: rooms }, async (_x, i) => {
      const id = `b${rooms}-${waitReplicas}-${i}`;
      await store.create({ id, code: id, game: 'g@1', snapshot: '{}', life: 60_000 });
      await store.claim(id, { token: 't', node: 'n', expected: null, floor: 0, games: ['g@1'] });
      for (let seq = 1; performance.now() < end; seq++) {
        const asked = performance.now();
        if ((await store.append(id, { token: 't', seq, entry: 'x'.repeat(200) })) !== 'ok')
          throw new Error('an append was refused');
        took.push(performance.now() - asked);
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1_000;
  const waits = Number(
    /cmdstat_wait:calls=(\d+)/.exec(await askRedis(group.operatorUrl(), ['INFO', 'commandstats']))?.[1] ?? 0,
  );
  await store.close();
  took.sort((a, b) => a - b);
  const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))]!.toFixed(2);
  return `| ${rooms} | ${waitReplicas} | ${Math.round(took.length / elapsed)} | ${at(0.5)} | ${at(0.99)} | ${Math.round(waits / elapsed)} |`;
}

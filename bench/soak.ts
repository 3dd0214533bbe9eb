import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { createClient } from 'redis';
import { demoGames } from '../server/cli/demo-games.ts';
import { startCluster, type Cluster } from '../tools/local-cluster/cluster.ts';
import { limits } from '../shared/limits.ts';
import { charts, type Chart } from './chart.ts';
import { emptyTotals, Table } from './guests.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * Hours of ordinary evenings, shortened: tables of all games are made, played, and left, for so many minutes, while a
 * node is killed every minute. Does anything grow? Then everybody goes home: is anything left in Redis that should not
 * be?
 *
 * The first node is never killed, so that one process is seen from the beginning to the end.
 */
const { values } = parseCommandLine('bench/soak.ts', {
  options: {
    minutes: { type: 'string', default: '30' },
    tables: { type: 'string', default: '24' },
    'kill-every': { type: 'string', default: '60' },
    nodes: { type: 'string', default: '3' },
    svg: { type: 'string' },
    json: { type: 'string' },
  },
});
const setting = {
  minutes: Number(values.minutes),
  tables: Number(values.tables),
  killEvery: Number(values['kill-every']),
  nodes: Number(values.nodes),
};
if (Object.values(setting).some(n => !(n > 0)))
  exitWithUsage('--minutes, --tables, --kill-every and --nodes are numbers above 0');

/** What one look shows of a node, of Redis, of all. */
interface NodeSample {
  name: string;
  pid: number;
  rss: number;
  heap: number;
  handles: number;
  delay: number;
  rooms: number;
  sockets: number;
}
interface Sample {
  at: number;
  nodes: NodeSample[];
  redis: { memory: number; keys: number };
  acted: number;
}

const sampleIntervalMs = 5_000;
const ofRooms = 'rooms: their meta, journal, snapshot, code';
/** Rooms that somebody closed the lid on are kept for an hour, and no longer. */
const isStray = (so: { withoutLife: number; longest: number } | undefined): boolean =>
  so !== undefined && (so.withoutLife > 0 || so.longest > limits.abandonedRoomTtl);
const MB = 1024 * 1024;
const cluster = await startCluster({ nodes: setting.nodes, quiet: true, env: { LOG_LEVEL: 'warn' } });
const redis = createClient({ url: cluster.redisUrl });
redis.on('error', () => {}); // what cannot be read fails at its reader
await redis.connect();
const began = performance.now();
const since = () => (performance.now() - began) / 1000;
const samples: Sample[] = [];
const kills: number[] = [];
const visits = emptyTotals();
let growing = false;
try {
  const tables = Array.from(
    { length: setting.tables },
    (_t, i) => new Table(cluster.url, demoGames[i % demoGames.length]!, tableSettings(i), visits),
  );
  for (const [i, table] of tables.entries()) setTimeout(() => table.start(), i * 100);
  const stopLooking = every(sampleIntervalMs, async () => {
    samples.push(await takeSample(cluster));
  });
  const stopKilling = every(setting.killEvery * 1000, async () => {
    const { name } = cluster.nodes[1 + (kills.length % Math.max(1, setting.nodes - 1))] ?? cluster.nodes[0]!;
    kills.push(since());
    await cluster.kill(name);
    await cluster.restart(name);
  });
  await pause(setting.minutes * 60_000);
  await stopKilling();
  await Promise.all(tables.map(table => table.stop()));
  await stopLooking();
  const left = await readLeftoverKeys();
  growing = await report(left);
} finally {
  redis.destroy();
  await cluster.stop();
}
process.exitCode = growing ? 1 : 0;

/** Short matches, so that many begin and end. */
function tableSettings(i: number) {
  const of = [
    { players: 2, matches: 4, think: 250, options: { turnSeconds: 60 } },
    { players: 3, matches: 2, think: 300, options: { dice: 2, turnSeconds: 45 } },
    { players: 4, matches: 1, think: 150, options: { rounds: 1, seconds: 20 } },
  ][i % demoGames.length]!;
  return { ...of, seed: 1 + i };
}

async function takeSample(cluster: Cluster): Promise<Sample> {
  const nodes = await Promise.all(
    cluster.nodes
      .filter(n => n.state === 'up')
      .map(async ({ name, pid, url }): Promise<NodeSample | null> => {
        const text = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(3_000) }).then(
          r => r.text(),
          () => null,
        );
        if (text === null) return null; // it is being killed
        const of = (metric: string) => Number(new RegExp(`^${metric} (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
        return {
          name,
          pid: pid!,
          rss: of('process_resident_memory_bytes'),
          heap: of('nodejs_heap_size_used_bytes'),
          handles: of('nodejs_active_resources'),
          delay: 1_000 * of('rejoin_event_loop_delay_p99_seconds'),
          rooms: of('rejoin_rooms'),
          sockets: of('rejoin_sockets'),
        };
      }),
  );
  const memory = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))![1]);
  return {
    at: since(),
    nodes: nodes.filter(n => n !== null),
    redis: { memory, keys: await redis.dbSize() },
    acted: visits.acted,
  };
}

/** Keys by what they are, when everybody has gone and the time for which seats are held is over. */
async function readLeftoverKeys(): Promise<{ kind: string; keys: number; withoutLife: number; longest: number }[]> {
  const until = performance.now() + 240_000;
  for (;;) {
    const found = new Map<string, { keys: number; withoutLife: number; longest: number }>();
    for await (const keys of redis.scanIterator({ MATCH: '*', COUNT: 500 })) {
      for (const key of keys) {
        const kind = kindOf(key);
        const life = await redis.pTTL(key);
        const so = found.get(kind) ?? { keys: 0, withoutLife: 0, longest: 0 };
        found.set(kind, {
          keys: so.keys + 1,
          withoutLife: so.withoutLife + (life < 0 ? 1 : 0),
          longest: Math.max(so.longest, life),
        });
      }
    }
    if (!isStray(found.get(ofRooms)) || performance.now() > until)
      return [...found].map(([kind, so]) => ({ kind, ...so })).sort((a, b) => a.kind.localeCompare(b.kind));
    await pause(2_000);
  }
}

function kindOf(key: string): string {
  const name = key.replace(/^rejoin:/, '');
  if (/^\{r:[^}]+\}:r\d+$/.test(name)) return 'recordings of finished matches';
  if (/^\{r:[^}]+\}:p\d+$/.test(name)) return 'pieces of recordings';
  return name.startsWith('{r:') || name.startsWith('code:') ? ofRooms : name;
}

/** Middle of the second fifth and of the last fifth of a run: what is warm by then should not have grown since. */
function growth(of: (look: Sample) => number | undefined): { early: number; late: number } {
  const of5 = (n: number) =>
    samples
      .filter(l => l.at >= (setting.minutes * 60 * n) / 5 && l.at < (setting.minutes * 60 * (n + 1)) / 5)
      .flatMap(l => of(l) ?? []);
  const middle = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
  return { early: middle(of5(1)), late: middle(of5(4)) };
}

async function report(left: Awaited<ReturnType<typeof readLeftoverKeys>>): Promise<boolean> {
  const first = (l: Sample) => l.nodes.find(n => n.name === 'node-1');
  const rows = [
    {
      name: 'memory of the node that lives on, MB',
      ...growth(l => {
        const n = first(l);
        return n && n.rss / MB;
      }),
    },
    {
      name: 'its heap in use, MB',
      ...growth(l => {
        const n = first(l);
        return n && n.heap / MB;
      }),
    },
    { name: 'its open handles', ...growth(l => first(l)?.handles) },
    { name: 'its event-loop delay, p99, ms', ...growth(l => first(l)?.delay) },
    { name: 'memory of Redis, which keeps the recordings of a day, MB', ...growth(l => l.redis.memory / MB) },
    { name: 'keys in Redis', ...growth(l => l.redis.keys) },
  ];
  const names = cluster.nodes.map(n => n.name);
  const line = (name: string, of: (l: Sample) => number | undefined): Chart['series'][number] => ({
    name,
    points: samples.flatMap(l => {
      const y = of(l);
      return y === undefined || Number.isNaN(y) ? [] : [[l.at / 60, y] as const];
    }),
  });
  const perNode = (of: (n: NodeSample) => number) =>
    names.map(name =>
      line(name, l => {
        const n = l.nodes.find(m => m.name === name);
        return n && of(n);
      }),
    );
  const marks = kills.map(k => k / 60);
  const picture = charts(
    `${setting.minutes} min of play, a node killed every ${setting.killEvery} s (dotted)`,
    'minutes',
    [
      { title: 'Memory of nodes', unit: 'MB, resident', series: perNode(n => n.rss / MB), marks },
      { title: 'Heap in use', unit: 'MB', series: perNode(n => n.heap / MB), marks },
      { title: 'Event-loop delay', unit: 'ms, p99', series: perNode(n => n.delay), marks },
      { title: 'Open handles', unit: '', series: perNode(n => n.handles), marks },
      { title: 'Redis', unit: 'MB', series: [line('memory', l => l.redis.memory / MB)], marks },
      { title: 'Keys in Redis', unit: '', series: [line('keys', l => l.redis.keys)], marks },
      { title: 'Rooms', unit: 'by node', series: perNode(n => n.rooms), marks },
      {
        title: 'Accepted actions',
        unit: 'per second',
        series: [
          {
            name: 'actions',
            points: samples
              .slice(1)
              .map((l, i) => [l.at / 60, (l.acted - samples[i]!.acted) / (l.at - samples[i]!.at)] as const),
          },
        ],
        marks,
      },
    ],
  );
  const about = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}`,
    ...setting,
    kills: kills.length,
  };
  if (values.svg !== undefined) await write(values.svg, picture);
  if (values.json !== undefined)
    await write(values.json, `${JSON.stringify({ about, visits, rows, left, looks: samples, kills }, null, 1)}\n`);
  process.stdout.write(
    [
      '',
      `${about.date}, ${about.machine}: ${setting.minutes} min, ${setting.tables} tables, ${setting.nodes} nodes, ${kills.length} kills`,
      '',
      `${visits.tables} rooms made, ${visits.matches} matches played to their end, ${visits.acted} actions accepted; refused ${JSON.stringify(visits.refused)}; evenings that failed ${JSON.stringify(visits.failed)}`,
      '',
      '| | second fifth | last fifth |',
      '|---|---|---|',
      ...rows.map(r => `| ${r.name} | ${r.early.toFixed(1)} | ${r.late.toFixed(1)} |`),
      '',
      'When all have gone home:',
      '',
      '| what is left in Redis | keys | of these for ever | longest life, s |',
      '|---|---|---|---|',
      ...left.map(l => `| ${l.kind} | ${l.keys} | ${l.withoutLife} | ${(l.longest / 1000).toFixed(0)} |`),
      '',
    ].join('\n'),
  );
  return isStray(left.find(l => l.kind === ofRooms)) || rows[0]!.late > rows[0]!.early * 1.25 + 20;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Does it again and again, and resolves when the last one is done. */
function every(ms: number, work: () => Promise<void>): () => Promise<void> {
  let stopped = false;
  let wake = () => {};
  const running = (async () => {
    for (;;) {
      await new Promise<void>(done => {
        const timer = setTimeout(done, ms);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      if (stopped) return;
      await work();
    }
  })();
  return () => {
    stopped = true;
    wake();
    return running;
  };
}

function pause(ms: number): Promise<void> {
  return new Promise(done => {
    setTimeout(done, ms);
  });
}

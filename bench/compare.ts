import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { packageRoot } from '../server/runtime/package-root.ts';
import { barCharts, type Bars } from './contest/bars.ts';
import { openBenchEnvironment } from './contest/environment.ts';
import { contestants } from './contest/contestants.ts';
import { summarize } from './contest/figures.ts';
import { report, formatNumber } from './contest/report.ts';
import { runOnce, type Figure, type Result } from './contest/round.ts';
import { workloads, type Workload } from './contest/workloads.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * Rejoin side by side with its peers: the same work, the same machine, round after round (A B C A B C …), so that what
 * disturbs one disturbs all. `npm run bench -- --only arena --contestants colyseus,rejoin-owner --rounds 7`
 */
const list = (text: string | undefined) =>
  text
    ?.split(',')
    .map(s => s.trim())
    .filter(s => s !== '');
const { values } = parseCommandLine(
  'bench/compare.ts',
  {
    options: {
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '8' },
      'warm-up': { type: 'string', default: '4' },
      clients: { type: 'string' },
      only: { type: 'string' },
      contestants: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      profile: { type: 'string' },
    },
  },
  ['clients'],
);
const chosen = <T extends { name: string }>(
  what: string,
  from: readonly T[],
  names: string[] | undefined,
): readonly T[] => {
  const strange = names?.find(name => !from.some(one => one.name === name));
  if (strange !== undefined)
    exitWithUsage(`--${what}: there is no '${strange}', but ${from.map(one => one.name).join(', ')}`);
  return names === undefined ? from : from.filter(one => names.includes(one.name));
};
const number = (what: 'rounds' | 'seconds' | 'warm-up', least: number): number => {
  const n = Number(values[what]);
  if (!(n >= least)) exitWithUsage(`--${what} is a number from ${least}`);
  return n;
};
const [rounds, timing] = [number('rounds', 1), { seconds: number('seconds', 1), warmUp: number('warm-up', 0) }];
const selected = chosen('contestants', contestants, list(values.contestants));
const sizes = list(values.clients)?.map(Number) ?? [null];
const plan = chosen('only', workloads, list(values.only)).flatMap(w =>
  sizes.map((clients): Workload => ({ ...w, clients: clients ?? w.clients })),
);

const versionOf = (name: string): string => {
  for (const folder of ['bench/peers/node_modules', 'node_modules']) {
    try {
      return (JSON.parse(readFileSync(join(packageRoot, folder, name, 'package.json'), 'utf8')) as { version: string })
        .version;
    } catch {
      /* not there: perhaps in the other */
    }
  }
  return 'not installed';
};
/** Packages are named as they are in their registry. */
const packages = [
  'ws',
  'socket.io',
  '@socket.io/redis-adapter',
  '@colyseus/core',
  '@colyseus/schema',
  'boardgame.io',
  'redis',
];
const about = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  machine: `${cpus().length} × ${cpus()[0]!.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  redis: /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? '?',
  rejoin: (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version,
  packages: Object.fromEntries(packages.map(name => [name, versionOf(name)])),
  rounds,
  ...timing,
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
};

const results: { workload: Workload; of: Result[] }[] = plan.map(workload => ({ workload, of: [] }));
const env: Record<string, string> =
  values.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(values.profile)}` };
const environment = await openBenchEnvironment({ env, stopsGracefully: values.profile !== undefined });
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true;
    process.stderr.write('\nends after this one\n');
  });
try {
  for (let round = 1; round <= rounds; round++) {
    for (const { workload, of } of results) {
      for (const contestant of selected.filter(c => c.games.includes(workload.game))) {
        if (interrupted) break;
        of.push(await attempt(workload, contestant, round));
      }
    }
  }
} finally {
  await environment.close();
}
await publish();

/** A contestant that fails a round has a fault in it, and the others go on. */
async function attempt(workload: Workload, contestant: (typeof contestants)[number], round: number): Promise<Result> {
  const began = performance.now();
  const result = await runOnce(contestant, workload, round, timing, environment).catch((error: unknown): Result => ({
    contestant: contestant.name,
    workload: workload.name,
    round,
    clients: workload.clients,
    faults: [(error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!],
    figures: Object.fromEntries(
      (
        [
          'cpu',
          'redisCpu',
          'system',
          'bytes',
          'bytesOut',
          'deliveries',
          'moves',
          'p50',
          'p99',
          'jitter',
          'memory',
          'load',
          'others',
        ] satisfies Figure[]
      ).map(f => [f, NaN]),
    ) as Record<Figure, number>,
  }));
  const { figures: f, faults } = result;
  const seen = {
    delivery: `${formatNumber(f.bytes)} B, ${formatNumber(f.deliveries)}/s, jitter ${formatNumber(f.jitter)}`,
    move: `${formatNumber(f.moves)}/s, p50 ${formatNumber(f.p50)}, p99 ${formatNumber(f.p99)}`,
    client: `${formatNumber(f.memory)} KiB, ${formatNumber(f.bytes)} B`,
  }[workload.per.what];
  process.stderr.write(
    `${round}. ${workload.name} ${workload.clients} ${contestant.name}: ${formatNumber(f.cpu)} ${workload.per.unit}, Redis ${formatNumber(f.redisCpu)}; ${seen}; load ${formatNumber(f.load)}, others ${formatNumber(f.others)} cores; ${((performance.now() - began) / 1_000).toFixed(0)} s${faults.map(fault => `\n   ! ${fault}`).join('')}\n`,
  );
  return result;
}

async function publish(): Promise<void> {
  const versions = Object.entries(about.packages)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  process.stdout.write(
    `\n    ${about.command}\n\n${about.date}, ${about.machine}, Node ${about.node}, Redis ${about.redis}; Rejoin ${about.rejoin}, ${versions}. Of each contestant and round ${timing.seconds} s were measured, after ${timing.warmUp} s that were not.\n\n${results.map(({ workload, of: found }) => report(workload, found, { contestants: selected, all: results.flatMap(r => r.of) })).join('\n')}`,
  );
  if (values.json !== undefined)
    await write(values.json, `${JSON.stringify({ about, results: results.flatMap(r => r.of) }, null, 1)}\n`);
  if (values.svg !== undefined)
    await write(
      values.svg,
      barCharts(
        `Rejoin and its peers, ${about.date}, Node ${about.node}, ${rounds} rounds`,
        results.flatMap(({ workload, of: found }) => plots(workload, found)),
      ),
    );
}

function plots(workload: Workload, found: readonly Result[]): Bars[] {
  const title = `${workload.title}, ${workload.clients} clients`;
  const bars = (figure: Figure) =>
    selected
      .map(c => ({
        name: c.what,
        value: summarize(found.filter(r => r.contestant === c.name).map(r => r.figures[figure])),
        ours: !c.isPeer,
      }))
      .filter(b => b.value.n > 0);
  const second = {
    delivery: ['bytes', 'bytes per delivery'],
    move: ['p50', 'move → verdict, median, ms'],
    client: ['memory', 'memory of the servers, KiB per client'],
  }[workload.per.what] as [Figure, string];
  return [
    { title, unit: `CPU of the servers, ${workload.per.unit}`, bars: bars('cpu') },
    { title, unit: second[1], bars: bars(second[0]) },
  ];
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { startPeer, startRejoin, type Contestant, type Running } from './contest/contestant.ts';
import { LoadProcess } from './contest/load-process.ts';
import { openBenchEnvironment, type BenchEnvironment } from './contest/environment.ts';
import { bytesBetween, readByteTotals, countCommands, type ByteCounts } from './contest/redis-counts.ts';
import { formatNumber } from './contest/report.ts';
import { readUsage } from './contest/processes.ts';
import type { CrowdOptions } from './load/crowd.ts';
import { hz } from './work/arena.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * How cost grows with nodes: what Redis is asked for each move and each tick of a room, and what goes through it, on 1,
 * 2, 4, 8, 16 nodes with the same players. Counts, not times: those of so many nodes on one machine would say nothing.
 * `npm run bench:growth -- --nodes 1,2,4 --seconds 4`
 */
const { values } = parseCommandLine('bench/growth.ts', {
  options: {
    nodes: { type: 'string', default: '1,2,4,8,16' },
    seconds: { type: 'string', default: '4' },
    contestants: { type: 'string', default: 'rejoin-spread,rejoin-owner,socket.io-redis' },
    clients: { type: 'string', default: '64' },
  },
});
const [seconds, clients] = [Number(values.seconds), Number(values.clients)];

type Growing = Pick<Contestant, 'dialect' | 'placement'> & {
  start(place: BenchEnvironment, nodes: number): Promise<Running>;
};
const growing: Record<string, Growing> = {
  'rejoin-spread': { dialect: 'rejoin', placement: 'spread', start: startRejoin },
  'rejoin-owner': { dialect: 'rejoin', placement: 'owner', start: startRejoin },
  'socket.io-redis': {
    dialect: 'socket.io',
    placement: 'spread',
    start: (place, nodes) => startPeer(place, 'socket-io.js', { nodes, redis: true }),
  },
};

/** What was counted in some seconds in which so much was played. */
interface Sample {
  commands: number;
  inScripts: number;
  names: [string, number][];
  bytes: ByteCounts;
  cpu: number;
  played: number;
  seconds: number;
  /** Bytes of one delivery to one client. */
  stream: number;
}

const place = await openBenchEnvironment();
try {
  process.stdout.write(
    `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}: ${clients} clients, ${seconds} s each. "For nothing" is what is asked with nobody playing, and taken off the rest. Top-level commands; what scripts run is not waited for by anybody.\n\n`,
  );
  process.stdout.write(
    '| | nodes | for nothing: commands per node and second | bytes | per move: commands | which | in scripts | Redis in, B | out, B | journal, B | per tick of a room: commands | which | Redis in, B | out, B | journal, B | to one client, B | CPU µs per move |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n',
  );
  for (const name of values.contestants.split(',')) {
    const one = growing[name];
    if (!one) exitWithUsage(`--contestants: there is no '${name}', but ${Object.keys(growing).join(', ')}`);
    for (const nodes of values.nodes.split(',').map(Number)) process.stdout.write(`${await row(name, one, nodes)}\n`);
  }
} finally {
  await place.close();
}

async function row(name: string, one: Growing, nodes: number): Promise<string> {
  const running = await one.start(place, nodes);
  try {
    await pause(2_000);
    const nothing = await takeSample(running, null);
    const moves = await measurePlay(running, one, 'moves', nothing);
    const ticks = await measurePlay(running, one, 'arena', nothing);
    const each = ({ names }: Sample) =>
      names
        .slice(0, 4)
        .map(([command, n]) => `${command} ${formatNumber(n)}`)
        .join(', ');
    const idle = nothing.commands / nodes / nothing.seconds;
    return `| ${[name, nodes, formatNumber(idle), formatNumber((nothing.bytes.input + nothing.bytes.output) / nodes / nothing.seconds), formatNumber(moves.commands), each(moves), formatNumber(moves.inScripts), formatNumber(moves.bytes.input), formatNumber(moves.bytes.output), formatNumber(moves.bytes.journal), formatNumber(ticks.commands), each(ticks), formatNumber(ticks.bytes.input), formatNumber(ticks.bytes.output), formatNumber(ticks.bytes.journal), formatNumber(ticks.stream), formatNumber(moves.cpu)].join(' | ')} |`;
  } finally {
    await running.stop();
  }
}

/** Everything per move, or per tick of a room, beyond what is asked for nothing. */
async function measurePlay(
  running: Running,
  { dialect, placement }: Growing,
  game: 'moves' | 'arena',
  nothing: Sample,
): Promise<Sample> {
  const load = new LoadProcess();
  try {
    const order: CrowdOptions = { dialect, placement, game, variant: null, urls: running.urls, clients, think: 100 };
    await load.ask({ ask: 'sit', order });
    await load.ask({ ask: 'play' });
    await pause(2_000);
    const found = await takeSample(running, load);
    await load.ask({ ask: 'leave' });
    const less = (n: number, idle: number) => (n - (idle / nothing.seconds) * found.seconds) / found.played;
    const idleOf = new Map(nothing.names);
    const { bytes, names } = found;
    return {
      ...found,
      commands: less(found.commands, nothing.commands),
      inScripts: less(found.inScripts, nothing.inScripts),
      cpu: (found.cpu / found.played) * 1_000_000,
      names: names
        .map(([command, n]): [string, number] => [command, less(n, idleOf.get(command) ?? 0)])
        .filter(([, n]) => n > 0.01)
        .sort((a, b) => b[1] - a[1]),
      bytes: {
        input: less(bytes.input, nothing.bytes.input),
        output: less(bytes.output, nothing.bytes.output),
        journal: less(bytes.journal, nothing.bytes.journal),
      },
    };
  } finally {
    await load.stop();
  }
}

/** First the bytes, then the commands, since MONITOR tells its watcher everything, which are bytes too. */
async function takeSample(running: Running, load: LoadProcess | null): Promise<Sample> {
  const url = running.redisUrl!;
  const cpu = () =>
    running.processes
      .filter(p => p.role === 'server')
      .reduce((n, { pid }) => n + readUsage(pid).user + readUsage(pid).system, 0);
  const count = async (work: () => Promise<void>) => {
    await load?.ask({ ask: 'begin' });
    const began = performance.now();
    await work();
    const counted = load && (await load.readCounts());
    const took = counted?.seconds ?? (performance.now() - began) / 1_000;
    return {
      seconds: took,
      stream: counted === null ? NaN : counted.bytesIn / counted.deliveries,
      played:
        counted === null
          ? 1
          : counted.moves > 0
            ? counted.moves
            : counted.deliveries > 0
              ? took * hz * (clients / 8)
              : NaN,
    };
  };
  let bytes: ByteCounts = { input: 0, output: 0, journal: 0 };
  let used = 0;
  const first = await count(async () => {
    const [before, from] = [await readByteTotals(url), cpu()];
    await pause(seconds * 1_000);
    const after = await readByteTotals(url);
    used = cpu() - from;
    bytes = bytesBetween(before, after);
  });
  let sent: [string, number][] = [];
  let inScripts = 0;
  const second = await count(async () => {
    const commands = await countCommands(url, seconds * 1_000);
    sent = [...commands.sent];
    ({ inScripts } = commands);
  });
  // Both as if in the first one.
  const scale = first.played / second.played;
  const alike = (n: number) => n * (load === null ? first.seconds / second.seconds : scale);
  return {
    ...first,
    cpu: used,
    bytes,
    inScripts: alike(inScripts),
    names: sent.map(([name, n]) => [name, alike(n)]),
    commands: alike(sent.reduce((n, [, m]) => n + m, 0)),
  };
}

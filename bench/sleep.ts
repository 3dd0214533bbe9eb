import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../tools/until.ts';
import { startRejoin } from './contest/contestant.ts';
import { LoadProcess } from './contest/load-process.ts';
import { openBenchEnvironment } from './contest/environment.ts';
import { readUsage } from './contest/processes.ts';
import { parseCommandLine } from '../tools/command-line.ts';

/**
 * What a room costs its node while it is played in, and what is left of it when all have gone: rooms in memory, heap,
 * and memory of Redis. `npm run bench:sleep -- --clients 2000`
 */
const { values } = parseCommandLine('bench/sleep.ts', { options: { clients: { type: 'string', default: '2000' } } });
const clients = Number(values.clients);
const members = 4;
const KiB = 1_024;

interface Sample {
  when: string;
  rooms: number;
  sockets: number;
  heap: number;
  rss: number;
  redis: number;
}

const place = await openBenchEnvironment();
try {
  const running = await startRejoin(place, 1);
  const load = new LoadProcess();
  try {
    await pause(3_000);
    const pidOf = (role: 'server' | 'redis') => running.processes.find(p => p.role === role)!.pid;
    const of = { url: running.urls[0]!, pid: pidOf('server'), redis: pidOf('redis') };
    const samples = [await takeSample('before', of)];
    const again = async (when: string) => void samples.push(await takeSample(when, of));
    await load.ask(
      {
        ask: 'sit',
        order: {
          dialect: 'rejoin',
          variant: null,
          game: 'moves',
          urls: running.urls,
          placement: 'one',
          clients,
          think: Infinity,
        },
      },
      120_000,
    );
    await again('all are seated');
    await load.ask({ ask: 'leave' });
    await until(
      'all rooms sleep',
      async () => ((await gauge(running.urls[0]!, 'rejoin_rooms')) === 0 ? true : undefined),
      { timeoutMs: 120_000, intervalMs: 1_000 },
    );
    await again('all have gone, all rooms sleep');
    const rooms = Math.floor(clients / members);
    process.stdout.write(
      [
        `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}: ${rooms} rooms of ${members}`,
        '',
        '| | rooms in the node | sockets | heap, MiB | resident, MiB | Redis, MiB | heap above the beginning, KiB per room |',
        '|---|---|---|---|---|---|---|',
        ...samples.map(
          l =>
            `| ${l.when} | ${l.rooms} | ${l.sockets} | ${(l.heap / KiB / KiB).toFixed(1)} | ${(l.rss / KiB / KiB).toFixed(1)} | ${(l.redis / KiB / KiB).toFixed(1)} | ${((l.heap - samples[0]!.heap) / KiB / rooms).toFixed(1)} |`,
        ),
        '',
      ].join('\n'),
    );
  } finally {
    await load.stop();
    await running.stop();
  }
} finally {
  await place.close();
}

async function gauge(url: string, name: string): Promise<number> {
  const text = await fetch(`${url}/metrics`).then(answer => answer.text());
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
}

/**
 * What is held: after a collection that is asked for, three times over, since what ends in one is freed by the next.
 */
async function takeSample(
  when: string,
  { url, pid, redis }: { url: string; pid: number; redis: number },
): Promise<Sample> {
  for (let i = 0; i < 3; i++) {
    process.kill(pid, 'SIGUSR2');
    await pause(1_000);
  }
  const heap = await gauge(url, 'nodejs_heap_size_used_bytes');
  return {
    when,
    heap,
    rooms: await gauge(url, 'rejoin_rooms'),
    sockets: await gauge(url, 'rejoin_sockets'),
    rss: await gauge(url, 'process_resident_memory_bytes'),
    redis: readUsage(redis).rss,
  };
}

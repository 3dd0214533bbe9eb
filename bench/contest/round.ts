import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './figures.ts';
import type { Contestant, Running } from './contestant.ts';
import { LoadProcess } from './load-process.ts';
import type { BenchEnvironment } from './environment.ts';
import { readBusySeconds, readUsage } from './processes.ts';
import type { Workload } from './workloads.ts';

/** How a round is run: seconds thrown away, and seconds that count. */
export interface Timing {
  warmUp: number;
  seconds: number;
}

/**
 * What a round found of one contestant; a figure that does not apply is NaN. `faults`: what was not as it must be, in
 * words.
 */
export interface Result {
  contestant: string;
  workload: string;
  round: number;
  clients: number;
  figures: Record<Figure, number>;
  faults: string[];
}

/**
 * cpu, redisCpu: in the workload's unit. Rates are per second, bytes per delivery (in) and per move or input (out),
 * verdicts and jitter ms, memory KiB of the servers for each client, load and others shares of one core.
 */
export type Figure =
  | 'cpu'
  | 'redisCpu'
  | 'system'
  | 'bytes'
  | 'bytesOut'
  | 'deliveries'
  | 'moves'
  | 'p50'
  | 'p99'
  | 'jitter'
  | 'memory'
  | 'load'
  | 'others';

/** Above this share of the machine's cores, what else ran on it may have disturbed the round. */
const maxOtherShare = 0.1;

/** One contestant in one round: started, seated, warmed up, measured, its results proved, stopped. */
export async function runOnce(
  contestant: Contestant,
  workload: Workload,
  round: number,
  timing: Timing,
  environment: BenchEnvironment,
): Promise<Result> {
  const running = await contestant.start(environment);
  const load = new LoadProcess();
  try {
    const empty = readUsageByRole(running, 0);
    const { dialect, variant, placement } = contestant;
    await load.ask({
      ask: 'sit',
      order: {
        dialect,
        variant,
        placement,
        game: workload.game,
        urls: running.urls,
        clients: workload.clients,
        think: workload.think,
      },
    });
    await load.ask({ ask: 'play' });
    await pause(Math.max(timing.warmUp, workload.settles ?? 0) * 1_000);
    await load.ask({ ask: 'begin' });
    const before = readUsageByRole(running, load.pid);
    await pause(Math.max(timing.seconds, workload.least ?? 0) * 1_000);
    const after = readUsageByRole(running, load.pid);
    const counted = await load.readCounts();
    const proved = (await load.ask({ ask: 'prove' })).faults ?? [];
    await load.ask({ ask: 'leave' });

    const used = (role: string) => after.roles[role]!.cpu - before.roles[role]!.cpu;
    const [server, redis, generator, own] = ['server', 'redis', 'load', 'own'].map(used) as [
      number,
      number,
      number,
      number,
    ];
    const others = Math.max(0, after.busy - before.busy - server - redis - generator - own) / counted.seconds;
    const units = { delivery: counted.deliveries, move: counted.moves, client: workload.clients * counted.seconds }[
      workload.per.what
    ];
    const each = (seconds: number) => (seconds / units) * workload.per.scale;
    const verdicts = counted.verdicts.sort((a, b) => a - b);
    const faults = [...counted.faults, ...proved];
    if (others > maxOtherShare * cpus().length)
      faults.push(`others used ${Math.round((100 * others) / cpus().length)} % of the machine`);
    if (units === 0) faults.push(`no ${workload.per.what} at all`);
    return {
      contestant: contestant.name,
      workload: workload.name,
      round,
      clients: workload.clients,
      faults,
      figures: {
        cpu: each(server),
        redisCpu: running.redisUrl === null ? NaN : each(redis),
        system: (after.roles['server']!.system - before.roles['server']!.system) / server,
        bytes: counted.bytesIn / (workload.per.what === 'client' ? units : counted.deliveries),
        bytesOut: counted.bytesOut / (workload.game === 'moves' ? counted.moves : counted.inputs),
        deliveries: counted.deliveries / counted.seconds,
        moves: workload.per.what === 'move' ? counted.moves / counted.seconds : NaN,
        p50: quantile(verdicts, 0.5),
        p99: quantile(verdicts, 0.99),
        jitter: quantile(
          counted.jitter.sort((a, b) => a - b),
          0.99,
        ),
        memory: (after.roles['server']!.rss - empty.roles['server']!.rss) / 1_024 / workload.clients,
        load: generator / counted.seconds,
        others,
      },
    };
  } finally {
    await load.stop();
    await running.stop();
  }
}

/** What each role has used up to now, and what the whole machine has. */
function readUsageByRole(
  running: Running,
  load: number,
): { busy: number; roles: Record<string, { cpu: number; system: number; rss: number }> } {
  const roles: Record<string, { cpu: number; system: number; rss: number }> = {};
  for (const { role, pid } of [
    ...running.processes,
    { role: 'redis', pid: 0 },
    { role: 'load', pid: load },
    { role: 'own', pid: process.pid },
  ]) {
    const { user, system, rss } = pid === 0 ? { user: 0, system: 0, rss: 0 } : readUsage(pid);
    const sum = (roles[role] ??= { cpu: 0, system: 0, rss: 0 });
    sum.cpu += user + system;
    sum.system += system;
    sum.rss += rss;
  }
  return { busy: readBusySeconds(), roles };
}

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { startCluster, type Cluster } from '../../tools/local-cluster/cluster.ts';
import type { Routing } from '../../tools/local-cluster/nginx-conf.ts';
import { until } from '../../tools/until.ts';
import { quantile } from '../contest/figures.ts';
import { readUsage } from '../contest/processes.ts';
import { players as members } from '../work/moves.ts';
import { seatAll, seatRoom, type MovingPlayer, type Where } from './players.ts';

export interface Setting {
  clients: number;
  think: number;
  seconds: number;
  nodes: number;
  house: number;
}

/**
 * What a round found of one routing. CPU: µs for each accepted action. p50, p99: ms from a move to its verdict.
 * forwarded: messages that went from a client's node to its room's owner on another, for each action. beside: share of
 * players who are connected to the node that runs their room. sockets, rooms: of the fullest node, over the mean. Kill:
 * share of players who were interrupted for longer than `noticeableMs`, and for how long (ms); lines: share of
 * players whose line it was.
 */
export type Figure =
  | 'cpu'
  | 'redis'
  | 'nginx'
  | 'p50'
  | 'p99'
  | 'actions'
  | 'forwarded'
  | 'beside'
  | 'sockets'
  | 'rooms'
  | 'killLines'
  | 'killNoticed'
  | 'killP50'
  | 'killLongest'
  | 'pollStock'
  | 'pollSeat'
  | 'pollMoves';
export interface Found {
  routing: Routing;
  round: number;
  figures: Record<Figure, number>;
  faults: string[];
}

/** Players' nodes are read when no room has moved for this long (ms), and after `atLast` at the latest. */
const settling = { least: 12_000, quiet: 4_000, atLast: 45_000 };
/** The cost of a kill is each player's longest pause within this time (ms) after it. */
const afterKillMs = 10_000;
/** A pause between verdicts above this (ms) is an interruption. Without a fault it is thinking time and a round trip. */
const noticeableMs = 500;

/**
 * One routing in one round: a cluster of its own is started, its players sit down, play, are counted, lose a node, and
 * go.
 */
export async function runRound(routing: Routing, round: number, setting: Setting): Promise<Found> {
  const cluster = await startCluster({
    nodes: setting.nodes,
    quiet: true,
    routing,
    script: 'bench/rejoin-node.ts',
    env: { LOG_LEVEL: 'warn', NODE_ENV: 'production' },
  });
  const where: Where = { url: cluster.url, routing, house: setting.house };
  let seated: MovingPlayer[][] = [];
  try {
    seated = await seatAll(where, Math.max(1, Math.floor(setting.clients / members)), members);
    const all = seated.flat();
    for (const player of all) player.play(setting.think);
    await waitUntilSettled(cluster);
    const calm = await measure(cluster, seated, setting.seconds);
    const polling = await measurePolling(where, setting.clients);
    const kill = await killOne(cluster, all);
    for (const player of all) void player.stop();
    const faults = [
      ...calm.faults,
      ...(all.some(p => p.refused > 0) ? [`${all.reduce((n, p) => n + p.refused, 0)} moves were refused`] : []),
      ...kill.faults,
    ];
    return { routing, round, faults, figures: { ...calm.figures, ...kill.figures, ...polling } };
  } finally {
    for (const { client } of seated.flat()) client.close();
    await cluster.stop({ force: true });
  }
}

/** Rooms follow their players some seconds after these have come. */
async function waitUntilSettled(cluster: Cluster): Promise<void> {
  const began = performance.now();
  let [moved, since] = [-1, began];
  await until(
    'rooms are at rest',
    async () => {
      const now = performance.now();
      const count = sum(await metricsOf(cluster), 'rejoin_handovers_total');
      if (count !== moved) [moved, since] = [count, now];
      return (
        (now - began >= settling.least && now - since >= settling.quiet) || now - began > settling.atLast || undefined
      );
    },
    { timeoutMs: settling.atLast + 10_000, intervalMs: 500 },
  );
}

async function measure(cluster: Cluster, seated: readonly MovingPlayer[][], seconds: number) {
  const all = seated.flat();
  const lost = all.reduce((n, p) => n + p.disconnects, 0);
  for (const player of all) player.verdicts = [];
  const [before, counted] = [await metricsOf(cluster), readCpuSeconds(cluster)];
  await pause(seconds * 1_000);
  const [after, counts] = [await metricsOf(cluster), readCpuSeconds(cluster)];
  const actions = sum(after, 'rejoin_actions_accepted_total') - sum(before, 'rejoin_actions_accepted_total');
  const each = (role: keyof typeof counts) => ((counts[role] - counted[role]) / actions) * 1_000_000;
  const took = all.flatMap(p => p.verdicts.map(h => h.took)).sort((a, b) => a - b);
  const owners = await Promise.all(
    seated.map(async ([player]) => (await player!.client.inspect(player!.room as never)).owner),
  );
  const beside = seated.reduce((n, room, i) => n + room.filter(p => p.node === owners[i]).length, 0);
  const uneven = (name: string) => {
    const of = [...after.values()].map(text => value(text, name));
    return Math.max(...of) / (of.reduce((a, b) => a + b, 0) / of.length);
  };
  const broken = all.reduce((n, p) => n + p.disconnects, 0) - lost;
  return {
    faults: broken > 0 ? [`${broken} lines were lost while nothing was done to the cluster`] : [],
    figures: {
      cpu: each('nodes'),
      redis: each('redis'),
      nginx: each('nginx'),
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
      actions: actions / seconds,
      forwarded:
        (sum(after, 'rejoin_forward_round_trip_seconds_count') -
          sum(before, 'rejoin_forward_round_trip_seconds_count')) /
        actions,
      beside: beside / all.length,
      sockets: uneven('rejoin_sockets'),
      rooms: uneven('rejoin_rooms'),
    },
  };
}

/**
 * Long-polling, from several addresses: players by the SDK, which tries other ways where one leads nowhere, and stock
 * clients, which do not.
 */
async function measurePolling(
  where: Where,
  k: number,
): Promise<Pick<Record<Figure, number>, 'pollStock' | 'pollSeat' | 'pollMoves'>> {
  const stock = await Promise.all(Array.from({ length: 12 }, (_, i) => staysConnected(where, k + i)));
  const pollStock = stock.filter(yes => yes).length / stock.length;
  const began = performance.now();
  const late = pause(15_000).then(() => null);
  const seating = seatRoom({ ...where, transport: 'polling' }, members, k);
  const room = await Promise.race([seating, late]).catch(() => null);
  if (room === null) {
    void seating.then(
      rest => {
        for (const { client } of rest) client.close();
      },
      () => {},
    );
    return { pollStock, pollSeat: NaN, pollMoves: 0 };
  }
  const pollSeat = (performance.now() - began) / members;
  let accepted = 0;
  await Promise.race([
    late,
    (async () => {
      for (let i = 0; i < 5; i++) for (const player of room) if (await player.move()) accepted += 1;
    })(),
  ]);
  for (const { client } of room) client.close();
  return { pollStock, pollSeat, pollMoves: accepted / (5 * members) };
}

/** Whether a client of Socket.IO as it comes, which polls, gets in and is still there after two pings. */
async function staysConnected({ url, routing }: Where, k: number): Promise<boolean> {
  const query = routing === 'room' ? { room: `stock-${k}` } : {};
  const socket = io(url, {
    transports: ['polling'],
    reconnection: false,
    forceNew: true,
    auth: { wire: 2 },
    query,
    extraHeaders: { 'x-forwarded-for': `10.99.${k % 250}.7` },
  });
  await pause(6_000);
  const { connected } = socket;
  socket.close();
  return connected;
}

/** The node with most players is killed. */
async function killOne(cluster: Cluster, all: readonly MovingPlayer[]) {
  const [name] = [...count(all.map(p => p.node ?? ''))].sort((a, b) => b[1] - a[1])[0]!;
  const lines = all.filter(p => p.node === name).length;
  const at = performance.now();
  await cluster.kill(name);
  await pause(afterKillMs);
  const pauses = longestPauses(all, at - 500, performance.now());
  const interruptions = pauses.filter(ms => ms > noticeableMs).sort((a, b) => a - b);
  const silent = all.filter(p => (p.verdicts.at(-1)?.at ?? 0) < at).length;
  return {
    faults: silent > 0 ? [`${silent} players got no verdict any more`] : [],
    figures: {
      killLines: lines / all.length,
      killNoticed: interruptions.length / all.length,
      killP50: quantile(interruptions, 0.5),
      killLongest: interruptions.at(-1) ?? NaN,
    },
  };
}

/** Each player's longest time without a verdict between two moments. */
const longestPauses = (all: readonly MovingPlayer[], since: number, until: number): number[] =>
  all.map(({ verdicts }) => {
    const at = [since, ...verdicts.filter(h => h.at >= since && h.at <= until).map(h => h.at), until];
    return Math.max(...at.slice(1).map((t, i) => t - at[i]!));
  });

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Of each node that runs. */
async function metricsOf(cluster: Cluster): Promise<Map<string, string>> {
  return new Map(
    await Promise.all(
      cluster.nodes
        .filter(n => n.state === 'up')
        .map(async ({ name, url }) => [name, await (await fetch(`${url}/metrics`)).text()] as const),
    ),
  );
}
/** Over all its labels. */
const value = (text: string, name: string): number =>
  [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))].reduce((n, [, x]) => n + Number(x), 0);
const sum = (metrics: ReadonlyMap<string, string>, name: string): number =>
  [...metrics.values()].reduce((n, text) => n + value(text, name), 0);

/** CPU seconds until now. */
function readCpuSeconds(cluster: Cluster): Record<'nodes' | 'redis' | 'nginx', number> {
  const of = (...pids: (number | undefined)[]) =>
    pids.reduce<number>((n, pid) => {
      const { user, system } = readUsage(pid!);
      return n + user + system;
    }, 0);
  const master = cluster.nginxPid!;
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'latin1').trim().split(' ').map(Number);
  return { nodes: of(...cluster.nodes.map(n => n.pid)), redis: of(cluster.redisPid), nginx: of(master, ...workers) };
}

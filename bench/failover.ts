import { cpus } from 'node:os';
import { startCluster, type Cluster } from '../tools/local-cluster/cluster.ts';
import { until } from '../tools/until.ts';
import { normalConditions as noWeather, Link } from '../test/integration/faults/network/link.ts';
import { measureMoves, type MoveTimes } from './moves.ts';
import { countFaults, seatPlayers, type Player } from './players.ts';
import { parseCommandLine } from '../tools/command-line.ts';

/**
 * The interruption when the node that runs a room is killed: from the kill to each player's first verdict under a
 * newer term. Real processes: Redis, nginx, nodes; players in a closed loop with a pause for thought.
 * With many rooms players think longer (`--rooms 1000 --think 4000`), so that what is measured is the fault and not the
 * load; whoever is in a room of the node acts at the very moment of its fault. `--round-trip 80`: what players and
 * servers say to each other is on its way for 80 ms, there and back. `--mode drain`, `join`: rooms move in good order;
 * see moves.ts.
 */
const { values } = parseCommandLine('bench/failover.ts', {
  options: {
    rooms: { type: 'string', default: '50' },
    kills: { type: 'string', default: '20' },
    think: { type: 'string', default: '50' },
    nodes: { type: 'string', default: '3' },
    mode: { type: 'string', default: 'kill' },
    'round-trip': { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const setting = {
  rooms: Number(values.rooms),
  kills: Number(values.kills),
  think: Number(values.think),
  nodes: Number(values.nodes),
  roundTrip: Number(values['round-trip']),
};

const waitUntil = (what: string, test: () => boolean, timeoutMs: number): Promise<unknown> =>
  until(what, () => test() || undefined, { timeoutMs, intervalMs: 5 });

/** Verdicts of each player after which play is taken to run evenly, and how long (ms) that may take. */
const minVerdicts = Math.max(2, Math.min(20, Math.round(1_000 / setting.think)));
const steadyTimeoutMs = 30_000 + 4 * minVerdicts * setting.think;

interface Sample {
  ms: number;
  group: 'of the dead node' | 'others';
}

const cluster = await startCluster({
  nodes: setting.nodes,
  quiet: true,
  script: 'bench/tally-node.ts',
  env: { LOG_LEVEL: 'warn' },
});
const link = setting.roundTrip > 0 ? await Link.to(Number(new URL(cluster.url).port)) : null;
try {
  const late = { kind: 'late', ms: setting.roundTrip / 2, jitter: 0 } as const;
  await link?.setConditions({ ...noWeather, up: late, down: late });
  const rooms = await seatPlayers(link ? `http://127.0.0.1:${link.port}` : cluster.url, setting.rooms, setting.think);
  const players = rooms.flat();
  for (const player of players) player.start();
  await waitUntil(
    'everybody is playing',
    () => players.every(p => p.acked.length >= Math.min(5, minVerdicts)),
    steadyTimeoutMs,
  );
  const calm = await measureBaseline(rooms);
  const samples: Sample[] = [];
  const perRoom: number[] = [];
  let stuck = 0;
  const moves =
    values.mode === 'drain' || values.mode === 'join'
      ? await measureMoves(cluster, rooms, values.mode, setting.kills)
      : [];
  for (let i = 0; moves.length === 0 && i < setting.kills; i++) {
    const round = await disturb(cluster, rooms, i);
    samples.push(...round.samples);
    perRoom.push(...round.perRoom);
    stuck += round.stuck;
  }
  await Promise.all(players.map(p => p.stop()));
  await waitUntil(
    'all have caught up',
    () => rooms.every(r => new Set(r.map(p => JSON.stringify(p.room.state))).size === 1),
    20_000,
  ).catch(() => {});
  const total = { lost: 0, doubled: 0, missing: 0, diverged: 0 };
  for (const room of rooms)
    for (const [key, n] of Object.entries(countFaults(room))) total[key as keyof typeof total] += n;
  report(calm, samples, perRoom, moves, {
    ...total,
    stuck,
    accepted: players.reduce((n, p) => n + p.acked.length, 0),
    refused: players.flatMap(p => p.refusals),
  });
  for (const player of players) player.client.close();
} finally {
  link?.close();
  await cluster.stop();
}

/**
 * The same measure with nobody killed: from a moment at which all in the rooms of one node act to each one's next
 * verdict.
 */
async function measureBaseline(rooms: Player[][]): Promise<number[]> {
  const all: number[] = [];
  const players = [...(await roomsByOwner(rooms)).values()]
    .sort((a, b) => b.length - a.length)[0]!
    .flatMap(({ room }) => room);
  for (let i = 0; i < 10; i++) {
    const at = performance.now();
    for (const p of players) {
      p.verdicts = [];
      p.actNow();
    }
    await waitUntil('a verdict each', () => players.every(p => p.verdicts.length > 0), steadyTimeoutMs);
    all.push(...players.map(p => p.verdicts[0]!.at - at));
  }
  return all;
}

async function disturb(
  cluster: Cluster,
  rooms: Player[][],
  round: number,
): Promise<{ samples: Sample[]; perRoom: number[]; stuck: number }> {
  const loads = await roomsByOwner(rooms);
  const name = [...loads].sort((a, b) => b[1].length - a[1].length)[0]![0];
  // Asked again: while all of them were asked, some have moved to another node.
  const owned = (await roomsByOwner(loads.get(name)!.map(({ room }) => room))).get(name) ?? [];
  const before = owned.map(({ room, term }) =>
    room.map(p => ({ player: p, term, group: p.node === name ? ('of the dead node' as const) : ('others' as const) })),
  );
  const players = owned.flatMap(({ room }) => room);
  for (const p of players) p.verdicts = [];
  const at = performance.now();
  if (values.mode === 'freeze') cluster.freeze(name, 5_000);
  else await cluster.kill(name);
  for (const p of players) p.actNow();
  const first = (p: Player, term: number) => p.verdicts.find(h => h.term > term);
  await waitUntil('play goes on in all rooms', () => before.flat().every(b => first(b.player, b.term)), 15_000).catch(
    () => {},
  );
  const samples: Sample[] = [];
  const perRoom: number[] = [];
  let stuck = 0;
  for (const room of before) {
    const times = room.map(b => ({ group: b.group, ms: (first(b.player, b.term)?.at ?? NaN) - at }));
    stuck += times.filter(t => Number.isNaN(t.ms)).length;
    samples.push(...times.filter(t => !Number.isNaN(t.ms)));
    perRoom.push(Math.min(...times.map(t => t.ms).filter(ms => !Number.isNaN(ms))));
  }
  if (values.mode === 'freeze')
    await waitUntil('the node is awake', () => cluster.nodes.find(n => n.name === name)!.state === 'up', 20_000);
  else await cluster.restart(name);
  const counts = rooms.flat().map(p => p.acked.length);
  await waitUntil(
    'everything runs evenly again',
    () => rooms.flat().every((p, i) => p.acked.length >= counts[i]! + minVerdicts),
    steadyTimeoutMs,
  );
  process.stderr.write(
    `${round + 1}. ${name}: ${owned.length} rooms, longest ${Math.max(...samples.map(s => s.ms)).toFixed(0)} ms\n`,
  );
  return { samples, perRoom, stuck };
}

/** Rooms by the node that runs them, and under which term. */
async function roomsByOwner(rooms: Player[][]): Promise<Map<string, { room: Player[]; term: number }[]>> {
  const found = new Map<string, { room: Player[]; term: number }[]>();
  await Promise.all(
    rooms.map(async room => {
      // One whose line is being replaced at this moment is in no room.
      const said = await room[0]!.client.inspect(room[0]!.room as never).catch(() => null);
      if (said?.owner) found.set(said.owner, [...(found.get(said.owner) ?? []), { room, term: said.term }]);
    }),
  );
  return found;
}

function report(
  calm: number[],
  samples: Sample[],
  perRoom: number[],
  moves: MoveTimes[],
  totals: Record<string, number | string[]>,
): void {
  const row = (name: string, ms: number[]) => {
    const s = [...ms].sort((a, b) => a - b);
    const q = (p: number) => (s.length === 0 ? '–' : s[Math.min(s.length - 1, Math.floor(p * s.length))]!.toFixed(0));
    return { name, n: s.length, p50: q(0.5), p99: q(0.99), max: q(1) };
  };
  const rows =
    moves.length > 0
      ? moves.map(m => row(m.name, m.ms))
      : [
          row('nobody killed', calm),
          row('each room, first verdict', perRoom),
          row(
            'players connected to that node',
            samples.filter(s => s.group === 'of the dead node').map(s => s.ms),
          ),
          row(
            'players connected elsewhere',
            samples.filter(s => s.group === 'others').map(s => s.ms),
          ),
        ];
  const about = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}`,
    ...setting,
    mode: values.mode,
  };
  if (values.json) return void process.stdout.write(`${JSON.stringify({ about, rows, totals }, null, 1)}\n`);
  process.stdout.write(
    [
      '',
      `${about.date}, ${about.machine}: ${setting.rooms} rooms, ${setting.nodes} nodes, ${setting.kills} × ${values.mode}, ${setting.think} ms of thought, ${setting.roundTrip} ms round trip`,
      '',
      `| ms${moves.length > 0 ? '' : ' from the fault to the first verdict of a newer term'} | n | p50 | p99 | max |`,
      '|---|---|---|---|---|',
      ...rows.map(r => `| ${r.name} | ${r.n} | ${r.p50} | ${r.p99} | ${r.max} |`),
      '',
      `accepted ${String(totals.accepted)}, lost ${String(totals.lost)}, doubled ${String(totals.doubled)}, missing or out of order ${String(totals.missing)}, rooms that differ ${String(totals.diverged)}, stuck ${String(totals.stuck)}, refused ${(totals.refused as string[]).length}`,
      '',
    ].join('\n'),
  );
}

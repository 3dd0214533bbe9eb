import { cpus } from 'node:os';
import { startCluster } from '../tools/local-cluster/cluster.ts';
import { until } from '../tools/until.ts';
import { quantile } from './contest/figures.ts';
import { StormPlayer } from './load/storm-player.ts';
import { moves } from './work/games.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * Everybody comes back at once: nginx is killed under so many seated players, who come from 64 addresses, and started
 * again. From the moment that it is started to each player's being back in their seat; and how late the nodes' event
 * loops ran meanwhile. The players are lean ones that come back with the SDK's pauses between tries. `npm run
 * bench:storm -- --clients 2000 --nodes 2 --away 1`
 */
const { values } = parseCommandLine('bench/storm.ts', {
  options: {
    clients: { type: 'string', default: '2000' },
    nodes: { type: 'string', default: '2' },
    addresses: { type: 'string', default: '64' },
    away: { type: 'string', default: '1' },
    times: { type: 'string', default: '3' },
  },
});
const setting = {
  clients: Number(values.clients),
  nodes: Number(values.nodes),
  addresses: Number(values.addresses),
  away: Number(values.away),
  times: Number(values.times),
};
if (Object.values(setting).some(n => !(n > 0)))
  exitWithUsage('--clients, --nodes, --addresses, --away (seconds) and --times are numbers above 0');
const members = 4;
const concurrentRooms = 16;

const cluster = await startCluster({
  nodes: setting.nodes,
  quiet: true,
  script: 'bench/rejoin-node.ts',
  env: { LOG_LEVEL: 'warn', NODE_ENV: 'production' },
});
try {
  const guests = await seatAll();
  const rows: string[] = [];
  for (let time = 1; time <= setting.times; time++) rows.push(await storm(guests));
  process.stdout.write(
    [
      '',
      `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}: ${setting.clients} players from ${setting.addresses} addresses, ${setting.nodes} nodes, nginx away for ${setting.away} s; players and nodes on the same machine`,
      '',
      '| back in their seat after, s: p50 | p99 | last | event-loop delay of a node, p99, ms | by snapshot | lost | other seat | a move afterwards: accepted |',
      '|---|---|---|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n'),
  );
  for (const { player } of guests) player.close();
} finally {
  await cluster.stop({ force: true });
}

interface Guest {
  player: StormPlayer;
  seat: number | null;
}

async function seatAll(): Promise<Guest[]> {
  const guests: Guest[] = [];
  const rooms = Math.ceil(setting.clients / members);
  let next = 0;
  await Promise.all(
    Array.from({ length: concurrentRooms }, async () => {
      for (let room = next++; room < rooms; room = next++) {
        let id: string | null = null;
        for (let i = 0; i < members; i++) {
          const k = (room * members + i) % setting.addresses;
          const player = await StormPlayer.sitDown(cluster.url, `10.7.${k}.7`, moves.name, id);
          id = player.room;
          guests.push({ player, seat: player.seat });
        }
      }
    }),
  );
  return guests;
}

async function storm(guests: readonly Guest[]): Promise<string> {
  for (const { player } of guests) Object.assign(player, { back: NaN, snapshots: 0, lost: 0 });
  await cluster.killNginx();
  await new Promise(done => {
    setTimeout(done, setting.away * 1_000);
  });
  const began = performance.now();
  await cluster.startNginx();
  let late = 0;
  const back = () => guests.every(g => !Number.isNaN(g.player.seatedAt));
  await until(
    'all are back',
    async () => {
      late = Math.max(late, ...(await Promise.all(cluster.nodes.map(delayOf))));
      return back() || undefined;
    },
    { timeoutMs: 120_000, intervalMs: 100 },
  );
  const took = guests.map(g => (g.player.seatedAt - began) / 1_000).sort((a, b) => a - b);
  const said = await Promise.all(guests.map(({ player }, k) => player.move(k % 64, k)));
  const sum = (of: (g: Guest) => number) => guests.reduce((n, g) => n + of(g), 0);
  const row = [
    quantile(took, 0.5).toFixed(2),
    quantile(took, 0.99).toFixed(2),
    took.at(-1)!.toFixed(2),
    late.toFixed(0),
    sum(g => g.player.snapshots),
    sum(g => g.player.lost),
    sum(g => (g.player.seat === g.seat ? 0 : 1)),
    `${said.filter(Boolean).length} of ${guests.length}`,
  ];
  process.stderr.write(`${row.join('  ')}\n`);
  return `| ${row.join(' | ')} |`;
}

/** As the node itself measures it: p99 since its last beat but one. */
async function delayOf({ url }: { url: string }): Promise<number> {
  const text = await fetch(`${url}/metrics`).then(answer => answer.text());
  return 1_000 * Number(/^rejoin_event_loop_delay_p99_seconds (\S+)/m.exec(text)?.[1] ?? NaN);
}

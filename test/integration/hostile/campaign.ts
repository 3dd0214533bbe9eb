import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { attack, noPackets, totalPackets, type PacketCounts, type AttackTarget } from './attacker.ts';
import { seedOf } from './draw.ts';
import { HonestPlayers } from './honest-players.ts';
import type { Target } from './raw-socket.ts';

export interface CampaignOptions {
  packets: number;
  seed: number;
  /** Hostile connections at once. */
  atOnce?: number;
  /** Only this one connection, by its number: to see a failure again. */
  only?: number | undefined;
  say?(text: string): void;
}

/** What was seen of a node at one moment. */
export interface Sample {
  packets: number;
  rss: number;
  delay: number;
  sockets: number;
  rooms: number;
}
export interface CampaignReport {
  sent: PacketCounts;
  seconds: number;
  connections: number;
  accepted: number;
  longest: number;
  badPackets: number;
  closedForFloods: number;
  samples: Sample[];
}

/** The last packets that went out, each with the number of its connection: what is printed when something breaks. */
class Memory {
  private readonly kept: { connection: number; packet: string }[] = [];
  note(connection: number, packet: string): void {
    this.kept.push({ connection, packet });
    if (this.kept.length > 2_000) this.kept.splice(0, 1_000);
  }
  last(count: number): string {
    return this.kept
      .slice(-count)
      .map(k => `  ${k.connection}: ${k.packet.slice(0, 400)}`)
      .join('\n');
  }
}

/**
 * How long (ms) an honest player may wait at most while this goes on: far more than anybody waits, far less than for
 * ever.
 */
const patience = 15_000;

/**
 * So many packets at a node, and at the proxy in front of it, while others play there. Checked: no process ends,
 * nothing is logged as an error, everybody honest gets verdicts all the time, their rooms hold what they did and
 * nothing else, and memory stays where it was after the first quarter.
 * @throws AssertionError, with the seed and the packets that went out last
 */
export async function campaign({
  packets,
  seed,
  atOnce = 48,
  only,
  say = () => {},
}: CampaignOptions): Promise<CampaignReport> {
  const cluster = await startCluster({
    nodes: 2,
    quiet: true,
    script: 'bench/tally-node.ts',
    env: { LOG_LEVEL: 'debug' },
  });
  const broken: string[] = [];
  const memory = new Memory();
  watch(cluster, broken);
  const world: AttackTarget = {
    known: null as never,
    targets: targetsOf(cluster),
    sent: noPackets(),
    tokens: [],
    note: () => {},
  };
  let honest: HonestPlayers | null = null;
  try {
    const people = (honest = await HonestPlayers.sitDown(cluster.url, { redisUrl: cluster.redisUrl, rooms: 4 }));
    const known = {
      ...people.known,
      own: [],
      games: ['tally', 'four-in-a-row', 'liars-dice', 'arena', '__proto__', 'constructor', 'chess'],
    };
    const samples: Sample[] = [];
    const began = performance.now();
    let connections = 0;
    let sampled = -1;
    const look = setInterval(() => {
      people.look();
      if (people.longest > patience) broken.push(`an honest player has waited for ${Math.round(people.longest)} ms`);
    }, 250);
    const worker = async () => {
      while (totalPackets(world.sent) < packets && broken.length === 0) {
        const number = only ?? connections;
        connections += 1;
        await attack(seedOf(seed, number), { ...world, known, note: packet => memory.note(number, packet) });
        const due = Math.floor((totalPackets(world.sent) / packets) * 20);
        if (due <= sampled) continue;
        sampled = due;
        samples.push(await sampleOf(cluster, totalPackets(world.sent)));
        say(lineOf(samples.at(-1)!));
      }
    };
    await Promise.all(Array.from({ length: only === undefined ? atOnce : 1 }, worker));
    clearInterval(look);
    assert.deepEqual(broken, []);
    const seconds = (performance.now() - began) / 1000;
    const { accepted } = await people.audit();
    plateau(samples);
    return {
      sent: world.sent,
      seconds,
      connections,
      accepted,
      longest: people.longest,
      badPackets: await counter(cluster, 'rejoin_bad_packets_total'),
      closedForFloods: await counter(cluster, 'rejoin_floods_total'),
      samples,
    };
  } catch (error) {
    throw new Error(
      `seed ${seed}: ${broken.join('; ') || (error instanceof Error ? error.message : String(error))}\nthe last packets, by connection (--only N sends those of one):\n${memory.last(40)}`,
      { cause: error },
    );
  } finally {
    honest?.close();
    await cluster.stop({ force: true });
  }
}

/** Each node by its own port, and the proxy; from sixty networks. */
function targetsOf(cluster: Cluster): Target[] {
  const ports = [cluster.nodes[0]!.port, cluster.nodes[0]!.port, cluster.nodes[1]!.port, cluster.port];
  return ports.flatMap((port, i) => Array.from({ length: 60 }, (_x, k) => ({ port, address: `10.${100 + i}.${k}.9` })));
}

/** A process that ends, an error in a log, or a token in one. */
function watch(cluster: Cluster, broken: string[]): void {
  cluster.on('exit', ({ name, expected, code, signal }) => {
    if (!expected) broken.push(`${name} ended: ${signal ?? code}`);
  });
  cluster.on('line', (name, line) => {
    if (!name.startsWith('node')) return;
    const level = /"level":(\d+)/.exec(line)?.[1];
    if (level === undefined || Number(level) >= 50) broken.push(`${name} says: ${line.slice(0, 600)}`);
    if (/eyJ[\w-]{10,}\.[\w-]{10,}/.test(line)) broken.push(`${name} logs a token: ${line.slice(0, 300)}`);
  });
}

/** After the first quarter there is all that stays: caches are warm, and as much is let go of as comes. */
function plateau(samples: readonly Sample[]): void {
  if (samples.length < 8) return;
  const quarter = Math.max(...samples.slice(1, Math.ceil(samples.length / 4) + 1).map(s => s.rss));
  const end = Math.min(...samples.slice(-2).map(s => s.rss));
  assert.ok(
    end < quarter * 1.4 + 60,
    `memory grew from ${quarter} to ${end} MiB: ${samples.map(s => s.rss).join(', ')}`,
  );
}

async function sampleOf(cluster: Cluster, packets: number): Promise<Sample> {
  const rss = await Promise.all(
    cluster.nodes.map(
      async ({ pid }) =>
        Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? NaN) / 1024,
    ),
  );
  return {
    packets,
    rss: Math.round(Math.max(...rss)),
    delay: Math.round(1_000 * (await counter(cluster, 'rejoin_event_loop_delay_p99_seconds', Math.max))),
    sockets: await counter(cluster, 'rejoin_sockets'),
    rooms: await counter(cluster, 'rejoin_rooms'),
  };
}

async function counter(
  cluster: Cluster,
  name: string,
  join: (a: number, b: number) => number = (a, b) => a + b,
): Promise<number> {
  const texts = await Promise.all(
    cluster.nodes.map(async node =>
      fetch(`${node.url}/metrics`).then(
        r => r.text(),
        () => '',
      ),
    ),
  );
  return texts
    .map(text => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0))
    .reduce((a, b) => join(a, b));
}

const lineOf = (s: Sample): string =>
  `${s.packets} packets: ${s.rss} MiB, event loop p99 ${s.delay} ms, ${s.sockets} sockets, ${s.rooms} rooms`;

import { fork, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { askRedis } from '../../../tools/local-cluster/ask-redis.ts';
import { until } from '../../../tools/until.ts';
import type { PlayWorkloadSize, HangResult } from './play/play-workload.ts';
import type { PlayStats } from './play/play-meter.ts';
import type { PlayReport, PlayOrder, PlayCommand } from './play/play-process.ts';
import { Firewall } from './network/firewall.ts';
import { Network } from './network/network.ts';
import { Records } from './records.ts';
import { Tap } from './tap/tap.ts';

export interface LabOptions {
  /** Where records, logs and data go. */
  folder: string;
  crowd: PlayWorkloadSize;
  seed: number;
  nodes?: number;
  /** Replicas of Redis, with sentinels; none: one Redis, and a proxy for each node towards it. */
  replicas?: number;
  /** How many of them must have an entry before anybody is told. */
  waitReplicas?: number;
  /** Redis settings beside the launcher's. */
  redis?: Record<string, string>;
  /** A process of the cluster ended, and nobody had asked for it. */
  onCrash?: (what: string) => void;
}

/** A dice round shows its hands for some seconds: such a room may be silent for so long and is well. */
const silentFor: Record<string, number> = { 'liars-dice': 8_000 };

/**
 * A cluster of real processes with a network that can be cut, a crowd that plays on it, and everything written down.
 */
export class Lab {
  readonly firewall = Firewall.here();
  play: PlayStats = { asked: 0, accepted: 0, refused: {}, lost: 0, pending: 0, rooms: {} };
  private heard = 0;
  private readonly hearing = new Set<() => void>();
  private joined: string | null = null;
  private version = 1;
  private crowdStopped: Promise<number> | null = null;

  private constructor(
    readonly cluster: Cluster,
    readonly network: Network,
    readonly tap: Tap,
    private readonly crowd: ChildProcess,
    private readonly records: Records,
    readonly folder: string,
    private readonly ends: { byThemselves: string[] | null },
  ) {
    crowd.on('message', (news: PlayReport) => {
      if (!('play' in news)) return;
      this.play = news.play;
      this.heard += 1;
      for (const hear of [...this.hearing]) hear();
    });
  }

  static async start({
    folder,
    crowd,
    seed,
    nodes = 3,
    replicas = 0,
    waitReplicas = Math.min(1, replicas),
    redis = {},
    onCrash,
  }: LabOptions): Promise<Lab> {
    mkdirSync(folder, { recursive: true });
    const network = new Network();
    const journal = new Records(join(folder, 'rooms'), 'journal');
    let cluster: Cluster | null = null;
    const ends: { byThemselves: string[] | null } = { byThemselves: null };
    try {
      cluster = await startCluster({
        nodes,
        quiet: true,
        runDir: join(folder, 'cluster'),
        script: 'test/integration/faults/node/lab-node.ts',
        replicas,
        waitReplicas,
        // The way to a master that moves leads past no proxy. Of replicas, the tap reads what they begin with.
        proxies: replicas === 0 ? network.between : { nodePort: network.between.nodePort! },
        redis: replicas === 0 ? redis : { 'aof-use-rdb-preamble': 'no', 'auto-aof-rewrite-percentage': '0', ...redis },
        env: { LOG_LEVEL: 'warn', FAULTS_DIR: folder },
      });
      cluster.on('exit', exit => {
        if (exit.expected) return;
        if (ends.byThemselves && exit.signal === 'SIGKILL' && exit.name.startsWith('node-'))
          return void ends.byThemselves.push(exit.name);
        onCrash?.(`${exit.name} ended by itself: ${exit.signal ?? `code ${exit.code}`}`);
      });
      cluster.on('line', (name, line) => appendFileSync(join(folder, 'cluster.log'), `${name} ${line}\n`));
      const { runDir } = cluster;
      const tap = new Tap(
        new Map(
          [...cluster.redisServers]
            .sort((a, b) => Number(b.master) - Number(a.master))
            .map(({ name }) => [name, join(runDir, name, 'appendonlydir')]),
        ),
        journal,
      );
      cluster.on('master', name => tap.switched(name));
      tap.start();
      const order: PlayOrder = { url: cluster.url, folder: join(folder, 'rooms'), size: crowd, seed };
      const child = fork(join(import.meta.dirname, 'play/play-process.ts'), [JSON.stringify(order)], {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      child.once('exit', code => {
        if (code !== null && code !== 0) onCrash?.(`the crowd ended with ${code}`);
      });
      return new Lab(cluster, network, tap, child, journal, folder, ends);
    } catch (error) {
      await cluster?.stop({ force: true });
      await network.close();
      journal.close();
      throw error;
    }
  }

  // --- whom to hit ---------------------------------------------------------------------------

  /** Nodes that run, without one that has joined for a while. */
  standing(): string[] {
    return this.cluster.nodes.filter(n => n.state === 'up' && n.name !== this.joined).map(n => n.name);
  }
  /** Nodes that are not there, though nobody has sent them away. */
  down(): string[] {
    return this.cluster.nodes.filter(n => n.state === 'down' && n.name !== this.joined).map(n => n.name);
  }
  busiest(): string {
    return this.byRooms().at(-1)!;
  }
  idlest(): string {
    return this.byRooms()[0]!;
  }
  private byRooms(): string[] {
    const owners = this.tap.owners();
    const rooms = (node: string) => owners.get(node)?.length ?? 0;
    return this.standing().sort((a, b) => rooms(a) - rooms(b));
  }

  // --- what a nemesis does beside the cluster's and the network's own verbs -----------------------

  /** One node more: the same each time. */
  async join(): Promise<string> {
    if (this.joined === null) this.joined = (await this.cluster.addNode()).name;
    else await this.cluster.restart(this.joined);
    return this.joined;
  }

  /** Sets a node's wall clock wrong by so many ms. */
  setClock(node: string, ahead: number): void {
    writeFileSync(join(this.folder, `${node}.clock`), String(ahead));
    const pid = this.cluster.nodes.find(n => n.name === node)?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGUSR2');
  }

  /** What version of the ledger nodes run that are started from now on. */
  nextVersion(): number {
    writeFileSync(join(this.folder, 'ledger.version'), String(++this.version));
    return this.version;
  }

  /**
   * A player asks for what never ends.
   * @returns where, what the player was told, and which nodes ended themselves over it
   */
  async hang(): Promise<HangResult & { ended: readonly string[] }> {
    const ended: string[] = (this.ends.byThemselves = []);
    try {
      const hung = await new Promise<HangResult>((resolve, reject) => {
        const late = setTimeout(() => done(() => reject(new Error('what hung got no answer'))), 60_000);
        const hear = (news: PlayReport) => {
          if ('hung' in news) done(() => resolve(news.hung));
        };
        const done = (how: () => void) => {
          clearTimeout(late);
          this.crowd.off('message', hear);
          how();
        };
        this.crowd.on('message', hear);
        this.say({ do: 'hang' });
      });
      await new Promise(done => setTimeout(done, 1_000)); // a second node that was caught in it is about to end as well
      return { ...hung, ended };
    } finally {
      this.ends.byThemselves = null;
    }
  }

  /**
   * The sum of a counter over all nodes that run, as their metrics have it.
   * @param sign the line's beginning, with its labels
   */
  async counted(sign: string): Promise<number> {
    const texts = await Promise.all(
      this.cluster.nodes.filter(n => n.state === 'up').map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
    );
    return texts
      .flatMap(text => text.split('\n'))
      .filter(line => line.startsWith(`${sign} `))
      .reduce((sum, line) => sum + Number(line.slice(sign.length)), 0);
  }

  deafen(count: number, ms: number): void {
    this.say({ do: 'deafen', count, ms });
  }

  /** A command to the master of Redis, past all proxies. @throws when it is refused */
  redis(...words: string[]): Promise<string> {
    return askRedis(this.cluster.redisUrl, words);
  }

  /** A command to one of the servers. */
  redisOf(name: string, ...words: string[]): Promise<string> {
    const url = new URL(this.cluster.redisUrl);
    url.port = String(this.cluster.redisServers.find(s => s.name === name)!.port);
    return askRedis(url.href, words);
  }

  /**
   * Makes all of Redis whole: one master whom all replicas follow, with all of it on their disks. Then nothing is open
   * any more of what it lost.
   */
  async redisWhole(): Promise<void> {
    if (this.cluster.redisServers.length === 1) return;
    for (const { name, state } of [...this.cluster.redisServers, ...this.cluster.sentinels])
      if (state === 'frozen') this.cluster.resumeRedis(name);
    await this.cluster.startRedis();
    await until(
      'one master, and all replicas follow it',
      async () => {
        const { port, name: master } = this.cluster.redisServers.find(s => s.master)!;
        const views = await Promise.all(
          this.cluster.redisServers.map(async ({ name }) => {
            for (const user of ['replica', 'sentinel'])
              await this.redisOf(name, 'ACL', 'SETUSER', user, 'on').catch(() => '');
            const told = await this.redisOf(name, 'INFO').catch(() => '');
            // The sentinels would see to it, after ten seconds or more.
            if (name !== master && /role:master/.test(told))
              await this.redisOf(name, 'REPLICAOF', '127.0.0.1', String(port)).catch(() => '');
            const follows =
              name === master
                ? /role:master/.test(told)
                : new RegExp(`master_port:${port}\\s`).test(told) && /master_link_status:up/.test(told);
            return follows && /aof_rewrite_in_progress:0/.test(told) && /aof_rewrite_scheduled:0/.test(told);
          }),
        );
        return views.every(Boolean) || undefined;
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    this.tap.settle();
  }

  // --- play ----------------------------------------------------------------------------------

  /** Waits until every room goes on, from now. @returns those that did not in time */
  async goesOn(within: number): Promise<string[]> {
    const before = this.play.rooms;
    await this.news();
    const still = () =>
      Object.entries(this.play.rooms)
        .filter(([id, now]) => {
          const then = before[id];
          if (!then) return false; // it has just begun
          const silent = silentFor[now.game];
          return silent === undefined ? now.count < then.count + 3 : now.count <= then.count && now.idle > silent;
        })
        .map(([id]) => id);
    for (const end = performance.now() + within; still().length > 0 && performance.now() < end;) await this.news();
    return still();
  }

  /** Waits for everybody to sit and play. */
  async settled(tables: number, within = 180_000): Promise<void> {
    const end = performance.now() + within;
    while (Object.values(this.play.rooms).filter(r => r.count > 5).length < tables) {
      if (performance.now() > end)
        throw new Error(`only ${Object.keys(this.play.rooms).length} of ${tables} tables play`);
      await this.news();
    }
  }

  /** Ends play, waits for what is under way. @returns how many actions never got an answer */
  rest(within: number): Promise<number> {
    return (this.crowdStopped ??= new Promise(resolve => {
      this.crowd.on('message', (news: PlayReport) => {
        if ('stopped' in news) resolve(news.stopped);
      });
      this.crowd.once('exit', () => resolve(-1));
      this.say({ do: 'stop', within });
    }));
  }

  /** Ends all that was started. The records stay. */
  async close(): Promise<void> {
    if (this.crowd.connected) this.crowd.disconnect();
    this.tap.stop();
    await this.cluster.stop({ force: true });
    await this.network.close();
    this.records.close();
  }

  private news(): Promise<void> {
    return new Promise(resolve => {
      const late = setTimeout(() => done(), 2_000);
      const done = () => {
        clearTimeout(late);
        this.hearing.delete(done);
        resolve();
      };
      this.hearing.add(done);
    });
  }

  private say(word: PlayCommand): void {
    if (this.crowd.connected) this.crowd.send(word);
  }
}

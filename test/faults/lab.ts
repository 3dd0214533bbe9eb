import { fork, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../../server/launcher/cluster.ts';
import type { CrowdSize } from './play/crowd.ts';
import type { Play } from './play/meter.ts';
import type { News, Order, Word } from './play/play-process.ts';
import { Firewall } from './network/firewall.ts';
import { Network } from './network/network.ts';
import { Records } from './records.ts';
import { Tap } from './tap/tap.ts';

export interface LabOptions {
  /** Where records, logs and data go. */
  folder: string;
  crowd: CrowdSize;
  seed: number;
  nodes?: number;
  /** Redis settings beside the launcher's. */
  redis?: Record<string, string>;
  /** A process of the cluster ended, and nobody had asked for it. */
  onCrash?: (what: string) => void;
}

/** A dice round shows its hands for some seconds: such a room may be silent for so long and is well. */
const silentFor: Record<string, number> = { 'liars-dice': 8_000 };

/** A cluster of real processes with a network that can be cut, a crowd that plays on it, and everything written down. */
export class Lab {
  readonly firewall = Firewall.here();
  play: Play = { asked: 0, accepted: 0, refused: {}, lost: 0, pending: 0, rooms: {} };
  private heard = 0;
  private readonly hearing = new Set<() => void>();
  private joined: string | null = null;
  private crowdStopped: Promise<number> | null = null;

  private constructor(readonly cluster: Cluster, readonly network: Network, readonly tap: Tap, private readonly crowd: ChildProcess, private readonly records: Records, readonly folder: string) {
    crowd.on('message', (news: News) => {
      if (!('play' in news)) return;
      this.play = news.play;
      this.heard += 1;
      for (const hear of [...this.hearing]) hear();
    });
  }

  static async start({ folder, crowd, seed, nodes = 3, redis = {}, onCrash }: LabOptions): Promise<Lab> {
    mkdirSync(folder, { recursive: true });
    const network = new Network();
    const journal = new Records(join(folder, 'rooms'), 'journal');
    let cluster: Cluster | null = null;
    try {
      cluster = await startCluster({
        nodes, quiet: true, runDir: join(folder, 'cluster'), script: 'test/faults/node/lab-node.ts', between: network.between, redis,
        env: { LOG_LEVEL: 'warn', FAULTS_DIR: folder },
      });
      cluster.on('exit', exit => { if (!exit.expected) onCrash?.(`${exit.name} ended by itself: ${exit.signal ?? `code ${exit.code}`}`); });
      cluster.on('line', (name, line) => appendFileSync(join(folder, 'cluster.log'), `${name} ${line}\n`));
      const tap = new Tap(join(cluster.runDir, 'redis', 'appendonlydir'), journal);
      tap.start();
      const order: Order = { url: cluster.url, folder: join(folder, 'rooms'), size: crowd, seed };
      const child = fork(join(import.meta.dirname, 'play/play-process.ts'), [JSON.stringify(order)], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      child.once('exit', code => { if (code !== null && code !== 0) onCrash?.(`the crowd ended with ${code}`); });
      return new Lab(cluster, network, tap, child, journal, folder);
    } catch (error) {
      await cluster?.stop({ force: true });
      await network.close();
      journal.close();
      throw error;
    }
  }

  // --- whom to hit ---------------------------------------------------------------------------

  /** Nodes that run, without one that has joined for a while. */
  standing(): string[] { return this.cluster.nodes.filter(n => n.state === 'up' && n.name !== this.joined).map(n => n.name); }
  /** Nodes that are not there, though nobody has sent them away. */
  down(): string[] { return this.cluster.nodes.filter(n => n.state === 'down' && n.name !== this.joined).map(n => n.name); }
  busiest(): string { return this.byRooms().at(-1)!; }
  idlest(): string { return this.byRooms()[0]!; }
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

  deafen(count: number, ms: number): void { this.say({ do: 'deafen', count, ms }); }

  /** A command to Redis, past all proxies. @returns what it answered, as it is on the wire */
  redis(...words: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.cluster.redisPort, host: '127.0.0.1' }, () => socket.write(`*${words.length}\r\n${words.map(w => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join('')}`));
      socket.setTimeout(5_000, () => socket.destroy(new Error('redis does not answer')));
      socket.once('data', data => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }

  // --- play ----------------------------------------------------------------------------------

  /** Waits until every room goes on, from now. @returns those that did not in time */
  async goesOn(within: number): Promise<string[]> {
    const before = this.play.rooms;
    await this.news();
    const still = () => Object.entries(this.play.rooms).filter(([id, now]) => {
      const then = before[id];
      if (!then) return false; // it has just begun
      const silent = silentFor[now.game];
      return silent === undefined ? now.count < then.count + 3 : now.count <= then.count && now.idle > silent;
    }).map(([id]) => id);
    for (const end = performance.now() + within; still().length > 0 && performance.now() < end;) await this.news();
    return still();
  }

  /** Waits for everybody to sit and play. */
  async settled(tables: number, within = 60_000): Promise<void> {
    const end = performance.now() + within;
    while (Object.values(this.play.rooms).filter(r => r.count > 5).length < tables) {
      if (performance.now() > end) throw new Error(`only ${Object.keys(this.play.rooms).length} of ${tables} tables play`);
      await this.news();
    }
  }

  /** Ends play, waits for what is under way. @returns how many actions never got an answer */
  rest(within: number): Promise<number> {
    return (this.crowdStopped ??= new Promise(resolve => {
      this.crowd.on('message', (news: News) => { if ('stopped' in news) resolve(news.stopped); });
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

  private say(word: Word): void { if (this.crowd.connected) this.crowd.send(word); }
}

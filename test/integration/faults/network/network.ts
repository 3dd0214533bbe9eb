import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { ClusterProxies } from '../../../../tools/local-cluster/cluster.ts';
import { normalConditions, type LinkConditions } from './link.ts';
import type { ProxyResponse, ProxyRequest } from './proxy-process.ts';

type Asked = ProxyRequest extends infer A ? (A extends { id: number } ? Omit<A, 'id'> : never) : never;

/** The links between a node and Redis, and between nginx and a node. Each node has both of its own. */
export type Side = 'redis' | 'nginx';
const nameOf = (side: Side, node: string): string => `${side}:${node}`;

/** The network of a lab: what the launcher is told to put between its parts. */
export class Network {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(value: number | boolean): void; reject(error: Error): void }>();
  private asked = 0;
  /** Ports of the links, for who drops packets by them. */
  readonly ports = new Map<string, number>();
  private readonly nodePorts = new Map<string, number>();

  constructor() {
    this.child = fork(join(import.meta.dirname, 'proxy-process.ts'), {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (answer: ProxyResponse) => {
      const one = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if (answer.error === undefined) one?.resolve(answer.value!);
      else one?.reject(new Error(answer.error));
    });
    this.child.on('exit', () => {
      for (const one of this.waiting.values()) one.reject(new Error('the proxy is gone'));
    });
  }

  readonly between: ClusterProxies = {
    redisPort: (node, port) => this.open(nameOf('redis', node), port),
    nodePort: (node, port) => {
      this.nodePorts.set(node, port);
      return this.open(nameOf('nginx', node), port);
    },
  };

  set(side: Side, node: string, weather: LinkConditions): Promise<unknown> {
    return this.ask({ do: 'set', link: nameOf(side, node), weather });
  }
  calm(side: Side, node: string): Promise<unknown> {
    return this.set(side, node, normalConditions);
  }
  /** Breaks the connections there are, with a reset. */
  cut(side: Side, node: string): Promise<unknown> {
    return this.ask({ do: 'cut', link: nameOf(side, node) });
  }
  /**
   * The answer to the node's next request to Redis with `needle` in it is lost with its connection.
   * @returns whether there was one in time
   */
  async loseReply(node: string, needle: string, within: number): Promise<boolean> {
    return (await this.ask({ do: 'lose-reply', link: nameOf('redis', node), needle, within })) === true;
  }

  /** All ports by which a node is reached and reaches others: without packets to and from these it is gone. */
  portsOf(node: string): number[] {
    return [this.nodePorts.get(node), this.ports.get(nameOf('redis', node))].filter(port => port !== undefined);
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise(resolve => this.child.once('exit', resolve));
    this.child.disconnect();
    await gone;
  }

  private async open(link: string, target: number): Promise<number> {
    const port = (await this.ask({ do: 'open', link, target })) as number;
    this.ports.set(link, port);
    return port;
  }

  private ask(what: Asked): Promise<number | boolean> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, ...what });
    });
  }
}

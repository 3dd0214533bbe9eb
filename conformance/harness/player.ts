import type { PublicRoom } from '../../shared/protocol.ts';
import type { Adapter, AdapterReply } from './adapter.ts';
import { ClientProxy, type Fault, type Passing } from './client-proxy.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import { AdapterTimeoutError, ConformanceError } from './failure.ts';
import { Monitor } from './monitor.ts';

/** The adapter's answer to `state`. */
export interface ClientState {
  readonly seat: number | null;
  readonly room: PublicRoom | null;
  readonly state: unknown;
  readonly position: readonly [term: number, seq: number] | null;
  /** How the client caught up after each interruption. */
  readonly resumes: readonly { readonly with: 'changes' | 'snapshot'; readonly lost: boolean }[];
  readonly events: readonly (readonly [name: string, data: unknown])[];
  /** Why the hold on the room is over; null while it is not. */
  readonly ended: { readonly code: string; readonly detail?: string } | null;
}

/** A client under test: its commands, the network between it and the nodes, and what the monitor found. */
export class Player {
  readonly monitor = new Monitor();
  /** The node for new connections, unless it is gone. */
  home: ClusterNode | null = null;
  token: string | null = null;

  private constructor(
    readonly name: string,
    private readonly adapter: Adapter,
    private readonly cluster: Cluster,
    readonly proxy: ClientProxy,
    /** Time (ms) in which the client has to get somewhere. */
    private readonly patienceMs: number,
  ) {
    proxy.onRecord = this.monitor.follow;
  }

  static async create(
    name: string,
    adapter: Adapter,
    cluster: Cluster,
    { home, patienceMs }: { home: ClusterNode; patienceMs: number },
  ): Promise<Player> {
    const proxy = await ClientProxy.start(() => {
      const able = cluster.nodes.filter(({ node }) => node.isReady);
      return able.find(node => node === player.home) ?? able[0] ?? null;
    });
    const player: Player = new Player(name, adapter, cluster, proxy, patienceMs);
    player.home = home;
    return player;
  }

  /** @throws AdapterError */
  ask(command: string, fields: object = {}, timeoutMs?: number): Promise<AdapterReply> {
    return this.adapter.ask(command, { client: this.name, ...fields }, timeoutMs);
  }

  /** @throws ConformanceError unless the client is welcomed */
  async connect(): Promise<void> {
    const reply = await this.ask('connect', { url: this.proxy.url, name: this.name, token: this.token });
    if (!reply.ok)
      throw new ConformanceError(
        `"connect" was not welcomed: ${reply.code} ${reply.detail ?? ''}${this.proxy.usedPolling ? ' (the client tried long-polling: the runner takes WebSockets only)' : ''}`,
      );
    if (typeof reply['player'] !== 'string' || typeof reply['token'] !== 'string')
      throw new ConformanceError('the answer to "connect" must have "player" and "token" of the server\'s "welcome"');
    this.token = reply['token'];
  }

  join(room: string, fields: object = {}): Promise<AdapterReply> {
    return this.ask('join', { room, game: 'conformance', version: 3, ...fields });
  }

  /** An action; resolves with its verdict. */
  async act(name: string, data: object = {}): Promise<AdapterReply> {
    try {
      return await this.ask('act', { name, data }, this.patienceMs);
    } catch (error) {
      if (!(error instanceof AdapterTimeoutError)) throw error;
      throw new ConformanceError(
        `the action ${name} ${JSON.stringify(data)} has no verdict after ${this.patienceMs / 1000} s: an unanswered action is sent again after each join, and after "stale-term"`,
      );
    }
  }

  async state(): Promise<ClientState> {
    return (await this.ask('state')) as unknown as ClientState;
  }

  /** Waits until the client's replica is what the server holds. @throws ConformanceError with the first difference */
  async upToDate(room: string, after: string): Promise<ClientState> {
    let difference = '';
    const state = await this.poll(
      async () => {
        const state = await this.state();
        const truth = this.cluster.truth(room, state.seat);
        if (!truth) return ((difference = 'no node runs the room'), null);
        if (state.ended)
          throw new ConformanceError(
            `${after}: the client gave the room up: ${state.ended.code} ${state.ended.detail ?? ''}`,
          );
        if (!state.position || state.position.join() !== truth.position.join())
          difference = `the client is at position [${state.position?.join() ?? 'none'}], the room at [${truth.position.join()}]`;
        else
          difference =
            firstDifference(state.room, truth.room, 'room') || firstDifference(state.state, truth.state, 'state');
        return difference === '' ? state : null;
      },
      () => `${after}: the client's replica is not what the server holds: ${difference}`,
    );
    return state;
  }

  /** Polls until a value is there. @throws ConformanceError */
  async poll<T>(read: () => Promise<T | null> | T | null, complaint: () => string): Promise<T> {
    const deadline = performance.now() + this.patienceMs;
    for (;;) {
      const value = await read();
      if (value !== null) return value;
      if (performance.now() > deadline) throw new ConformanceError(complaint());
      await new Promise(resolve => setTimeout(resolve, 15));
    }
  }

  /** Waits for a packet of the client that is not older than `since`. @throws ConformanceError */
  async packet(since: number, what: string, matches: (passing: Passing) => boolean): Promise<Passing> {
    return this.poll(
      () => this.proxy.passed.find(passing => passing.at >= since && matches(passing)) ?? null,
      () => what,
    );
  }

  /** Adds a fault that decides on packets until it is ended. */
  fault(decide: Fault['decide']): Fault {
    const fault: Fault = { decide };
    this.proxy.faults.push(fault);
    return fault;
  }

  /** The client's last packets, for the report. */
  transcript(count = 14): string[] {
    return this.proxy.passed
      .filter(({ packet }) => !['ping', 'pong'].includes(packet.kind))
      .slice(-count)
      .map(
        ({ way, packet, wire }) =>
          `${this.name} ${way === 'up' ? '→' : '←'} #${wire.number} ${shorten(packet.text.replace(/"token":"[^"]*"/, '"token":"(hidden)"'), 220)}`,
      );
  }

  async close(): Promise<void> {
    if (this.adapter.isRunning) await this.ask('close', {}, 3_000).catch(() => {});
    this.proxy.close();
  }
}

/** Where two JSON values differ; the order of keys does not count. Empty: they are equal. */
export function firstDifference(client: unknown, server: unknown, path: string): string {
  if (client === server) return '';
  if (
    typeof client !== 'object' ||
    typeof server !== 'object' ||
    client === null ||
    server === null ||
    Array.isArray(client) !== Array.isArray(server)
  )
    return `${path} is ${text(client)}, not ${text(server)}`;
  if (Array.isArray(client) && client.length !== (server as unknown[]).length)
    return `${path} has ${client.length} elements, not ${(server as unknown[]).length}: ${text(client)}, not ${text(server)}`;
  for (const key of new Set([...Object.keys(client), ...Object.keys(server)])) {
    const [own, other] = [client, server].map(value =>
      Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined,
    );
    if (own === undefined && other !== undefined) return `${path}.${key} is missing (the server has ${text(other)})`;
    if (own !== undefined && other === undefined)
      return `${path}.${key} is not on the server (the client has ${text(own)})`;
    const found = firstDifference(own, other, `${path}.${key}`);
    if (found !== '') return found;
  }
  return '';
}

const shorten = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}…` : text);
const text = (value: unknown): string => shorten(JSON.stringify(value) ?? 'undefined', 120);

import { Client, type ConnectOptions } from '../client/client.ts';
import type { ClientClock, TransportConnection, TransportEvents, Route, Transport } from '../client/ports.ts';
import { MemoryHub } from '../server/messaging/memory-hub.ts';
import { RejoinNode } from '../server/node/node.ts';
import type { EffectHandler } from '../server/rooms/actor/effect-runner.ts';
import type { RoomStep } from '../server/rooms/actor/actor.ts';
import type {
  Bus,
  Clock,
  Entropy,
  Fanout,
  ListenerCounts,
  Log,
  NodeMessage,
  Meter,
  Compressor,
  CounterName,
  NodeRegister,
  RuleRun,
  HangDetector,
} from '../server/runtime/ports.ts';
import { StoreError } from '../server/store/store.ts';
import { MemoryStore } from '../server/store/memory-store.ts';
import type { AnyGame } from '../shared/contract.ts';
import type { Handshake } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { asSent } from './as-sent.ts';
import { FaultyStore, type StoreCall, type StoreFault } from './faulty-store.ts';
import { OrderedStreams, type CopyDelays } from './ordered-streams.ts';
import { VirtualClock, type Scheduling } from './virtual-clock.ts';
import { latency, TestConnection } from './test-connection.ts';
import { TestNode } from './test-node.ts';

/** Observes the whole cluster. Called synchronously, so it may act at that moment, for example kill a node. */
export interface ClusterObserver {
  /**
   * A node's call to the store or to other nodes is about to be executed (`asked`), or its answer is about to leave
   * (`done`).
   */
  onCall?(host: TestNode, what: string, moment: 'asked' | 'done'): void;
  /** The store executed a call. */
  onStoreCall?(call: StoreCall, args: readonly unknown[]): void;
  /** A node sends an event to a channel. */
  onChannelEvent?(host: TestNode, channel: string, event: string, text: string): void;
  /** A node sends a message to another. */
  onNodeMessage?(host: TestNode, text: string): void;
  /** A node broadcasts to all others. */
  onBroadcast?(host: TestNode): void;
  /** A node sends to a client: an event, or the answer to a request. */
  onClientMessage?(client: TestClient, name: string, text: string): void;
}

export interface TestClient {
  client: Client;
  bytes: string[];
  keepsBytes: boolean;
  /** Name of the node that new connections lead to. */
  homeNode: string;
  /** Open connections. */
  connections: Set<TestConnection>;
  /** Whether all connection attempts fail. */
  isOffline: boolean;
  /** Delay of a message (ms) in addition to the latency. */
  extraDelay(way: 'up' | 'down'): number;
  /** The server's identification of a handshake, or a refusal. */
  identify(handshake: Handshake): { player: string; name: string; token: string } | Refused;
  /** Runs the client's code. A test may catch exceptions. */
  run(fn: () => void): void;
  /** Error of the device clock, ms. */
  clockSkew: number;
  /** Whether nodes send it latest positions along with pings. */
  receivesHeads(): boolean;
  /** Called for everything that a node sends to it. */
  onMessage(name: string, text: string): void;
}

/** Synchronous: real compression would take real time, and its result would arrive at a random virtual time. */
const compressor: Compressor = {
  compress: async text => deflateRawSync(text).toString('base64'),
  decompress: async packed => inflateRawSync(Buffer.from(packed, 'base64')).toString(),
};

/** Nodes, one store, and the clients' connections, in one process and one thread, on a virtual clock. */
export class TestCluster {
  readonly clock: VirtualClock;
  /** The host's code for effects of games, the same on all nodes. */
  effects: Record<string, Record<string, EffectHandler>> = {};
  readonly hub = new MemoryHub();
  readonly memory: MemoryStore;
  readonly nodes = new Map<string, TestNode>();
  /** Selects the fault of each call to the store. */
  faultFor: (call: StoreCall) => StoreFault | undefined = () => undefined;
  /** Which broadcasts between nodes are lost, including those that travel in another message. */
  dropsBroadcast: (from: string, to: string) => boolean = () => false;
  /** Which messages between nodes are lost although the bus reports them as delivered. */
  dropsMessage: (from: string, to: string, text: string) => boolean = () => false;
  /** All log lines of the nodes, of every level. */
  readonly logLines: string[] = [];
  /**
   * Delays (ms) of the copies of each message and broadcast between two nodes. The order is kept, as on one connection.
   */
  copyDelays: CopyDelays = () => [0];
  /** Error of a node's wall clock (ms), by name. */
  readonly clockSkews = new Map<string, number>();
  observer: ClusterObserver = {};
  /** Called for each rule that failed, on any node. */
  onRuleFailed: (room: string, rule: string, error: unknown) => void = () => {};
  /** All commands of rooms, in order; null: not recorded. */
  steps: RoomStep[] | null = null;
  /** Whether the store publishes an entry to nodes in the step in which it writes it. */
  storePublishes: () => boolean = () => true;
  /** Whether recordings of matches that last only a moment of virtual time are kept. */
  keepsShortReplays = true;
  /**
   * Whether `logLines`, `storeCalls` and the clients' `bytes` are kept. Off in simulations of many clusters, which do
   * not read them.
   */
  keepsRecord = true;
  /** Whether nodes send latest positions along with pings. They do not on a Socket.IO server of the app's own. */
  sendsHeads = true;
  private readonly streams = new OrderedStreams();
  /** Whether the owner's document is compared with the journal after each entry. Off in measurements. */
  verifiesJournal = true;
  private readonly store: FaultyStore;
  /** Every executed call. */
  readonly storeCalls: StoreCall[] = [];
  readonly counters = new Map<CounterName | `${CounterName}:${string}`, number>();
  private seed: number;
  private lastConnectionId = 0;

  constructor(
    private readonly games: readonly AnyGame[],
    seed = 7,
    pace: Scheduling = 'turns',
  ) {
    this.clock = new VirtualClock(undefined, pace);
    this.seed = seed;
    this.memory = new MemoryStore(this.clock, this.entropy, this.hub.lastHeartbeat);
    this.store = new FaultyStore(this);
    // Skipped idle time is not an outage of the store: postponed heartbeats would have succeeded, except for isolated
    // nodes.
    this.clock.onSkip = ms => {
      for (const { node, isIsolated } of this.nodes.values()) if (!isIsolated) node.clockSkipped(ms);
    };
  }

  readonly random = (): number => {
    this.seed = (Math.imul(this.seed ^ (this.seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((this.seed ^ (this.seed >>> 13)) >>> 0) / 0x1_0000_0000;
  };
  readonly entropy: Entropy = {
    bytes: count => Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256)),
    float: this.random,
  };

  async start(...names: string[]): Promise<TestNode[]> {
    const hosts: TestNode[] = [];
    for (const name of names) hosts.push(await this.bootNode(name));
    await this.clock.advance(300); // every node has seen every other
    return hosts;
  }

  /** Starts a node. A reused name is another node. */
  async bootNode(name: string, games = this.games): Promise<TestNode> {
    const { host, started } = this.startNode(name, games);
    await this.clock.run(started, `${name} starts`);
    return host;
  }

  /** The same for callers that do not control the clock: the node starts as time passes. */
  startNode(name: string, games = this.games): { host: TestNode; started: Promise<void> } {
    const host = new TestNode(name);
    const clock = this.clockOf(host);
    host.storeId = this.store.currentId;
    host.node = new RejoinNode({
      name,
      games,
      clock,
      entropy: this.entropy,
      compressor,
      log: logOf(host, line => {
        if (this.keepsRecord) this.logLines.push(line());
      }),
      meter: this.meter,
      eventLoopDelayMs: () => 1,
      effects: (game, name) => this.effects[game]?.[name] ?? null,
      thorough: true,
      onStep: step => void this.steps?.push(structuredClone(step)),
      onRuleFailed: (...failed) => this.onRuleFailed(...failed),
      hangDetector: this.watchOf(host),
      keepsShortReplays: this.keepsShortReplays,
      store: this.store.of({
        host,
        call: (what, carryOut) => this.call(host, latency.store, what, carryOut),
        deliver: message => void this.deliver(host, message),
      }),
      bus: this.busOf(host),
      register: this.registerOf(host),
      fanout: this.fanoutOf(host),
    });
    this.nodes.set(name, host);
    return { host, started: host.node.start() };
  }

  node(name: string): TestNode {
    return this.nodes.get(name)!;
  }
  /** The node that considers itself the room's owner. */
  owner(room: string): TestNode | undefined {
    return [...this.nodes.values()].find(h => h.state === 'up' && h.owns(room));
  }

  /** Kills a node, as with SIGKILL: its pending work is dropped, its connections close, its inbox has no subscriber. */
  kill(host: TestNode): void {
    host.state = 'dead';
    void host.bus.close(); // memory: at once
    for (const link of [...host.connections]) link.breakConnection();
  }

  /** Drops a node's subscriptions for `ms`: it receives no messages and broadcasts. Afterwards its clients catch up. */
  dropSubscriptions(host: TestNode, ms: number): void {
    void host.bus.close();
    host.isUnsubscribed = true;
    host.runInside(host.onBusBroken);
    this.clock.after(ms, () =>
      host.runInside(() => {
        host.isUnsubscribed = false;
        void host.bus.listen(host.node.id, host.onMessage);
        host.node.clients.resyncAll();
      }),
    );
  }

  /** Cuts a node off from the store and all other nodes, but not from its clients, until `heal`. */
  isolate(host: TestNode): void {
    host.isIsolated = host.isUnsubscribed = true;
    void host.bus.close();
  }
  heal(host: TestNode): void {
    host.isIsolated = false;
    this.dropSubscriptions(host, 0);
  }

  /** Freezes a node, as with SIGSTOP: its connections stay open, messages to it wait. */
  freeze(host: TestNode): void {
    host.state = 'frozen';
  }
  thaw(host: TestNode): void {
    host.thaw();
  }

  /** Drains and stops a node, as on SIGTERM. */
  async drain(host: TestNode): Promise<void> {
    await this.clock.run(host.node.drain(), 'the drain');
    for (const link of host.connections) link.sendToClient('moving', []);
    await this.clock.advance(1_500);
    for (const link of [...host.connections]) link.breakConnection();
    await this.clock.run(host.node.stop(), 'the stop');
    await this.clock.advance(5);
    this.kill(host);
  }

  /** Hands a room over to another node. @returns whether it succeeded */
  handover(from: TestNode, room: string, to: TestNode): Promise<boolean> {
    return this.clock.run(from.node.handOver(room, to.node.id), 'the hand-over');
  }

  /** Disconnects a client until `isOffline` is cleared. */
  disconnect(client: TestClient): void {
    client.isOffline = true;
    for (const link of [...client.connections]) link.breakConnection();
  }

  /** Saves the store. @returns a function that restores it */
  saveStore(): () => void {
    const restore = this.memory.saveRooms();
    return () => {
      restore();
      this.replaceStore();
    };
  }

  /**
   * Replaces the store, as after a restart or failover: pending calls have an unknown outcome, and each node is
   * notified.
   */
  replaceStore(): void {
    const now = this.store.replace();
    for (const host of this.nodes.values()) {
      host.runInside(() => {
        host.storeId = now;
        host.onIncarnation();
      });
    }
  }

  /** @param name of the player; the id is the same unless another is given */
  client(name: string, homeNode: string, options: Partial<ConnectOptions> = {}, player: string = name): TestClient {
    const made: TestClient = {
      client: null as unknown as Client,
      bytes: [],
      keepsBytes: this.keepsRecord,
      homeNode,
      connections: new Set(),
      isOffline: false,
      extraDelay: () => 0,
      identify: () => ({ player, name, token: '' }),
      run: fn => fn(),
      clockSkew: 0,
      receivesHeads: () => this.sendsHeads,
      onMessage: (event, text) => this.observer.onClientMessage?.(made, event, text),
    };
    const clock: ClientClock = {
      now: () => this.clock.now() + made.clockSkew,
      mono: () => this.clock.mono(),
      random: this.random,
      after: (ms, fn) => {
        const timer = this.clock.after(ms, () => made.run(fn));
        return () => timer.cancel();
      },
    };
    made.client = new Client('test:', {
      transport: this.transport(made),
      clock,
      storage: null,
      name,
      ...options,
    });
    return made;
  }

  private transport(client: TestClient): Transport {
    return { open: (handshake, route, events) => this.openConnection(client, handshake, route, events) };
  }

  private openConnection(
    client: TestClient,
    handshake: Handshake,
    route: Route,
    events: TransportEvents,
  ): TransportConnection {
    // Stands for a proxy: the usual route leads to the home node if that can be reached, the route of a room to one
    // node for all clients, any other route to a random node.
    const able = [...this.nodes.values()].filter(h => h.state !== 'dead');
    const home = able.find(h => h.name === client.homeNode);
    const host = client.isOffline
      ? undefined
      : typeof route === 'object'
        ? nodeForRoom(
            route.room,
            able.filter(h => !h.node.isDraining),
          )
        : route === undefined && home
          ? home
          : able[Math.floor(this.random() * able.length)];
    const who = host && client.identify(handshake);
    if (who && !('code' in who))
      return new TestConnection(`wire-${++this.lastConnectionId}`, host, client, who, this.clock, events);
    this.clock.after(latency.line, () => client.run(() => events.closed(who ?? null)));
    return { request: () => Promise.reject(new Error('no connection')), send: () => {}, close: () => {} };
  }

  // --- what one node is given: clock, bus, register, fanout ------------------------------------

  private clockOf(host: TestNode): Clock {
    const after: Clock['after'] = (ms, fn) => {
      let cancelled = false;
      const timer = this.clock.after(ms, () =>
        host.runInside(() => {
          if (!cancelled) fn();
        }),
      );
      return {
        cancel: () => {
          cancelled = true;
          timer.cancel();
        },
      };
    };
    return {
      now: () => this.clock.now() + (this.clockSkews.get(host.name) ?? 0),
      mono: () => this.clock.mono(),
      soon: fn => void after(0, fn),
      after,
      sleep: ms =>
        new Promise(resolve => {
          after(ms, resolve);
        }),
    };
  }

  /** A network call: sent only by a live process, and answered only to a live process. */
  private call<T>(host: TestNode, delay: number, what: string, carryOut: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (host.state === 'dead') return;
      const answer = (fn: () => void) => {
        this.observer.onCall?.(host, what, 'done');
        this.clock.after(delay, () => host.runInside(fn));
      };
      this.clock.after(delay, () => {
        this.observer.onCall?.(host, what, 'asked');
        if (host.state === 'dead') return;
        if (host.isIsolated)
          return host.runInside(() => reject(new StoreError('no', true, 'a test has cut this node off')));
        carryOut().then(
          value => answer(() => resolve(value)),
          (error: Error) => answer(() => reject(error)),
        );
      });
    });
  }

  /** Call this in a rule in place of an endless loop: the node dies, and its hang detector has reported the rule. */
  readonly hang = (): never => {
    const { host, run } = this.runningRule!;
    const { room, seq, token: _token, game: _game, ...blame } = run;
    void this.memory.reportHang(room, seq, { ...blame, id: `${host.node.id}-${++this.hangs}` }); // memory: at once
    this.kill(host);
    throw new Error('this process has ended');
  };
  /** Number of hangs. */
  hangs = 0;
  private runningRule: { host: TestNode; run: Readonly<RuleRun> } | null = null;

  private watchOf(host: TestNode): HangDetector {
    return {
      begin: run => {
        this.runningRule = { host, run };
      },
      end: () => {
        this.runningRule = null;
      },
    };
  }

  private busOf(host: TestNode): Bus {
    const bus = (host.bus = this.hub.bus());
    return {
      publish: messages =>
        this.call(host, latency.bus, 'bus', () => Promise.all(messages.map(message => this.deliver(host, message)))),
      listen: (node, on, broke = () => {}) => {
        host.onBusBroken = broke;
        return bus.listen(node, (host.onMessage = text => host.runInside(() => on(text))));
      },
    };
  }

  /** Delivers a message to another node. @returns the number of subscribers, as the bus reports it */
  private async deliver(host: TestNode, { node, text }: NodeMessage): Promise<number> {
    this.observer.onNodeMessage?.(host, text);
    const to = node.split('~')[0]!;
    if (this.dropsMessage(host.node.id, node, text)) return 1;
    const carried = [{ node, text: this.dropsBroadcast(host.name, to) ? withoutBroadcasts(text) : text }];
    const late = this.streams.arrivals(`${host.node.id}>${node}`, this.clock.mono(), this.copyDelays(host.name, to));
    if (late.length === 1 && late[0] === 0) return (await host.bus.publish(carried))[0]!;
    for (const ms of late) this.clock.after(ms, () => void host.bus.publish(carried));
    return (await this.listenersOf(node)).inbox; // counted when sent, whenever it arrives
  }

  /** A node's record outlives its process; its connection does not. */
  private async listenersOf(node: string): Promise<ListenerCounts> {
    const { inbox } = await this.hub.listeners(node);
    return {
      inbox,
      register: [...this.nodes.values()].some(
        host => host.node.id === node && host.state !== 'dead' && !host.isIsolated,
      )
        ? 1
        : 0,
    };
  }

  private registerOf(host: TestNode): NodeRegister {
    return {
      heartbeat: record => this.call(host, latency.store, 'beat', () => this.hub.heartbeat(asSent(record))),
      listeners: node => this.call(host, latency.store, 'listeners', () => this.listenersOf(node)),
      remove: node => this.call(host, latency.store, 'remove', () => this.hub.remove(node)),
    };
  }

  /** As Socket.IO's adapter does: immediately to local members, over the network to others. */
  private fanoutOf(host: TestNode): Fanout {
    const deliver = (to: TestNode, channel: string, event: string, text: string) => {
      for (const link of to.connections)
        if (link.channels.has(channel)) link.sendToClient(event, JSON.parse(text) as unknown[]);
    };
    const emitLocal: Fanout['emitLocal'] = (channel, event, ...args) => {
      if (host.state === 'dead') return;
      const text = JSON.stringify(args);
      this.observer.onChannelEvent?.(host, channel, event, text);
      deliver(host, channel, event, text);
    };
    return {
      emitLocal,
      emit: (channel, event, ...args) => {
        if (host.state === 'dead') return;
        const text = JSON.stringify(args);
        this.observer.onBroadcast?.(host);
        emitLocal(channel, event, ...args);
        for (const other of this.nodes.values()) {
          if (other === host || host.isIsolated || this.dropsBroadcast(host.name, other.name)) continue;
          for (const ms of this.streams.arrivals(
            `${host.node.id}>>${other.node.id}`,
            this.clock.mono(),
            this.copyDelays(host.name, other.name),
          ))
            this.clock.after(latency.bus + ms, () =>
              other.runInside(() => {
                if (!other.isUnsubscribed) deliver(other, channel, event, text);
              }),
            );
        }
      },
    };
  }

  private readonly meter: Meter = {
    count: (name, by = 1, label) => {
      for (const key of [name, ...(label === undefined ? [] : [`${name}:${label}` as const])])
        this.counters.set(key, (this.counters.get(key) ?? 0) + by);
    },
    observe: () => {},
  };
}

/** Rendezvous hashing: the same node for every client, and another only if that node is gone. */
function nodeForRoom(room: string, able: readonly TestNode[]): TestNode | undefined {
  const weight = (host: TestNode) =>
    [...`${room}|${host.name}`].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 0;
  return able.reduce<TestNode | undefined>(
    (best, host) => (best && weight(best) >= weight(host) ? best : host),
    undefined,
  );
}

/** A message between two nodes, without its broadcasts to room members. */
function withoutBroadcasts(text: string): string {
  const envelope = JSON.parse(text) as { news: [kind: string, body: unknown][] };
  return JSON.stringify({
    ...envelope,
    news: envelope.news.filter(([kind]) => kind !== 'broadcast' && kind !== 'change'),
  });
}

function logOf(host: TestNode, keep: (line: () => string) => void): Log {
  const write = (level: string) => (fields: Record<string, unknown>, text: string) => {
    if (host.state === 'dead') return;
    const { error, ...rest } = fields;
    const message = error instanceof Error ? error.message : undefined;
    keep(
      () =>
        `${level} ${text} ${JSON.stringify({ ...rest, ...(error === undefined ? {} : { error: error instanceof Error ? `${error.stack ?? message}` : error }) })}`,
    );
    if (level === 'warn' || level === 'error')
      host.warnings.push(`${text}${message === undefined ? '' : `: ${message}`}`);
  };
  return { info: write('info'), debug: write('debug'), warn: write('warn'), error: write('error') };
}

import { Client, type ConnectOptions } from '../client/client.ts';
import type { ClientClock, TransportConnection, TransportEvents, Route, Transport } from '../client/ports.ts';
import { MemoryHub } from '../server/messaging/memory-hub.ts';
import { RejoinNode } from '../server/node/node.ts';
import type { RoomDocument } from '../server/rooms/core/document.ts';
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
import { StoreError, type AppendRequest, type FindOrCreate, type NewRoom, type Store } from '../server/store/store.ts';
import { MemoryStore } from '../server/store/memory-store.ts';
import type { AnyGame } from '../shared/contract.ts';
import type { Handshake } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { asSent } from './as-sent.ts';
import { JournalVerifier } from './journal-verifier.ts';
import { OrderedStreams, type CopyDelays } from './ordered-streams.ts';
import { VirtualClock, type Scheduling } from './virtual-clock.ts';
import { latency, TestConnection } from './test-connection.ts';

/** What becomes of one call to the store. Nothing said: it is carried out. */
export interface StoreFault {
  /** It is carried out only when this resolves. */
  hold?: Promise<void>;
  /** Carried out, but the caller hears of it only when this resolves. */
  holdReply?: Promise<void>;
  /** Not carried out, and said so · not carried out, nobody knows · carried out, nobody knows. */
  lose?: 'refused' | 'request' | 'reply';
  /** Carried out twice, as a client does that sends again what it had no answer to; the second answer is heard. */
  repeat?: true;
}
type Operation = Exclude<keyof Store, 'onIncarnation' | 'close' | 'canPublishOnAppend'>;
export interface StoreCall {
  op: Operation;
  node: string;
  room: string | undefined;
  append?: AppendRequest;
  created?: NewRoom | undefined;
  /** What the store said, once it has */
  result?: unknown;
}

/**
 * What somebody who watches the whole world sees, at the moment at which it happens, and may act on: killing a node,
 * for example.
 */
export interface ClusterObserver {
  /**
   * A call of a node to the store or to others is about to be carried out, or was, and its answer is about to leave.
   */
  onCall?(host: TestNode, what: string, moment: 'asked' | 'done'): void;
  /** The store has carried a call out. */
  onStoreCall?(call: StoreCall, args: readonly unknown[]): void;
  /** A node tells a channel something. */
  onChannelEvent?(host: TestNode, channel: string, event: string, text: string): void;
  /** A node sends a message to another. */
  onNodeMessage?(host: TestNode, text: string): void;
  /** A node broadcasts to all others. */
  onBroadcast?(host: TestNode): void;
  /** A node writes to the line of a client: an event, or the answer to a request. */
  onClientMessage?(client: TestClient, name: string, text: string): void;
}

/** One node as a process would be: it can die, and it can stand still with all that is on its way to it waiting. */
export class TestNode {
  node!: RejoinNode;
  state: 'up' | 'frozen' | 'dead' = 'up';
  readonly connections = new Set<TestConnection>();
  /** What it logged as an error or a warning. */
  readonly warnings: string[] = [];
  onIncarnation: () => void = () => {};
  bus!: Bus & { close(): Promise<void> };
  onMessage: (text: string) => void = () => {};
  onBusBroken: () => void = () => {};
  isUnsubscribed = false;
  /** Cut off from the store and from all other nodes. */
  isIsolated = false;
  /** Which store its connection leads to; see World.anotherStore. */
  storeId = 0;
  private readonly suspendedTasks: (() => void)[] = [];
  constructor(readonly name: string) {}

  /** Does something inside this process: now, when it thaws, or never. */
  runInside(fn: () => void): void {
    if (this.state === 'up') fn();
    else if (this.state === 'frozen') this.suspendedTasks.push(fn);
  }

  thaw(): void {
    this.state = 'up';
    for (const fn of this.suspendedTasks.splice(0)) fn();
  }

  /** How many entries of a room this node has sent to the store. */
  owns(room: string): boolean {
    return this.state !== 'dead' && this.node.ownedRooms.get(room) !== undefined;
  }
}

export interface TestClient {
  client: Client;
  bytes: string[];
  keepsBytes: boolean;
  /** Where the next lines go, by name. */
  homeNode: string;
  /** Its lines of now. */
  connections: Set<TestConnection>;
  /** No line can be opened. */
  isOffline: boolean;
  /** By how much (ms) a message is late on its way, besides what all are. */
  extraDelay(way: 'up' | 'down'): number;
  /** What the server makes of a handshake: who it is, or a refusal. */
  identify(handshake: Handshake): { player: string; name: string; token: string } | Refused;
  /** Runs code of the client; a test may catch what it throws. */
  run(fn: () => void): void;
  /** By how much the device clock is wrong (ms). */
  clockSkew: number;
  /** Whether nodes tell it heads along with pings. */
  receivesHeads(): boolean;
  /** Told by its lines what a node writes to it. */
  onMessage(name: string, text: string): void;
}

/** At once: real time passes beside the test's, and what waits for it would be late by chance. */
const compressor: Compressor = {
  compress: async text => deflateRawSync(text).toString('base64'),
  decompress: async packed => inflateRawSync(Buffer.from(packed, 'base64')).toString(),
};

/**
 * Some nodes, one store, and the clients' lines to them, in one process and one thread, on a clock that the test winds.
 */
export class TestCluster {
  readonly clock: VirtualClock;
  /** The host's code for effects of games, the same on all nodes. */
  effects: Record<string, Record<string, EffectHandler>> = {};
  readonly hub = new MemoryHub();
  readonly memory: MemoryStore;
  readonly nodes = new Map<string, TestNode>();
  /** Decides what becomes of each call to the store. */
  faultFor: (call: StoreCall) => StoreFault | undefined = () => undefined;
  /** Which broadcasts are lost on their way from one node to another, also where they go along with something else. */
  dropsBroadcast: (from: string, to: string) => boolean = () => false;
  /** Which messages between nodes are lost, as if they had been heard. */
  dropsMessage: (from: string, to: string, text: string) => boolean = () => false;
  /** All that nodes logged, of every level, as it would be written. */
  readonly logLines: string[] = [];
  /**
   * What becomes of each message and broadcast between two nodes: how late each of its copies arrives (ms). In order
   * all the same, as on one connection.
   */
  copyDelays: CopyDelays = () => [0];
  /** By how much the wall clock of a node is wrong (ms), by its name. */
  readonly clockSkews = new Map<string, number>();
  observer: ClusterObserver = {};
  /** What rooms were asked to do, in order, where a test wants to know. */
  steps: RoomStep[] | null = null;
  /** Whether the store can tell nodes of an entry in the step in which it writes it. */
  storePublishes: () => boolean = () => true;
  /** Recordings of matches that are over in a moment of virtual time are kept as well. */
  keepsShortReplays = true;
  /**
   * Whether `logged`, `calls` and the `bytes` of clients are kept; off where many worlds are run, and nobody reads
   * them.
   */
  keepsRecord = true;
  /** Whether nodes tell heads along with pings; where the Socket.IO server is somebody else's they do not. */
  sendsHeads = true;
  private readonly streams = new OrderedStreams();
  /** After each entry the owner's document is compared with the journal's; off where cost is measured. */
  verifiesJournal = true;
  private readonly verifier = new JournalVerifier(id => this.memory.peek(id));
  private storeId = 0;
  /** Every call that was carried out. */
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
    // Time in which nothing happens is no outage of the store: the heartbeats that were put off would have gone
    // through, but for those of a node that is cut off.
    this.clock.onSkip = ms => {
      for (const { node, isIsolated } of this.nodes.values())
        if (!isIsolated) (node as unknown as { contact: { reachedAt: number } }).contact.reachedAt += ms;
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
    await this.clock.advance(300); // all have seen all
    return hosts;
  }

  /** A node comes up; under a name that was there before it is another node. */
  async bootNode(name: string, games = this.games): Promise<TestNode> {
    const { host, started } = this.startNode(name, games);
    await this.clock.run(started, `${name} starts`);
    return host;
  }

  /** The same, for those in whose hands the clock is not: it comes up while time passes. */
  startNode(name: string, games = this.games): { host: TestNode; started: Promise<void> } {
    const host = new TestNode(name);
    const clock = this.clockOf(host);
    host.storeId = this.storeId;
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
      hangDetector: this.watchOf(host),
      keepsShortReplays: this.keepsShortReplays,
      store: this.storeOf(host),
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
  /** The node that runs a room, by its own belief. */
  owner(room: string): TestNode | undefined {
    return [...this.nodes.values()].find(h => h.state === 'up' && h.owns(room));
  }

  /** Dies as with SIGKILL: nothing it meant to do happens any more, its lines close, nobody hears its inbox. */
  kill(host: TestNode): void {
    host.state = 'dead';
    void host.bus.close(); // memory: at once
    for (const link of [...host.connections]) link.breakConnection();
  }

  /**
   * Its subscriptions are gone for so long: it hears neither other nodes nor broadcasts, and then has its clients catch
   * up.
   */
  dropSubscriptions(host: TestNode, ms: number): void {
    void host.bus.close();
    host.isUnsubscribed = true;
    host.runInside(host.onBusBroken);
    this.clock.after(ms, () =>
      host.runInside(() => {
        host.isUnsubscribed = false;
        void host.bus.listen(host.node.id, host.onMessage);
        host.node.clientRequests.resyncAll();
      }),
    );
  }

  /** Cuts it off from the store and from all other nodes, not from its clients, until `heal`. */
  isolate(host: TestNode): void {
    host.isIsolated = host.isUnsubscribed = true;
    void host.bus.close();
  }
  heal(host: TestNode): void {
    host.isIsolated = false;
    this.dropSubscriptions(host, 0);
  }

  /** Stands still, as with SIGSTOP: its lines stay open, its inbox takes what comes. */
  freeze(host: TestNode): void {
    host.state = 'frozen';
  }
  thaw(host: TestNode): void {
    host.thaw();
  }

  /** Goes in good order, as on SIGTERM. */
  async drain(host: TestNode): Promise<void> {
    await this.clock.run(host.node.drain(), 'the drain');
    for (const link of host.connections) link.sendToClient('moving', []);
    await this.clock.advance(1_500);
    for (const link of [...host.connections]) link.breakConnection();
    await this.clock.run(host.node.stop(), 'the stop');
    await this.clock.advance(5);
    this.kill(host);
  }

  /** Hands a room of one node to another in good order. @returns whether it was handed over */
  handover(from: TestNode, room: string, to: TestNode): Promise<boolean> {
    return this.clock.run(from.node.handOver(room, to.node.id), 'the hand-over');
  }

  /** A client loses its network, until it is set online again. */
  disconnect(client: TestClient): void {
    client.isOffline = true;
    for (const link of [...client.connections]) link.breakConnection();
  }

  /** The store as it is now, to be brought back later. */
  saveStore(): () => void {
    const rooms = (this.memory as unknown as { rooms: Map<string, unknown> }).rooms;
    const saved = structuredClone(rooms);
    return () => {
      rooms.clear();
      for (const [id, room] of structuredClone(saved)) rooms.set(id, room);
      this.replaceStore();
    };
  }

  /**
   * The store is another one than before, as after a restart or a failover: what was under way to the old one is in
   * doubt, and each node finds out.
   */
  replaceStore(): void {
    this.verifier.forget();
    const now = ++this.storeId;
    for (const host of this.nodes.values()) {
      host.runInside(() => {
        host.storeId = now;
        host.onIncarnation();
      });
    }
  }

  client(player: string, homeNode: string, options: Partial<ConnectOptions> = {}): TestClient {
    const made: TestClient = {
      client: null as unknown as Client,
      bytes: [],
      keepsBytes: this.keepsRecord,
      homeNode,
      connections: new Set(),
      isOffline: false,
      extraDelay: () => 0,
      identify: () => ({ player, name: player, token: '' }),
      run: fn => fn(),
      clockSkew: 0,
      receivesHeads: () => this.sendsHeads,
      onMessage: (name, text) => this.observer.onClientMessage?.(made, name, text),
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
      name: player,
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
    // The proxy in front: the usual way leads home while home can be connected to, that of a room to one node for all,
    // any other way to any node.
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

  // --- the doors of one node ------------------------------------------------------------------

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

  /** A call over the network: it goes out only from a process that lives, and what it says is heard only by one. */
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

  private storeOf(host: TestNode): Store {
    const operation =
      (op: Operation) =>
      (...args: unknown[]) => {
        const asked = host.storeId;
        return this.call(host, latency.store, op, () => carryOut(op, args, asked));
      };
    const carryOut = async (op: Operation, args: readonly unknown[], asked: number): Promise<unknown> => {
      const call: StoreCall = {
        op,
        node: host.name,
        room: typeof args[0] === 'string' ? args[0] : undefined,
        ...(op === 'append' ? { append: args[1] as AppendRequest } : {}),
        ...(op === 'create' ? { created: args[0] as NewRoom } : {}),
        ...(op === 'findOrCreate' ? { created: (args[0] as FindOrCreate).prepared ?? undefined } : {}),
      };
      const fate = this.faultFor(call);
      await fate?.hold;
      if (fate?.lose === 'refused') throw new StoreError('no', false, 'a test refused it');
      if (fate?.lose === 'request') throw new StoreError('maybe', true, 'a test lost the request');
      if (asked !== this.storeId) throw new StoreError('maybe', true, 'the connection broke');
      if (this.keepsRecord) this.storeCalls.push(call);
      let result: unknown;
      for (let times = fate?.repeat ? 2 : 1; times > 0; times--) {
        const given = asSent(args);
        result = call.result = await (this.memory[op] as (...args: unknown[]) => Promise<unknown>)(...given);
        this.observer.onStoreCall?.(call, given);
        if (result === 'ok') for (const message of call.append?.publish ?? []) void this.deliver(host, message);
      }
      if (result === 'ok') await this.verifyJournal(host, call, args);
      await fate?.holdReply;
      // What a store said that is not there any more, and has not arrived, never will.
      if (asked !== this.storeId) throw new StoreError('maybe', true, 'the connection broke');
      if (fate?.lose === 'reply') throw new StoreError('maybe', true, 'a test lost the reply');
      return result;
    };
    // Whatever operations the contract has.
    return new Proxy(
      {},
      {
        get: (_t, name) => {
          if (name === 'onIncarnation')
            return (changed: () => void) => {
              host.onIncarnation = changed;
            };
          if (name === 'close') return async () => {};
          if (name === 'canPublishOnAppend') return this.storePublishes();
          return operation(name as Operation);
        },
      },
    ) as Store;
  }

  /**
   * The owner has nothing to do while an entry or a snapshot is on its way: what it has in memory is what was written.
   */
  private async verifyJournal(
    host: TestNode,
    { op, room, append, created }: StoreCall,
    args: readonly unknown[],
  ): Promise<void> {
    try {
      if (created) this.verifier.recordCreated(created.id, created.snapshot);
      else if (op === 'snapshot') this.verifier.verifySnapshot(room!, args[2] as number, args[3] as string);
      else if (append) {
        const owner = host.node.ownedRooms.get(room!) as unknown as { token: string; doc: RoomDocument } | undefined;
        if (this.verifiesJournal)
          await this.verifier.verifyAppended(
            room!,
            append.seq,
            append.entry,
            owner?.token === append.token ? owner.doc : null,
          );
      }
    } catch (error) {
      this.clock.fail(error as Error);
    }
  }

  /**
   * What is a loop without end in a process is a call of this in a rule: the node dies, and its watch has seen of what.
   */
  readonly hang = (): never => {
    const { host, run } = this.runningRule!;
    const { room, seq, token: _token, game: _game, ...blame } = run;
    void this.memory.reportHang(room, seq, { ...blame, id: `${host.node.id}-${++this.hangs}` }); // memory: at once
    this.kill(host);
    throw new Error('this process has ended');
  };
  /** How often something hung. */
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

  /** Brings a message to another node. @returns how many listeners took it, as the bus says it */
  private async deliver(host: TestNode, { node, text }: NodeMessage): Promise<number> {
    this.observer.onNodeMessage?.(host, text);
    const to = node.split('~')[0]!;
    if (this.dropsMessage(host.node.id, node, text)) return 1;
    const carried = [{ node, text: this.dropsBroadcast(host.name, to) ? withoutBroadcasts(text) : text }];
    const late = this.streams.arrivals(`${host.node.id}>${node}`, this.clock.mono(), this.copyDelays(host.name, to));
    if (late.length === 1 && late[0] === 0) return (await host.bus.publish(carried))[0]!;
    for (const ms of late) this.clock.after(ms, () => void host.bus.publish(carried));
    return (await this.listenersOf(node)).inbox; // counted where it is sent, whenever it arrives
  }

  /** A record outlives its process; the connection of it does not. */
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

  /** As Socket.IO's adapter does it: at once to the members here, over the network to those elsewhere. */
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

/** As by a ring of hashes: the same for all who ask, and another only where that node is gone. */
function nodeForRoom(room: string, able: readonly TestNode[]): TestNode | undefined {
  const weight = (host: TestNode) =>
    [...`${room}|${host.name}`].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 0;
  return able.reduce<TestNode | undefined>(
    (best, host) => (best && weight(best) >= weight(host) ? best : host),
    undefined,
  );
}

/** A message between two nodes, without what it tells members of rooms. */
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

/** A promise, and what resolves it. */
export function latch(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}

import { Client, type ConnectOptions } from '../client/client.ts';
import type { ClientClock, Line, LineEvents, Route, Transport } from '../client/ports.ts';
import { MemoryHub } from '../server/cluster/memory-hub.ts';
import { RejoinNode } from '../server/node.ts';
import type { RoomDocument } from '../server/rooms/document.ts';
import type { EffectHandler } from '../server/rooms/effects.ts';
import type { RoomStep } from '../server/rooms/host.ts';
import type { Bus, Clock, Entropy, Fanout, Listeners, Log, Message, Meter, Packer, Register, Run, Watch } from '../server/ports.ts';
import { StoreError, type Append, type FindOrCreate, type NewRoom, type Store } from '../server/store/contract.ts';
import { MemoryStore } from '../server/store/memory-store.ts';
import type { AnyGame } from '../shared/contract.ts';
import type { Handshake } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { asSent } from './as-sent.ts';
import { Fidelity } from './fidelity.ts';
import { Streams, type Carriage } from './streams.ts';
import { VirtualClock, type Pace } from './virtual-clock.ts';
import { latency, Wire } from './wire.ts';

/** What becomes of one call to the store. Nothing said: it is carried out. */
export interface Fate {
  /** It is carried out only when this resolves. */
  hold?: Promise<void>;
  /** Carried out, but the caller hears of it only when this resolves. */
  holdReply?: Promise<void>;
  /** Not carried out, and said so · not carried out, nobody knows · carried out, nobody knows. */
  lose?: 'refused' | 'request' | 'reply';
  /** Carried out twice, as a client does that sends again what it had no answer to; the second answer is heard. */
  twice?: true;
}
type Operation = Exclude<keyof Store, 'onIncarnation' | 'close' | 'tells'>;
export interface Call { op: Operation; node: string; room: string | undefined; append?: Append; created?: NewRoom | undefined; /** What the store said, once it has */ result?: unknown }

/** What somebody who watches the whole world sees, at the moment at which it happens, and may act on: killing a node, for example. */
export interface Spy {
  /** A call of a node to the store or to others is about to be carried out, or was, and its answer is about to leave. */
  passing?(host: Host, what: string, moment: 'asked' | 'done'): void;
  /** The store has carried a call out. */
  stored?(call: Call, args: readonly unknown[]): void;
  /** A node tells a channel something. */
  told?(host: Host, channel: string, event: string, text: string): void;
  /** A node sends a message to another. */
  published?(host: Host, text: string): void;
  /** A node broadcasts to all others. */
  broadcast?(host: Host): void;
  /** A node writes to the line of a client: an event, or the answer to a request. */
  sent?(client: TestClient, name: string, text: string): void;
}

/** One node as a process would be: it can die, and it can stand still with all that is on its way to it waiting. */
export class Host {
  node!: RejoinNode;
  state: 'up' | 'frozen' | 'dead' = 'up';
  readonly links = new Set<Wire>();
  /** What it logged as an error or a warning. */
  readonly said: string[] = [];
  incarnation: () => void = () => {};
  bus!: Bus & { close(): Promise<void> };
  hears: (text: string) => void = () => {};
  broke: () => void = () => {};
  deaf = false;
  /** Cut off from the store and from all other nodes. */
  severed = false;
  /** Which store its connection leads to; see World.anotherStore. */
  store = 0;
  private readonly waiting: (() => void)[] = [];
  constructor(readonly name: string) {}

  /** Does something inside this process: now, when it thaws, or never. */
  enter(fn: () => void): void {
    if (this.state === 'up') fn();
    else if (this.state === 'frozen') this.waiting.push(fn);
  }

  thaw(): void {
    this.state = 'up';
    for (const fn of this.waiting.splice(0)) fn();
  }

  /** How many entries of a room this node has sent to the store. */
  owns(room: string): boolean { return this.state !== 'dead' && this.node.registry.get(room) !== undefined; }
}

export interface TestClient { client: Client; bytes: string[]; keepsBytes: boolean; /** Where the next lines go, by name. */ home: string; /** Its lines of now. */ lines: Set<Wire>; /** No line can be opened. */ offline: boolean; /** By how much (ms) a message is late on its way, besides what all are. */ late(way: 'up' | 'down'): number; /** What the server makes of a handshake: who it is, or a refusal. */ identify(handshake: Handshake): { player: string; name: string; token: string } | Refused; /** Runs code of the client; a test may catch what it throws. */ run(fn: () => void): void; /** By how much the device clock is wrong (ms). */ skew: number; /** Whether nodes tell it heads along with pings. */ isToldHeads(): boolean; /** Told by its lines what a node writes to it. */ sent(name: string, text: string): void }

/** At once: real time passes beside the test's, and what waits for it would be late by chance. */
const packer: Packer = { pack: async text => deflateRawSync(text).toString('base64'), unpack: async packed => inflateRawSync(Buffer.from(packed, 'base64')).toString() };

/** Some nodes, one store, and the clients' lines to them, in one process and one thread, on a clock that the test winds. */
export class World {
  readonly clock: VirtualClock;
  /** The host's code for effects of games, the same on all nodes. */
  effects: Record<string, Record<string, EffectHandler>> = {};
  readonly hub = new MemoryHub();
  readonly memory: MemoryStore;
  readonly hosts = new Map<string, Host>();
  /** Decides what becomes of each call to the store. */
  fate: (call: Call) => Fate | undefined = () => undefined;
  /** Which broadcasts are lost on their way from one node to another, also where they go along with something else. */
  loses: (from: string, to: string) => boolean = () => false;
  /** Which messages between nodes are lost, as if they had been heard. */
  losesBus: (from: string, to: string, text: string) => boolean = () => false;
  /** All that nodes logged, of every level, as it would be written. */
  readonly logged: string[] = [];
  /** What becomes of each message and broadcast between two nodes: how late each of its copies arrives (ms). In order all the same, as on one connection. */
  carriage: Carriage = () => [0];
  /** By how much the wall clock of a node is wrong (ms), by its name. */
  readonly skews = new Map<string, number>();
  spy: Spy = {};
  /** What rooms were asked to do, in order, where a test wants to know. */
  steps: RoomStep[] | null = null;
  /** Whether the store can tell nodes of an entry in the step in which it writes it. */
  tells: () => boolean = () => true;
  /** Recordings of matches that are over in a moment of virtual time are kept as well. */
  keepsShortReplays = true;
  /** Whether `logged`, `calls` and the `bytes` of clients are kept; off where many worlds are run, and nobody reads them. */
  keepsRecord = true;
  /** Whether nodes tell heads along with pings; where the Socket.IO server is somebody else's they do not. */
  tellsHeads = true;
  private readonly streams = new Streams();
  /** After each entry the owner's document is compared with the journal's; off where cost is measured. */
  compares = true;
  private readonly fidelity = new Fidelity(id => this.memory.peek(id));
  private store = 0;
  /** Every call that was carried out. */
  readonly calls: Call[] = [];
  readonly counters = new Map<string, number>();
  private seed: number;
  private lastWire = 0;

  constructor(private readonly games: readonly AnyGame[], seed = 7, pace: Pace = 'turns') {
    this.clock = new VirtualClock(undefined, pace);
    this.seed = seed;
    this.memory = new MemoryStore(this.clock, this.entropy, this.hub.sign);
    // Time in which nothing happens is no outage of the store: the heartbeats that were put off would have gone through, but for those of a node that is cut off.
    this.clock.onSkip = ms => { for (const { node, severed } of this.hosts.values()) if (!severed) (node as unknown as { contact: { reachedAt: number } }).contact.reachedAt += ms; };
  }

  readonly random = (): number => {
    this.seed = (Math.imul(this.seed ^ (this.seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((this.seed ^ (this.seed >>> 13)) >>> 0) / 0x1_0000_0000;
  };
  readonly entropy: Entropy = { bytes: count => Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256)), float: this.random };

  async start(...names: string[]): Promise<Host[]> {
    const hosts: Host[] = [];
    for (const name of names) hosts.push(await this.boot(name));
    await this.clock.pass(300); // all have seen all
    return hosts;
  }

  /** A node comes up; under a name that was there before it is another node. */
  async boot(name: string, games = this.games): Promise<Host> {
    const { host, started } = this.launch(name, games);
    await this.clock.run(started, `${name} starts`);
    return host;
  }

  /** The same, for those in whose hands the clock is not: it comes up while time passes. */
  launch(name: string, games = this.games): { host: Host; started: Promise<void> } {
    const host = new Host(name);
    const clock = this.clockOf(host);
    host.store = this.store;
    host.node = new RejoinNode({
      name, games, clock, entropy: this.entropy, packer, log: logOf(host, line => { if (this.keepsRecord) this.logged.push(line()); }), meter: this.meter, delay: () => 1, effects: (game, name) => this.effects[game]?.[name] ?? null, thorough: true, onStep: step => void this.steps?.push(structuredClone(step)),
      watch: this.watchOf(host), keepsShortReplays: this.keepsShortReplays, store: this.storeOf(host), bus: this.busOf(host), register: this.registerOf(host), fanout: this.fanoutOf(host),
    });
    this.hosts.set(name, host);
    return { host, started: host.node.start() };
  }

  host(name: string): Host { return this.hosts.get(name)!; }
  /** The node that runs a room, by its own belief. */
  owner(room: string): Host | undefined { return [...this.hosts.values()].find(h => h.state === 'up' && h.owns(room)); }

  /** Dies as with SIGKILL: nothing it meant to do happens any more, its lines close, nobody hears its inbox. */
  kill(host: Host): void {
    host.state = 'dead';
    void host.bus.close(); // memory: at once
    for (const link of [...host.links]) link.cut();
  }

  /** Its subscriptions are gone for so long: it hears neither other nodes nor broadcasts, and then has its clients catch up. */
  deafen(host: Host, ms: number): void {
    void host.bus.close();
    host.deaf = true;
    host.enter(host.broke);
    this.clock.after(ms, () => host.enter(() => {
      host.deaf = false;
      void host.bus.listen(host.node.id, host.hears);
      host.node.edge.resyncAll();
    }));
  }

  /** Cuts it off from the store and from all other nodes, not from its clients, until `mend`. */
  sever(host: Host): void {
    host.severed = host.deaf = true;
    void host.bus.close();
  }
  mend(host: Host): void {
    host.severed = false;
    this.deafen(host, 0);
  }

  /** Stands still, as with SIGSTOP: its lines stay open, its inbox takes what comes. */
  freeze(host: Host): void { host.state = 'frozen'; }
  thaw(host: Host): void { host.thaw(); }

  /** Goes in good order, as on SIGTERM. */
  async drain(host: Host): Promise<void> {
    await this.clock.run(host.node.drain(), 'the drain');
    for (const link of host.links) link.send('moving', []);
    await this.clock.pass(1_500);
    for (const link of [...host.links]) link.cut();
    await this.clock.run(host.node.stop(), 'the stop');
    await this.clock.pass(5);
    this.kill(host);
  }

  /** Hands a room of one node to another in good order. @returns whether it was handed over */
  handOver(from: Host, room: string, to: Host): Promise<boolean> { return this.clock.run(from.node.handOver(room, to.node.id), 'the hand-over'); }

  /** A client loses its network, until it is set online again. */
  unplug(client: TestClient): void {
    client.offline = true;
    for (const link of [...client.lines]) link.cut();
  }

  /** The store as it is now, to be brought back later. */
  save(): () => void {
    const rooms = (this.memory as unknown as { rooms: Map<string, unknown> }).rooms;
    const saved = structuredClone(rooms);
    return () => {
      rooms.clear();
      for (const [id, room] of structuredClone(saved)) rooms.set(id, room);
      this.anotherStore();
    };
  }

  /** The store is another one than before, as after a restart or a failover: what was under way to the old one is in doubt, and each node finds out. */
  anotherStore(): void {
    this.fidelity.forget();
    const now = ++this.store;
    for (const host of this.hosts.values()) {
      host.enter(() => {
        host.store = now;
        host.incarnation();
      });
    }
  }

  client(player: string, home: string, options: Partial<ConnectOptions> = {}): TestClient {
    const made: TestClient = { client: null as unknown as Client, bytes: [], keepsBytes: this.keepsRecord, home, lines: new Set(), offline: false, late: () => 0, identify: () => ({ player, name: player, token: '' }), run: fn => fn(), skew: 0, isToldHeads: () => this.tellsHeads, sent: (name, text) => this.spy.sent?.(made, name, text) };
    const clock: ClientClock = { now: () => this.clock.now() + made.skew, mono: () => this.clock.mono(), random: this.random, after: (ms, fn) => {
      const timer = this.clock.after(ms, () => made.run(fn));
      return () => timer.cancel();
    } };
    made.client = new Client('test:', { transport: this.transport(made), clock, storage: null, name: player, ...options });
    return made;
  }

  private transport(client: TestClient): Transport {
    return { open: (handshake, route, events) => this.open(client, handshake, route, events) };
  }

  private open(client: TestClient, handshake: Handshake, route: Route, events: LineEvents): Line {
    // The proxy in front: the usual way leads home while home can be connected to, that of a room to one node for all, any other way to any node.
    const able = [...this.hosts.values()].filter(h => h.state !== 'dead');
    const home = able.find(h => h.name === client.home);
    const host = client.offline ? undefined : typeof route === 'object' ? nodeOf(route.room, able.filter(h => !h.node.isDraining)) : route === undefined && home ? home : able[Math.floor(this.random() * able.length)];
    const who = host && client.identify(handshake);
    if (who && !('code' in who)) return new Wire(`wire-${++this.lastWire}`, host, client, who, this.clock, events);
    this.clock.after(latency.line, () => client.run(() => events.closed(who ?? null)));
    return { request: () => Promise.reject(new Error('no line')), say: () => {}, close: () => {} };
  }

  // --- the doors of one node ------------------------------------------------------------------

  private clockOf(host: Host): Clock {
    const after: Clock['after'] = (ms, fn) => {
      let cancelled = false;
      const timer = this.clock.after(ms, () => host.enter(() => { if (!cancelled) fn(); }));
      return { cancel: () => {
        cancelled = true;
        timer.cancel();
      } };
    };
    return { now: () => this.clock.now() + (this.skews.get(host.name) ?? 0), mono: () => this.clock.mono(), soon: fn => void after(0, fn), after, sleep: ms => new Promise(resolve => { after(ms, resolve); }) };
  }

  /** A call over the network: it goes out only from a process that lives, and what it says is heard only by one. */
  private call<T>(host: Host, delay: number, what: string, carryOut: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (host.state === 'dead') return;
      const answer = (fn: () => void) => {
        this.spy.passing?.(host, what, 'done');
        this.clock.after(delay, () => host.enter(fn));
      };
      this.clock.after(delay, () => {
        this.spy.passing?.(host, what, 'asked');
        if (host.state === 'dead') return;
        if (host.severed) return host.enter(() => reject(new StoreError('no', true, 'a test has cut this node off')));
        carryOut().then(value => answer(() => resolve(value)), (error: Error) => answer(() => reject(error)));
      });
    });
  }

  private storeOf(host: Host): Store {
    const operation = (op: Operation) => (...args: unknown[]) => {
      const asked = host.store;
      return this.call(host, latency.store, op, () => carryOut(op, args, asked));
    };
    const carryOut = async (op: Operation, args: readonly unknown[], asked: number): Promise<unknown> => {
      const call: Call = { op, node: host.name, room: typeof args[0] === 'string' ? args[0] : undefined, ...(op === 'append' ? { append: args[1] as Append } : {}), ...(op === 'create' ? { created: args[0] as NewRoom } : {}), ...(op === 'findOrCreate' ? { created: (args[0] as FindOrCreate).prepared ?? undefined } : {}) };
      const fate = this.fate(call);
      await fate?.hold;
      if (fate?.lose === 'refused') throw new StoreError('no', false, 'a test refused it');
      if (fate?.lose === 'request') throw new StoreError('maybe', true, 'a test lost the request');
      if (asked !== this.store) throw new StoreError('maybe', true, 'the connection broke');
      if (this.keepsRecord) this.calls.push(call);
      let result: unknown;
      for (let times = fate?.twice ? 2 : 1; times > 0; times--) {
        const given = asSent(args);
        result = call.result = await (this.memory[op] as (...args: unknown[]) => Promise<unknown>)(...given);
        this.spy.stored?.(call, given);
        if (result === 'ok') for (const message of call.append?.tell ?? []) void this.carry(host, message);
      }
      if (result === 'ok') await this.compare(host, call, args);
      await fate?.holdReply;
      // What a store said that is not there any more, and has not arrived, never will.
      if (asked !== this.store) throw new StoreError('maybe', true, 'the connection broke');
      if (fate?.lose === 'reply') throw new StoreError('maybe', true, 'a test lost the reply');
      return result;
    };
    // Whatever operations the contract has.
    return new Proxy({}, { get: (_t, name) => {
      if (name === 'onIncarnation') return (changed: () => void) => { host.incarnation = changed; };
      if (name === 'close') return async () => {};
      if (name === 'tells') return this.tells();
      return operation(name as Operation);
    } }) as Store;
  }

  /** The owner has nothing to do while an entry or a snapshot is on its way: what it has in memory is what was written. */
  private async compare(host: Host, { op, room, append, created }: Call, args: readonly unknown[]): Promise<void> {
    try {
      if (created) this.fidelity.created(created.id, created.snapshot);
      else if (op === 'snapshot') this.fidelity.snapshotted(room!, args[2] as number, args[3] as string);
      else if (append) {
        const owner = host.node.registry.get(room!) as unknown as { token: string; doc: RoomDocument } | undefined;
        if (this.compares) await this.fidelity.appended(room!, append.seq, append.entry, owner?.token === append.token ? owner.doc : null);
      }
    } catch (error) {
      this.clock.fail(error as Error);
    }
  }

  /** What is a loop without end in a process is a call of this in a rule: the node dies, and its watch has seen of what. */
  readonly hang = (): never => {
    const { host, run } = this.watched!;
    const { room, seq, token: _token, game: _game, ...blame } = run;
    void this.memory.blame(room, seq, { ...blame, id: `${host.node.id}-${++this.hangs}` }); // memory: at once
    this.kill(host);
    throw new Error('this process has ended');
  };
  /** How often something hung. */
  hangs = 0;
  private watched: { host: Host; run: Readonly<Run> } | null = null;

  private watchOf(host: Host): Watch {
    return { begin: run => { this.watched = { host, run }; }, end: () => { this.watched = null; } };
  }

  private busOf(host: Host): Bus {
    const bus = host.bus = this.hub.bus();
    return {
      publish: messages => this.call(host, latency.bus, 'bus', () => Promise.all(messages.map(message => this.carry(host, message)))),
      listen: (node, on, broke = () => {}) => {
        host.broke = broke;
        return bus.listen(node, host.hears = text => host.enter(() => on(text)));
      },
    };
  }

  /** Brings a message to another node. @returns how many listeners took it, as the bus says it */
  private async carry(host: Host, { node, text }: Message): Promise<number> {
    this.spy.published?.(host, text);
    const to = node.split('~')[0]!;
    if (this.losesBus(host.node.id, node, text)) return 1;
    const carried = [{ node, text: this.loses(host.name, to) ? withoutCasts(text) : text }];
    const late = this.streams.arrivals(`${host.node.id}>${node}`, this.clock.mono(), this.carriage(host.name, to));
    if (late.length === 1 && late[0] === 0) return (await host.bus.publish(carried))[0]!;
    for (const ms of late) this.clock.after(ms, () => void host.bus.publish(carried));
    return (await this.listenersOf(node)).inbox; // counted where it is sent, whenever it arrives
  }

  /** A record outlives its process; the connection of it does not. */
  private async listenersOf(node: string): Promise<Listeners> {
    const { inbox } = await this.hub.listeners(node);
    return { inbox, register: [...this.hosts.values()].some(host => host.node.id === node && host.state !== 'dead' && !host.severed) ? 1 : 0 };
  }

  private registerOf(host: Host): Register {
    return {
      beat: record => this.call(host, latency.store, 'beat', () => this.hub.beat(asSent(record))),
      listeners: node => this.call(host, latency.store, 'listeners', () => this.listenersOf(node)),
      remove: node => this.call(host, latency.store, 'remove', () => this.hub.remove(node)),
    };
  }

  /** As Socket.IO's adapter does it: at once to the members here, over the network to those elsewhere. */
  private fanoutOf(host: Host): Fanout {
    const deliver = (to: Host, channel: string, event: string, text: string) => {
      for (const link of to.links) if (link.channels.has(channel)) link.send(event, JSON.parse(text) as unknown[]);
    };
    const local: Fanout['local'] = (channel, event, ...args) => {
      if (host.state === 'dead') return;
      const text = JSON.stringify(args);
      this.spy.told?.(host, channel, event, text);
      deliver(host, channel, event, text);
    };
    return { local, emit: (channel, event, ...args) => {
      if (host.state === 'dead') return;
      const text = JSON.stringify(args);
      this.spy.broadcast?.(host);
      local(channel, event, ...args);
      for (const other of this.hosts.values()) {
        if (other === host || host.severed || this.loses(host.name, other.name)) continue;
        for (const ms of this.streams.arrivals(`${host.node.id}>>${other.node.id}`, this.clock.mono(), this.carriage(host.name, other.name))) this.clock.after(latency.bus + ms, () => other.enter(() => { if (!other.deaf) deliver(other, channel, event, text); }));
      }
    } };
  }

  private readonly meter: Meter = {
    count: (name, by = 1, label) => { for (const key of [name, ...(label === undefined ? [] : [`${name}:${label}`])]) this.counters.set(key, (this.counters.get(key) ?? 0) + by); },
    observe: () => {},
  };
}

/** As by a ring of hashes: the same for all who ask, and another only where that node is gone. */
function nodeOf(room: string, able: readonly Host[]): Host | undefined {
  const weight = (host: Host) => [...`${room}|${host.name}`].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 0;
  return able.reduce<Host | undefined>((best, host) => (best && weight(best) >= weight(host) ? best : host), undefined);
}

/** A message between two nodes, without what it tells members of rooms. */
function withoutCasts(text: string): string {
  const envelope = JSON.parse(text) as { news: [kind: string, body: unknown][] };
  return JSON.stringify({ ...envelope, news: envelope.news.filter(([kind]) => kind !== 'cast' && kind !== 'change') });
}

function logOf(host: Host, keep: (line: () => string) => void): Log {
  const write = (level: string) => (fields: Record<string, unknown>, text: string) => {
    if (host.state === 'dead') return;
    const { error, ...rest } = fields;
    const message = error instanceof Error ? error.message : undefined;
    keep(() => `${level} ${text} ${JSON.stringify({ ...rest, ...(error === undefined ? {} : { error: error instanceof Error ? `${error.stack ?? message}` : error }) })}`);
    if (level === 'warn' || level === 'error') host.said.push(`${text}${message === undefined ? '' : `: ${message}`}`);
  };
  return { info: write('info'), debug: write('debug'), warn: write('warn'), error: write('error') };
}

/** A promise, and what resolves it. */
export function latch(): { opens: Promise<void>; open: () => void } {
  let open = () => {};
  const opens = new Promise<void>(resolve => { open = resolve; });
  return { opens, open };
}

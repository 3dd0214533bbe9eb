import type { AnyGame } from '../shared/contract.ts';
import { checkLimits, limits } from '../shared/limits.ts';
import type { Notice } from '../shared/protocol.ts';
import { Heads } from './cluster/heads.ts';
import { Casts } from './cluster/casts.ts';
import { Peers } from './cluster/peers.ts';
import { Router } from './cluster/router.ts';
import { Lobby } from './lobby/lobby.ts';
import { DueScan } from './ownership/due-scan.ts';
import { Balance } from './ownership/balance.ts';
import { giveAll } from './ownership/drain.ts';
import { HandOver } from './ownership/hand-over.ts';
import { OrphanScan } from './ownership/orphan-scan.ts';
import { Membership } from './ownership/membership.ts';
import type { Bus, Clock, Entropy, Fanout, Log, Meter, Packer, Register, Timer, Watch } from './ports.ts';
import type { Conn } from './rooms/messages.ts';
import type { EffectHandlers } from './rooms/effects.ts';
import type { RoomStep } from './rooms/host.ts';
import { Replays } from './replays.ts';
import { Registry } from './rooms/registry.ts';
import { heardRegister, heardStore, StoreContact } from './rooms/store-contact.ts';
import { gameKey } from './rooms/facts.ts';
import { Edge } from './sessions/edge.ts';
import type { Store } from './store/contract.ts';

export interface NodeParts {
  name: string;
  games: readonly AnyGame[];
  store: Store;
  bus: Bus;
  register: Register;
  fanout: Fanout;
  clock: Clock;
  entropy: Entropy;
  packer: Packer;
  log: Log;
  meter: Meter;
  /** The host's code for effects of games; see rooms/effects.ts. */
  effects: EffectHandlers;
  /** How long (ms) the recording of a finished match is kept. */
  replayLife?: number | undefined;
  /** Recordings of matches that were over in a moment are kept as well; see limits.replay.short. */
  keepsShortReplays?: boolean;
  /** Rooms may be laid open to authors; see dev/dev-routes.ts. */
  dev?: boolean;
  /** What rules leave behind is checked completely after every step. Default: as `dev`. */
  thorough?: boolean;
  /** Hears of what rooms are asked to do, before they do it: for test kits. */
  onStep?(step: RoomStep): void;
  /** Sees that rules of games end. */
  watch: Watch;
  /** Event-loop delay lately, p99 in ms. */
  delay(): number;
}

/**
 * One node, without its sockets: everything between the connections of clients (sessions/edge.ts) and the store.
 * Several can live in one process; they share nothing but what they are given.
 */
export class RejoinNode {
  /** `name~start`: a node that comes back under its name is another node. */
  readonly id: string;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly router: Router;
  readonly edge: Edge;
  readonly lobby: Lobby;
  readonly replays: Replays;
  private readonly contact: StoreContact;
  private readonly peers: Peers;
  private readonly heads: Heads;
  private readonly dueScan: DueScan;
  private readonly orphanScan: OrphanScan;
  private readonly handOvers: HandOver;
  private readonly balance: Balance;
  private readonly games: ReadonlyMap<string, AnyGame>;
  private readonly timers = new Set<Timer>();
  private draining = false;
  private stopped = false;
  private storeOk = true;
  /** Which share of the store's memory is in use; null where it has no bound. */
  storeFill: number | null = null;
  /** When the store's index lines of rooms whose life is over are removed next, monotonic ms. */
  private sweepAt = -Infinity;
  /** When the store is asked next how full it is, monotonic ms. */
  private fillAt = -Infinity;
  /** How often in a row this node found that it had not reached the register for long; and when it sends its clients on next. */
  private cutOffLooks = 0;
  private sendOnAt: number = limits.cutOff;

  constructor(readonly parts: NodeParts) {
    const wrong = checkLimits();
    if (wrong.length > 0) throw new Error(`limits: ${wrong.join('; ')}`);
    const { clock, bus, log, meter, entropy, fanout, register } = parts;
    this.contact = new StoreContact(clock);
    const store = heardStore(parts.store, this.contact, clock);
    this.id = `${parts.name}~${clock.now().toString(36)}${Math.floor(entropy.float() * 1e6).toString(36)}`;
    this.games = new Map(parts.games.map(game => [game.contract.name, game]));
    if (this.games.size !== parts.games.length) throw new Error('two games have the same name');
    this.replays = new Replays({ store, games: this.games, packer: parts.packer, clock, log, watch: parts.watch, life: parts.replayLife ?? limits.replay.life, meter, keepsShort: parts.keepsShortReplays ?? false, hasRoom: () => (this.storeFill ?? 0) < limits.storeFill.recordings });
    this.peers = new Peers(this.id, bus, clock, log);
    this.registry = new Registry({
      self: this.id, games: this.games, store, casts: new Casts(this.id, fanout, this.peers, (channel, change) => this.edge.casts.tell(channel, change)), clock, log, meter, entropy, packer: parts.packer, effects: parts.effects, watch: parts.watch, dev: parts.dev ?? false, thorough: parts.thorough ?? parts.dev ?? false, ...(parts.onStep ? { onStep: parts.onStep } : {}),
      onRecorded: (id, match) => void this.replays.keep(id, match),
      lease: () => this.membership.lease, contact: this.contact, silenceOf: node => this.membership.silenceOf(node),
      tell: (at, notice) => this.tell(at, notice),
      // Its members are here or elsewhere and want it back at once, unless somebody else has it.
      onEnd: (id, why) => { if (why === 'doubt' && !this.stopped) this.givenUp(id); },
      onTaken: (id, from) => this.peers.tell(from, 'taken', id),
    });
    this.peers.on('taken', (_from, body) => {
      this.registry.get(body as string)?.check();
      return null;
    });
    this.membership = new Membership(this.id, heardRegister(register, this.contact), clock, log, () => this.describe(), node => this.nodeDied(node), () => this.checkRooms(), node => this.peers.tell(node, 'held-for-dead', null));
    this.router = new Router({ self: this.id, registry: this.registry, store, peers: this.peers, membership: this.membership, clock, log, meter, draining: () => this.draining });
    this.heads = new Heads({ self: this.id, registry: this.registry, router: this.router, peers: this.peers, clock, reports: () => this.edge.reports(), missing: room => this.edge.roomGone(room) });
    this.lobby = new Lobby({ store, games: this.games, registry: this.registry, membership: this.membership, peers: this.peers, clock, entropy, log, meter, watch: parts.watch, draining: () => this.draining, storeIsFull: () => (this.storeFill ?? 0) >= limits.storeFill.rooms });
    this.edge = new Edge({
      self: this.id, name: parts.name, router: this.router, lobby: this.lobby, heads: this.heads, membership: this.membership, clock, entropy, log, meter,
      load: () => ({ rooms: this.registry.size, sockets: this.edge.size }), games: this.games, fanout, watch: parts.watch,
    });
    this.handOvers = new HandOver({
      self: this.id, registry: this.registry, router: this.router, store, peers: this.peers, clock, entropy, log, meter,
      lease: () => this.membership.lease, takes: (why, from) => !this.draining && !this.stopped && ((why !== 'balance' && why !== 'members') || this.balance.takes(why, from)),
      took: (host, why) => { if (why === 'balance') this.balance.took(host); },
    });
    this.balance = new Balance({ self: this.id, registry: this.registry, membership: this.membership, handOver: this.handOvers, clock, log, draining: () => this.draining || this.stopped || !this.storeOk });
    this.dueScan = new DueScan({ self: this.id, store, registry: this.registry, router: this.router, membership: this.membership, clock });
    this.orphanScan = new OrphanScan({ self: this.id, store, registry: this.registry, router: this.router, membership: this.membership, clock, log });
    this.peers.on('notice', (_from, body) => {
      const [conn, notice] = body as unknown as [string, Notice];
      this.edge.notice(conn, notice);
      return null;
    });
    this.peers.on('held-for-dead', () => {
      this.checkRooms();
      return null;
    });
    store.onIncarnation(() => this.storeChanged());
  }

  /** Listens, registers, and begins to look after its rooms. @throws when the bus cannot be listened to */
  async start(): Promise<void> {
    await this.peers.start(() => this.membership.unheard());
    await this.membership.start();
    this.every(limits.heads, async () => {
      this.registry.sweep();
      await this.heads.exchange();
    });
    this.every(limits.dueScan, () => this.dueScan.scan());
    this.every(limits.dueScan, async () => { if (!this.draining) await this.orphanScan.scan(); });
    this.every(1_000, () => this.probe());
    this.every(1_000, () => this.balance.look());
    this.lookOut();
  }

  /** Takes new work: not draining, and the store takes writes. */
  get ready(): boolean { return !this.draining && !this.stopped && this.storeOk && this.membership.reachedAt !== null && !this.cutOff; }
  get isDraining(): boolean { return this.draining; }

  /** Gives all rooms to other nodes, within the budget. What is not given away is found by its players' nodes. */
  async drain(): Promise<void> {
    this.draining = true;
    await this.membership.now();
    await giveAll({ registry: this.registry, membership: this.membership, handOver: this.handOvers, peers: this.peers, clock: this.parts.clock, log: this.parts.log });
  }

  /**
   * Hands one of this node's rooms to another node, which has it ready before it is let go of: play pauses for about a round trip.
   * @param to the node's id, as in `membership`
   * @returns whether it is that node's now
   */
  async handOver(room: string, to: string): Promise<boolean> {
    const host = this.registry.get(room);
    return host !== undefined && this.handOvers.give(host, to, 'asked');
  }

  /** Stops at once: as little is said as by a crash, but nothing of this node goes on running. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.router.close();
    this.handOvers.close();
    this.registry.close();
    for (const timer of this.timers) timer.cancel();
    this.registry.abandonAll('stopped', 'the node stops');
    await this.membership.stop();
  }

  private describe() {
    return {
      name: this.parts.name, rooms: this.registry.size, sockets: this.edge.size, delay: this.parts.delay(), draining: this.draining,
      games: [...this.games.values()].map(gameKey), reads: this.registry.gameKeys, outage: this.contact.last,
    };
  }

  private tell(at: Conn, notice: Notice): void {
    if (at.node === this.id) this.edge.notice(at.conn, notice);
    else this.peers.tell(at.node, 'notice', [at.conn, notice]);
  }

  private nodeDied(node: string): void {
    this.peers.giveUpOn(node);
    this.orphanScan.request();
    for (const room of this.edge.reports().keys()) if (this.router.directory.get(room)?.node === node) this.reclaim(room);
  }

  private givenUp(room: string): void {
    this.after(0, () => this.reclaim(room));
    this.orphanScan.request();
  }

  /** Asks for a room, so that somebody owns it: this node, if nobody else does. */
  private reclaim(room: string): void {
    if (this.stopped || !(this.edge.hasMembers(room) || this.registry.get(room) === undefined)) return;
    void this.router.request(room, { k: 'poke' }, { patience: 10_000 }).then(reply => { if (!reply.ok && reply.code === 'room-missing') this.registry.gone(room); });
  }

  /** Some of this node's rooms may belong to another by now. */
  private checkRooms(): void { for (const host of this.registry.all()) host.check(); }

  private storeChanged(): void {
    const rooms = this.registry.abandonAll('doubt', 'the store may be another one');
    if (rooms.length > 0) this.parts.log.warn({ rooms: rooms.length }, 'the store may be another one than before: claiming all rooms again');
  }

  /** It has not reached the register for long, and it was not this node that stood still: then the first look would have been followed by a beat. */
  private get cutOff(): boolean { return this.cutOffLooks > 1; }

  /**
   * A node that reaches neither the store nor other nodes can do nothing for its clients; others may be able to. Clients look
   * for one and stay where there is none: it may be Redis itself that is away. So they are asked less and less often.
   */
  private lookOut(): void {
    this.after(limits.cutOff / 4, () => { if (!this.stopped) this.lookOut(); });
    const silent = this.membership.reachedAt === null ? 0 : this.parts.clock.mono() - this.membership.reachedAt;
    this.cutOffLooks = silent < limits.cutOff ? 0 : this.cutOffLooks + 1;
    if (!this.cutOff) this.sendOnAt = limits.cutOff;
    else if (silent >= this.sendOnAt) {
      this.sendOnAt = silent * 2;
      this.parts.log.warn({ clients: this.edge.size, ms: Math.round(silent) }, 'this node is cut off: its clients are asked to look for another');
      this.edge.sendOn();
    }
  }

  private async probe(): Promise<void> {
    const ok = await this.parts.store.probe().catch(() => false);
    if (ok !== this.storeOk) this.parts.log.warn({ ok }, ok ? 'the store takes writes again' : 'the store takes no writes');
    this.storeOk = ok;
    const now = this.parts.clock.mono();
    if (!ok) return;
    if (now >= this.fillAt) {
      this.fillAt = now + limits.storeFill.look;
      await this.lookAtFill();
    }
    if (now < this.sweepAt) return;
    this.sweepAt = now + limits.sweep.every;
    await this.parts.store.sweep(limits.sweep.rooms);
  }

  private async lookAtFill(): Promise<void> {
    const [before, now] = [this.storeFill, await this.parts.store.fill()];
    this.storeFill = now;
    const over = (limit: number, fill: number | null) => (fill ?? 0) >= limit;
    const crossed = (limit: number) => over(limit, before) !== over(limit, now);
    if (crossed(limits.storeFill.recordings) || crossed(limits.storeFill.rooms)) this.parts.log.warn({ fill: now, keepsRecordings: !over(limits.storeFill.recordings, now), makesRooms: !over(limits.storeFill.rooms, now) }, 'memory of the store crossed a limit');
  }

  private after(ms: number, work: () => void): void {
    const timer = this.parts.clock.after(ms, () => {
      this.timers.delete(timer);
      work();
    });
    this.timers.add(timer);
  }

  /** Does the work again and again, `ms` after it was last done, a little unevenly so that nodes do not fall into step. */
  private every(ms: number, work: () => Promise<void>): void {
    this.after(ms * (0.9 + 0.2 * this.parts.entropy.float()), () => {
      work().catch((error: unknown) => this.parts.log.debug({ error }, 'a round of housekeeping failed')).finally(() => { if (!this.stopped) this.every(ms, work); });
    });
  }
}

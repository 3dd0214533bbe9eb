import type { AnyGame } from '../../shared/contract.ts';
import { checkLimits, limits } from '../../shared/limits.ts';
import { HeadExchange } from '../routing/head-exchange.ts';
import { ClusterBroadcaster } from '../messaging/broadcaster.ts';
import { NodeRpc } from '../messaging/node-rpc.ts';
import { Router } from '../routing/router.ts';
import { Lobby } from '../lobby/lobby.ts';
import { DueScan } from '../ownership/due-scan.ts';
import { LoadBalancer } from '../ownership/load-balancer.ts';
import { handOverAll } from '../ownership/drain.ts';
import { HandoverCoordinator } from '../ownership/handover.ts';
import { OrphanScan } from '../ownership/orphan-scan.ts';
import { ClusterMembership, type MembershipNode } from '../ownership/cluster-membership.ts';
import { PreparedRooms } from '../ownership/prepared-rooms.ts';
import type {
  Bus,
  Clock,
  Entropy,
  Fanout,
  Log,
  Meter,
  Compressor,
  NodeRegister,
  Timer,
  HangDetector,
} from '../runtime/ports.ts';
import type { EffectHandlerLookup } from '../rooms/actor/effect-runner.ts';
import type { RoomStep } from '../rooms/actor/actor.ts';
import { ReplayArchive } from '../replays/replay-archive.ts';
import { RulesReloader } from './rules-reloader.ts';
import { OwnedRooms, type OwnedRoomsListener } from '../ownership/owned-rooms.ts';
import { observeRegister, observeStore, StoreContact } from '../store/store-contact.ts';
import { gameKey } from '../rooms/core/game-key.ts';
import { ConnectedClients } from '../sessions/connected-clients.ts';
import { IsolationMonitor } from './isolation-monitor.ts';
import { StoreMonitor } from './store-monitor.ts';
import { ClientBroadcasts } from '../sessions/client-broadcasts.ts';
import { ClientRequests } from '../sessions/client-requests.ts';
import type { PlayerRates } from '../sessions/player-rates.ts';
import type { Store } from '../store/store.ts';

export interface NodeParts {
  name: string;
  games: readonly AnyGame[];
  store: Store;
  bus: Bus;
  register: NodeRegister;
  fanout: Fanout;
  clock: Clock;
  entropy: Entropy;
  compressor: Compressor;
  log: Log;
  meter: Meter;
  /** Looks up the host's effect handlers; see ../rooms/actor/effect-runner.ts. */
  effects: EffectHandlerLookup;
  /** How long (ms) the recording of a finished match is kept. */
  replayLife?: number | undefined;
  /** Whether recordings of very short matches are kept, too; see limits.recording.short. */
  keepsShortReplays?: boolean;
  /** Dev mode: rooms can be dumped; see ../http/dev/dev-routes.ts. */
  dev?: boolean;
  /** Whether the state is checked completely after every step. Default: as `dev`. */
  thorough?: boolean;
  /** How much a player may send. Default: the rates in shared/limits.ts. */
  playerRates?: PlayerRates;
  /** Who may create rooms. Default: anyone. */
  createRooms?: 'anyone' | 'server' | undefined;
  /** Called before each command of a room; for test kits. */
  onStep?(step: RoomStep): void;
  /** Called when a rule failed, each time; for test kits. */
  onRuleFailed?(room: string, rule: string, error: unknown): void;
  /** Detects rules that do not return. */
  hangDetector: HangDetector;
  /** Recent event-loop delay, p99, ms. */
  eventLoopDelayMs(): number;
}

/**
 * One node without its sockets: everything between ClientRequests and the store. Nodes in one process share nothing but
 * their parts.
 * Each part is given what it needs when it is made, so parts are made in the order of the folders. What a part reports
 * to those above it passes through `start`, `connect` or NodeRpc.
 */
export class RejoinNode implements MembershipNode, OwnedRoomsListener {
  /** `name~start`: a restarted node has another id. */
  readonly id: string;
  /** The clients that are connected to this node. */
  readonly clients: ConnectedClients;
  readonly membership: ClusterMembership;
  readonly replays: ReplayArchive;
  readonly ownedRooms: OwnedRooms;
  readonly router: Router;
  readonly lobby: Lobby;
  readonly clientRequests: ClientRequests;
  readonly broadcasts: ClientBroadcasts;
  private readonly contact: StoreContact;
  private readonly storeMonitor: StoreMonitor;
  private readonly isolation: IsolationMonitor;
  private readonly rpc: NodeRpc;
  private readonly loadBalancer: LoadBalancer;
  private readonly handover: HandoverCoordinator;
  private readonly headExchange: HeadExchange;
  private readonly dueScan: DueScan;
  private readonly orphanScan: OrphanScan;
  /** Dev mode: replaces the games' rules while rooms run. */
  readonly rules: RulesReloader;
  private readonly gamesByName: ReadonlyMap<string, AnyGame>;
  private readonly timers = new Set<Timer>();
  private draining = false;
  private isStopped = false;

  constructor(readonly parts: NodeParts) {
    const problems = checkLimits();
    if (problems.length > 0) throw new Error(`limits: ${problems.join('; ')}`);
    const { bus, clock, compressor, entropy, fanout, hangDetector, log, meter } = parts;
    const self = `${parts.name}~${clock.now().toString(36)}${Math.floor(entropy.float() * 1e6).toString(36)}`;
    const games = new Map(parts.games.map(game => [game.contract.name, game]));
    if (games.size !== parts.games.length) throw new Error('two games have the same name');
    const isDraining = () => this.draining;
    this.id = self;
    this.gamesByName = games;

    // The store, other nodes and clients, without any room.
    const contact = (this.contact = new StoreContact(clock));
    const store = observeStore(parts.store, contact, clock);
    const storeMonitor = (this.storeMonitor = new StoreMonitor({ store, clock, log }));
    const register = observeRegister(parts.register, contact);
    const rpc = (this.rpc = new NodeRpc(self, bus, clock, log));
    const membership = (this.membership = new ClusterMembership({ self, register, clock, log }));
    const clients = (this.clients = new ConnectedClients(clock, entropy, parts.playerRates));
    this.isolation = new IsolationMonitor({ membership, clients, clock, log });

    // The rooms that this node runs.
    const replays = (this.replays = new ReplayArchive({
      store,
      games,
      compressor,
      clock,
      log,
      hangDetector,
      life: parts.replayLife ?? limits.recording.ttl,
      meter,
      keepsShort: parts.keepsShortReplays ?? false,
      hasRoom: () => storeMonitor.hasRoomForRecordings,
    }));
    const preparedRooms = new PreparedRooms();
    const ownedRooms = (this.ownedRooms = new OwnedRooms({
      self,
      games,
      preparedRooms,
      store,
      broadcaster: new ClusterBroadcaster(self, fanout, rpc, (channel, change) =>
        clients.subscriptions.publish(channel, change),
      ),
      clock,
      log,
      meter,
      entropy,
      compressor,
      effects: parts.effects,
      hangDetector,
      dev: parts.dev ?? false,
      thorough: parts.thorough ?? parts.dev ?? false,
      ...(parts.onStep ? { onStep: parts.onStep } : {}),
      ...(parts.onRuleFailed ? { onRuleFailed: parts.onRuleFailed } : {}),
      onRecorded: (id, match) => void replays.save(id, match),
      lease: () => membership.lease,
      contact,
      silenceOf: node => membership.silenceOf(node),
      sendNotice: ({ node, conn }, notice) =>
        node === self ? clients.deliverNotice(conn, notice) : rpc.send(node, 'notice', [conn, notice]),
      onClaimedFrom: (id, from) => rpc.send(from, 'taken', id),
    }));

    // Requests to rooms, wherever they run.
    const router = (this.router = new Router({
      self,
      ownedRooms,
      store,
      rpc,
      membership,
      clock,
      log,
      meter,
      isDraining,
    }));
    this.headExchange = new HeadExchange({
      self,
      ownedRooms,
      router,
      rpc,
      clock,
      memberReports: () => clients.memberReports(),
      onRoomMissing: room => clients.notifyRoomClosed(room),
    });
    this.lobby = new Lobby({
      store,
      games,
      ownedRooms,
      membership,
      rpc,
      clock,
      entropy,
      log,
      meter,
      hangDetector,
      isDraining,
      storeIsFull: () => !storeMonitor.hasRoomForRooms,
    });
    this.clientRequests = new ClientRequests({
      self,
      name: parts.name,
      router,
      lobby: this.lobby,
      clients,
      headExchange: this.headExchange,
      membership,
      clock,
      entropy,
      log,
      meter,
      load: () => ({ rooms: ownedRooms.size, sockets: clients.size }),
      games,
      fanout,
      hangDetector,
      createRooms: parts.createRooms ?? 'anyone',
    });

    this.broadcasts = new ClientBroadcasts({ self, clients, membership, rpc, clock });

    // Moves of rooms between nodes.
    this.loadBalancer = new LoadBalancer({
      self,
      ownedRooms,
      preparedRooms,
      membership,
      clock,
      log,
      isDraining: () => this.draining || this.isStopped || !storeMonitor.isWritable,
    });
    this.handover = new HandoverCoordinator({
      self,
      ownedRooms,
      preparedRooms,
      store,
      rpc,
      clock,
      entropy,
      log,
      meter,
      balancer: this.loadBalancer,
      lease: () => membership.lease,
      isClosing: () => this.draining || this.isStopped,
      onHandedOver: (room, owner) => router.recordOwner(room, owner),
    });
    const ensureOwner = (room: string) => router.ensureOwner(room, 1_000);
    this.rules = new RulesReloader({ games, ownedRooms, clock, hangDetector, ensureOwner });
    this.dueScan = new DueScan({ self, store, ownedRooms, membership, clock, ensureOwner });
    this.orphanScan = new OrphanScan({ self, store, ownedRooms, membership, clock, log, ensureOwner });

    ownedRooms.connect(this);
    rpc.onMessage('taken', (_from, room) => ownedRooms.get(room)?.requestOwnershipCheck());
    rpc.onMessage('notice', (_from, [conn, notice]) => clients.deliverNotice(conn, notice));
    rpc.onMessage('declared-dead', () => this.requestOwnershipChecks());
    store.onIncarnation(() => this.abandonRooms());
  }

  /** Starts the node: subscribes, registers, and runs its periodic tasks. @throws when the bus subscription fails */
  async start(): Promise<void> {
    await this.rpc.start(() => this.membership.inboxLost());
    await this.membership.start(this);
    this.every(limits.headExchangeInterval, async () => {
      this.ownedRooms.checkAll();
      await this.headExchange.exchange();
    });
    this.every(limits.dueScanInterval, () => this.dueScan.scan());
    this.every(limits.dueScanInterval, async () => {
      if (!this.draining) await this.orphanScan.scan();
    });
    this.every(1_000, () => this.storeMonitor.check());
    this.every(1_000, () =>
      this.loadBalancer.rebalance((actor, node, why) => this.handover.handOver(actor, node, why)),
    );
    this.checkIsolation();
  }

  get games(): AnyGame[] {
    return [...this.gamesByName.values()];
  }

  /**
   * Whether the node accepts new clients and rooms: it is not draining, the store accepts writes, and the node is not
   * isolated.
   */
  get isReady(): boolean {
    return (
      !this.draining &&
      !this.isStopped &&
      this.storeMonitor.isWritable &&
      this.membership.reachedAt !== null &&
      !this.isolation.isIsolated
    );
  }
  /** Share of the store's memory in use; null: no limit, or unknown. */
  get storeFill(): number | null {
    return this.storeMonitor.fill;
  }
  get isDraining(): boolean {
    return this.draining;
  }

  /**
   * Tells the node that its clock skipped `ms`, which are no outage of the store. For the test kit's virtual clock.
   * @internal
   */
  clockSkipped(ms: number): void {
    this.contact.exclude(ms);
  }

  /**
   * Hands all rooms over to other nodes, within `limits.drainTimeout`. Rooms that remain are claimed by their players'
   * nodes later.
   */
  async drain(): Promise<void> {
    this.draining = true;
    await this.membership.heartbeatNow();
    await handOverAll({
      ownedRooms: this.ownedRooms,
      membership: this.membership,
      handover: this.handover,
      rpc: this.rpc,
      clock: this.parts.clock,
      log: this.parts.log,
    });
  }

  /**
   * Hands one of this node's rooms over to another node, which loads it in advance: play pauses for about one round
   * trip.
   * @param to the target's node id, as in `membership`
   * @returns whether the target owns the room now
   */
  async handOver(room: string, to: string): Promise<boolean> {
    const actor = this.ownedRooms.get(room);
    return actor !== undefined && this.handover.handOver(actor, to, 'asked');
  }

  /** Stops at once and hands nothing over, as in a crash, but deregisters and runs no more rooms. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.router.close();
    this.handover.close();
    this.ownedRooms.close();
    for (const timer of this.timers) timer.cancel();
    this.ownedRooms.abandonAll('stopped', 'the node stops');
    await this.membership.stop();
  }

  describe(): ReturnType<MembershipNode['describe']> {
    return {
      name: this.parts.name,
      rooms: this.ownedRooms.size,
      sockets: this.clients.size,
      delay: this.parts.eventLoopDelayMs(),
      draining: this.draining,
      games: [...this.gamesByName.values()].map(gameKey),
      reads: this.ownedRooms.gameKeys,
      outage: this.contact.lastOutage,
    };
  }

  nodeDied(node: string): void {
    this.rpc.failCallsTo(node);
    this.orphanScan.requestScan();
    for (const room of this.clients.memberReports().keys())
      if (this.router.ownerCache.get(room)?.node === node) this.ensureOwner(room);
  }

  leaseRenewed(): void {
    this.requestOwnershipChecks();
  }

  nodeReturned(node: string): void {
    this.rpc.send(node, 'declared-dead', null);
  }

  /** The room's members reconnect to whichever node claims it, so it is claimed at once, unless another node has it. */
  roomAbandoned(room: string): void {
    if (this.isStopped) return;
    this.after(0, () => this.ensureOwner(room));
    this.orphanScan.requestScan();
  }

  /** Makes sure that the room has an owner: this node, if no other node does. */
  private ensureOwner(room: string): void {
    if (this.isStopped || !(this.clients.hasMembers(room) || this.ownedRooms.get(room) === undefined)) return;
    void this.router.ensureOwner(room, 10_000).then(reply => {
      if (!reply.ok && reply.code === 'room-missing') this.ownedRooms.roomMissing(room);
    });
  }

  /** Makes all actors check their ownership, because other nodes may have claimed rooms. */
  private requestOwnershipChecks(): void {
    for (const actor of this.ownedRooms.all()) actor.requestOwnershipCheck();
  }

  private abandonRooms(): void {
    const rooms = this.ownedRooms.abandonAll('unknown-outcome', 'the store may be another one');
    if (rooms.length > 0)
      this.parts.log.warn({ rooms: rooms.length }, 'store incarnation changed; claiming all rooms again');
  }

  private checkIsolation(): void {
    this.after(limits.isolatedAfter / 4, () => {
      if (!this.isStopped) this.checkIsolation();
    });
    this.isolation.check();
  }

  private after(ms: number, work: () => void): void {
    const timer = this.parts.clock.after(ms, () => {
      this.timers.delete(timer);
      work();
    });
    this.timers.add(timer);
  }

  /** Runs `work` repeatedly, about `ms` after it last finished. Jitter keeps nodes from running in lockstep. */
  private every(ms: number, work: () => Promise<void>): void {
    this.after(ms * (0.9 + 0.2 * this.parts.entropy.float()), () => {
      work()
        .catch((error: unknown) => this.parts.log.debug({ error }, 'periodic task failed'))
        .finally(() => {
          if (!this.isStopped) this.every(ms, work);
        });
    });
  }
}

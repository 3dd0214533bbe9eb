import type { AnyGame } from '../../shared/contract.ts';
import { checkLimits, limits } from '../../shared/limits.ts';
import type { Notice } from '../../shared/protocol.ts';
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
import { ClusterMembership } from '../ownership/cluster-membership.ts';
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
import type { ConnectionRef } from '../rooms/actor/messages.ts';
import type { EffectHandlerLookup } from '../rooms/actor/effect-runner.ts';
import type { RoomStep } from '../rooms/actor/actor.ts';
import { ReplayArchive } from '../replays/replay-archive.ts';
import { RulesReloader } from './rules-reloader.ts';
import { OwnedRooms } from '../ownership/owned-rooms.ts';
import { observeRegister, observeStore, StoreContact } from '../store/store-contact.ts';
import { gameKey } from '../rooms/core/game-key.ts';
import { ClientRequests } from '../sessions/client-requests.ts';
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
  /** Called before each command of a room; for test kits. */
  onStep?(step: RoomStep): void;
  /** Detects rules that do not return. */
  hangDetector: HangDetector;
  /** Recent event-loop delay, p99, ms. */
  eventLoopDelayMs(): number;
}

/**
 * One node without its sockets: everything between ClientRequests and the store. Nodes in one process share nothing but
 * their parts.
 */
export class RejoinNode {
  /** `name~start`: a restarted node has another id. */
  readonly id: string;
  readonly ownedRooms: OwnedRooms;
  readonly membership: ClusterMembership;
  readonly router: Router;
  readonly clientRequests: ClientRequests;
  readonly lobby: Lobby;
  readonly replays: ReplayArchive;
  private readonly contact: StoreContact;
  private readonly rpc: NodeRpc;
  private readonly headExchange: HeadExchange;
  private readonly dueScan: DueScan;
  private readonly orphanScan: OrphanScan;
  private readonly handover: HandoverCoordinator;
  private readonly loadBalancer: LoadBalancer;
  /** Dev mode: replaces the games' rules while rooms run. */
  readonly rules: RulesReloader;
  private readonly gamesByName: Map<string, AnyGame>;
  private readonly timers = new Set<Timer>();
  private draining = false;
  private isStopped = false;
  private isStoreWritable = true;
  /** Share of the store's memory in use; null: no limit, or unknown. */
  storeFill: number | null = null;
  /** Monotonic ms of the next removal of expired rooms from the store's indexes. */
  private nextCleanupAt = -Infinity;
  /** Monotonic ms of the next check of the store's memory usage. */
  private nextFillCheckAt = -Infinity;
  /**
   * Number of consecutive checks in which the register had been unreachable for long; and the silence (ms) after which
   * clients are asked to move.
   */
  private isolationChecks = 0;
  private nextMoveRequestAt: number = limits.isolatedAfter;

  constructor(readonly parts: NodeParts) {
    const problems = checkLimits();
    if (problems.length > 0) throw new Error(`limits: ${problems.join('; ')}`);
    const { clock, bus, log, meter, entropy, fanout, register } = parts;
    this.contact = new StoreContact(clock);
    const store = observeStore(parts.store, this.contact, clock);
    this.id = `${parts.name}~${clock.now().toString(36)}${Math.floor(entropy.float() * 1e6).toString(36)}`;
    this.gamesByName = new Map(parts.games.map(game => [game.contract.name, game]));
    if (this.gamesByName.size !== parts.games.length) throw new Error('two games have the same name');
    this.replays = new ReplayArchive({
      store,
      games: this.gamesByName,
      compressor: parts.compressor,
      clock,
      log,
      hangDetector: parts.hangDetector,
      life: parts.replayLife ?? limits.recording.ttl,
      meter,
      keepsShort: parts.keepsShortReplays ?? false,
      hasRoom: () => (this.storeFill ?? 0) < limits.storeFill.recordings,
    });
    this.rpc = new NodeRpc(this.id, bus, clock, log);
    this.ownedRooms = new OwnedRooms({
      self: this.id,
      games: this.gamesByName,
      store,
      broadcaster: new ClusterBroadcaster(this.id, fanout, this.rpc, (channel, change) =>
        this.clientRequests.subscriptions.publish(channel, change),
      ),
      clock,
      log,
      meter,
      entropy,
      compressor: parts.compressor,
      effects: parts.effects,
      hangDetector: parts.hangDetector,
      dev: parts.dev ?? false,
      thorough: parts.thorough ?? parts.dev ?? false,
      ...(parts.onStep ? { onStep: parts.onStep } : {}),
      onRecorded: (id, match) => void this.replays.save(id, match),
      lease: () => this.membership.lease,
      contact: this.contact,
      silenceOf: node => this.membership.silenceOf(node),
      sendNotice: (at, notice) => this.sendNotice(at, notice),
      // The room's members reconnect to whichever node claims it, so it is claimed at once, unless another node has it.
      onEnd: (id, why) => {
        if (why === 'unknown-outcome' && !this.isStopped) this.onRoomAbandoned(id);
      },
      onClaimedFrom: (id, from) => this.rpc.send(from, 'taken', id),
    });
    this.rpc.on('taken', (_from, body) => {
      this.ownedRooms.get(body as string)?.requestOwnershipCheck();
      return null;
    });
    this.membership = new ClusterMembership(
      this.id,
      observeRegister(register, this.contact),
      clock,
      log,
      () => this.describeSelf(),
      node => this.nodeDied(node),
      () => this.requestOwnershipChecks(),
      node => this.rpc.send(node, 'declared-dead', null),
    );
    this.router = new Router({
      self: this.id,
      ownedRooms: this.ownedRooms,
      store,
      rpc: this.rpc,
      membership: this.membership,
      clock,
      log,
      meter,
      isDraining: () => this.draining,
    });
    this.headExchange = new HeadExchange({
      self: this.id,
      ownedRooms: this.ownedRooms,
      router: this.router,
      rpc: this.rpc,
      clock,
      memberReports: () => this.clientRequests.memberReports(),
      onRoomMissing: room => this.clientRequests.notifyRoomClosed(room),
    });
    this.lobby = new Lobby({
      store,
      games: this.gamesByName,
      ownedRooms: this.ownedRooms,
      membership: this.membership,
      rpc: this.rpc,
      clock,
      entropy,
      log,
      meter,
      hangDetector: parts.hangDetector,
      isDraining: () => this.draining,
      storeIsFull: () => (this.storeFill ?? 0) >= limits.storeFill.rooms,
    });
    this.clientRequests = new ClientRequests({
      self: this.id,
      name: parts.name,
      router: this.router,
      lobby: this.lobby,
      headExchange: this.headExchange,
      membership: this.membership,
      clock,
      entropy,
      log,
      meter,
      load: () => ({ rooms: this.ownedRooms.size, sockets: this.clientRequests.size }),
      games: this.gamesByName,
      fanout,
      hangDetector: parts.hangDetector,
    });
    this.handover = new HandoverCoordinator({
      self: this.id,
      ownedRooms: this.ownedRooms,
      store,
      rpc: this.rpc,
      clock,
      entropy,
      log,
      meter,
      lease: () => this.membership.lease,
      accepts: (why, from) =>
        !this.draining &&
        !this.isStopped &&
        ((why !== 'balance' && why !== 'members') || this.loadBalancer.accepts(why, from)),
      onHandedOver: (room, owner) => this.router.recordOwner(room, owner),
      onActivated: (actor, why) => {
        if (why === 'balance') this.loadBalancer.roomReceived(actor);
      },
    });
    this.loadBalancer = new LoadBalancer({
      self: this.id,
      ownedRooms: this.ownedRooms,
      membership: this.membership,
      handover: this.handover,
      clock,
      log,
      isDraining: () => this.draining || this.isStopped || !this.isStoreWritable,
    });
    const ensureOwner = (room: string) => this.router.ensureOwner(room, 1_000);
    this.rules = new RulesReloader({
      games: this.gamesByName,
      ownedRooms: this.ownedRooms,
      clock,
      hangDetector: parts.hangDetector,
      ensureOwner,
    });
    this.dueScan = new DueScan({
      self: this.id,
      store,
      ownedRooms: this.ownedRooms,
      membership: this.membership,
      clock,
      ensureOwner,
    });
    this.orphanScan = new OrphanScan({
      self: this.id,
      store,
      ownedRooms: this.ownedRooms,
      membership: this.membership,
      clock,
      log,
      ensureOwner,
    });
    this.rpc.on('notice', (_from, body) => {
      const [conn, notice] = body as unknown as [string, Notice];
      this.clientRequests.deliverNotice(conn, notice);
      return null;
    });
    this.rpc.on('declared-dead', () => {
      this.requestOwnershipChecks();
      return null;
    });
    store.onIncarnation(() => this.abandonRooms());
  }

  /** Starts the node: subscribes, registers, and runs its periodic tasks. @throws when the bus subscription fails */
  async start(): Promise<void> {
    await this.rpc.start(() => this.membership.inboxLost());
    await this.membership.start();
    this.every(limits.headExchangeInterval, async () => {
      this.ownedRooms.checkAll();
      await this.headExchange.exchange();
    });
    this.every(limits.dueScanInterval, () => this.dueScan.scan());
    this.every(limits.dueScanInterval, async () => {
      if (!this.draining) await this.orphanScan.scan();
    });
    this.every(1_000, () => this.checkStore());
    this.every(1_000, () => this.loadBalancer.rebalance());
    this.checkConnectivity();
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
      this.isStoreWritable &&
      this.membership.reachedAt !== null &&
      !this.isIsolated
    );
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

  private describeSelf() {
    return {
      name: this.parts.name,
      rooms: this.ownedRooms.size,
      sockets: this.clientRequests.size,
      delay: this.parts.eventLoopDelayMs(),
      draining: this.draining,
      games: [...this.gamesByName.values()].map(gameKey),
      reads: this.ownedRooms.gameKeys,
      outage: this.contact.lastOutage,
    };
  }

  private sendNotice(at: ConnectionRef, notice: Notice): void {
    if (at.node === this.id) this.clientRequests.deliverNotice(at.conn, notice);
    else this.rpc.send(at.node, 'notice', [at.conn, notice]);
  }

  private nodeDied(node: string): void {
    this.rpc.failCallsTo(node);
    this.orphanScan.requestScan();
    for (const room of this.clientRequests.memberReports().keys())
      if (this.router.ownerCache.get(room)?.node === node) this.ensureOwner(room);
  }

  private onRoomAbandoned(room: string): void {
    this.after(0, () => this.ensureOwner(room));
    this.orphanScan.requestScan();
  }

  /** Makes sure that the room has an owner: this node, if no other node does. */
  private ensureOwner(room: string): void {
    if (this.isStopped || !(this.clientRequests.hasMembers(room) || this.ownedRooms.get(room) === undefined)) return;
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

  /**
   * Whether the register is unreachable for long. Requires two checks in a row: after a suspension of this node, the
   * first check would be followed by a heartbeat.
   */
  private get isIsolated(): boolean {
    return this.isolationChecks > 1;
  }

  /**
   * Asks clients to move if this node reaches neither the store nor other nodes. Other nodes may be able to serve them;
   * clients that find none stay, since Redis itself may be down. The interval doubles each time.
   */
  private checkConnectivity(): void {
    this.after(limits.isolatedAfter / 4, () => {
      if (!this.isStopped) this.checkConnectivity();
    });
    const silentForMs = this.membership.reachedAt === null ? 0 : this.parts.clock.mono() - this.membership.reachedAt;
    this.isolationChecks = silentForMs < limits.isolatedAfter ? 0 : this.isolationChecks + 1;
    if (!this.isIsolated) this.nextMoveRequestAt = limits.isolatedAfter;
    else if (silentForMs >= this.nextMoveRequestAt) {
      this.nextMoveRequestAt = silentForMs * 2;
      this.parts.log.warn(
        { clients: this.clientRequests.size, silentForMs: Math.round(silentForMs) },
        'node isolated; clients asked to move',
      );
      this.clientRequests.askClientsToMove();
    }
  }

  private async checkStore(): Promise<void> {
    const isWritable = await this.parts.store.probe().catch(() => false);
    if (isWritable !== this.isStoreWritable)
      this.parts.log.warn({ ok: isWritable }, isWritable ? 'store accepts writes again' : 'store rejects writes');
    this.isStoreWritable = isWritable;
    const now = this.parts.clock.mono();
    if (!isWritable) return;
    if (now >= this.nextFillCheckAt) {
      this.nextFillCheckAt = now + limits.storeFill.pollInterval;
      await this.checkStoreFill();
    }
    if (now < this.nextCleanupAt) return;
    this.nextCleanupAt = now + limits.indexScan.interval;
    await this.parts.store.removeExpired(limits.indexScan.roomsPerScan);
  }

  private async checkStoreFill(): Promise<void> {
    const [before, now] = [this.storeFill, await this.parts.store.memoryUsage()];
    this.storeFill = now;
    const over = (limit: number, fill: number | null) => (fill ?? 0) >= limit;
    const crossed = (limit: number) => over(limit, before) !== over(limit, now);
    if (crossed(limits.storeFill.recordings) || crossed(limits.storeFill.rooms))
      this.parts.log.warn(
        {
          fill: now,
          keepsRecordings: !over(limits.storeFill.recordings, now),
          makesRooms: !over(limits.storeFill.rooms, now),
        },
        'store memory usage crossed a limit',
      );
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

import type { AnyGame } from '../../shared/contract.ts';
import { idFromBytes } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import type { Entropy, HangDetector } from '../runtime/ports.ts';
import { StoreError, type HangReport, type ClaimedRoom, type Owner, type StoredRoom } from '../store/store.ts';
import { dueOf } from '../rooms/core/document.ts';
import { recoverRoom, type RecoveredRoom } from '../rooms/actor/recovery.ts';
import { readSnapshot, UnreadableRoomError } from '../rooms/core/entry.ts';
import { deduplicateReports, isViewBlocked } from '../rooms/core/hangs.ts';
import { RoomActor, type RoomActorParts } from '../rooms/actor/actor.ts';
import type { EndReason } from '../rooms/actor/lifecycle.ts';
import type { OwnershipStart } from '../rooms/actor/room-clock.ts';
import { DataLossDetector } from './data-loss-detector.ts';
import { OutageEstimator, type Silence } from './outage-estimator.ts';
import { RoomHistory } from '../rooms/actor/room-history.ts';
import type { PreparedRooms } from './prepared-rooms.ts';
import { RuleTracker } from '../rooms/core/rule-tracker.ts';

export type AcquireResult =
  | { ok: true; actor: RoomActor }
  | { ok: false; why: 'missing' | 'unreadable' }
  | { ok: false; why: 'game'; game: string }
  | { ok: false; why: 'taken'; owner: Owner };

export interface OwnedRoomsParts extends Omit<RoomActorParts, 'onEnd'> {
  games: ReadonlyMap<string, AnyGame>;
  preparedRooms: PreparedRooms;
  /** Whether dev mode is on: rooms can be dumped. */
  dev: boolean;
  hangDetector: HangDetector;
  entropy: Entropy;
  /** See ClusterMembership.silenceOf. */
  silenceOf(node: string): Silence | null;
  /** Called when a room was claimed from another node, which may be alive and not know it. */
  onClaimedFrom(id: string, from: string): void;
}

/** Notified by OwnedRooms. */
export interface OwnedRoomsListener {
  /** A room is no longer run here, because it is unknown whether its last entry was written. */
  roomAbandoned(id: string): void;
}

/** The rooms that this node runs; claims and activates more. */
export class OwnedRooms {
  private readonly actors = new Map<string, RoomActor>();
  private readonly acquiring = new Map<string, Promise<AcquireResult>>();
  private readonly claimSemaphore = new Semaphore(limits.concurrentClaims);
  private closed = false;
  private listener: OwnedRoomsListener | null = null;
  private readonly slowRuleLoggedAt = new Map<string, number>();
  /**
   * Rooms that other nodes claimed from this one: how often recently, and until when (monotonic ms) this node waits.
   */
  private readonly fenced = new Map<string, { times: number; until: number }>();

  /** In dev mode: histories, the least recently claimed room first. */
  private readonly histories = new Map<string, RoomHistory>();
  /** Rooms whose next claim is under other rules than the last. */
  private readonly withNewRules = new Set<string>();
  private readonly dataLoss: DataLossDetector;
  private readonly outages: OutageEstimator;

  constructor(private readonly parts: OwnedRoomsParts) {
    this.dataLoss = new DataLossDetector(parts);
    this.outages = new OutageEstimator(parts.clock, parts.silenceOf);
  }

  /** Connects the listener; before the node starts, since no room ends before that. */
  connect(listener: OwnedRoomsListener): void {
    this.listener = listener;
  }

  get(id: string): RoomActor | undefined {
    return this.actors.get(id);
  }
  /** Whether another node is about to hand this room over to this one. */
  isExpected(id: string): boolean {
    return this.parts.preparedRooms.has(id);
  }
  /** The room's actor, after waiting for a pending claim or handover; undefined if this node does not run the room. */
  async getWhenReady(id: string): Promise<RoomActor | undefined> {
    if (!this.actors.has(id)) await this.parts.preparedRooms.wait(id);
    await this.acquiring.get(id)?.catch(() => {}); // the caller of `acquire` handles failures
    return this.actors.get(id);
  }
  all(): RoomActor[] {
    return [...this.actors.values()];
  }
  /** Whether this node runs the room or is claiming it. */
  has(id: string): boolean {
    return this.actors.has(id) || this.acquiring.has(id);
  }
  get size(): number {
    return this.actors.size;
  }
  /** Resolves when the pending claims have settled; null if there are none. */
  get pendingClaims(): Promise<unknown> | null {
    return this.acquiring.size === 0 ? null : Promise.allSettled(this.acquiring.values());
  }
  /** The games that claims name, `name@version`: all versions whose state the rules can read. */
  get gameKeys(): readonly string[] {
    return [...this.parts.games.values()].flatMap(game => {
      const version = game.contract.def.version;
      const from = game.rules.migrate ? 1 : version;
      return Array.from({ length: version - from + 1 }, (_x, i) => `${game.contract.name}@${from + i}`);
    });
  }

  /**
   * Claims a room and starts to run it. `expected`: the token of the owner that was declared dead; null: no owner.
   * @throws StoreError
   */
  acquire(id: string, expected: string | null, floor: number): Promise<AcquireResult> {
    const actor = this.actors.get(id);
    if (actor) return Promise.resolve({ ok: true, actor });
    let running = this.acquiring.get(id);
    if (!running) {
      running = this.claimSemaphore.run(() => this.claim(id, expected, floor)).finally(() => this.acquiring.delete(id));
      this.acquiring.set(id, running);
    }
    return running;
  }

  private async claim(id: string, expected: string | null, floor: number): Promise<AcquireResult> {
    const { store, clock, entropy, self, log } = this.parts;
    const pause = (this.fenced.get(id)?.until ?? 0) - clock.mono();
    if (pause > 0) await clock.sleep(pause);
    if (this.closed) throw new StoreError('no', false, 'this node has stopped');
    const token = idFromBytes(entropy.bytes(16));
    // Read before the claim: its reply may arrive after the room was claimed by another node.
    const lease = this.parts.lease();
    const claimed = await store.claim(id, { token, node: self, expected, floor, games: this.gameKeys });
    if (!claimed.ok) return claimed;
    this.dataLoss.roomClaimed(id, claimed.terms, claimed.seq);
    if (this.closed) {
      await store.release(id, token); // stopped meanwhile: an unowned room can be claimed at once, a dead node's cannot
      throw new StoreError('no', false, 'this node has stopped');
    }
    let actor: RoomActor;
    try {
      actor = this.recoverClaimed(id, token, claimed, lease);
    } catch (error) {
      if (!(error instanceof UnreadableRoomError)) throw error;
      log.error({ room: id, error }, 'room not readable; left unchanged');
      const now = clock.now();
      await store.release(id, token, {
        why: `it cannot be read: ${error.message}`,
        since: now,
        due: now + limits.unreadableRetryAfter,
      });
      return { ok: false, why: 'unreadable' };
    }
    this.addActor(actor);
    if (claimed.previous && claimed.previous.node !== self) this.parts.onClaimedFrom(id, claimed.previous.node);
    return { ok: true, actor };
  }

  /** Builds a room as stored. `token`: this node's, for when it runs the room. @throws UnreadableRoomError */
  buildRoom(
    stored: StoredRoom,
    token: string,
    hangReports: HangReport[] = [],
    hasNewRules = false,
  ): { game: AnyGame; recovered: RecoveredRoom } {
    const { clock, log, hangDetector } = this.parts;
    const doc = readSnapshot(stored.snapshot);
    const game = this.parts.games.get(doc.room.game);
    if (!game) throw new UnreadableRoomError(`this node does not run the game '${doc.room.game}'`);
    const ruleTracker = new RuleTracker(
      { room: doc.room.id, token, game: doc.room.game, seq: stored.seq },
      { hangDetector, mono: () => clock.mono(), onSlow: (rule, ms) => this.logSlowRule(doc.room.game, rule, ms) },
    );
    const viewGuard = {
      ruleTracker,
      isViewBlocked: (audience: string) => isViewBlocked(doc, hangReports, audience, clock.now()),
    };
    return {
      game,
      recovered: recoverRoom(
        game,
        doc,
        stored,
        (where, error) => {
          log.error({ where, error }, 'rule failed during recovery of a room');
          this.parts.onRuleFailed?.(doc.room.id, where, error);
        },
        { viewGuard, hangReports, hasNewRules },
      ),
    };
  }

  /** Logged at most once a second per rule. */
  private logSlowRule(game: string, rule: string, ms: number): void {
    const { meter, log, clock } = this.parts;
    meter.count('slowRules');
    const [key, now] = [`${game} ${rule}`, clock.mono()];
    if (now - (this.slowRuleLoggedAt.get(key) ?? -Infinity) < 1_000) return;
    if (this.slowRuleLoggedAt.size > 1_000) this.slowRuleLoggedAt.clear(); // action names come from clients
    this.slowRuleLoggedAt.set(key, now);
    log.warn(
      { game, rule, ms: Math.round(ms) },
      'rule took more than 50 ms, in which no room of this node ran; the time without a CPU counts, too',
    );
  }

  /** Runs a room that was handed to this node. `lease`: see OwnershipStart. */
  activate(
    room: { game: AnyGame; recovered: RecoveredRoom; token: string; term: number; lease: number | null; time: number },
    stored: StoredRoom,
  ): RoomActor {
    const actor = this.createActor(room, { outage: 0, lease: room.lease, time: room.time }, stored);
    this.addActor(actor);
    return actor;
  }

  private createActor(
    { game, recovered, token, term }: { game: AnyGame; recovered: RecoveredRoom; token: string; term: number },
    start: OwnershipStart,
    stored: StoredRoom,
  ): RoomActor {
    return new RoomActor(
      { ...this.parts, onEnd: (actor, why) => this.actorEnded(actor, why) },
      game,
      token,
      term,
      recovered,
      start,
      this.parts.dev ? this.historyOf(recovered.doc.room.id, stored) : null,
    );
  }

  /** The room's history, continued if this node ran the room before and nothing happened since. */
  private historyOf(id: string, stored: StoredRoom): RoomHistory {
    const kept = this.histories.get(id);
    const history = kept?.head === stored.seq ? kept : new RoomHistory(stored);
    history.actorStarted();
    this.histories.delete(id);
    this.histories.set(id, history);
    for (const oldest of this.histories.keys())
      if (this.histories.size > limits.devHistories) this.histories.delete(oldest);
    return history;
  }

  /**
   * Gives a room up and claims it again at once, under the rules that `games` has now. Its members keep their
   * connections and seats, and get a snapshot. No effect if this node does not run the room.
   * @param claim makes sure that some node runs the room
   */
  async reopen(id: string, claim: (id: string) => Promise<unknown>): Promise<void> {
    const actor = this.actors.get(id);
    if (!actor) return;
    this.withNewRules.add(id);
    try {
      await actor.release();
      await claim(id);
    } finally {
      this.withNewRules.delete(id);
    }
  }

  private addActor(actor: RoomActor): void {
    this.actors.set(actor.id, actor);
    actor.announceOwner();
    this.finishRecordings(actor);
  }

  /** Finishes recordings that the previous owner may not have finished when it died. */
  private finishRecordings(actor: RoomActor): void {
    const { match, phase } = actor.publicRoom;
    if (!actor.game.contract.def.replay || match === 0) return;
    // Matches whose last part is not stored yet follow when it is.
    for (const finished of phase === 'ended' ? [match, match - 1] : [match - 1])
      if (finished > 0 && !actor.hasUnstoredRecording(finished)) this.parts.onRecorded(actor.id, finished);
  }

  private recoverClaimed(id: string, token: string, claimed: ClaimedRoom, lease: number | null): RoomActor {
    const hasNewRules = this.withNewRules.has(id);
    const { game, recovered } = this.buildRoom(claimed, token, deduplicateReports(claimed.hangReports), hasNewRules);
    const interruption = this.outages.estimate(recovered.doc.room.id, claimed, {
      clock: recovered.doc.hidden.clock,
      due: dueOf(recovered.doc),
    });
    if (claimed.previous) {
      this.parts.meter.count('takeovers');
      this.parts.meter.observe('takeoverInterruption', interruption.outage);
      this.parts.log.info(
        {
          room: recovered.doc.room.id,
          term: claimed.term,
          from: claimed.previous.node,
          interruptionMs: interruption.outage,
        },
        'room taken over',
      );
    }
    return this.createActor(
      { game, recovered, token, term: claimed.term },
      { ...interruption, lease, hasNewRules },
      claimed,
    );
  }

  private actorEnded(actor: RoomActor, why: EndReason): void {
    if (this.actors.get(actor.id) === actor) this.actors.delete(actor.id);
    this.parts.meter.count('roomsStopped', 1, why);
    if (why === 'unknown-outcome') {
      this.dataLoss.roomAbandoned(actor.id, actor.head.head);
      this.outages.roomAbandoned(actor.id, { term: actor.term, seq: actor.head.head[1], ...actor.outageStart });
    }
    if (why === 'fenced') {
      const times = (this.fenced.get(actor.id)?.times ?? 0) + 1;
      this.fenced.set(actor.id, {
        times,
        until: this.parts.clock.mono() + limits.fencedBackoff * 2 ** Math.min(times - 1, 5),
      });
    }
    if (why === 'unknown-outcome') this.listener?.roomAbandoned(actor.id);
  }

  /** Once a second. */
  checkAll(): void {
    for (const actor of this.actors.values()) actor.requestPresenceCheck();
    this.dataLoss.report();
    const mono = this.parts.clock.mono();
    for (const [id, { until }] of this.fenced) if (mono - until > 60_000) this.fenced.delete(id);
  }

  /** Called when a room that this node ran no longer exists in the store. */
  roomMissing(id: string): void {
    this.dataLoss.roomMissing(id);
    this.outages.forget(id);
  }

  /** From now on no room is acquired; pending claims are released. */
  close(): void {
    this.closed = true;
  }

  /** Abandons all rooms, for example because the store may have lost data. */
  abandonAll(reason: 'unknown-outcome' | 'stopped', why: string): string[] {
    const ids = [...this.actors.keys()];
    for (const actor of this.all()) actor.abandon(reason, why);
    return ids;
  }
}

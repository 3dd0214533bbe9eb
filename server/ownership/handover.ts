import type { AnyGame } from '../../shared/contract.ts';
import { idFromBytes } from '../../shared/ids.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { NodeRpc } from '../messaging/node-rpc.ts';
import type { Clock, Entropy, Log, Meter, Timer } from '../runtime/ports.ts';
import { catchUp, type RecoveredRoom } from '../rooms/actor/recovery.ts';
import { UnreadableRoomError } from '../rooms/core/entry.ts';
import type { HandoverResult, RoomActor } from '../rooms/actor/actor.ts';
import type { HandoverReason, PrepareRequest, PrepareReply, ActivateRequest } from '../rooms/actor/messages.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import { StoreError, type Owner, type PeekedRoom, type Store } from '../store/store.ts';

/** A room that another node is about to hand to this one: read and built, and not this node's yet. */
interface PreparedRoom {
  token: string;
  game: AnyGame;
  recovered: RecoveredRoom;
  peeked: PeekedRoom;
  reason: HandoverReason;
  /**
   * Membership.lease when it was asked for: while it holds, nobody can have taken the room from this node since it was
   * given.
   */
  lease: number | null;
  /** Monotonic ms. */
  preparedAt: number;
  timer: Timer | null;
  /** Those who ask for the room wait until it is here, or the store has said that it is not. */
  waiting: Promise<void>;
  known(): void;
}

export interface HandoverParts {
  self: string;
  ownedRooms: OwnedRooms;
  store: Store;
  rpc: NodeRpc;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  meter: Meter;
  lease(): number | null;
  /** The room is that node's now: whoever asks here is sent there. */
  onHandedOver(room: string, owner: Owner): void;
  /** Whether this node takes a room of that node, moved for this reason, now. */
  accepts(why: HandoverReason, from: string): boolean;
  /** This node runs a room now that was moved for this reason. */
  onActivated(host: RoomActor, why: HandoverReason): void;
}

/**
 * Moves a room to a node that has it ready, so that nobody runs it for about one round trip:
 *
 *  1. the owner asks the heir to prepare. It reads the room, claims nothing, builds it, and mints a token;
 *  2. the owner journals what it is at, and makes the heir the owner by that token, in one step of the store;
 *  3. it tells the heir, with what was appended meanwhile. The heir runs the room at once.
 *
 * Whatever is lost or dies in between, the store knows whose the room is: before 2 the owner's, after it the heir's. An
 * heir that hears nothing looks whether the token is its own; one that cannot use what it has ready claims the room
 * with that token; of one that has died or forgotten all about it others take the room, as ever. An owner that is not
 * told how 2 ended is in doubt, and resigns.
 */
export class HandoverCoordinator {
  private readonly prepared = new Map<string, PreparedRoom>();
  private readonly inProgress = new Set<string>();
  private closed = false;

  constructor(private readonly parts: HandoverParts) {
    parts.rpc.on(
      'prepare',
      async (from, body) => (await this.prepare(from, body as unknown as PrepareRequest)) as unknown as Json,
    );
    parts.rpc.on('activate', (_from, body) => this.activate(body as unknown as ActivateRequest));
    parts.ownedRooms.awaitHandover = id => this.prepared.get(id)?.waiting;
  }

  /** Rooms that are not here yet, and may be at any moment. */
  get preparedCount(): number {
    return this.prepared.size;
  }

  close(): void {
    this.closed = true;
    for (const [id, prepared] of this.prepared) this.forget(id, prepared);
  }

  // --- the owner -------------------------------------------------------------------------------

  /**
   * Hands a room of this node to another, by its id. Never throws.
   * @returns whether it is that node's now. If not, it may be run here as before (then `host.over` is false), or be
   * lost
   */
  async handOver(actor: RoomActor, targetNode: string, reason: HandoverReason): Promise<boolean> {
    const { rpc, clock, meter, log } = this.parts;
    if (this.inProgress.has(actor.id) || actor.isEnded) return false;
    this.inProgress.add(actor.id);
    actor.retainEntries(true);
    try {
      const readyUntil = clock.mono() + limits.handover.preparedFor / 2;
      const ready = (await rpc
        .call(
          targetNode,
          'prepare',
          { id: actor.id, why: reason } satisfies PrepareRequest,
          limits.handover.prepareTimeout,
        )
        .catch(() => null)) as unknown as PrepareReply | null;
      if (!ready) return false;
      const notified: { since: number; told: Promise<Json> }[] = [];
      const outcome = await actor.requestHandover(
        { token: ready.token, node: targetNode, games: ready.games, readyUntil },
        how => {
          notified.push({ since: how.pausedSince, told: this.notifyTarget(actor, targetNode, ready, how) });
        },
      );
      const [notice] = notified;
      if (notice) {
        meter.count('handovers', 1, reason);
        const activated = await notice.told.catch(() => false);
        if (activated === true) meter.observe('handoverInterruption', clock.mono() - notice.since);
        else log.debug({ room: actor.id, target: targetNode }, 'handover target did not confirm activation');
      }
      return outcome === 'handed-over';
    } finally {
      actor.retainEntries(false);
      this.inProgress.delete(actor.id);
    }
  }

  /** At once, before whoever waits is sent on: what they ask arrives behind it. */
  private notifyTarget(actor: RoomActor, target: string, ready: PrepareReply, result: HandoverResult): Promise<Json> {
    const { term, terms, seq, snapshotSeq, roomTime } = result;
    this.parts.onHandedOver(actor.id, { node: target, token: ready.token, term, seq });
    const members = actor.members.list().map(({ node, conn, player, session, watch, name }) => ({
      node,
      conn,
      player,
      session,
      watch,
      ...(name === '' ? {} : { name }),
    }));
    return this.parts.rpc.call(target, 'activate', {
      id: actor.id,
      token: ready.token,
      term,
      terms,
      seq,
      snapshotSeq,
      entries: actor.retainedEntriesSince(ready.seq),
      members,
      time: roomTime,
    } satisfies ActivateRequest);
  }

  // --- the heir --------------------------------------------------------------------------------

  private async prepare(from: string, { id, why: reason }: PrepareRequest): Promise<PrepareReply | null> {
    const { ownedRooms, store, clock, entropy, log } = this.parts;
    if (this.closed || ownedRooms.has(id) || this.prepared.has(id) || !this.parts.accepts(reason, from)) return null;
    const [preparedAt, lease] = [clock.mono(), this.parts.lease()];
    const [games, token] = [ownedRooms.gameKeys, idFromBytes(entropy.bytes(16))];
    let room: { game: AnyGame; recovered: RecoveredRoom };
    let peeked: PeekedRoom | null;
    try {
      peeked = await store.peek(id);
      if (!peeked || peeked.owner.node !== from || !games.includes(peeked.game)) return null;
      room = ownedRooms.buildRoom(peeked, token);
    } catch (error) {
      if (error instanceof UnreadableRoomError) log.error({ room: id, error }, 'handover refused: room not readable');
      else if (!(error instanceof StoreError)) throw error;
      return null;
    }
    if (this.closed || ownedRooms.has(id) || this.prepared.has(id)) return null;
    const prepared: PreparedRoom = {
      ...room,
      token,
      peeked,
      reason,
      preparedAt,
      lease,
      timer: null,
      ...createWaiter(),
    };
    this.prepared.set(id, prepared);
    this.scheduleOwnerCheck(id, prepared);
    return { token: prepared.token, seq: peeked.seq, games };
  }

  /**
   * Runs a room that was given to this node. What has it wait for the store is its own business: the owner has let go
   * already.
   */
  private activate(request: ActivateRequest): Promise<boolean> | boolean {
    const { ownedRooms, clock } = this.parts;
    const { id, token, term } = request;
    const prepared = this.prepared.get(id);
    if (prepared?.token !== token || ownedRooms.has(id)) return this.claim(id, token, term);
    try {
      if (!this.isUsable(prepared, request)) return this.claim(id, token, term);
      catchUp(prepared.game, prepared.recovered, request.entries, request.terms);
      const actor = ownedRooms.activate(
        { ...prepared, term, time: request.time },
        {
          entries: [...prepared.peeked.entries, ...request.entries],
          firstSeq: prepared.peeked.firstSeq,
          terms: request.terms,
        },
      );
      for (const { node, conn, ...member } of request.members) actor.members.add({ node, conn }, member, clock.mono());
      this.parts.onActivated(actor, prepared.reason);
      return true;
    } catch (error) {
      if (!(error instanceof UnreadableRoomError)) throw error;
      return this.claim(id, token, term); // which says what is wrong with it, if it is not what was told
    } finally {
      this.forget(id, prepared);
    }
  }

  /**
   * Nothing is missing between what was read and what was told, and no snapshot was written meanwhile, with which
   * pieces of a recording went out of the journal.
   */
  private isUsable({ peeked, preparedAt }: PreparedRoom, { seq, snapshotSeq, entries }: ActivateRequest): boolean {
    return (
      !this.closed &&
      seq === peeked.seq + entries.length &&
      snapshotSeq === peeked.snapshotSeq &&
      this.parts.clock.mono() - preparedAt < limits.handover.preparedFor
    );
  }

  /** The room is this node's by the store, and it has nothing to run it with: it claims it of itself. */
  private claim(id: string, token: string, term: number): Promise<boolean> {
    const { ownedRooms, log } = this.parts;
    return ownedRooms.acquire(id, token, term).then(
      acquired => acquired.ok,
      (error: unknown) => {
        log.debug({ room: id, error }, 'handed-over room not claimed');
        return false;
      },
    );
  }

  /** Word that the room is this node's may be lost. */
  private scheduleOwnerCheck(id: string, prepared: PreparedRoom): void {
    prepared.timer = this.parts.clock.after(limits.handover.ownershipPoll, () => void this.checkOwner(id, prepared));
  }

  private async checkOwner(id: string, prepared: PreparedRoom): Promise<void> {
    const { store, clock } = this.parts;
    const owner = await store.owner(id).catch(() => undefined); // unknown: the next look
    if (this.prepared.get(id) !== prepared) return;
    if (owner?.token === prepared.token) void this.claim(id, prepared.token, owner.term);
    else if (clock.mono() - prepared.preparedAt < limits.handover.preparedFor) {
      // Who asked meanwhile is told that it is not here, and may believe it: later it is run only when the store
      // confirms it.
      prepared.lease = null;
      prepared.known();
      Object.assign(prepared, createWaiter());
      return this.scheduleOwnerCheck(id, prepared);
    }
    this.forget(id, prepared);
  }

  private forget(id: string, prepared: PreparedRoom): void {
    prepared.timer?.cancel();
    this.prepared.delete(id);
    prepared.known();
  }
}

function createWaiter(): { waiting: Promise<void>; known: () => void } {
  let known = () => {};
  const waiting = new Promise<void>(resolve => {
    known = resolve;
  });
  return { waiting, known };
}

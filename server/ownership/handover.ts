import type { AnyGame } from '../../shared/contract.ts';
import { idFromBytes } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
import type { NodeRpc } from '../messaging/node-rpc.ts';
import type { Clock, Entropy, Log, Meter } from '../runtime/ports.ts';
import { catchUp, type RecoveredRoom } from '../rooms/actor/recovery.ts';
import { UnreadableRoomError } from '../rooms/core/entry.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';
import type { HandoverResult } from '../rooms/actor/lifecycle.ts';
import type { HandoverReason, PrepareRequest, PrepareReply, ActivateRequest } from '../rooms/actor/messages.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { PreparedRoom, PreparedRooms } from './prepared-rooms.ts';
import { StoreError, type Owner, type PeekedRoom, type Store } from '../store/store.ts';

export interface HandoverParts {
  self: string;
  ownedRooms: OwnedRooms;
  preparedRooms: PreparedRooms;
  store: Store;
  rpc: NodeRpc;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  meter: Meter;
  lease(): number | null;
  /** Whether the node takes no more rooms. */
  isClosing(): boolean;
  balancer: LoadBalancer;
  /** Called when the room belongs to the target: requests to this node are redirected there. */
  onHandedOver(room: string, owner: Owner): void;
}

/**
 * Moves a room to a node that has loaded it in advance, so that no node runs it for only about one round trip:
 *  1. The owner asks the target to prepare. The target reads and builds the room without claiming it, and issues a
 *     token.
 *  2. The owner journals its pending changes and makes the target the owner by that token, in one step of the store.
 *  3. The owner activates the target, sending the entries appended meanwhile. The target runs the room at once.
 * Whatever is lost in between, the store knows the owner: before step 2 the old one, after it the target. A target that
 * gets no activation polls whether its token is the room's. If its prepared room is outdated, it claims the room with
 * that token. If it has died or forgotten the room, other nodes claim it as usual. An owner that does not learn the
 * outcome of step 2 abandons the room.
 */
export class HandoverCoordinator {
  private readonly inProgress = new Set<string>();
  private closed = false;

  constructor(private readonly parts: HandoverParts) {
    parts.rpc.onCall('prepare', (from, request) => this.prepare(from, request));
    parts.rpc.onCall('activate', (_from, request) => this.activate(request));
  }

  close(): void {
    this.closed = true;
    for (const [id] of this.parts.preparedRooms.all()) this.parts.preparedRooms.remove(id);
  }

  // --- old owner -------------------------------------------------------------------------------

  /**
   * Hands a room over to another node. Never throws.
   * @returns whether the target owns the room. If not, this node may still run it, or the room has ended here
   * (`actor.isEnded`)
   */
  async handOver(actor: RoomActor, targetNode: string, reason: HandoverReason): Promise<boolean> {
    const { rpc, clock, meter, log } = this.parts;
    if (this.inProgress.has(actor.id) || actor.isEnded) return false;
    this.inProgress.add(actor.id);
    actor.retainEntries(true);
    try {
      const readyUntil = clock.mono() + limits.handover.preparedFor / 2;
      const ready = await rpc
        .call(targetNode, 'prepare', { id: actor.id, why: reason }, limits.handover.prepareTimeout)
        .catch(() => null);
      if (!ready) return false;
      const notified: { since: number; reply: Promise<boolean> }[] = [];
      const outcome = await actor.requestHandover(
        { token: ready.token, node: targetNode, games: ready.games, readyUntil },
        how => {
          notified.push({ since: how.pausedSince, reply: this.notifyTarget(actor, targetNode, ready, how) });
        },
      );
      const [notice] = notified;
      if (notice) {
        meter.count('handovers', 1, reason);
        const activated = await notice.reply.catch(() => false);
        if (activated) meter.observe('handoverInterruption', clock.mono() - notice.since);
        else log.debug({ room: actor.id, target: targetNode }, 'handover target did not confirm activation');
      }
      return outcome === 'handed-over';
    } finally {
      actor.retainEntries(false);
      this.inProgress.delete(actor.id);
    }
  }

  /** Sent at once, before waiting callers are redirected: their requests arrive after it. */
  private notifyTarget(
    actor: RoomActor,
    target: string,
    ready: PrepareReply,
    result: HandoverResult,
  ): Promise<boolean> {
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
    });
  }

  // --- target ----------------------------------------------------------------------------------

  private async prepare(from: string, { id, why: reason }: PrepareRequest): Promise<PrepareReply | null> {
    const { ownedRooms, preparedRooms, store, clock, entropy, log } = this.parts;
    if (this.closed || ownedRooms.has(id) || preparedRooms.has(id) || !this.accepts(reason, from)) return null;
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
    if (this.closed || ownedRooms.has(id) || preparedRooms.has(id)) return null;
    const prepared: PreparedRoom = { ...room, token, peeked, reason, preparedAt, lease, timer: null };
    preparedRooms.add(id, prepared);
    this.scheduleOwnerCheck(id, prepared);
    return { token: prepared.token, seq: peeked.seq, games };
  }

  /** Whether this node takes a room from that node now. */
  private accepts(reason: HandoverReason, from: string): boolean {
    if (this.parts.isClosing()) return false;
    return (reason !== 'balance' && reason !== 'members') || this.parts.balancer.accepts(reason, from);
  }

  /**
   * Runs a room that was handed to this node. It does not wait for the store, since no other node runs the room now.
   */
  private activate(request: ActivateRequest): Promise<boolean> | boolean {
    const { ownedRooms, preparedRooms, balancer, clock } = this.parts;
    const { id, token, term } = request;
    const prepared = preparedRooms.get(id);
    if (prepared?.token !== token || ownedRooms.has(id)) return this.claim(id, token, term);
    try {
      if (!this.isUsable(prepared, request)) return this.claim(id, token, term);
      catchUp(prepared.game, prepared.recovered, request.entries, request.terms);
      const actor = ownedRooms.activate(
        { ...prepared, term, time: request.time },
        {
          ...prepared.peeked,
          seq: request.seq,
          entries: [...prepared.peeked.entries, ...request.entries],
          terms: request.terms,
        },
      );
      for (const { node, conn, ...member } of request.members) actor.members.add({ node, conn }, member, clock.mono());
      if (prepared.reason === 'balance') balancer.roomReceived(actor);
      return true;
    } catch (error) {
      if (!(error instanceof UnreadableRoomError)) throw error;
      return this.claim(id, token, term); // if the room is really unreadable, the claim reports it
    } finally {
      preparedRooms.remove(id);
    }
  }

  /**
   * Whether the prepared room plus the sent entries is complete, and no snapshot was written meanwhile: with a
   * snapshot, recorded entries may have left the journal.
   */
  private isUsable({ peeked, preparedAt }: PreparedRoom, { seq, snapshotSeq, entries }: ActivateRequest): boolean {
    return (
      !this.closed &&
      seq === peeked.seq + entries.length &&
      snapshotSeq === peeked.snapshotSeq &&
      this.parts.clock.mono() - preparedAt < limits.handover.preparedFor
    );
  }

  /** Claims a room that belongs to this node, but of which no usable copy was prepared. */
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

  /** The activation message may be lost, so ownership is polled. */
  private scheduleOwnerCheck(id: string, prepared: PreparedRoom): void {
    prepared.timer = this.parts.clock.after(limits.handover.ownershipPoll, () => void this.checkOwner(id, prepared));
  }

  private async checkOwner(id: string, prepared: PreparedRoom): Promise<void> {
    const { preparedRooms, store, clock } = this.parts;
    const owner = await store.owner(id).catch(() => undefined); // unknown: the next poll decides
    if (preparedRooms.get(id) !== prepared) return;
    if (owner?.token === prepared.token) void this.claim(id, prepared.token, owner.term);
    else if (clock.mono() - prepared.preparedAt < limits.handover.preparedFor) {
      // Waiting requests are told that the room is not here, and callers may rely on it: from now on the room is run
      // only after the store has confirmed ownership.
      prepared.lease = null;
      preparedRooms.releaseWaiting(id);
      return this.scheduleOwnerCheck(id, prepared);
    }
    preparedRooms.remove(id);
  }
}

import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord } from '../runtime/ports.ts';
import { gameKey } from '../rooms/core/game-key.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';
import type { HandoverReason } from '../rooms/actor/messages.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { HandoverCoordinator } from './handover.ts';
import type { ClusterMembership } from './cluster-membership.ts';
import { PlayerAffinity } from './player-affinity.ts';
import { findCapableNodes } from './handover-targets.ts';

export interface LoadBalancerParts {
  self: string;
  ownedRooms: OwnedRooms;
  membership: ClusterMembership;
  handover: HandoverCoordinator;
  clock: Clock;
  log: Log;
  isDraining(): boolean;
}

type BalanceReason = HandoverReason & ('balance' | 'members');
interface PlannedMove {
  actor: RoomActor;
  target: NodeRecord;
  why: BalanceReason;
}

/**
 * Evens the nodes' loads out: who has more than 1.2 times the mean gives rooms to who has less than the mean, and so
 * does everybody above the mean while somebody has less than 0.8 times of it.
 *
 * Each node decides by itself, by the last heartbeats of the others. It comes to rest all the same: no node gives below
 * the mean, none takes above the mean rounded up, and the giver has at least two rooms more than the taker, so that
 * each move makes two nodes' loads more equal and none is undone.
 *
 * Where the loads are even enough, rooms follow their players (player-affinity.ts), as far as that leaves them so: the
 * bounds for this are closer to the mean than those beyond which rooms are given away, so the one is never the reason
 * for the other.
 */
export class LoadBalancer {
  /** The nodes that take rooms, and since when (monotonic ms) they are these. */
  private knownNodes = '';
  private nodesChangedAt = -Infinity;
  private lastAcceptedAt = -Infinity;
  /**
   * Rooms that were given to a node (or, below zero, taken from it), and the last heartbeat of it that was known then.
   * The next heartbeat may have been written before the move and read after it, so the count of rooms in it is
   * corrected as well.
   */
  private readonly unreportedMoves = new Map<string, { beat: number; rooms: number }[]>();

  private readonly playerAffinity: PlayerAffinity;

  constructor(private readonly parts: LoadBalancerParts) {
    this.playerAffinity = new PlayerAffinity(parts.self);
  }

  /** Once a second: gives rooms away, one after the other, until there is no reason to. Never throws. */
  async rebalance(): Promise<void> {
    const { clock, handover, ownedRooms, log } = this.parts;
    this.playerAffinity.update(ownedRooms.all(), clock.mono());
    const moved = { balance: 0, members: 0 };
    let refusals = 0;
    for (let move = this.nextMove(); move && refusals < limits.balance.moveInterval; move = this.nextMove()) {
      const began = clock.mono();
      const wasMoved = await handover.handOver(move.actor, move.target.id, move.why);
      if (wasMoved) {
        moved[move.why] += 1;
        this.recordMove(move.target, 1);
      } else if (move.why === 'members') this.playerAffinity.postpone(move.actor, clock.mono());
      refusals = wasMoved ? 0 : refusals + 1; // others give to it, too, and it takes one at a time
      await clock.sleep(Math.max(1, limits.balance.moveInterval - (clock.mono() - began)));
    }
    if (moved.balance > 0)
      log.info(
        { moved: moved.balance, rooms: ownedRooms.size, mean: Math.round(this.meanLoad() * 10) / 10 },
        'rooms moved to less loaded nodes',
      );
    if (moved.members > 0)
      log.info({ moved: moved.members, rooms: ownedRooms.size }, 'rooms moved to the nodes of their players');
  }

  /**
   * Whether this node takes a room of another, by its id, that has too many of them, or whose players are all here. If
   * so it counts as taken.
   */
  accepts(why: BalanceReason, sourceId: string): boolean {
    const now = this.parts.clock.mono();
    const rooms = this.parts.ownedRooms.size + this.parts.handover.preparedCount;
    if (this.parts.isDraining() || now - this.lastAcceptedAt < limits.balance.moveInterval) return false;
    const source = this.others().find(n => n.id === sourceId);
    if (
      why === 'balance'
        ? rooms + 1 > Math.ceil(this.meanLoad()) || (source !== undefined && source.rooms - rooms < 2)
        : !source || !this.staysBalanced(source.rooms - 1, rooms + 1, source)
    )
      return false;
    this.lastAcceptedAt = now;
    if (source) this.recordMove(source, -1);
    return true;
  }

  /** This node runs a room now that was given to it because it had less to do. */
  roomReceived(actor: RoomActor): void {
    this.playerAffinity.restAfterBalancing(actor, this.parts.clock.mono());
  }

  /** What to move next, and to whom; null where all is well as it is, or too much is going on. */
  private nextMove(): PlannedMove | null {
    return this.parts.isDraining() || !this.isClusterStable() ? null : (this.moveByLoad() ?? this.moveByPlayers());
  }

  private moveByLoad(): PlannedMove | null {
    const rooms = this.parts.ownedRooms.size;
    const others = this.others();
    const least = Math.min(...others.map(n => n.rooms));
    const mean = this.meanLoad();
    if (rooms <= mean || rooms - least < 2) return null;
    if (rooms <= limits.balance.maxLoadRatio * mean && least >= limits.balance.minLoadRatio * mean) return null;
    const targets = others.filter(n => n.rooms < mean && n.rooms <= rooms - 2).sort((a, b) => a.rooms - b.rooms);
    if (targets.length === 0) return null;
    // Of few rooms a difference is soon a large part, and not worth that players and room are at different nodes.
    const isSlight = rooms - mean <= limits.balance.toleratedRooms && mean - least <= limits.balance.toleratedRooms;
    for (const actor of this.leastActiveFirst()) {
      if (isSlight && actor.members.majorityNode === this.parts.self) continue;
      const capable = targets.filter(n => this.mayReceive(n, actor));
      const target = capable.find(n => n.id === actor.members.majorityNode) ?? capable[0];
      if (target) return { actor, target, why: 'balance' };
    }
    return null;
  }

  /** A room whose players are all at one other node, if the loads stay even. */
  private moveByPlayers(): PlannedMove | null {
    const now = this.parts.clock.mono();
    const rooms = this.parts.ownedRooms.size - 1;
    const targets = new Map(
      this.others()
        .filter(n => this.staysBalanced(rooms, n.rooms + 1, n))
        .map(n => [n.id, n]),
    );
    for (const { actor, node } of targets.size === 0 ? [] : this.playerAffinity.readyToMove(now)) {
      const target = targets.get(node);
      if (target && this.mayMove(actor, now) && this.mayReceive(target, actor))
        return { actor, target, why: 'members' };
    }
    return null;
  }

  /**
   * Rooms that may be moved, those first in which least is going on: no match, then those whose players are elsewhere,
   * then few people.
   */
  private leastActiveFirst(): RoomActor[] {
    const now = this.parts.clock.mono();
    const activity = (actor: RoomActor) =>
      (actor.publicRoom.phase === 'playing' ? 1_000 : 0) +
      (actor.members.majorityNode === this.parts.self ? 500 : 0) +
      actor.members.size;
    return this.parts.ownedRooms
      .all()
      .filter(actor => this.mayMove(actor, now))
      .map(actor => ({ host: actor, stir: activity(actor) }))
      .sort((a, b) => a.stir - b.stir)
      .map(({ host: actor }) => actor);
  }

  private mayMove(actor: RoomActor, now: number): boolean {
    return actor.isMovable && now - actor.ownedSince >= limits.balance.minStay;
  }
  private mayReceive(target: NodeRecord, actor: RoomActor): boolean {
    return (
      target.delay < limits.balance.maxEventLoopDelay &&
      findCapableNodes([target], gameKey(actor.game)).length > 0 &&
      !this.parts.membership.isDead(target.id)
    );
  }

  /**
   * Whether the loads are even when this node and that other one have so many rooms, `from` the one that gave one to
   * the other. If so nobody has a reason to move it back.
   */
  private staysBalanced(from: number, to: number, other: NodeRecord): boolean {
    const mean = this.meanLoad();
    const all = [
      from,
      to,
      ...this.others()
        .filter(n => n.id !== other.id)
        .map(n => n.rooms),
    ];
    if (to <= from || Math.max(...all) - Math.min(...all) < 2) return true;
    return (
      to <= Math.max(limits.follow.maxLoadRatio * mean, mean + limits.follow.toleratedRooms) &&
      from >= Math.min(limits.follow.minLoadRatio * mean, mean - limits.follow.toleratedRooms)
    );
  }

  /** The other nodes that take rooms, with how many they have by now. */
  private others(): NodeRecord[] {
    return this.parts.membership
      .aliveNodes()
      .filter(n => !n.draining)
      .map(n => {
        const moved = this.unreportedMovesOf(n).reduce((sum, { rooms }) => sum + rooms, 0);
        return moved === 0 ? n : { ...n, rooms: Math.max(0, n.rooms + moved) };
      });
  }

  private unreportedMovesOf({ id, beat }: NodeRecord): { beat: number; rooms: number }[] {
    return (this.unreportedMoves.get(id) ?? []).filter(move => beat <= move.beat + 1);
  }

  private recordMove({ id }: NodeRecord, rooms: number): void {
    const record = this.parts.membership.aliveNodes().find(n => n.id === id);
    if (record) this.unreportedMoves.set(id, [...this.unreportedMovesOf(record), { beat: record.beat, rooms }]);
    else this.unreportedMoves.delete(id);
  }

  private meanLoad(): number {
    const others = this.others();
    return others.reduce((sum, n) => sum + n.rooms, this.parts.ownedRooms.size) / (others.length + 1);
  }

  /** Nobody has come or gone lately. */
  private isClusterStable(): boolean {
    const now = this.parts.clock.mono();
    const nodes = this.others()
      .map(n => n.id)
      .sort()
      .join();
    if (nodes !== this.knownNodes) [this.knownNodes, this.nodesChangedAt] = [nodes, now];
    return nodes !== '' && now - this.nodesChangedAt >= limits.balance.quietPeriod;
  }
}

import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord } from '../runtime/ports.ts';
import { gameKey } from '../rooms/core/game-key.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';
import type { HandoverReason } from '../rooms/actor/messages.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { ClusterMembership } from './cluster-membership.ts';
import type { PreparedRooms } from './prepared-rooms.ts';
import { PlayerAffinity } from './player-affinity.ts';
import { findCapableNodes } from './handover-targets.ts';

export interface LoadBalancerParts {
  self: string;
  ownedRooms: OwnedRooms;
  preparedRooms: PreparedRooms;
  membership: ClusterMembership;
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
 * Balances the number of rooms over the nodes. A node with more than `limits.balance.maxLoadRatio` times the mean hands
 * rooms to nodes below the mean. So does every node above the mean while some node has less than
 * `limits.balance.minLoadRatio` times the mean.
 * Each node decides by itself, by the others' last heartbeats. It converges: no node gives below the mean or takes
 * above the mean rounded up, and the giver has at least two rooms more than the taker. So each move makes two loads
 * more equal, and none is undone.
 * When loads are balanced, rooms follow their players (player-affinity.ts). The bounds for that are closer to the mean
 * than those for balancing, so one never triggers the other.
 */
export class LoadBalancer {
  /** Ids of the nodes that accept rooms, and monotonic ms of the last change. */
  private knownNodes = '';
  private nodesChangedAt = -Infinity;
  private lastAcceptedAt = -Infinity;
  /**
   * Moves that a node's heartbeats may not show yet, with its last known heartbeat: rooms given to it, or (negative)
   * received from it. The next heartbeat may have been written before the move and read after it, so it is corrected
   * too.
   */
  private readonly unreportedMoves = new Map<string, { beat: number; rooms: number }[]>();

  private readonly playerAffinity: PlayerAffinity;

  constructor(private readonly parts: LoadBalancerParts) {
    this.playerAffinity = new PlayerAffinity(parts.self);
  }

  /**
   * Once a second: moves rooms one after the other while there is a reason. Never throws.
   * @param handOver hands a room over to a node. @returns whether that node owns the room now
   */
  async rebalance(handOver: (actor: RoomActor, node: string, why: BalanceReason) => Promise<boolean>): Promise<void> {
    const { clock, ownedRooms, log } = this.parts;
    this.playerAffinity.update(ownedRooms.all(), clock.mono());
    const moved = { balance: 0, members: 0 };
    let refusals = 0;
    for (let move = this.nextMove(); move && refusals < limits.balance.moveInterval; move = this.nextMove()) {
      const began = clock.mono();
      const wasMoved = await handOver(move.actor, move.target.id, move.why);
      if (wasMoved) {
        moved[move.why] += 1;
        this.recordMove(move.target, 1);
      } else if (move.why === 'members') this.playerAffinity.postpone(move.actor, clock.mono());
      refusals = wasMoved ? 0 : refusals + 1; // a target accepts one room at a time, and other nodes give to it, too
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
   * Whether this node accepts a room from a node that has too many, or whose players are connected here. If so, the
   * room counts as received.
   */
  accepts(why: BalanceReason, sourceId: string): boolean {
    const now = this.parts.clock.mono();
    const rooms = this.parts.ownedRooms.size + this.parts.preparedRooms.size;
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

  /** Called when this node runs a room that was moved here for balance. */
  roomReceived(actor: RoomActor): void {
    this.playerAffinity.restAfterBalancing(actor, this.parts.clock.mono());
  }

  /** The next move; null if none is needed, or the cluster is not stable. */
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
    // With few rooms, a small difference is a large ratio, but not worth separating a room from its players.
    const isSlight = rooms - mean <= limits.balance.toleratedRooms && mean - least <= limits.balance.toleratedRooms;
    for (const actor of this.leastActiveFirst()) {
      if (isSlight && actor.members.majorityNode === this.parts.self) continue;
      const capable = targets.filter(n => this.mayReceive(n, actor));
      const target = capable.find(n => n.id === actor.members.majorityNode) ?? capable[0];
      if (target) return { actor, target, why: 'balance' };
    }
    return null;
  }

  /** A room whose players are connected to one other node, if loads stay balanced. */
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

  /** Movable rooms, least active first: no match in progress, then players on other nodes, then few members. */
  private leastActiveFirst(): RoomActor[] {
    const now = this.parts.clock.mono();
    const activity = (actor: RoomActor) =>
      (actor.publicRoom.phase === 'playing' ? 1_000 : 0) +
      (actor.members.majorityNode === this.parts.self ? 500 : 0) +
      actor.members.size;
    return this.parts.ownedRooms
      .all()
      .filter(actor => this.mayMove(actor, now))
      .map(actor => ({ actor, active: activity(actor) }))
      .sort((a, b) => a.active - b.active)
      .map(({ actor }) => actor);
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
   * Whether loads are balanced if one room moves: `from` and `to` are the rooms of the giver and the taker after it. If
   * so, no node has a reason to move it back.
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

  /** The other nodes that accept rooms; their room counts include unreported moves. */
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

  /** Whether no node has joined or left recently. */
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

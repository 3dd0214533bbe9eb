import { limits } from '../../shared/limits.ts';
import type { NodeRpc } from '../messaging/node-rpc.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';
import { gameKey } from '../rooms/core/game-key.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { HandoverCoordinator } from './handover.ts';
import type { ClusterMembership } from './cluster-membership.ts';
import { rankTargets } from './handover-targets.ts';

export interface DrainParts {
  ownedRooms: OwnedRooms;
  membership: ClusterMembership;
  handover: HandoverCoordinator;
  rpc: NodeRpc;
  clock: Clock;
  log: Log;
}

/**
 * Hands all rooms of this node over to other nodes that can run them. Rooms with most members come first, in case the
 * time does not suffice.
 */
export async function handOverAll(parts: DrainParts): Promise<void> {
  const { ownedRooms, clock, log } = parts;
  const until = clock.mono() + limits.drainTimeout;
  const assigned = new Map<string, number>();
  const semaphore = new Semaphore(limits.concurrentClaims);
  let [rooms, moved] = [0, 0];
  // Repeated for rooms that were on their way to this node at the start.
  for (
    let actors = ownedRooms.all();
    actors.length > 0 && clock.mono() < until;
    actors = ownedRooms.all().filter(actor => !actors.includes(actor))
  ) {
    rooms += actors.length;
    actors.sort((a, b) => b.members.size - a.members.size);
    await Promise.all(
      actors.map(actor =>
        semaphore.run(async () => {
          if (clock.mono() < until && (await handOverOne(parts, actor, assigned))) moved += 1;
        }),
      ),
    );
  }
  log.info({ rooms, moved }, 'rooms handed over');
}

/** @returns whether another node runs the room now */
async function handOverOne(
  { membership, handover, rpc, log }: DrainParts,
  actor: RoomActor,
  assigned: Map<string, number>,
): Promise<boolean> {
  const targets = rankTargets(membership.aliveNodes(), gameKey(actor.game), n => n.rooms + (assigned.get(n.id) ?? 0));
  const count = (id: string) => assigned.set(id, (assigned.get(id) ?? 0) + 1);
  for (const { id } of targets.slice(0, 2)) {
    if (actor.isEnded) return false;
    count(id);
    if (await handover.handOver(actor, id, 'drain')) return true;
  }
  if (actor.isEnded) return false;
  // No target could load it. The room is released, and another node is asked to claim it.
  await actor.release();
  const [target] = targets;
  return (
    target !== undefined &&
    rpc.call(target.id, 'adopt', { id: actor.id, expected: null, floor: actor.term }).catch((error: unknown) => {
      log.debug({ room: actor.id, error }, 'room released without a handover target');
      return false;
    })
  );
}

import { limits } from '../../shared/limits.ts';
import type { Peers } from '../cluster/peers.ts';
import { Gate } from '../gate.ts';
import type { Clock, Log } from '../ports.ts';
import type { RoomHost } from '../rooms/host.ts';
import type { Adopt } from '../rooms/messages.ts';
import { gameKey } from '../rooms/facts.ts';
import type { Registry } from '../rooms/registry.ts';
import type { HandOver } from './hand-over.ts';
import type { Membership } from './membership.ts';
import { newestFirst } from './successors.ts';

export interface DrainParts { registry: Registry; membership: Membership; handOver: HandOver; peers: Peers; clock: Clock; log: Log }

/** Gives every room of this node to another that can run it, those first in which most is going on: should the time not suffice, it is the quiet ones that are left. */
export async function giveAll(parts: DrainParts): Promise<void> {
  const { registry, clock, log } = parts;
  const until = clock.mono() + limits.drainBudget;
  const given = new Map<string, number>();
  const gate = new Gate(limits.claims);
  let [rooms, moved] = [0, 0];
  // Once more for those that were on their way here when it began.
  for (let hosts = registry.all(); hosts.length > 0 && clock.mono() < until; hosts = registry.all().filter(h => !hosts.includes(h))) {
    rooms += hosts.length;
    hosts.sort((a, b) => b.members.size - a.members.size);
    await Promise.all(hosts.map(host => gate.through(async () => { if (clock.mono() < until && (await giveAway(parts, host, given))) moved += 1; })));
  }
  log.info({ rooms, moved }, 'rooms handed over');
}

/** @returns whether another node runs it now */
async function giveAway({ membership, handOver, peers, log }: DrainParts, host: RoomHost, given: Map<string, number>): Promise<boolean> {
  const heirs = newestFirst(membership.alive(), gameKey(host.game), n => n.rooms + (given.get(n.id) ?? 0));
  const count = (id: string) => given.set(id, (given.get(id) ?? 0) + 1);
  for (const { id } of heirs.slice(0, 2)) {
    if (host.over) return false;
    count(id);
    if (await handOver.give(host, id, 'drain')) return true;
  }
  if (host.over) return false;
  // Nobody could have it ready: it is nobody's, and who takes it has to claim it.
  await host.release();
  const [heir] = heirs;
  return heir !== undefined && peers.ask(heir.id, 'adopt', { id: host.id, expected: null, floor: host.term } satisfies Adopt).then(took => took === true, (error: unknown) => {
    log.debug({ room: host.id, error }, 'a room was released without an heir; the first to ask for it takes it');
    return false;
  });
}

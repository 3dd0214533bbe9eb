import { limits } from '../../shared/limits.ts';
import type { Peers } from '../cluster/peers.ts';
import { Gate } from '../gate.ts';
import type { Clock, Log } from '../ports.ts';
import type { Adopt } from '../rooms/messages.ts';
import { gameKey } from '../rooms/facts.ts';
import type { Registry } from '../rooms/registry.ts';
import type { Membership } from './membership.ts';

/**
 * Gives every room of this node to the least loaded other that plays its game: the room finishes what is in its mailbox,
 * is released, and the other node is told to take it at once. Between the two nobody owns it for about a round trip;
 * what is sent to it meanwhile waits at the nodes of the senders.
 */
export async function handOver(parts: { registry: Registry; membership: Membership; peers: Peers; clock: Clock; log: Log }): Promise<void> {
  const { registry, membership, peers, clock, log } = parts;
  const until = clock.mono() + limits.drainBudget;
  const given = new Map<string, number>();
  const gate = new Gate(limits.claims);
  const hosts = registry.all();
  let moved = 0;
  await Promise.all(hosts.map(host => gate.through(async () => {
    if (clock.mono() > until || host.over) return;
    const key = gameKey(host.game);
    const load = (n: { id: string; rooms: number }) => n.rooms + (given.get(n.id) ?? 0);
    const heir = membership.alive().filter(n => !n.draining && n.games.includes(key)).sort((a, b) => load(a) - load(b))[0];
    await host.release();
    if (!heir) return;
    given.set(heir.id, (given.get(heir.id) ?? 0) + 1);
    try {
      if (await peers.ask(heir.id, 'adopt', { id: host.id, expected: null, floor: host.term } satisfies Adopt)) moved += 1;
    } catch (error) {
      log.debug({ room: host.id, error }, 'a room was released without an heir; the first to ask for it takes it');
    }
  })));
  log.info({ rooms: hosts.length, moved }, 'rooms handed over');
}

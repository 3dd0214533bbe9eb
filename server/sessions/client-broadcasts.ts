import { limits } from '../../shared/limits.ts';
import type { Json } from '../../shared/json.ts';
import type { NodeRpc } from '../messaging/node-rpc.ts';
import type { ClusterMembership } from '../ownership/cluster-membership.ts';
import type { Clock } from '../runtime/ports.ts';
import type { ConnectedClients } from './connected-clients.ts';
import { EncodedEvent } from './encoded-event.ts';
import { full, fullAtAfterTake, waitFor } from './token-bucket.ts';

/** Events that are sent to all clients, or to those in rooms of one game. At most once: they are not kept (SPEC X7). */
export class ClientBroadcasts {
  private fullAt: number = full;

  constructor(
    private readonly parts: {
      self: string;
      clients: ConnectedClients;
      membership: ClusterMembership;
      rpc: NodeRpc;
      clock: Clock;
    },
  ) {
    parts.rpc.onMessage('client-broadcast', (_from, [name, data, game]) => this.sendLocal(name, data, game));
  }

  /** @returns 0, or the ms after which to retry: nothing was sent then */
  send(name: string, data: Json, game: string | null): number {
    const { self, membership, rpc, clock } = this.parts;
    const now = clock.mono();
    const wait = waitFor(this.fullAt, limits.broadcasts, now);
    if (wait > 0) return wait;
    this.fullAt = fullAtAfterTake(this.fullAt, limits.broadcasts, now);
    this.sendLocal(name, data, game);
    for (const { id } of membership.aliveNodes()) if (id !== self) rpc.send(id, 'client-broadcast', [name, data, game]);
    return 0;
  }

  /** Sends to this node's clients, some at a time: a node may have many, and rooms go on meanwhile. */
  private sendLocal(name: string, data: Json, game: string | null): void {
    const { clients, clock } = this.parts;
    const event = new EncodedEvent(JSON.stringify(['broadcast', name, data]));
    const remaining = clients
      .all()
      .filter(({ rooms }) => game === null || [...rooms.values()].some(room => room.game === game));
    const sendNext = () => {
      for (const { isOpen, link } of remaining.splice(0, limits.broadcastBatch)) if (isOpen) link.sendEncoded(event);
      if (remaining.length > 0) clock.after(1, sendNext);
    };
    sendNext();
  }
}

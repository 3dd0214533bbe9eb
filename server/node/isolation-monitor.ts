import { limits } from '../../shared/limits.ts';
import type { ClusterMembership } from '../ownership/cluster-membership.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { ConnectedClients } from '../sessions/connected-clients.ts';

/**
 * Asks clients to move if this node reaches neither the store nor other nodes. Other nodes may be able to serve them;
 * clients that find none stay, since Redis itself may be down. The interval doubles each time.
 */
export class IsolationMonitor {
  /** Number of consecutive checks in which the register had been unreachable for long. */
  private silentChecks = 0;
  /** The silence (ms) after which clients are asked to move. */
  private nextMoveRequestAt: number = limits.isolatedAfter;

  constructor(
    private readonly parts: { membership: ClusterMembership; clients: ConnectedClients; clock: Clock; log: Log },
  ) {}

  /**
   * Whether the register is unreachable for long. Requires two checks in a row: after a suspension of this node, the
   * first check would be followed by a heartbeat.
   */
  get isIsolated(): boolean {
    return this.silentChecks > 1;
  }

  /** Called every `limits.isolatedAfter / 4` ms. */
  check(): void {
    const { membership, clients, clock, log } = this.parts;
    const silentForMs = membership.reachedAt === null ? 0 : clock.mono() - membership.reachedAt;
    this.silentChecks = silentForMs < limits.isolatedAfter ? 0 : this.silentChecks + 1;
    if (!this.isIsolated) this.nextMoveRequestAt = limits.isolatedAfter;
    else if (silentForMs >= this.nextMoveRequestAt) {
      this.nextMoveRequestAt = silentForMs * 2;
      log.warn({ clients: clients.size, silentForMs: Math.round(silentForMs) }, 'node isolated; clients asked to move');
      clients.askClientsToMove();
    }
  }
}

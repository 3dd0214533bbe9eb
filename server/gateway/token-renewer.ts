import type { Tokens } from '../identity/tokens.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { GameSocket } from './socket-types.ts';

/**
 * Renews the tokens of clients that stay connected for weeks. One interval for all: a timer per client would cost more
 * than the renewals.
 */
export class TokenRenewer {
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly parts: { tokens: Tokens; clock: Clock; log: Log }) {}

  start(sockets: () => Iterable<GameSocket>): void {
    this.timer = setInterval(() => void this.renew([...sockets()]), 3_600_000);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Sends a new token to each client whose token is due for renewal. */
  async renew(sockets: readonly GameSocket[]): Promise<void> {
    const { tokens, clock, log } = this.parts;
    try {
      for (const socket of sockets) {
        if (socket.data.renewAt > clock.now() || !socket.connected) continue;
        socket.data.renewAt = tokens.renewAt;
        socket.emit('token', await tokens.issue(socket.data.identity));
      }
    } catch (error) {
      log.warn({ error }, 'token renewal failed');
    }
  }
}

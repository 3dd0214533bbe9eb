import type { Tokens } from '../identity/tokens.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { GameSocket } from './socket-types.ts';

/**
 * Renews the tokens of those who stay for weeks, one after the other: nobody is in a hurry. A timer for each client
 * would cost each node more than all tokens.
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

  /** Gives each of them whose token is aging another one. */
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

import type { ServerToClient } from '../../shared/protocol.ts';
import type { Channel } from '../ports.ts';
import type { ClientLink } from '../sessions/connection.ts';
import type { Encoded } from '../sessions/encoded.ts';
import { sharesItsLine } from './line.ts';
import type { GameSocket } from './types.ts';

/** A client's line as the sessions see it. */
export class SocketLink implements ClientLink {
  /** @param passOn sends what is encoded already */
  constructor(private readonly socket: GameSocket, private readonly passOn: (socket: GameSocket, said: Encoded) => void) {}

  get id(): string { return this.socket.id; }
  send<E extends keyof ServerToClient>(event: E, ...args: Parameters<ServerToClient[E]>): void { this.socket.emit(event, ...args); }
  pass(said: Encoded): void { this.passOn(this.socket, said); }
  /** Both adapters hear every room's channel from their start, so a join takes effect at once. */
  subscribe(channel: Channel): void { void this.socket.join(channel); }
  unsubscribe(channel: Channel): void { void this.socket.leave(channel); }
  close(): void { this.socket.disconnect(!sharesItsLine(this.socket)); }
}

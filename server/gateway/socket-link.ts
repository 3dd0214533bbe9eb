import type { ServerToClient } from '../../shared/protocol.ts';
import type { Channel } from '../runtime/ports.ts';
import type { ClientLink } from '../sessions/client-link.ts';
import type { EncodedEvent } from '../sessions/encoded-event.ts';
import { sharesConnection } from './engine-socket.ts';
import type { GameSocket } from './socket-types.ts';

/** A client connection over Socket.IO. */
export class SocketLink implements ClientLink {
  constructor(
    private readonly socket: GameSocket,
    readonly sendEncoded: (event: EncodedEvent) => void,
  ) {}

  get id(): string {
    return this.socket.id;
  }
  send<E extends keyof ServerToClient>(event: E, ...args: Parameters<ServerToClient[E]>): void {
    this.socket.emit(event, ...args);
  }
  /** Both adapters receive all channels from the start, so a join takes effect immediately. */
  subscribe(channel: Channel): void {
    void this.socket.join(channel);
  }
  unsubscribe(channel: Channel): void {
    void this.socket.leave(channel);
  }
  close(): void {
    this.socket.disconnect(!sharesConnection(this.socket));
  }
}

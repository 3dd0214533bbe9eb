import type { Namespace, Server, Socket } from 'socket.io';
import type { ClientToServer, ServerToClient } from '../../shared/protocol.ts';
import type { Identity } from '../identity/tokens.ts';

/** `token`: empty once it was sent to the client. `renewAt`: when it is renewed, wall ms. */
export interface SocketData {
  identity: Identity;
  token: string;
  renewAt: number;
}
type None = Record<never, never>;

/** Socket.IO types with this protocol's events. */
export type GameServer = Server<ClientToServer, ServerToClient, None, SocketData>;
export type GameSocket = Socket<ClientToServer, ServerToClient, None, SocketData>;
export type GameNamespace = Namespace<ClientToServer, ServerToClient, None, SocketData>;

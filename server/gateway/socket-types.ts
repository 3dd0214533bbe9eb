import type { Namespace, Server, Socket } from 'socket.io';
import type { ClientToServer, ServerToClient } from '../../shared/protocol.ts';
import type { Identity } from '../identity/tokens.ts';

/** `token`: until it has been handed over. `agesAt`: when (wall time, ms) it is to be renewed. */
interface SocketData {
  identity: Identity;
  token: string;
  renewAt: number;
}
type None = Record<never, never>;

/** Socket.IO with our events. */
export type GameServer = Server<ClientToServer, ServerToClient, None, SocketData>;
export type GameSocket = Socket<ClientToServer, ServerToClient, None, SocketData>;
export type GameNamespace = Namespace<ClientToServer, ServerToClient, None, SocketData>;

/**
 * The client of Rejoin, for browsers and Node.
 * @module rejoin/client
 */
export { Client, connect, type ConnectOptions } from './client.ts';
export { RoomError } from './room-error.ts';
export type { Left } from './pending-leaves.ts';
export type { ConnectProblem } from './connect-problem.ts';
export type { AuthSource, TokenSource } from './credentials.ts';
export type { ActionResult } from './outbox.ts';
export type { ClientClock, TransportConnection, TransportEvents, Route, Transport } from './ports.ts';
export { Replay } from './replay.ts';
export { socketTransport, type SocketTransportOptions } from './socket-transport.ts';
export { inWords, remedyOf, type Remedy, type RoomStatus, type Status, type Trying } from './status.ts';
export type { TokenStorage } from './stored-token.ts';
export { Room, type Act, type Input, type RoomLike, type RoomOf, type SeatLeft, type Signal } from './room.ts';
export type { Resumed } from './room-sync.ts';
export { RefusalError, RejoinError } from '../shared/errors.ts';
export { dutyOf, refusals, type RefusalCode, type Refused } from '../shared/refusals.ts';
export type { Position } from '../shared/position.ts';
export type {
  InspectReply,
  Phase,
  PublicRoom,
  PublicSeat,
  ReplayReply,
  RoomSummary,
  RoomView,
  SeatLoss,
  Spectator,
  WireEvent,
} from '../shared/protocol.ts';

/**
 * The server of Rejoin: rooms for games, in an app of your own or by itself.
 * @module rejoin/server
 */
export { createServer, type RunningServer, type ServerOptions } from './server.ts';
export type { EffectHandler, EffectTable, HandlersOf } from './effect-table.ts';
export type { ExpressApp } from './ground.ts';
export type { Authenticate, HandshakeSeen, SocketIoServer } from './gateway/gateway.ts';
export type { Identity } from './identity/tokens.ts';
export type { EffectAbout } from './rooms/effects.ts';
export { RedisUnfit } from './cluster/redis-unfit.ts';
export { RoomRefusal, type NewRoomOptions, type ServerRooms } from './server-rooms.ts';
export type { Log } from './ports.ts';
export type { RedisOptions } from './store/redis-door.ts';
export { readTls, type RedisTls } from './store/redis-target.ts';
export type { QuarantinedRoom } from './store/contract.ts';

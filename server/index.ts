/**
 * The Rejoin server: rooms for games, embedded in an app or on its own.
 * @module rejoin/server
 */
export { createServer, type RunningServer, type ServerOptions } from './server.ts';
export { ConfigError } from './config.ts';
export { optionsFromEnv, type EnvironmentOptions } from './options-from-env.ts';
export type { EffectHandler, EffectTable, HandlersOf } from './rooms/actor/effect-table.ts';
export type { ExpressApp } from './attach.ts';
export type { Authenticate, HandshakeSeen } from './gateway/handshake.ts';
export type { PlayerLimits } from './sessions/player-rates.ts';
export type { Rate } from './sessions/token-bucket.ts';
export type { SocketIoServer } from './gateway/socket-server.ts';
export type { Identity } from './identity/tokens.ts';
export type { EffectAbout } from './rooms/actor/effect-runner.ts';
export type { FileStoreOptions } from './file-backend.ts';
export { DataFolderError } from './store/file/data-folder.ts';
export { RedisUnusableError } from './store/redis-unusable-error.ts';
export {
  ServerRoomError,
  type EventData,
  type EventName,
  type FoundSeat,
  type NewRoomOptions,
  type ReservedSeat,
  type ServerActionData,
  type ServerActionName,
  type ServerCallOptions,
  type ServerCallResult,
  type ServerRooms,
} from './node/server-rooms.ts';
export type { RoomFilter, RoomPage } from './node/room-search.ts';
export type { FoundRoom } from './rooms/actor/room-index.ts';
export type { RoomMetadata } from './rooms/core/document.ts';
export { RulesRejectedError, type ReloadResult } from './node/rules-reloader.ts';
export type { Log } from './runtime/ports.ts';
export type { RedisOptions } from './store/redis-locator.ts';
export { readTls, type RedisTls } from './store/redis-target.ts';
export type { QuarantinedRoom } from './store/store.ts';
export { RefusalError, RejoinError } from '../shared/errors.ts';

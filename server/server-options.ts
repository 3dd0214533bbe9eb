import type { Server as HttpServer } from 'node:http';
import type { AnyGame } from '../shared/contract.ts';
import type { ExpressApp } from './attach.ts';
import type { FileStoreOptions } from './file-backend.ts';
import type { Authenticate } from './gateway/handshake.ts';
import type { SocketIoServer } from './gateway/socket-server.ts';
import type { EffectTable } from './rooms/actor/effect-table.ts';
import type { Log } from './runtime/ports.ts';
import type { PlayerLimits } from './sessions/player-rates.ts';
import type { RedisOptions } from './store/redis-locator.ts';

/** Options of a server. Only `games` is required; in a cluster also `secret` and `redisUrl` (or `redis`). */
export interface ServerOptions<G extends readonly AnyGame[] = readonly AnyGame[]> {
  games: G;
  /**
   * Signs guest tokens; at least 32 bytes, the same on all nodes of a cluster. Optional without Redis: then a random
   * one is kept in the data folder. With `store: 'memory'` it ends with the process, and guest tokens with it.
   */
  secret?: string | undefined;
  /**
   * The host's handlers for the effects that games declare, by game and name. Called after the commit, at least once.
   */
  effects?: EffectTable<G>;
  /** An existing Socket.IO server. Rejoin uses one namespace of it and changes nothing else. */
  io?: SocketIoServer;
  /** An existing http server without Socket.IO. Rejoin neither listens with it nor closes it. */
  http?: HttpServer;
  /** An existing Express app. Without `io` and `http`, Rejoin creates the http server for it. */
  app?: ExpressApp;
  /**
   * Path under which everything is hosted: `/game` (sockets at `/game/socket.io`). Clients need the same path. Default:
   * none.
   */
  path?: string | undefined;
  /**
   * Namespace to use, which clients name in their URL. Default: `/rejoin` on an existing Socket.IO server, `/` on
   * Rejoin's own.
   */
  namespace?: string;
  /**
   * Where Rejoin's routes (healthz, readyz, metrics, rooms.json, rejoin.min.js, replays) are mounted on `app`; null:
   * not at all. Default: `/rejoin`.
   */
  routesAt?: string | null;
  /** Identifies connections, instead of guest tokens. */
  authenticate?: Authenticate;
  /**
   * Who may create rooms. `server`: only the server's own code (`server.rooms.create`); clients that create a room, or
   * whose quick join finds none, are refused with `creation-closed`. Default: `anyone`.
   */
  createRooms?: 'anyone' | 'server' | undefined;
  /**
   * Origins of pages that may connect, besides the server's own; `*`: all, but without cookies. With `dev`, pages on
   * this machine may connect, too.
   */
  origins?: readonly string[];
  /**
   * Express's `trust proxy`: the proxies whose X-Forwarded-For and X-Forwarded-Host are trusted. Needed behind a proxy
   * on another machine, because limits are by address.
   */
  trustProxy?: string | undefined;
  /**
   * Token that `metrics` requires (`Authorization: Bearer …`); at least 16 characters. Without it, the metrics are
   * public.
   */
  metricsToken?: string | undefined;
  /**
   * Where a node without Redis keeps rooms: in a file, so that they outlive the process, or in memory. Not with
   * `redisUrl` or `redis`. Default: a file in `./data`.
   * @example
   * ```ts
   * const server = await createServer({ games: [raceGame], store: { folder: '/var/lib/race' } })
   * ```
   */
  store?: 'memory' | FileStoreOptions | undefined;
  /** URL of a single Redis. Without it and without `redis`: one node, with its rooms in `store`. */
  redisUrl?: string | undefined;
  /** All Redis options: replicas and sentinels, TLS, users. Instead of `redisUrl`. */
  redis?: RedisOptions | undefined;
  /** Prefix of all keys and channels in Redis. Default: `rejoin:`. */
  keyPrefix?: string;
  /**
   * How long (ms) recordings of finished matches are kept, for games with `replay`; at most 366 days. Default: a day.
   */
  replayLife?: number;
  /**
   * Serves the dev page at `/dev`, beside the other routes: several clients of any game side by side, and all hidden
   * state. Everyone who reaches the server can read it. Refused if NODE_ENV is production.
   */
  dev?: boolean;
  /**
   * Ms (at least 200) after which a rule is treated as hung. It blocks the whole process, so the process is ended with
   * SIGKILL. In a cluster its rooms fail over, and the rule is not run again.
   * null: never. A hung node is then left to the operator, and the other nodes run the same action after it. No effect
   * while a debugger is attached. Default: 1,000.
   */
  hangAfter?: number | null;
  /**
   * How much one player may send to a node. The options are checked together, also against the limits of a connection and
   * of an address.
   * @example
   * ```ts
   * const server = await createServer({ games: [raceGame], limits: { signals: { burst: 30, perSecond: 15 } } })
   * ```
   */
  limits?: PlayerLimits;
  /**
   * Token for the routes under `/operator`, beside the other routes; at least 32 characters. Without it, there are no
   * such routes.
   */
  operatorToken?: string | undefined;
  /** The node's name in logs, metrics and the node register. */
  name?: string;
  /** Default: warnings and errors as JSON lines on stdout; with `dev`, as plain text on stderr. */
  log?: Log;
}

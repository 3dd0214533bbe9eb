import type { RequestListener, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyGame, ContractDef } from '../shared/contract.ts';
import { createApp } from './http/app.ts';
import { idFromBytes } from '../shared/ids.ts';
import type { Backend } from './backend.ts';
import { MemoryHub } from './messaging/memory-hub.ts';
import type { connectRedis as ConnectRedis } from './redis-backend.ts';
import { resolveDevMode } from './http/dev/dev-mode.ts';
import { socketEndpointOf } from './http/dev/dev-routes.ts';
import { createHostCheck } from './http/dev/known-hosts.ts';
import { Gateway, type Authenticate, type SocketIoServer } from './gateway/gateway.ts';
import type { EffectTable, NeedsEffects } from './rooms/actor/effect-table.ts';
import { resolveAttachment, type ExpressApp } from './attach.ts';
import { OriginPolicy } from './gateway/origin-policy.ts';
import { createAddressReader } from './identity/address.ts';
import { weaknessOf } from './identity/secret-strength.ts';
import { createHostReader } from './identity/request-host.ts';
import { Tokens } from './identity/tokens.ts';
import { RejoinNode } from './node/node.ts';
import { createLog } from './ops/log.ts';
import { createPlainLog } from './ops/plain-log.ts';
import { createMetrics } from './ops/metrics.ts';
import type { PageOptions } from './http/page-options.ts';
import { startHangDetector, type RunningHangDetector } from './ops/hang-detector.ts';
import type { Log } from './runtime/ports.ts';
import type { EffectHandlerLookup } from './rooms/actor/effect-runner.ts';
import { realClock, realEntropy, realCompressor } from './runtime/real-ports.ts';
import { ServerRooms } from './node/server-rooms.ts';
import { noHangDetector } from './rooms/core/rule-tracker.ts';
import { MemoryStore } from './store/memory-store.ts';
import type { RedisOptions } from './store/redis-locator.ts';
import { limits } from '../shared/limits.ts';

/** What a server is made of. Only `games` must be given; in a cluster, `secret` and `redisUrl` (or `redis`), too. */
export interface ServerOptions<G extends readonly AnyGame[] = readonly AnyGame[]> {
  games: G;
  /**
   * Signs guests' tokens: at least 32 bytes; all nodes of a cluster share it. Without `redisUrl` it may be left out:
   * then it is drawn at the start, and guests are strangers after the next one.
   */
  secret?: string | undefined;
  /** The host's code for the effects that games declare, by game and name: called after the commit, at least once. */
  effects?: EffectTable<G>;
  /** A Socket.IO server that is there already. Rejoin lives in a namespace of it, and leaves the rest alone. */
  io?: SocketIoServer;
  /** An http server that is there already, without Socket.IO. What it listens to and when it closes is its owner's. */
  http?: HttpServer;
  /** An express app that is there already. Without `io` and `http`, Rejoin makes the http server for it. */
  app?: ExpressApp;
  /**
   * The path under which all of it is hosted: `/game` (sockets at `/game/socket.io`). Clients are given the same.
   * Default: none.
   */
  path?: string | undefined;
  /**
   * The namespace to live in, which clients name in their url. Default: `/rejoin` in somebody else's Socket.IO server,
   * `/` in Rejoin's own.
   */
  namespace?: string;
  /**
   * Where `app` gets Rejoin's routes (healthz, readyz, metrics, rooms.json, rejoin.min.js, replays); null: nowhere.
   * Default: `/rejoin`.
   */
  routesAt?: string | null;
  /** Decides who a connection is, in place of guests' tokens. */
  authenticate?: Authenticate;
  /**
   * Origins of pages that may connect, besides the server's own; `*`: all, without their cookies. With `dev`, pages of
   * this machine may, too.
   */
  origins?: readonly string[];
  /**
   * Express's `trust proxy`: whose X-Forwarded-For and X-Forwarded-Host are believed. Needed behind a proxy on another
   * machine: limits are by address.
   */
  trustProxy?: string | undefined;
  /**
   * Whoever reads `metrics` has to show it: `Authorization: Bearer …`; at least 16 characters. Without it they are for
   * all who reach them.
   */
  metricsToken?: string | undefined;
  /** One Redis, by its address. Without it and without `redis`: one node, everything in its own memory. */
  redisUrl?: string | undefined;
  /** Redis in all its ways: with replicas and sentinels, TLS, users. In place of `redisUrl`. */
  redis?: RedisOptions | undefined;
  /** Of all keys and channels in Redis. Default: `rejoin:`. */
  keyPrefix?: string;
  /**
   * How long (ms) recordings of finished matches are kept, of games that are recorded: at most 366 days. Default: a
   * day.
   */
  replayLife?: number;
  /**
   * Serves a page for authors at `/dev`, beside the other routes: any number of clients of any game side by side, and
   * all that a room hides. Everybody who reaches the server may read it. Refused where NODE_ENV is production.
   */
  dev?: boolean;
  /**
   * After how many ms (200 at least) a rule of a game is taken for hung. Nothing else runs while it does, so the
   * process is ended, by SIGKILL; in a cluster its rooms go on elsewhere, and what hung is not run again. null: never,
   * which leaves a node that hangs to the operator, and has the others take the same action after it. Nothing is ended
   * while a debugger listens. Default: 1,000.
   */
  hangAfter?: number | null;
  /**
   * Opens `/operator`, beside the other routes, to whoever has this: at least 32 characters. Without it there are no
   * such routes.
   */
  operatorToken?: string | undefined;
  /** The node's name in logs, metrics and the register of nodes. */
  name?: string;
  /** Default: JSON lines on stdout, warnings and worse; with `dev`, the same in words on stderr. */
  log?: Log;
}

/** A node that serves. */
export interface RunningServer {
  /** Rooms, for the server's own code: make one, begin, end, kick, close. */
  readonly rooms: ServerRooms;
  /** Whether new work is taken: not while draining, nor without Redis. */
  readonly ready: boolean;
  /**
   * Health, metrics and the list of rooms, to be put where `app` was not given: `app.use('/rejoin', server.routes)`.
   */
  readonly routes: RequestListener;
  /** The port, once `listen` was called; 0 where the http server is somebody else's. */
  readonly port: number;
  /**
   * Listens, where the http server is Rejoin's own.
   * @returns the port
   * @throws TypeError where it is not
   * @example
   * ```ts
   * const server = await createServer({ games: [raceGame] })
   * const port = await server.listen(0, '127.0.0.1') // 0: any that is free
   * ```
   */
  listen(port: number, host?: string): Promise<number>;
  /**
   * Goes in good order: takes no more, gives its rooms away, sends its clients on, closes.
   * @example
   * ```ts
   * process.once('SIGTERM', () => void server.drain().then(() => process.exit()))
   * ```
   */
  drain(): Promise<void>;
  /**
   * Stops at once, and closes what is Rejoin's own.
   * @example
   * ```ts
   * const server = await createServer({ games: [raceGame], http })
   * await server.close() // Rejoin's connections are gone; `http` is open, and somebody else's
   * ```
   */
  close(): Promise<void>;
}

/**
 * Makes a node: rooms, sockets, and a place for them to live in, which is either given (`io`, `http`, `app`) or made.
 * In a Socket.IO server that is there already, the handshake's checks happen in the namespace's middleware.
 * @throws TypeError when an effect has no handler, or the options contradict each other, or `dev` is asked for in
 * production, or a setting is out of its bounds; RedisUnusableError when Redis cannot be used as it is
 * @example
 * ```ts
 * import { createServer } from 'rejoin/server'
 * import { raceGame } from './rules.ts'
 *
 * const server = await createServer({ games: [raceGame] }) // one node, in memory
 * console.log(`http://localhost:${await server.listen(3000)}`)
 * ```
 * @example
 * ```ts
 * // a node of a cluster, in an app and a Socket.IO server that are there already
 * const server = await createServer({
 *   games: [raceGame, nimGame], io, app,
 *   secret: process.env.SECRET, redisUrl: process.env.REDIS_URL,
 *   effects: { nim: { report: async ({ winner }, { key }) => { await db.insert(key, winner) } } },
 * })
 * ```
 */
export function createServer<const G extends readonly AnyGame[]>(
  options: ServerOptions<G> & NeedsEffects<G>,
): Promise<RunningServer> {
  return composeServer(options as ServerOptions, null);
}

/**
 * Makes a node with a page, a port of its own, and all routes at the root.
 * @throws as createServer does, and when the port is taken
 */
export async function startServer(
  options: ServerOptions & Partial<PageOptions>,
  { port, host }: { port: number; host: string },
): Promise<RunningServer> {
  const server = await composeServer(options, {
    pageFolder: options.pageFolder ?? null,
    controlPort: options.controlPort ?? null,
    publicUrl: options.publicUrl ?? null,
  });
  await server.listen(port, host).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  return server;
}

async function composeServer(options: ServerOptions, page: PageOptions | null): Promise<RunningServer> {
  const effects = effectHandlersOf(options);
  const dev = resolveDevMode(options.dev, process.env.NODE_ENV);
  checkSettings(options);
  // Before Socket.IO attaches, and before anything is waited for: an http server's listeners are taken over as they are
  // then.
  const routes: { app: RequestListener | null } = { app: null };
  const serve: RequestListener = (request, response) =>
    void (routes.app ? routes.app(request, response) : response.writeHead(503).end());
  const attachment = resolveAttachment(options, serve);
  const name = options.name ?? 'node';
  const log = options.log ?? (dev ? createPlainLog() : createLog(name, 'warn'));
  const metrics = createMetrics(
    () => ({
      rooms: node.ownedRooms.size,
      seats: [...node.clientRequests.memberReports().values()].flat().filter(m => !m.watch).length,
      sockets: node.clientRequests.size,
      storeFill: node.storeFill,
    }),
    () => backend.store.quarantined(1_000).then(rooms => rooms.length),
  );
  const addressOf = createAddressReader(options.trustProxy);
  const isKnownHost = dev
    ? createHostCheck([...(options.origins ?? []), ...(page?.publicUrl ? [page.publicUrl] : [])])
    : undefined;
  const originPolicy = new OriginPolicy({
    origins: options.origins ?? [],
    hostOf: createHostReader(options.trustProxy),
    dev,
    knowsHost: isKnownHost,
  });
  const redis = resolveRedisOptions(options);
  const tokens = new Tokens(resolveSecret(options.secret, redis !== undefined), realClock, realEntropy);
  // Its thread starts while this one connects.
  const hangDetector = createHangDetector(options, redis, name, log);
  const backend =
    redis === undefined
      ? createMemoryBackend()
      : await connectRedisBackend({
          redis,
          prefix: options.keyPrefix ?? 'rejoin:',
          clock: realClock,
          log,
          meter: metrics.meter,
        }).catch(async (error: unknown) => {
          await hangDetector.stop();
          throw error;
        });
  const gateway = new Gateway(attachment.attachment, {
    tokens,
    authenticate: options.authenticate,
    origins: originPolicy,
    addressOf,
    clock: realClock,
    entropy: realEntropy,
    log,
    meter: metrics.meter,
  });
  const node: RejoinNode = new RejoinNode({
    name,
    games: options.games,
    store: backend.store,
    bus: backend.bus,
    register: backend.register,
    fanout: gateway.fanout,
    clock: realClock,
    entropy: realEntropy,
    compressor: realCompressor,
    log,
    meter: metrics.meter,
    eventLoopDelayMs: metrics.eventLoopDelay,
    effects,
    hangDetector,
    replayLife: options.replayLife,
    dev,
  });
  await backend.attach(gateway, () => node.clientRequests.resyncAll());
  await hangDetector.started;
  await node.start();
  gateway.serve(node);
  const rooms = new ServerRooms(node);
  routes.app = createApp({
    node,
    metrics,
    page,
    addressOf,
    origins: options.origins ?? [],
    originPolicy,
    metricsToken: options.metricsToken,
    clustered: redis !== undefined,
    dev: isKnownHost
      ? { node, sockets: socketEndpointOf(attachment.attachment), guests: !options.authenticate, isKnownHost }
      : null,
    operator: options.operatorToken === undefined ? null : { rooms, token: options.operatorToken },
  });
  let port = 0;
  let closing: Promise<void> | null = null;
  const close = () =>
    (closing ??= (async () => {
      await node.stop();
      await gateway.close();
      await backend.close();
      await hangDetector.stop();
      metrics.close();
    })());
  return {
    rooms,
    routes: serve,
    close,
    get ready() {
      return node.isReady;
    },
    get port() {
      return port;
    },
    async listen(wanted, host = '0.0.0.0') {
      if (!attachment.own) throw new TypeError('listen: the http server was passed in; call its own listen()');
      return (port = await listenOn(attachment.own, { port: wanted, host }));
    },
    async drain() {
      attachment.own?.close();
      await node.drain();
      await gateway.moveClients();
      await close();
    },
  };
}

/** A node without Redis need not load its client. @throws RedisUnusableError */
async function connectRedisBackend(parts: Parameters<typeof ConnectRedis>[0]): Promise<Backend> {
  const { connectRedis } = await import('./redis-backend.ts');
  return connectRedis(parts);
}

/** @throws TypeError when both ways to say it are used */
function resolveRedisOptions({ redisUrl, redis }: ServerOptions): RedisOptions | undefined {
  if (redisUrl !== undefined && redis !== undefined) throw new TypeError('redis: either redis or redisUrl, not both');
  return redisUrl === undefined ? redis : { url: redisUrl };
}

/** @throws TypeError */
function checkSettings({ hangAfter, secret, operatorToken, metricsToken, replayLife }: ServerOptions): void {
  if (replayLife !== undefined && !(replayLife > 0 && replayLife <= limits.longestTimer))
    throw new TypeError('replayLife: must be a time in ms, at most 366 days');
  if (typeof hangAfter === 'number' && !(hangAfter >= 200))
    throw new TypeError('hangAfter: must be at least 200 ms, or null');
  for (const [name, text, minBytes] of [
    ['secret', secret, 32],
    ['operatorToken', operatorToken, 32],
    ['metricsToken', metricsToken, 16],
  ] as const) {
    const weakness = text === undefined ? null : weaknessOf(text, minBytes);
    if (weakness !== null) throw new TypeError(`${name}: ${weakness}`);
  }
}

function createHangDetector(
  { hangAfter = limits.hang.exitAfter, keyPrefix = 'rejoin:' }: ServerOptions,
  redis: RedisOptions | undefined,
  node: string,
  log: Log,
): RunningHangDetector {
  if (hangAfter === null) return { ...noHangDetector, started: Promise.resolve(), stop: () => Promise.resolve() };
  return startHangDetector({
    node,
    hangAfter,
    log,
    redis: redis === undefined ? null : { ...redis, prefix: keyPrefix },
  });
}

/** @throws TypeError when a node of a cluster has none: its tokens would be worth nothing elsewhere */
function resolveSecret(secret: string | undefined, clustered: boolean): string {
  if (secret === undefined && clustered)
    throw new TypeError(
      'secret: required with Redis; all nodes of a cluster need the same secret of at least 32 bytes',
    );
  return secret ?? idFromBytes(realEntropy.bytes(32));
}

/** @throws TypeError when an effect has no handler: what is asked for and never done would be found out too late */
function effectHandlersOf({ games, effects = {} }: ServerOptions): EffectHandlerLookup {
  for (const { contract } of games) {
    for (const name of Object.keys((contract.def as ContractDef).effects ?? {})) {
      if (typeof effects[contract.name]?.[name] !== 'function')
        throw new TypeError(
          `effects: no handler for the effect '${name}' of the game '${contract.name}': effects: { '${contract.name}': { ${name}: async (data, about) => … } }`,
        );
    }
  }
  return (game, name) => effects[game]?.[name] ?? null;
}

function createMemoryBackend(): Backend {
  const hub = new MemoryHub();
  const store = new MemoryStore(realClock, realEntropy, hub.lastHeartbeat);
  const bus = hub.bus();
  return {
    store,
    bus,
    register: hub,
    attach: () => Promise.resolve(),
    close: async () => {
      await bus.close();
      await store.close();
    },
  };
}

function listenOn(http: HttpServer, { port, host }: { port: number; host: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port));
  });
}

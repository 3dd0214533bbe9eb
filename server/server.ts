import type { RequestListener, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { AnyGame, In, Schema } from '../shared/contract.ts';
import { createApp } from './http/app.ts';
import { idFromBytes } from '../shared/ids.ts';
import type { Backend } from './backend.ts';
import { openFileBackend, type FileBackend, type FileStoreOptions } from './file-backend.ts';
import { MemoryHub } from './messaging/memory-hub.ts';
import type { connectRedis as ConnectRedis } from './redis-backend.ts';
import { resolveDevMode } from './http/dev/dev-mode.ts';
import { socketEndpointOf } from './http/dev/dev-routes.ts';
import { createHostCheck } from './http/dev/known-hosts.ts';
import { Gateway } from './gateway/gateway.ts';
import type { NeedsEffects } from './rooms/actor/effect-table.ts';
import { checkOptions } from './check-options.ts';
import type { ServerOptions } from './server-options.ts';
import { resolveAttachment } from './attach.ts';
import { OriginPolicy } from './gateway/origin-policy.ts';
import { createAddressReader } from './identity/address.ts';
import { weaknessOf } from './identity/secret-strength.ts';
import { createHostReader } from './identity/request-host.ts';
import { Tokens } from './identity/tokens.ts';
import { RejoinNode } from './node/node.ts';
import type { ReloadResult } from './node/rules-reloader.ts';
import { createLog } from './ops/log.ts';
import { createPlainLog } from './ops/plain-log.ts';
import { createMetrics } from './ops/metrics.ts';
import type { PageOptions } from './http/page-options.ts';
import { startHangDetector, type RunningHangDetector } from './ops/hang-detector.ts';
import type { Log } from './runtime/ports.ts';
import type { EffectHandlerLookup } from './rooms/actor/effect-runner.ts';
import { ignoredSettings } from './options-from-env.ts';
import { realClock, realEntropy, realCompressor } from './runtime/real-ports.ts';
import { broadcast } from './node/broadcast.ts';
import { ServerRooms } from './node/server-rooms.ts';
import { noHangDetector } from './rooms/core/rule-tracker.ts';
import { MemoryStore } from './store/memory-store.ts';
import type { RedisOptions } from './store/redis-locator.ts';
import { playerRatesOf } from './sessions/player-rates.ts';
import { limits } from '../shared/limits.ts';

export type { ServerOptions } from './server-options.ts';

/** A running node. */
export interface RunningServer<G extends readonly AnyGame[] = readonly AnyGame[]> {
  /** Rooms, for the server's own code: create, start, end, kick, close. */
  readonly rooms: ServerRooms<G>;
  /**
   * Sends a message to all clients of all nodes, or to those in rooms of one game. Clients receive it with
   * `client.onBroadcast`. It is not kept: a client that is not connected then, or whose node cannot be reached, does not
   * receive it. At most 4 KiB of JSON; 20 at once, then 2 a second.
   * @param schemas the schemas of the data, by name; shared with the clients for the types
   * @throws ServerRoomError `bad-data`, `too-large`, `slow-down`
   * @example
   * ```ts
   * const broadcasts = { maintenance: z.object({ minutes: z.int() }) }
   * server.broadcast(broadcasts, 'maintenance', { minutes: 5 })
   * server.broadcast(broadcasts, 'maintenance', { minutes: 5 }, { game: race }) // to clients in rooms of this game
   * ```
   */
  broadcast<S extends Record<string, Schema>, N extends keyof S & string>(
    schemas: S,
    name: N,
    data: In<S[N]>,
    options?: { game?: { readonly name: string } },
  ): void;
  /** Whether the node accepts new clients and rooms: false while draining, or without Redis. */
  readonly ready: boolean;
  /** Health, metrics and the room list, for mounting if `app` was not given: `app.use('/rejoin', server.routes)`. */
  readonly routes: RequestListener;
  /** The file in which rooms are kept; null: they are in Redis or in memory. */
  readonly file: string | null;
  /** The port after `listen`; 0 if the http server was passed in. */
  readonly port: number;
  /**
   * Listens, if the http server is Rejoin's own.
   * @returns the port
   * @throws TypeError if the http server was passed in
   * @example
   * ```ts
   * const server = await createServer({ games: [raceGame] })
   * const port = await server.listen(0, '127.0.0.1') // 0: any that is free
   * ```
   */
  listen(port: number, host?: string): Promise<number>;
  /**
   * Shuts down gracefully: refuses new work, hands rooms over, moves clients to other nodes, then closes.
   * @example
   * ```ts
   * process.once('SIGTERM', () => void server.drain().then(() => process.exit()))
   * ```
   */
  drain(): Promise<void>;
  /**
   * Dev mode: runs all rooms under other rules, while their players stay connected. Seats, timers and random numbers are
   * kept; games that `load` does not return keep their rules. The dev page shows the result.
   * @param load loads the games, for example with a fresh `import`
   * @throws TypeError outside dev mode; RulesRejectedError when a room cannot continue under the new rules; what `load`
   * throws. The old rules run on then.
   * @example
   * ```ts
   * const { rooms, ms } = await server.reload(async () => [raceGame])
   * ```
   */
  reload(load: () => Promise<readonly AnyGame[]>): Promise<ReloadResult>;
  /**
   * Stops at once, and closes what Rejoin has created.
   * @example
   * ```ts
   * const server = await createServer({ games: [raceGame], http })
   * await server.close() // closes Rejoin's connections; `http` stays open
   * ```
   */
  close(): Promise<void>;
}

/**
 * Creates a node with its rooms and sockets, attached to an existing server (`io`, `http`, `app`) or to one of its own.
 * On an existing Socket.IO server, handshakes are checked in the namespace's middleware.
 * @throws TypeError when an effect has no handler, options contradict each other, `dev` is set in production, or a
 * setting is out of range; RedisUnusableError when Redis is unreachable or unfit; DataFolderError when the folder of
 * `store` cannot be used, or another process uses it
 * @example
 * ```ts
 * import { createServer } from 'rejoin/server'
 * import { raceGame } from './rules.ts'
 *
 * const server = await createServer({ games: [raceGame] }) // one node, with its rooms in ./data
 * console.log(`http://localhost:${await server.listen(3000)}`)
 * ```
 * @example
 * ```ts
 * // a node of a cluster, in an existing app and Socket.IO server
 * const server = await createServer({
 *   games: [raceGame, nimGame], io, app,
 *   secret: process.env.SECRET, redisUrl: process.env.REDIS_URL,
 *   effects: { nim: { report: async ({ winner }, { key }) => { await db.insert(key, winner) } } },
 * })
 * ```
 */
export function createServer<const G extends readonly AnyGame[]>(
  options: ServerOptions<G> & NeedsEffects<G>,
): Promise<RunningServer<G>> {
  return composeServer(options as ServerOptions, null) as Promise<RunningServer<G>>;
}

/**
 * Creates a node with a page, a port of its own, and all routes at the root.
 * @param listen port and host; `redisPatience`: ms after which an unreachable Redis is an error, null: waits for it
 * @throws as createServer does, and when the port is taken
 */
export async function startServer(
  options: ServerOptions & Partial<PageOptions>,
  { port, host, redisPatience }: { port: number; host: string; redisPatience?: number | null },
): Promise<RunningServer> {
  const page: PageOptions = {
    pageFolder: options.pageFolder ?? null,
    controlPort: options.controlPort ?? null,
    publicUrl: options.publicUrl ?? null,
  };
  const server = await composeServer(options, page, redisPatience);
  await server.listen(port, host).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  return server;
}

async function composeServer(
  options: ServerOptions,
  page: PageOptions | null,
  redisPatience?: number | null,
): Promise<RunningServer> {
  checkOptions(options);
  const effects = effectHandlersOf(options);
  const dev = resolveDevMode(options.dev, process.env.NODE_ENV);
  checkSettings(options);
  const playerRates = playerRatesOf(options.limits);
  // Done before Socket.IO attaches, and before the first `await`: it takes over the http server's listeners as they are
  // at that moment.
  const routes: { app: RequestListener | null } = { app: null };
  const serve: RequestListener = (request, response) =>
    void (routes.app ? routes.app(request, response) : response.writeHead(503).end());
  const attachment = resolveAttachment(options, serve);
  const name = options.name ?? 'node';
  const log = options.log ?? (dev ? createPlainLog() : createLog(name, 'warn'));
  const ignored = ignoredSettings(process.env, options);
  if (ignored.length > 0)
    log.warn(
      { settings: ignored.join(', ') },
      'environment settings ignored: pass them as options, for example with optionsFromEnv()',
    );
  const metrics = createMetrics(
    () => ({
      rooms: node.ownedRooms.size,
      seats: [...node.clients.memberReports().values()].flat().filter(m => !m.watch).length,
      sockets: node.clients.size,
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
  const file = resolveFileOptions(options, redis !== undefined);
  const hangReports = file && options.hangAfter !== null ? new MessageChannel() : null;
  // Its thread starts while this one connects.
  const hangDetector = createHangDetector(options, redis, hangReports?.port1 ?? null, name, log);
  const opening: Promise<Backend & Partial<FileBackend>> = redis
    ? connectRedisBackend({
        redis,
        prefix: options.keyPrefix ?? 'rejoin:',
        clock: realClock,
        log,
        meter: metrics.meter,
        ...(redisPatience === undefined ? {} : { patience: redisPatience }),
      })
    : file
      ? openFileBackend(file, {
          clock: realClock,
          entropy: realEntropy,
          log,
          hangReports: hangReports?.port2 ?? null,
        })
      : Promise.resolve(createMemoryBackend());
  const backend = await opening.catch(async (error: unknown) => {
    await hangDetector.stop();
    throw error;
  });
  if (backend.folder) log.info({ file: backend.folder.file }, 'rooms kept in a file');
  const newSecret = () => idFromBytes(realEntropy.bytes(32));
  const tokens = new Tokens(options.secret ?? backend.folder?.secret(newSecret) ?? newSecret(), realClock, realEntropy);
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
    playerRates,
    createRooms: options.createRooms,
    dev,
  });
  await backend.attach(gateway, () => node.clients.resyncAll());
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
    broadcast: (schemas, name, data, { game } = {}) => broadcast(node, schemas, name, data, game?.name ?? null),
    routes: serve,
    file: backend.folder?.file ?? null,
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
    async reload(load) {
      if (!dev) throw new TypeError('reload: only in dev mode');
      return node.rules.reload(async () => {
        const games = await load();
        effectHandlersOf({ ...options, games });
        return games;
      });
    },
    async drain() {
      attachment.own?.close();
      await node.drain();
      await gateway.moveClients();
      await close();
    },
  };
}

/** Loaded dynamically: a node without Redis does not need its client. @throws RedisUnusableError */
async function connectRedisBackend(parts: Parameters<typeof ConnectRedis>[0]): Promise<Backend> {
  const { connectRedis } = await import('./redis-backend.ts');
  return connectRedis(parts);
}

/** @throws TypeError when both options are given */
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
  database: MessagePort | null,
  node: string,
  log: Log,
): RunningHangDetector {
  if (hangAfter === null) return { ...noHangDetector, started: Promise.resolve(), stop: () => Promise.resolve() };
  return startHangDetector({
    node,
    hangAfter,
    log,
    reports: redis === undefined ? database : { ...redis, prefix: keyPrefix },
  });
}

/** The options of the file; null: rooms are in Redis or in memory. @throws TypeError when options contradict each other */
function resolveFileOptions({ store, secret }: ServerOptions, clustered: boolean): FileStoreOptions | null {
  if (!clustered) return store === 'memory' ? null : (store ?? {});
  if (store !== undefined) throw new TypeError('store: goes without Redis; with redis or redisUrl, rooms are in Redis');
  // Other nodes could not verify this one's tokens.
  if (secret === undefined)
    throw new TypeError(
      'secret: required with Redis; all nodes of a cluster need the same secret of at least 32 bytes',
    );
  return null;
}

/** @throws TypeError when an effect has no handler: it would fail only when it is first requested */
function effectHandlersOf({ games, effects = {} }: ServerOptions): EffectHandlerLookup {
  for (const { contract } of games) {
    for (const name of Object.keys(contract.def.effects ?? {})) {
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

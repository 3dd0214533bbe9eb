import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyGame, ContractDef } from '../shared/contract.ts';
import { createApp } from './app.ts';
import type { Backing } from './backing.ts';
import { MemoryHub } from './cluster/memory-hub.ts';
import { connectRedis } from './cluster/redis-parts.ts';
import { Gateway, type Authenticate } from './gateway/gateway.ts';
import { Tokens } from './identity/tokens.ts';
import { RejoinNode } from './node.ts';
import { createMetrics } from './ops/metrics.ts';
import type { Log } from './ports.ts';
import type { EffectHandler, EffectHandlers } from './rooms/effects.ts';
import { realClock, realEntropy } from './real-ports.ts';
import { ServerRooms } from './server-rooms.ts';
import { MemoryStore } from './store/memory-store.ts';

export interface ServerOptions {
  games: readonly AnyGame[];
  /** At least 32 bytes; all nodes of a cluster share it. */
  secret: string;
  log: Log;
  name?: string;
  /** Without it: one node, everything in its own memory. */
  redisUrl?: string | undefined;
  keyPrefix?: string;
  /** The host's code for the effects that games declare, by game and name: called after the commit, at least once. */
  effects?: Record<string, Record<string, EffectHandler>>;
  /** Decides who a connection is, in place of guests' tokens. */
  authenticate?: Authenticate;
  origins?: readonly string[];
  pageFolder?: string | null;
  controlPort?: number | null;
  publicUrl?: string | null;
  trustProxy?: string | undefined;
}

export interface RunningServer {
  readonly node: RejoinNode;
  readonly gateway: Gateway;
  /** Rooms, for the server's own code. */
  readonly rooms: ServerRooms;
  readonly port: number;
  /** Goes in good order: takes no more, gives its rooms away, sends its clients on, closes. */
  drain(): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
}

/** Starts a node: sockets, page and rooms on one port. @throws when a setting is wrong or Redis cannot be used as it is */
export async function startServer(options: ServerOptions, listen: { port: number; host: string }): Promise<RunningServer> {
  const { log } = options;
  const effects = effectsOf(options);
  const metrics = createMetrics(() => ({ rooms: node.registry.size, seats: [...node.edge.reports().values()].flat().filter(m => !m.watch).length, sockets: node.edge.size }));
  const backing = options.redisUrl === undefined ? inMemory() : await connectRedis({ url: options.redisUrl, prefix: options.keyPrefix ?? 'rejoin:', clock: realClock, log, meter: metrics.meter });
  // Before Socket.IO attaches: it takes the listeners it finds and keeps its own requests from them.
  let app: RequestListener | null = null;
  const http = createHttpServer((request, response) => void (app ? app(request, response) : response.writeHead(503).end()));
  const gateway = new Gateway(http, {
    tokens: new Tokens(options.secret, realClock, realEntropy), authenticate: options.authenticate, origins: options.origins ?? [],
    clock: realClock, entropy: realEntropy, log, meter: metrics.meter,
  });
  const node: RejoinNode = new RejoinNode({
    name: options.name ?? 'node', games: options.games, store: backing.store, bus: backing.bus, register: backing.register,
    fanout: gateway.fanout, clock: realClock, entropy: realEntropy, log, meter: metrics.meter, delay: metrics.delay, effects,
  });
  backing.attach(gateway, () => node.edge.resyncAll());
  await node.start();
  gateway.serve(node);
  app = createApp({
    node, metrics, pageFolder: options.pageFolder ?? null, controlPort: options.controlPort ?? null, publicUrl: options.publicUrl ?? null, trustProxy: options.trustProxy, clustered: options.redisUrl !== undefined,
  });
  const port = await listenOn(http, listen);
  let closing: Promise<void> | null = null;
  const close = () => (closing ??= (async () => {
    await node.stop();
    await gateway.close();
    await backing.close();
    metrics.close();
  })());
  return {
    node, gateway, port, close, rooms: new ServerRooms(node),
    async drain() {
      http.close();
      await node.drain();
      await gateway.moveClients();
      await close();
    },
  };
}

/** @throws TypeError when an effect has no handler: what is asked for and never done would be found out too late */
function effectsOf({ games, effects = {} }: ServerOptions): EffectHandlers {
  for (const { contract } of games) {
    for (const name of Object.keys((contract.def as ContractDef).effects ?? {})) {
      if (typeof effects[contract.name]?.[name] !== 'function') throw new TypeError(`the game '${contract.name}' has the effect '${name}', and nobody does it: effects: { '${contract.name}': { ${name}: async (data, about) => … } }`);
    }
  }
  return (game, name) => effects[game]?.[name] ?? null;
}

function inMemory(): Backing {
  const hub = new MemoryHub();
  const store = new MemoryStore(realClock, realEntropy, hub.seen);
  const bus = hub.bus();
  return { store, bus, register: hub, attach: () => {}, close: async () => { await bus.close(); await store.close(); } };
}

function listenOn(http: HttpServer, { port, host }: { port: number; host: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port));
  });
}


import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gateway } from '../../server/gateway/gateway.ts';
import { OriginPolicy } from '../../server/gateway/origin-policy.ts';
import { createAddressReader } from '../../server/identity/address.ts';
import { createHostReader } from '../../server/identity/request-host.ts';
import { Tokens } from '../../server/identity/tokens.ts';
import { MemoryHub } from '../../server/messaging/memory-hub.ts';
import { RejoinNode } from '../../server/node/node.ts';
import { ServerRooms } from '../../server/node/server-rooms.ts';
import { noLog } from '../../server/ops/log.ts';
import type { RoomDocument } from '../../server/rooms/core/document.ts';
import { noHangDetector } from '../../server/rooms/core/rule-tracker.ts';
import { realClock, realCompressor, realEntropy } from '../../server/runtime/real-ports.ts';
import type { Bus, Fanout } from '../../server/runtime/ports.ts';
import { MemoryStore } from '../../server/store/memory-store.ts';
import type { Store } from '../../server/store/store.ts';
import type { AnyGame } from '../../shared/contract.ts';
import { idFromBytes } from '../../shared/ids.ts';
import type { Position } from '../../shared/position.ts';
import type { PublicRoom } from '../../shared/protocol.ts';

/** A node with its own port. */
export interface ClusterNode {
  readonly name: string;
  readonly port: number;
  readonly node: RejoinNode;
  readonly rooms: ServerRooms;
  /** Stops at once, as in a crash. */
  kill(): Promise<void>;
  /** Stops as on SIGTERM: hands its rooms over and asks its clients to move. */
  drain(): Promise<void>;
}

/** What the server holds for one member, to compare a client's replica with. */
export interface Truth {
  readonly room: PublicRoom;
  readonly state: unknown;
  readonly position: Position;
  readonly term: number;
}

/** Nodes with real sockets and one store in memory, in this process. */
export class Cluster {
  readonly nodes: ClusterNode[] = [];
  private readonly hub = new MemoryHub();
  private readonly store = new MemoryStore(realClock, realEntropy, this.hub.lastHeartbeat);
  private readonly tokens = new Tokens(idFromBytes(realEntropy.bytes(32)), realClock, realEntropy);
  private readonly fanouts = new Map<string, Fanout>();
  private readonly incarnationListeners = new Map<string, () => void>();
  private started = 0;

  constructor(private readonly games: readonly AnyGame[]) {}

  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.startNode();
    await this.until('all nodes know each other', () =>
      this.nodes.every(({ node }) => node.isReady && node.membership.aliveNodes().length >= count - 1),
    );
  }

  async startNode(): Promise<ClusterNode> {
    const name = `node-${++this.started}`;
    const http: HttpServer = createHttpServer((_request, response) => {
      response.writeHead(404).end();
    });
    const meter = { count: () => {}, observe: () => {} };
    const gateway = new Gateway(
      { http },
      {
        tokens: this.tokens,
        origins: new OriginPolicy({ origins: [], hostOf: createHostReader(undefined), dev: false }),
        addressOf: createAddressReader(undefined),
        clock: realClock,
        entropy: realEntropy,
        log: noLog,
        meter,
      },
    );
    const bus: Bus & { close(): Promise<void> } = this.hub.bus();
    const node = new RejoinNode({
      name,
      games: this.games,
      store: this.storeFor(name),
      bus,
      register: this.hub,
      fanout: this.fanoutFor(name),
      clock: realClock,
      entropy: realEntropy,
      compressor: realCompressor,
      log: noLog,
      meter,
      eventLoopDelayMs: () => 1,
      effects: () => null,
      hangDetector: noHangDetector,
    });
    await node.start();
    gateway.serve(node);
    this.fanouts.set(name, gateway.fanout);
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(0, '127.0.0.1', resolve);
    });
    let ending: Promise<void> | null = null;
    const end = (beforeClose: () => Promise<void>) =>
      (ending ??= (async () => {
        await beforeClose();
        this.nodes.splice(this.nodes.indexOf(started), 1);
        this.fanouts.delete(name);
        this.incarnationListeners.delete(name);
        await bus.close();
        await node.stop();
        http.closeAllConnections();
        await gateway.close();
      })());
    const started: ClusterNode = {
      name,
      port: (http.address() as AddressInfo).port,
      node,
      rooms: new ServerRooms(node),
      kill: () => end(() => Promise.resolve()),
      drain: () =>
        end(async () => {
          await node.drain();
          await gateway.moveClients();
        }),
    };
    this.nodes.push(started);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all([...this.nodes].map(node => node.kill()));
    await this.store.close();
  }

  /** The node that runs the room. */
  ownerOf(room: string): ClusterNode | undefined {
    return this.nodes.find(({ node }) => node.ownedRooms.get(room) !== undefined);
  }

  /** The room as one seat sees it (null: a spectator), at its owner; null while no node runs it. */
  truth(room: string, seat: number | null): Truth | null {
    const actor = this.ownerOf(room)?.node.ownedRooms.get(room);
    if (!actor) return null;
    const { doc } = actor as unknown as { doc: RoomDocument };
    const game = this.games.find(({ contract }) => contract.name === doc.room.game)!;
    const rules = game.rules as unknown as { view?: (state: unknown, who: object) => unknown };
    const { head, term } = actor.head;
    return {
      room: structuredClone(doc.room),
      state: structuredClone(
        doc.state !== null && rules.view
          ? rules.view(doc.state, { seat, ended: doc.room.phase === 'ended', replay: false })
          : doc.state,
      ),
      position: head,
      term,
    };
  }

  /** Hands the room over to another node while its owner goes on. */
  async handOver(room: string): Promise<void> {
    const owner = this.ownerOf(room)!;
    const target = this.nodes.find(other => other !== owner)!;
    if (!(await owner.node.handOver(room, target.node.id))) throw new Error('the room could not be handed over');
  }

  /** Saves the store. @returns a function that sets the store back, as a Redis that lost entries */
  saveStore(): () => void {
    const restore = this.store.saveRooms();
    return () => {
      restore();
      for (const notify of this.incarnationListeners.values()) notify();
    };
  }

  /** @throws when it does not hold within 10 s */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = realClock.mono() + 10_000;
    while (!holds()) {
      if (realClock.mono() > deadline) throw new Error(`the runner's own cluster: not within 10 s: ${what}`);
      await realClock.sleep(10);
    }
  }

  /** The store, with a listener for its replacement: a store in memory never changes by itself. */
  private storeFor(node: string): Store {
    return new Proxy(this.store, {
      get: (store, name) => {
        if (name === 'onIncarnation') return (changed: () => void) => void this.incarnationListeners.set(node, changed);
        const value: unknown = Reflect.get(store, name, store);
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(store) : value;
      },
    });
  }

  /** Broadcasts to the clients of all nodes, as Socket.IO's adapter for Redis does. */
  private fanoutFor(name: string): Fanout {
    const local = (node: string): Fanout | undefined => this.fanouts.get(node);
    return {
      emitLocal: (channel, event, ...args) => local(name)?.emitLocal(channel, event, ...args),
      emit: (channel, event, ...args) => {
        for (const node of this.fanouts.keys()) local(node)!.emitLocal(channel, event, ...args);
      },
    };
  }
}

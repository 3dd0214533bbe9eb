import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { apply, type Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import type {
  ActReply,
  CreateReply,
  InspectReply,
  JoinSuccess,
  JoinReply,
  RoomView,
  ServerToClient,
  WireChange,
} from '../../shared/protocol.ts';
import { unpack, type Craft, type Steer } from '../work/arena.ts';
import { emptyBoard, type Board } from '../work/moves.ts';
import { Player, type Seat } from './player.ts';
import { nameOf, readEvent, SocketIoConnection } from './socket-io-connection.ts';

const games: Record<string, string> = {
  arena: 'bench-arena',
  'arena plain': 'bench-arena-plain',
  views: 'bench-views',
  big: 'bench-big',
  moves: 'bench-moves',
};
type ArenaState = { tick: number; crafts: string | Craft[]; fuel?: number };

/** When to ask for the room's head, ms, as in the SDK (client/heartbeat.ts). */
const heartbeatPace = { busy: 1_000, idle: 2_000, idleAfter: 10_000, fresh: 250, atLeast: 3_000, seldom: 10_000 };

/**
 * A player of Rejoin: says what the SDK would say (numbered actions, numbered inputs, its place once a second), and
 * reads no more than it must.
 */
export class RejoinPlayer extends Player {
  private view: RoomView | null = null;
  private last: { packet: Buffer; json: number; at: number } | null = null;
  private askedAt = -Infinity;
  private headsReceivedAt = -Infinity;
  private inputs = 0;
  private acted = 0;
  /** The owner's term, as it is known here: rooms go to the node where their players are. */
  private term: number;
  private timer: NodeJS.Timeout | null = null;
  private lastActive = performance.now();

  private constructor(
    private readonly connection: SocketIoConnection,
    private readonly joined: JoinSuccess,
    private readonly game: Seat['game'],
    private readonly witness: boolean,
  ) {
    super();
    this.acted = joined.base;
    this.term = joined.term;
    if (joined.view && (witness || game === 'moves')) this.view = joined.view;
    this.scheduleHeartbeat();
  }

  static async sitDown(seat: Seat): Promise<Player> {
    const { urls, node, room, name, game, variant, address } = seat;
    const headers = { 'x-forwarded-for': address };
    const hello = await openConnection(urls[node === 'owner' ? room % urls.length : node]!, headers);
    let { connection } = hello;
    let id = name;
    if (id === null) {
      const made = (await connection.ask('create', {
        game: games[variant === null ? game : `${game} ${variant}`],
        private: true,
      })) as CreateReply;
      if (!made.ok) throw new Error(`no room: ${made.code}`);
      id = made.room;
    }
    const session = randomUUID();
    const sit = async () => {
      const joined = (await connection.ask('join', {
        room: id,
        session,
        short: true,
        ...(seat.watch ? { watch: true } : {}),
      })) as JoinReply;
      if (!joined.ok) throw new Error(`no seat: ${joined.code} ${joined.detail ?? ''}`);
      return joined;
    };
    const early: [Buffer, number][] = [];
    const listen = () => {
      connection.onEvent = (packet, json) => void (isChange(packet, json) && early.push([Buffer.from(packet), json]));
    };
    listen();
    let joined = await sit();
    if (node === 'owner') {
      const url = await ownerOf(connection, id, urls);
      if (url !== hello.url) {
        connection.socket.close();
        ({ connection } = await openConnection(url, headers, hello.token));
        early.length = 0;
        listen();
        joined = await sit();
      }
    }
    const player = new RejoinPlayer(connection, joined, game, seat.witness);
    connection.onEvent = (packet, json) => player.onEvent(packet, json);
    for (const [packet, json] of early) player.onEvent(packet, json);
    player.deliveries = 0;
    return player;
  }

  get room(): string {
    return this.joined.room;
  }
  get bytesIn(): number {
    return this.connection.socket.bytesIn;
  }
  get bytesOut(): number {
    return this.connection.socket.bytesOut;
  }
  steer(to: Steer): void {
    this.lastActive = performance.now();
    this.connection.emit('i', [this.joined.number, ++this.inputs, { steer: to }]);
  }
  async move(cell: number): Promise<void> {
    const n = ++this.acted;
    this.lastActive = performance.now();
    for (;;) {
      const reply = (await this.connection.ask('act', {
        room: this.room,
        name: 'move',
        data: { cell, k: n },
        n,
        term: this.term,
      })) as ActReply;
      if (reply.ok) return;
      if (reply.code === 'stale-term') {
        const { term, base } = reply as { term: number; base: number };
        this.term = term;
        if (base >= n) return; // the owner before has done it
        continue;
      }
      if (reply.code !== 'slow-down') throw new Error(`Rejoin refused a move: ${reply.code}`);
      this.slowed += 1;
      await pause((reply as { retryAfter?: number }).retryAfter ?? 100);
    }
  }
  board(): Promise<Board> {
    return Promise.resolve((this.view!.state as Board | null) ?? emptyBoard());
  }
  override async isOnOwnerNode(): Promise<boolean> {
    const said = (await this.connection.ask('inspect', { room: this.room })) as InspectReply;
    return said.ok && said.owner === said.node;
  }
  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.connection.socket.close();
  }

  private onEvent(packet: Buffer, json: number): void {
    if (!isChange(packet, json)) {
      if (nameOf(packet, json) === 'h') this.onRoomHeads();
      return;
    }
    this.deliveries += 1;
    // Kept for the place that is said once a second.
    this.last = { packet, json, at: performance.now() };
    if (!this.view) return;
    const { seq, changes } = readChange(packet, json);
    if (seq <= this.joined.place[1] || changes === 0) return;
    apply(this.view as unknown as Json, changes as Changes);
    if (this.game === 'moves' || !this.witness || this.view.state === null) return;
    const { tick, crafts, fuel } = this.view.state as unknown as ArenaState;
    this.arenaObserver.record(
      tick,
      typeof crafts === 'string' ? unpack(crafts) : crafts.map(craft => ({ ...craft })),
      performance.now(),
      fuel,
    );
  }

  private onRoomHeads(): void {
    this.headsReceivedAt = performance.now();
    if (this.headsReceivedAt - this.askedAt < heartbeatPace.seldom) this.scheduleHeartbeat();
  }

  private scheduleHeartbeat(): void {
    if (this.timer) clearTimeout(this.timer);
    const idle = performance.now() - this.lastActive > heartbeatPace.idleAfter;
    this.timer = setTimeout(
      () => {
        this.scheduleHeartbeat();
        const now = performance.now();
        if (
          this.last !== null &&
          now - this.last.at < heartbeatPace.fresh &&
          now - this.headsReceivedAt < heartbeatPace.atLeast &&
          now - this.askedAt < heartbeatPace.seldom
        )
          return;
        this.askedAt = now;
        void this.connection.ask('place', { rooms: { [this.room]: this.position() } }).then(() => {
          this.headsReceivedAt = performance.now();
        });
      },
      (idle ? heartbeatPace.idle : heartbeatPace.busy) * (0.9 + Math.random() * 0.2),
    );
  }
  private position(): [number, number] {
    // Of an owner that has just come a player who does not move hears late, and asks for what it has already.
    return [this.term, this.last ? readChange(this.last.packet, this.last.json).seq : this.joined.place[1]];
  }
}

export const isChange = (packet: Buffer, json: number): boolean => ['s', 'c', 'change'].includes(nameOf(packet, json));
/** A change in its short form, or whole. */
export function readChange(packet: Buffer, json: number): { seq: number; changes: Changes | 0 } {
  const event = readEvent(packet, json) as
    | ['c', ...Parameters<ServerToClient['c']>]
    | ['s', number, number, Changes]
    | ['change', string, ...WireChange];
  if (event[0] === 's') return { seq: event[2], changes: { state: event[3] } };
  return event[0] === 'c' ? { seq: event[2], changes: event[3] } : { seq: event[3], changes: event[5] };
}

interface OpenedConnection {
  connection: SocketIoConnection;
  url: string;
  token: string;
}

/** Opens a line and waits for the welcome. */
export async function openConnection(
  url: string,
  headers: Record<string, string>,
  token?: string,
): Promise<OpenedConnection> {
  let welcomed = (_token: string) => {};
  const welcome = new Promise<string>(resolve => {
    welcomed = resolve;
  });
  const connection = await SocketIoConnection.open(url, {
    auth: { wire: 2, ...(token === undefined ? {} : { token }) },
    headers,
    onEvent: (packet, json) => {
      const [name, said] = readEvent(packet, json) as [string, { token: string }];
      if (name === 'welcome') welcomed(said.token);
    },
  });
  return { connection, url, token: await welcome };
}

/** Nodes are called node-1, node-2 … in the order of their addresses. */
async function ownerOf(line: SocketIoConnection, room: string, urls: readonly string[]): Promise<string> {
  const said = (await line.ask('inspect', { room })) as InspectReply;
  if (!said.ok || said.owner === null) throw new Error('nobody owns the room');
  return urls[Number(/\d+$/.exec(said.owner)?.[0] ?? 1) - 1] ?? urls[0]!;
}

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ActReply, CreateReply, JoinSuccess, JoinReply, HeartbeatReply } from '../../shared/protocol.ts';
import { openConnection, isChange, readChange } from './rejoin-player.ts';
import { nameOf, type SocketIoConnection } from './socket-io-connection.ts';

/** As long as a handshake may take (ms) before another is tried. */
const handshakeTimeoutMs = 8_000;
/**
 * When an idle client sends a heartbeat (ms), as in the SDK (client/heartbeat.ts): `idle` after the latest positions
 * arrived, and every `seldom` in any case.
 */
const [idle, seldom] = [2_000, 10_000];

/**
 * A player that does nothing but keep its seat: it says its place now and then, and comes back when its line is gone,
 * with the pauses of the SDK (SPEC C6). Two thousand of the SDK's own clients in one process would be slower than the
 * server that they come back to.
 */
export class StormPlayer {
  /** When it was back in its seat (performance.now()); NaN while it is not. */
  seatedAt = NaN;
  snapshots = 0;
  lost = 0;
  private connection: SocketIoConnection | null = null;
  private token: string | undefined;
  private joined: JoinSuccess | null = null;
  private position: readonly [number, number] = [0, 0];
  private acted = 0;
  private spreadMs = 100;
  /** When this node was last asked for the room's head, and when it last said it unasked (performance.now()). */
  private askedAt = -Infinity;
  private headReceivedAt = -Infinity;
  private isClosed = false;
  private readonly session = randomUUID();

  private constructor(
    private readonly url: string,
    private readonly address: string,
  ) {}

  /** @param room null: makes one of its own */
  static async sitDown(url: string, address: string, game: string, room: string | null): Promise<StormPlayer> {
    const player = new StormPlayer(url, address);
    await player.connect();
    let id = room;
    if (id === null) {
      const made = (await player.connection!.ask('create', { game, private: true })) as CreateReply;
      if (!made.ok) throw new Error(`no room: ${made.code}`);
      id = made.room;
    }
    await player.join(id);
    void player.runHeartbeat();
    return player;
  }

  get room(): string {
    return this.joined!.room;
  }
  get seat(): number | null {
    return this.joined!.seat;
  }

  /** A move, by the number that is next. */
  async move(cell: number, k: number): Promise<boolean> {
    const said = (await this.connection!.ask('act', {
      room: this.room,
      name: 'move',
      data: { cell, k },
      n: ++this.acted,
      term: this.joined!.term,
    })) as ActReply;
    return said.ok;
  }

  close(): void {
    this.isClosed = true;
    this.connection?.socket.close();
  }

  private async connect(): Promise<void> {
    const opened = openConnection(this.url, { 'x-forwarded-for': this.address }, this.token);
    const late = new AbortController();
    const hello = await Promise.race([opened, pause(handshakeTimeoutMs, null, { signal: late.signal })]).finally(() =>
      late.abort(),
    );
    if (!hello) {
      void opened.then(
        ({ connection }) => connection.socket.close(),
        () => {},
      );
      throw new Error('no answer to the handshake');
    }
    this.connection = hello.connection;
    this.token = hello.token;
    this.askedAt = this.headReceivedAt = -Infinity;
    hello.connection.onEvent = (packet, json) => {
      if (isChange(packet, json)) this.position = [this.position[0], readChange(packet, json).seq];
      else if (nameOf(packet, json) === 'h') this.headReceivedAt = performance.now();
    };
    hello.connection.socket.onClose = () => {
      if (this.connection !== hello.connection || this.isClosed) return;
      this.connection = null;
      void this.reconnect();
    };
  }

  private async join(room: string): Promise<void> {
    const reply = (await this.connection!.ask('join', {
      room,
      session: this.session,
      short: true,
      ...(this.joined ? { place: this.position } : {}),
    })) as JoinReply;
    if (!reply.ok) throw new Error(`no seat: ${reply.code}`);
    if (this.joined && reply.with === 'snapshot') this.snapshots += 1;
    if (reply.lost) this.lost += 1;
    this.joined = reply;
    this.position = reply.place;
    this.acted = reply.base;
    this.seatedAt = performance.now();
  }

  private async reconnect(): Promise<void> {
    for (let attempt = 1; !this.isClosed; attempt++) {
      await pause(10 + Math.random() * (attempt === 1 ? this.spreadMs : Math.min(100 * 2 ** (attempt - 1), 3_000)));
      try {
        await this.connect();
        return await this.join(this.room);
      } catch {
        const { connection } = this;
        this.connection = null; // so that its end is no second reason to come back
        connection?.socket.close();
      }
    }
  }

  private async runHeartbeat(): Promise<void> {
    while (!this.isClosed) {
      await pause(idle * (0.9 + Math.random() * 0.2));
      const { connection } = this;
      const now = performance.now();
      if (!connection || (now - this.headReceivedAt < idle && now - this.askedAt < seldom)) continue;
      this.askedAt = now;
      // A line that is lost answers nothing.
      void connection.ask('place', { rooms: { [this.room]: this.position } }).then(reply => {
        if ((reply as HeartbeatReply).ok) this.spreadMs = (reply as HeartbeatReply).spread;
      });
    }
  }
}

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../server/runtime/package-root.ts';
import type { Craft, Steer } from '../work/arena.ts';
import type { Board } from '../work/moves.ts';
import { Player, type Seat } from './player.ts';
import { WebSocketConnection } from './web-socket-connection.ts';

/** The words of Colyseus 0.18's protocol that are needed here (@colyseus/shared-types, Protocol). */
const JOIN_ROOM = 10;
const LEAVE_ROOM = 12;
const ROOM_DATA = 13;
const ROOM_STATE = 14;
const ROOM_STATE_PATCH = 15;
const ROOM_REQUEST = 21;
const ROOM_RESPONSE = 22;
const OK = 0;

interface Decoder {
  state: { tick: number; crafts: Map<string, Craft & { fuel?: number }> } & Board;
  take(frame: Uint8Array): void;
}
type OpenDecoder = (joined: Uint8Array) => Decoder;

/**
 * A player of a Colyseus server: finds its room over HTTP, as the SDK does. Only those who look at the state decode it.
 */
export class ColyseusPlayer extends Player {
  private decoder: Decoder | null = null;
  private lastRequestId = 0;
  private readonly pendingRequests = new Map<number, { resolve(): void; reject(error: Error): void }>();

  private constructor(
    private readonly socket: WebSocketConnection,
    readonly room: string,
  ) {
    super();
  }

  static async sitDown({ urls, node, name, game, watch, witness, address }: Seat): Promise<Player> {
    const { openDecoder } = (await import(
      pathToFileURL(join(packageRoot, 'bench/peers/colyseus-decoder.js')).href
    )) as { openDecoder: OpenDecoder };
    const { socket, room, joined, state } = await openColyseus(
      urls[Number(node)]!,
      name === null ? `create/${game}` : `joinById/${name}`,
      { address, watch },
    );
    const player = new ColyseusPlayer(socket, room);
    if (witness || game === 'moves') {
      player.decoder = openDecoder(joined);
      player.decoder.take(state);
    }
    socket.onMessage = game === 'moves' ? frame => player.onMove(frame) : frame => player.onTick(frame);
    return player;
  }

  get bytesIn(): number {
    return this.socket.bytesIn;
  }
  get bytesOut(): number {
    return this.socket.bytesOut;
  }
  steer({ x, y }: Steer): void {
    this.socket.sendBytes(
      Buffer.concat([
        Buffer.of(ROOM_DATA),
        text('input'),
        map([
          ['x', x],
          ['y', y],
        ]),
      ]),
    );
  }
  move(cell: number): Promise<void> {
    const id = ++this.lastRequestId;
    this.socket.sendBytes(
      Buffer.concat([
        Buffer.of(ROOM_REQUEST),
        schemaNumber(id),
        text('move'),
        map([
          ['cell', cell],
          ['k', id],
        ]),
      ]),
    );
    return new Promise((resolve, reject) => this.pendingRequests.set(id, { resolve, reject }));
  }
  board(): Promise<Pick<Board, 'total' | 'last'>> {
    const { total, last } = this.decoder!.state;
    return Promise.resolve({ total, last: [...last] });
  }
  close(): void {
    this.socket.close();
  }

  private onTick(frame: Buffer): void {
    if (frame[0] !== ROOM_STATE_PATCH) return;
    this.deliveries += 1;
    if (!this.decoder) return;
    this.decoder.take(frame);
    const { tick, crafts } = this.decoder.state;
    const all = [...crafts.values()];
    this.arenaObserver.record(
      tick,
      all.map(({ x, y, heading }) => ({ x, y, heading })),
      performance.now(),
      all.find(({ fuel }) => fuel !== undefined)?.fuel,
    );
  }

  private onMove(frame: Buffer): void {
    if (frame[0] === ROOM_STATE_PATCH) {
      this.deliveries += 1;
      this.decoder?.take(frame);
    } else if (frame[0] === ROOM_RESPONSE) {
      const [id, status] = readResponse(frame);
      const asked = this.pendingRequests.get(id);
      this.pendingRequests.delete(id);
      if (status === OK) asked?.resolve();
      else asked?.reject(new Error(`Colyseus refused a move: status ${status}`));
    }
  }
}

/** Finds a seat over HTTP, connects, and says that it has joined, as the SDK does; resolves with the first state. */
export async function openColyseus(
  url: string,
  how: string,
  { address, watch = false }: { address: string; watch?: boolean },
): Promise<{ socket: WebSocketConnection; room: string; joined: Buffer; state: Buffer; leave(): void }> {
  const response = await fetch(`${url}/matchmake/${how}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify({ watch }),
  });
  const seat = (await response.json()) as { processId: string; roomId: string; sessionId: string; error?: string };
  if (!response.ok) throw new Error(`Colyseus gave no seat: ${seat.error}`);
  const socket = await WebSocketConnection.open(
    `${url.replace(/^http/, 'ws')}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`,
  );
  return new Promise((resolve, reject) => {
    let joined = Buffer.alloc(0);
    socket.onClose = () => reject(new Error('Colyseus closed the connection'));
    socket.onMessage = frame => {
      if (frame[0] === JOIN_ROOM) {
        joined = Buffer.from(frame);
        socket.sendBytes(Uint8Array.of(JOIN_ROOM));
      } else if (frame[0] === ROOM_STATE) {
        socket.onClose = () => {};
        socket.onMessage = () => {};
        resolve({
          socket,
          room: seat.roomId,
          joined,
          state: Buffer.from(frame),
          leave: () => socket.sendBytes(Uint8Array.of(LEAVE_ROOM)),
        });
      }
    };
  });
}

/** A number as @colyseus/schema writes it: little-endian behind its kind. */
function schemaNumber(n: number): Buffer {
  if (n < 0x80) return Buffer.of(n);
  if (n < 0x100) return Buffer.of(0xcc, n);
  if (n < 0x1_0000) return Buffer.of(0xcd, n & 0xff, n >> 8);
  const bytes = Buffer.of(0xce, 0, 0, 0, 0);
  bytes.writeUInt32LE(n, 1);
  return bytes;
}
function readResponse(frame: Buffer): [id: number, status: number] {
  const kind = frame[1]!;
  if (kind < 0x80) return [kind, frame[2]!];
  if (kind === 0xcc) return [frame[2]!, frame[3]!];
  if (kind === 0xcd) return [frame.readUInt16LE(2), frame[4]!];
  return [frame.readUInt32LE(2), frame[6]!];
}

/** MessagePack, as much as a move needs of it. */
const text = (word: string): Buffer => Buffer.concat([Buffer.of(0xa0 | word.length), Buffer.from(word)]);
const map = (entries: [string, number][]): Buffer =>
  Buffer.concat([Buffer.of(0x80 | entries.length), ...entries.flatMap(([key, value]) => [text(key), whole(value)])]);
function whole(n: number): Buffer {
  if (n >= -32 && n < 128) return Buffer.of(n & 0xff);
  if (n < 0) return Buffer.of(0xd0, n & 0xff);
  if (n < 0x100) return Buffer.of(0xcc, n);
  if (n < 0x1_0000) return Buffer.of(0xcd, n >> 8, n & 0xff);
  const bytes = Buffer.of(0xce, 0, 0, 0, 0);
  bytes.writeUInt32BE(n, 1);
  return bytes;
}

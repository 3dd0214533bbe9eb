import type { Craft, Steer } from '../work/arena.ts';
import { emptyBoard, play, type Board } from '../work/moves.ts';
import { Echoes, Player, type Seat } from './player.ts';
import { nameOf, readEvent, SocketIoLine } from './socket-io-line.ts';

/** A player of Socket.IO's servers: alone, with the adapter, and the tutorials' way (`variant: 'stored'`: the board is in Redis). */
export class SocketIoPlayer extends Player {
  private seat = -1;
  private readonly known: Board = emptyBoard();
  private readonly echoes = new Echoes();

  private constructor(private readonly line: SocketIoLine, readonly room: string, private readonly stored: boolean) { super(); }

  static async sitDown({ tag, urls, node, room, game, watch, witness, address, variant }: Seat): Promise<Player> {
    const line = await SocketIoLine.open(urls[Number(node)]!, { headers: { 'x-forwarded-for': address } });
    const player = new SocketIoPlayer(line, `${tag}-${room}`, variant === 'stored');
    line.onEvent = game === 'moves' ? (packet, json) => player.moved(packet, json) : witness ? (packet, json) => player.witnessed(packet, json) : (packet, json) => { if (nameOf(packet, json) === 'state') player.deliveries += 1; };
    player.seat = ((await line.ask('join', { room: player.room, game, watch })) as { seat: number }).seat;
    return player;
  }

  get bytesIn(): number { return this.line.socket.bytesIn; }
  get bytesOut(): number { return this.line.socket.bytesOut; }
  steer(to: Steer): void { this.line.emit('input', to); }
  move(cell: number): Promise<void> {
    const { k, heard } = this.echoes.wait();
    this.line.emit('move', { cell, k });
    return heard;
  }
  async board(): Promise<Board> { return this.stored ? ((await this.line.ask('board')) as Board) : this.known; }
  close(): void { this.line.socket.close(); }

  private moved(packet: Buffer, json: number): void {
    const [name, said] = readEvent(packet, json) as [string, { seat: number; cell: number; k: number }];
    if (name !== 'moved') return;
    this.deliveries += 1;
    play(this.known, said.seat, said);
    if (said.seat === this.seat) this.echoes.heard(said.k);
  }
  private witnessed(packet: Buffer, json: number): void {
    const [name, state] = readEvent(packet, json) as [string, { tick: number; crafts: Craft[]; fuel?: number }];
    if (name !== 'state') return;
    this.deliveries += 1;
    this.seen.take(state.tick, state.crafts, performance.now(), state.fuel);
  }
}

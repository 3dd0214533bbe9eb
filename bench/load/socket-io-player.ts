import type { Craft, Steer } from '../work/arena.ts';
import { emptyBoard, play, type Board } from '../work/moves.ts';
import { PendingMoves, Player, type Seat } from './player.ts';
import { nameOf, readEvent, SocketIoConnection } from './socket-io-connection.ts';

/**
 * A player of Socket.IO's servers: alone, with the adapter, and the tutorials' way (`variant: 'stored'`: the board is
 * in Redis).
 */
export class SocketIoPlayer extends Player {
  private seat = -1;
  private readonly localBoard: Board = emptyBoard();
  private readonly pendingMoves = new PendingMoves();

  private constructor(
    private readonly connection: SocketIoConnection,
    readonly room: string,
    private readonly stored: boolean,
  ) {
    super();
  }

  static async sitDown({ tag, urls, node, room, game, watch, witness, address, variant }: Seat): Promise<Player> {
    const line = await SocketIoConnection.open(urls[Number(node)]!, { headers: { 'x-forwarded-for': address } });
    const player = new SocketIoPlayer(line, `${tag}-${room}`, variant === 'stored');
    line.onEvent =
      game === 'moves'
        ? (packet, json) => player.onMoved(packet, json)
        : witness
          ? (packet, json) => player.onState(packet, json)
          : (packet, json) => {
              if (nameOf(packet, json) === 'state') player.deliveries += 1;
            };
    player.seat = ((await line.ask('join', { room: player.room, game, watch })) as { seat: number }).seat;
    return player;
  }

  get bytesIn(): number {
    return this.connection.socket.bytesIn;
  }
  get bytesOut(): number {
    return this.connection.socket.bytesOut;
  }
  steer(to: Steer): void {
    this.connection.emit('input', to);
  }
  move(cell: number): Promise<void> {
    const { k, confirmed } = this.pendingMoves.add();
    this.connection.emit('move', { cell, k });
    return confirmed;
  }
  async board(): Promise<Board> {
    return this.stored ? ((await this.connection.ask('board')) as Board) : this.localBoard;
  }
  close(): void {
    this.connection.socket.close();
  }

  private onMoved(packet: Buffer, json: number): void {
    const [name, said] = readEvent(packet, json) as [string, { seat: number; cell: number; k: number }];
    if (name !== 'moved') return;
    this.deliveries += 1;
    play(this.localBoard, said.seat, said);
    if (said.seat === this.seat) this.pendingMoves.confirm(said.k);
  }
  private onState(packet: Buffer, json: number): void {
    const [name, state] = readEvent(packet, json) as [string, { tick: number; crafts: Craft[]; fuel?: number }];
    if (name !== 'state') return;
    this.deliveries += 1;
    this.arenaObserver.record(state.tick, state.crafts, performance.now(), state.fuel);
  }
}

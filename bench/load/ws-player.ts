import type { Craft, Steer } from '../work/arena.ts';
import { emptyBoard, play, type Board } from '../work/moves.ts';
import { PendingMoves, Player, type Seat } from './player.ts';
import { WebSocketConnection } from './web-socket-connection.ts';

type ServerMessage =
  | { t: 'joined'; seat: number }
  | { t: 'state'; state: { tick: number; crafts: Craft[]; fuel?: number } }
  | { t: 'moved'; seat: number; cell: number; k: number };

/** A player of the raw `ws` server. */
export class WsPlayer extends Player {
  private seat = -1;
  private readonly localBoard: Board = emptyBoard();
  private readonly pendingMoves = new PendingMoves();

  private constructor(
    private readonly socket: WebSocketConnection,
    readonly room: string,
  ) {
    super();
  }

  static async sitDown({ tag, urls, node, room, game, watch, witness, address }: Seat): Promise<Player> {
    const socket = await WebSocketConnection.open(`${urls[Number(node)]!.replace(/^http/, 'ws')}/`, {
      'x-forwarded-for': address,
    });
    const player = new WsPlayer(socket, `${tag}-${room}`);
    await new Promise<void>(resolve => {
      socket.onMessage = data => {
        const said = JSON.parse(data.toString()) as ServerMessage;
        if (said.t !== 'joined') return;
        player.seat = said.seat;
        socket.onMessage =
          game === 'moves'
            ? d => player.onMoved(d)
            : witness
              ? d => player.onState(d)
              : () => {
                  player.deliveries += 1;
                };
        resolve();
      };
      player.send({ t: 'join', room: player.room, game, watch });
    });
    return player;
  }

  get bytesIn(): number {
    return this.socket.bytesIn;
  }
  get bytesOut(): number {
    return this.socket.bytesOut;
  }
  steer(to: Steer): void {
    this.send({ t: 'input', ...to });
  }
  move(cell: number): Promise<void> {
    const { k, confirmed } = this.pendingMoves.add();
    this.send({ t: 'move', cell, k });
    return confirmed;
  }
  board(): Promise<Board> {
    return Promise.resolve(this.localBoard);
  }
  close(): void {
    this.socket.close();
  }

  private send(message: object): void {
    this.socket.sendText(JSON.stringify(message));
  }

  private onMoved(data: Buffer): void {
    const said = JSON.parse(data.toString()) as ServerMessage;
    if (said.t !== 'moved') return;
    this.deliveries += 1;
    play(this.localBoard, said.seat, said);
    if (said.seat === this.seat) this.pendingMoves.confirm(said.k);
  }
  private onState(data: Buffer): void {
    const said = JSON.parse(data.toString()) as ServerMessage;
    if (said.t !== 'state') return;
    this.deliveries += 1;
    this.arenaObserver.record(said.state.tick, said.state.crafts, performance.now(), said.state.fuel);
  }
}

import type { Craft, Steer } from '../work/arena.ts';
import { emptyBoard, play, type Board } from '../work/moves.ts';
import { Echoes, Player, type Seat } from './player.ts';
import { WebSocketLine } from './web-socket.ts';

type Heard = { t: 'joined'; seat: number } | { t: 'state'; state: { tick: number; crafts: Craft[]; fuel?: number } } | { t: 'moved'; seat: number; cell: number; k: number };

/** A player of the raw `ws` server. */
export class WsPlayer extends Player {
  private seat = -1;
  private readonly known: Board = emptyBoard();
  private readonly echoes = new Echoes();

  private constructor(private readonly socket: WebSocketLine, readonly room: string) { super(); }

  static async sitDown({ tag, urls, node, room, game, watch, witness, address }: Seat): Promise<Player> {
    const socket = await WebSocketLine.open(`${urls[Number(node)]!.replace(/^http/, 'ws')}/`, { 'x-forwarded-for': address });
    const player = new WsPlayer(socket, `${tag}-${room}`);
    await new Promise<void>(resolve => {
      socket.onMessage = data => {
        const said = JSON.parse(data.toString()) as Heard;
        if (said.t !== 'joined') return;
        player.seat = said.seat;
        socket.onMessage = game === 'moves' ? d => player.moved(d) : witness ? d => player.witnessed(d) : () => { player.deliveries += 1; };
        resolve();
      };
      player.say({ t: 'join', room: player.room, game, watch });
    });
    return player;
  }

  get bytesIn(): number { return this.socket.bytesIn; }
  get bytesOut(): number { return this.socket.bytesOut; }
  steer(to: Steer): void { this.say({ t: 'input', ...to }); }
  move(cell: number): Promise<void> {
    const { k, heard } = this.echoes.wait();
    this.say({ t: 'move', cell, k });
    return heard;
  }
  board(): Promise<Board> { return Promise.resolve(this.known); }
  close(): void { this.socket.close(); }

  private say(message: object): void { this.socket.sendText(JSON.stringify(message)); }

  private moved(data: Buffer): void {
    const said = JSON.parse(data.toString()) as Heard;
    if (said.t !== 'moved') return;
    this.deliveries += 1;
    play(this.known, said.seat, said);
    if (said.seat === this.seat) this.echoes.heard(said.k);
  }
  private witnessed(data: Buffer): void {
    const said = JSON.parse(data.toString()) as Heard;
    if (said.t !== 'state') return;
    this.deliveries += 1;
    this.seen.take(said.state.tick, said.state.crafts, performance.now(), said.state.fuel);
  }
}

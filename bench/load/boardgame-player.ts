import type { Steer } from '../work/arena.ts';
import { emptyBoard, type Board } from '../work/moves.ts';
import { Echoes, Player, type Seat } from './player.ts';
import { readEvent, SocketIoLine } from './socket-io-line.ts';

interface State { G: Board; _stateID: number }

/** A player of boardgame.io's server, which sends the whole state with each move. */
export class BoardgamePlayer extends Player {
  private state: State = { G: emptyBoard(), _stateID: 0 };
  private synced = () => {};
  private readonly echoes = new Echoes();

  private constructor(private readonly line: SocketIoLine, readonly room: string, private readonly seat: number) { super(); }

  static async sitDown({ tag, urls, node, room, index, address }: Seat): Promise<Player> {
    const line = await SocketIoLine.open(urls[Number(node)]!, { headers: { 'x-forwarded-for': address }, namespace: '/moves' });
    const player = new BoardgamePlayer(line, `${tag}-${room}`, index);
    const synced = new Promise<void>(resolve => { player.synced = resolve; });
    line.onEvent = (packet, json) => player.heard(packet, json);
    line.emit('sync', player.room, String(index), undefined, 4);
    await synced;
    return player;
  }

  get bytesIn(): number { return this.line.socket.bytesIn; }
  get bytesOut(): number { return this.line.socket.bytesOut; }
  steer(_to: Steer): void { throw new Error('boardgame.io has no real time'); }
  move(cell: number): Promise<void> {
    const { k, heard } = this.echoes.wait();
    const action = { type: 'MAKE_MOVE', payload: { type: 'move', args: [{ cell, k }], playerID: String(this.seat), credentials: undefined } };
    this.line.emit('update', action, this.state._stateID, this.room, String(this.seat));
    return heard;
  }
  board(): Promise<Board> { return Promise.resolve(this.state.G); }
  close(): void { this.line.socket.close(); }

  private heard(packet: Buffer, json: number): void {
    const [name, , said] = readEvent(packet, json) as ['sync', string, { state: State }] | ['update', string, State] | ['matchData', string, never];
    if (name === 'sync') {
      this.state = said.state;
      this.synced();
    } else if (name === 'update') {
      this.deliveries += 1;
      this.state = said;
      this.echoes.heard(said.G.last[this.seat]!);
    }
  }
}

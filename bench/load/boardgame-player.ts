import type { Steer } from '../work/arena.ts';
import { emptyBoard, type Board } from '../work/moves.ts';
import { PendingMoves, Player, type Seat } from './player.ts';
import { readEvent, SocketIoConnection } from './socket-io-connection.ts';

interface State {
  G: Board;
  _stateID: number;
}

/** A player of boardgame.io's server, which sends the whole state with each move. */
export class BoardgamePlayer extends Player {
  private state: State = { G: emptyBoard(), _stateID: 0 };
  private synced = () => {};
  private readonly pendingMoves = new PendingMoves();

  private constructor(
    private readonly connection: SocketIoConnection,
    readonly room: string,
    private readonly seat: number,
  ) {
    super();
  }

  static async sitDown({ tag, urls, node, room, index, address }: Seat): Promise<Player> {
    const line = await SocketIoConnection.open(urls[Number(node)]!, {
      headers: { 'x-forwarded-for': address },
      namespace: '/moves',
    });
    const player = new BoardgamePlayer(line, `${tag}-${room}`, index);
    const synced = new Promise<void>(resolve => {
      player.synced = resolve;
    });
    line.onEvent = (packet, json) => player.onEvent(packet, json);
    line.emit('sync', player.room, String(index), undefined, 4);
    await synced;
    return player;
  }

  get bytesIn(): number {
    return this.connection.socket.bytesIn;
  }
  get bytesOut(): number {
    return this.connection.socket.bytesOut;
  }
  steer(_to: Steer): void {
    throw new Error('boardgame.io has no real time');
  }
  move(cell: number): Promise<void> {
    const { k, confirmed } = this.pendingMoves.add();
    const action = {
      type: 'MAKE_MOVE',
      payload: { type: 'move', args: [{ cell, k }], playerID: String(this.seat), credentials: undefined },
    };
    this.connection.emit('update', action, this.state._stateID, this.room, String(this.seat));
    return confirmed;
  }
  board(): Promise<Board> {
    return Promise.resolve(this.state.G);
  }
  close(): void {
    this.connection.socket.close();
  }

  private onEvent(packet: Buffer, json: number): void {
    const [name, , said] = readEvent(packet, json) as
      | ['sync', string, { state: State }]
      | ['update', string, State]
      | ['matchData', string, never];
    if (name === 'sync') {
      this.state = said.state;
      this.synced();
    } else if (name === 'update') {
      this.deliveries += 1;
      this.state = said;
      this.pendingMoves.confirm(said.G.last[this.seat]!);
    }
  }
}

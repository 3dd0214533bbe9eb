import type { GameDescription, GamesReply } from '../../shared/dev-protocol.ts';
import { Cell } from '../common/cell.ts';
import { contractOf } from './contract-of.ts';
import { ownStorage, Pane } from './pane.ts';
import { RoomPoller } from './room-poller.ts';
import type { Setup } from './setup.ts';

const names = ['Ann', 'Bob', 'Cid', 'Dee', 'Eve', 'Fay', 'Gus', 'Hal', 'Ida', 'Jon', 'Kim', 'Lea'];

/** A room and its clients. */
export class Workbench {
  readonly panes = new Cell<readonly Pane[]>([]);
  readonly poller = new Cell<RoomPoller | null>(null);
  private paneCount = 0;
  private isClosed = false;
  /** Changes when the game's declaration was reloaded. */
  readonly game: Cell<GameDescription>;

  constructor(
    readonly setup: Setup,
    game: GameDescription,
    private readonly sockets: GamesReply['sockets'],
  ) {
    this.game = new Cell(game);
    for (let i = 0; i < setup.seats; i++) this.addPane(false);
    if (setup.spectator) this.addPane(true);
    void this.open();
  }

  private addPane(watch: boolean): Pane {
    const index = this.paneCount++;
    const name = watch ? 'Spectator' : (names[index] ?? `Player ${index + 1}`);
    const pane = new Pane({
      index,
      name,
      watch,
      game: this.game.value,
      contract: contractOf(this.game.value),
      sockets: this.sockets,
      token: this.setup.tokens[index],
      storage: ownStorage(),
    });
    this.panes.set([...this.panes.value, pane]);
    return pane;
  }

  /** The first client creates the room; the others join one by one, so that panes and seats have the same order. */
  private async open(): Promise<void> {
    const [first, ...others] = this.panes.value;
    await first!.create(this.setup);
    const room = first!.room.value;
    if (!room) return;
    if (!this.isClosed) this.poller.set(new RoomPoller(room.id));
    this.watchChanges(first!);
    for (const pane of others) {
      if (this.isClosed) return;
      await pane.join(room.id);
      this.watchChanges(pane);
    }
  }

  private watchChanges(pane: Pane): void {
    pane.room.value?.onChange(() => this.poller.value?.pollSoon());
  }

  get roomId(): string | null {
    return this.panes.value[0]?.room.value?.id ?? null;
  }

  /** Adds a client to the room. */
  async add(watch: boolean): Promise<void> {
    if (this.roomId !== null) await this.rejoin(this.addPane(watch));
  }

  /** A client that left or was refused tries again. */
  async rejoin(pane: Pane): Promise<void> {
    if (this.roomId === null) return;
    await pane.join(this.roomId);
    this.watchChanges(pane);
  }

  /**
   * Looks whether the game's declaration has changed with its rules. If so, all clients connect again as the same players,
   * with the new declaration.
   */
  async rulesReloaded(): Promise<void> {
    const reply = (await (await fetch('games.json')).json()) as GamesReply;
    const game = reply.games.find(({ name }) => name === this.setup.game);
    const room = this.roomId;
    if (!game || room === null || this.isClosed || JSON.stringify(game) === JSON.stringify(this.game.value)) return;
    this.game.set(game);
    const contract = contractOf(game);
    const panes = this.panes.value.map(pane => {
      pane.close();
      return new Pane({ ...pane.parts, game, contract });
    });
    this.panes.set(panes);
    for (const pane of panes) {
      await pane.join(room);
      this.watchChanges(pane);
    }
  }

  close(): void {
    this.isClosed = true;
    this.poller.value?.stop();
    for (const pane of this.panes.value) pane.close();
  }
}

import type { GameDescription, GamesReply } from '../../shared/dev.ts';
import { Cell } from '../cell.ts';
import { contractOf } from './contract-of.ts';
import { Pane } from './pane.ts';
import { RoomWatch } from './room-watch.ts';
import type { Setup } from './setup.ts';

const names = ['Ann', 'Bob', 'Cid', 'Dee', 'Eve', 'Fay', 'Gus', 'Hal', 'Ida', 'Jon', 'Kim', 'Lea'];

/** A room and its clients: what the author has in front of them. */
export class Bench {
  readonly panes = new Cell<readonly Pane[]>([]);
  readonly watch = new Cell<RoomWatch | null>(null);
  private made = 0;
  private over = false;
  private readonly contract;

  constructor(readonly setup: Setup, readonly game: GameDescription, private readonly sockets: GamesReply['sockets']) {
    this.contract = contractOf(game);
    for (let i = 0; i < setup.seats; i++) this.seat(false);
    if (setup.spectator) this.seat(true);
    void this.open();
  }

  private seat(watch: boolean): Pane {
    const index = this.made++;
    const name = watch ? 'Spectator' : names[index] ?? `Player ${index + 1}`;
    const pane = new Pane({ index, name, watch, game: this.game, contract: this.contract, sockets: this.sockets, token: this.setup.tokens[index] });
    this.panes.set([...this.panes.value, pane]);
    return pane;
  }

  /** The first makes the room; the others come one after the other, so that pane and seat are in the same order. */
  private async open(): Promise<void> {
    const [first, ...others] = this.panes.value;
    await first!.create(this.setup);
    const room = first!.room.value;
    if (!room) return;
    if (!this.over) this.watch.set(new RoomWatch(room.id));
    this.follow(first!);
    for (const pane of others) {
      if (this.over) return;
      await pane.join(room.id);
      this.follow(pane);
    }
  }

  private follow(pane: Pane): void { pane.room.value?.onChange(() => this.watch.value?.poke()); }

  get roomId(): string | null { return this.panes.value[0]?.room.value?.id ?? null; }

  /** One more client comes to the room. */
  async add(watch: boolean): Promise<void> {
    if (this.roomId !== null) await this.rejoin(this.seat(watch));
  }

  /** A client that has left, or was not let in, tries again. */
  async rejoin(pane: Pane): Promise<void> {
    if (this.roomId === null) return;
    await pane.join(this.roomId);
    this.follow(pane);
  }

  close(): void {
    this.over = true;
    this.watch.value?.stop();
    for (const pane of this.panes.value) pane.close();
  }
}

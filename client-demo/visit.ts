import { RoomRefused, type Room } from '../client/index.ts';
import type { ContractDef } from '../shared/contract.ts';
import { Cell } from './cell.ts';
import { findRoom, type Wish } from './find-room.ts';
import { games, gameOf } from './games/games.ts';
import type { TableGame } from './games/table-game.ts';
import type { Route } from './route.ts';
import type { Session } from './session.ts';

export type VisitState =
  | { at: 'door' }
  | { at: 'table'; room: Room }
  /** Not let in. */
  | { at: 'turned away'; code: string; detail?: string }
  /** Was at the table; the hold on it is over. */
  | { at: 'over'; room: Room; code: string };

/** One stay at a table, from the door to the leaving, with one seat or with both. */
export class Visit {
  readonly state = new Cell<VisitState>({ at: 'door' });
  /** The other seat, of who plays both. */
  readonly other = new Cell<Room | null>(null);
  private closed = false;

  constructor(private readonly session: Session, private wish: Wish) {}

  get room(): Room | null { return 'room' in this.state.value ? this.state.value.room : null; }
  get watching(): boolean { return 'watch' in this.wish && this.wish.watch; }
  /** The game that is played here; the first one where that is not known. */
  get game(): TableGame { return this.room ? gameOf(this.room) : 'game' in this.wish ? this.wish.game : games[0]!; }
  /** Another table of the same kind, with whoever is there. */
  get another(): Wish { return { how: 'quick', game: this.game, options: this.room?.info.options ?? ('options' in this.wish ? this.wish.options : {}) }; }
  get route(): (Route & { page: 'room' }) | null { return this.room && { page: 'room', id: this.room.id, watch: this.watching }; }

  /** Whether an address means this visit. */
  isAt(route: Route): boolean {
    if (this.closed) return false;
    if (route.page === 'room' && this.room) return this.room.id === route.id && this.watching === route.watch;
    if (route.page === 'room') return this.wish.how === 'room' && this.wish.id === route.id && this.wish.watch === route.watch;
    return route.page === 'code' && this.wish.how === 'code' && this.wish.code === route.code;
  }

  /** Goes in. Never throws: what became of it is in the state. */
  async enter(): Promise<void> {
    this.state.set({ at: 'door' });
    try {
      const room = await findRoom(this.session.client, this.wish, { colour: this.session.colour.value });
      if (this.closed) return room.close();
      this.take(room);
      if (!this.watching && this.session.seats.both === room.id) await this.takeOtherSeat();
    } catch (error) {
      if (!(error instanceof RoomRefused)) throw error;
      if (!this.closed) this.state.set({ at: 'turned away', code: error.code, ...(error.detail === undefined ? {} : { detail: error.detail }) });
    }
  }

  private take(room: Room): void {
    this.session.seats.forget();
    this.state.set({ at: 'table', room });
    let told: boolean | null = null;
    const tell = () => {
      const open = isOpen(room, gameOf(room).contract.def);
      if (open !== told) this.session.windows.tell({ room: { id: room.id, code: room.code, open: told = open } });
    };
    tell();
    room.onChange(tell);
    room.onEnd(({ code }) => {
      if (code !== 'left') this.state.set({ at: 'over', room, code });
      this.session.windows.tell({ room: null });
    });
  }

  /** Sits down opposite oneself. */
  async takeOtherSeat(): Promise<void> {
    const { room } = this;
    if (!room) return;
    try {
      const other = await this.session.otherHand.join(gameOf(room).contract, { id: room.id });
      if (this.closed || room.ended) return other.close();
      this.session.seats.both = room.id;
      this.other.set(other);
      other.onEnd(() => this.other.set(null));
    } catch (error) {
      if (!(error instanceof RoomRefused)) throw error;
      this.session.toaster.say('The other seat has been taken.');
    }
  }

  /** Not let in to play: then to watch. */
  async watchInstead(): Promise<void> {
    if ('watch' in this.wish) this.wish = { ...this.wish, watch: true };
    await this.enter();
  }

  /** Takes the seat back into this window. */
  async again(): Promise<void> {
    if (this.room) this.wish = { how: 'room', id: this.room.id, watch: this.watching };
    await this.enter();
  }

  /** Gives the seat up. */
  async leave(): Promise<void> {
    this.closed = true;
    const { room } = this;
    this.session.seats.both = null;
    this.session.seats.forget();
    await Promise.all([this.other.value?.leave(), room?.leave()]);
  }

  /** Turns away without giving the seat up. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { room } = this;
    if (!room || room.ended) return;
    if (!this.watching && room.info.phase !== 'ended') this.session.seats.keep({ id: room.id, code: room.code, until: Date.now() + gameOf(room).hold });
    this.other.value?.close();
    room.close();
  }
}

/** Whether somebody else may sit down here now. */
const isOpen = ({ info }: Room, { late }: ContractDef): boolean => info.seats.includes(null) && (info.phase === 'waiting' || (late === true && info.phase === 'playing'));

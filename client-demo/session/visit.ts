import { RoomError, type Client, type Room } from '../../client/index.ts';
import type { ContractDef } from '../../shared/contract.ts';
import { Cell } from '../common/cell.ts';
import type { Color } from '../common/colors.ts';
import { findRoom, type RoomRequest } from './find-room.ts';
import { games, gameOf } from '../games/games.ts';
import type { TableGame } from '../games/common/table-game.ts';
import type { Route } from './route.ts';
import type { SeatMemory } from './seat-memory.ts';
import type { Toaster } from '../status/toaster.ts';
import type { Windows } from './windows.ts';

export type VisitState =
  | { at: 'door' }
  | { at: 'table'; room: Room }
  /** Not admitted. */
  | { at: 'turned away'; code: string; detail?: string }
  /** The hold on the room ended. */
  | { at: 'over'; room: Room; code: string };

/** What a visit needs of the page. */
export interface VisitHost {
  readonly client: Client;
  readonly otherHand: Client;
  readonly color: Cell<Color>;
  readonly seats: SeatMemory;
  readonly windows: Windows;
  readonly toaster: Toaster;
}

/** One stay in a room, from entering to leaving, with one seat or both. */
export class Visit {
  readonly state = new Cell<VisitState>({ at: 'door' });
  /** The second seat, if the visitor plays both. */
  readonly other = new Cell<Room | null>(null);
  private isClosed = false;

  constructor(
    private readonly session: VisitHost,
    private request: RoomRequest,
  ) {}

  get room(): Room | null {
    return 'room' in this.state.value ? this.state.value.room : null;
  }
  get watching(): boolean {
    return 'watch' in this.request && this.request.watch;
  }
  /** The game that is played here; the first one where that is not known. */
  get game(): TableGame {
    return this.room ? gameOf(this.room) : 'game' in this.request ? this.request.game : games[0]!;
  }
  /** Request for another room of the same kind, with any players. */
  get nextRequest(): RoomRequest {
    return {
      how: 'quick',
      game: this.game,
      options: this.room?.info.options ?? ('options' in this.request ? this.request.options : {}),
    };
  }
  get route(): (Route & { page: 'room' }) | null {
    return this.room && { page: 'room', id: this.room.id, watch: this.watching };
  }

  /** Whether a route means this visit. */
  isAt(route: Route): boolean {
    if (this.isClosed) return false;
    if (route.page === 'room' && this.room) return this.room.id === route.id && this.watching === route.watch;
    if (route.page === 'room')
      return this.request.how === 'room' && this.request.id === route.id && this.request.watch === route.watch;
    return route.page === 'code' && this.request.how === 'code' && this.request.code === route.code;
  }

  /** Enters the room. Never throws; the result is in `state`. */
  async enter(): Promise<void> {
    this.state.set({ at: 'door' });
    try {
      const room = await findRoom(this.session.client, this.request, { colour: this.session.color.value });
      if (this.isClosed) return room.close();
      this.attachRoom(room);
      if (!this.watching && this.session.seats.both === room.id) await this.takeOtherSeat();
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      if (!this.isClosed)
        this.state.set({
          at: 'turned away',
          code: error.code,
          ...(error.detail === undefined ? {} : { detail: error.detail }),
        });
    }
  }

  private attachRoom(room: Room): void {
    this.session.seats.forget();
    this.state.set({ at: 'table', room });
    let told: boolean | null = null;
    const tell = () => {
      const open = hasOpenSeat(room, gameOf(room).contract.def);
      if (open !== told) this.session.windows.announce({ room: { id: room.id, code: room.code, open: (told = open) } });
    };
    tell();
    room.onChange(tell);
    room.onEnd(({ code }) => {
      if (code !== 'left') this.state.set({ at: 'over', room, code });
      this.session.windows.announce({ room: null });
    });
  }

  /** Sits down opposite oneself. */
  async takeOtherSeat(): Promise<void> {
    const { room } = this;
    if (!room) return;
    try {
      const other = await this.session.otherHand.join(gameOf(room).contract, { id: room.id });
      if (this.isClosed || room.ended) return other.close();
      this.session.seats.both = room.id;
      this.other.set(other);
      other.onEnd(() => this.other.set(null));
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.session.toaster.show('The other seat has been taken.');
    }
  }

  /** Watches the room after it refused a seat. */
  async watchInstead(): Promise<void> {
    if ('watch' in this.request) this.request = { ...this.request, watch: true };
    await this.enter();
  }

  /** Takes the seat back into this window. */
  async reenter(): Promise<void> {
    if (this.room) this.request = { how: 'room', id: this.room.id, watch: this.watching };
    await this.enter();
  }

  /** Gives the seat up. */
  async leave(): Promise<void> {
    this.isClosed = true;
    const { room } = this;
    this.session.seats.both = null;
    this.session.seats.forget();
    await Promise.all([this.other.value?.leave(), room?.leave()]);
  }

  /** Ends the visit without giving the seat up. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { room } = this;
    if (!room || room.ended) return;
    if (!this.watching && room.info.phase !== 'ended')
      this.session.seats.keep({ id: room.id, code: room.code, until: Date.now() + gameOf(room).hold });
    this.other.value?.close();
    room.close();
  }
}

/** Whether somebody else may sit down here now. */
const hasOpenSeat = ({ info }: Room, { late }: ContractDef): boolean =>
  info.seats.includes(null) && (info.phase === 'waiting' || (late === true && info.phase === 'playing'));

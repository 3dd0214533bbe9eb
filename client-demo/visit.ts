import { RoomRefused, type Room } from '../client/index.ts';
import { Cell } from './cell.ts';
import { games, gameOf } from './games/games.ts';
import type { Route } from './route.ts';
import type { Session } from './session.ts';

/** How somebody wants to get to a table. */
export type Wish =
  | { how: 'quick' }
  | { how: 'private' }
  /** A table for one who plays both seats. */
  | { how: 'both' }
  | { how: 'room'; id: string; watch: boolean }
  | { how: 'code'; code: string };

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
  get watching(): boolean { return this.wish.how === 'room' && this.wish.watch; }
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
      const room = await this.find();
      if (this.closed) return room.close();
      this.take(room);
      if (this.wish.how === 'both' || (!this.watching && this.session.seats.both === room.id)) await this.takeOtherSeat();
    } catch (error) {
      if (!(error instanceof RoomRefused)) throw error;
      if (!this.closed) this.state.set({ at: 'turned away', code: error.code, ...(error.detail === undefined ? {} : { detail: error.detail }) });
    }
  }

  private take(room: Room): void {
    this.session.seats.forget();
    this.state.set({ at: 'table', room });
    const tell = () => this.session.windows.tell({ room: { id: room.id, code: room.code, open: room.info.phase === 'waiting' } });
    tell();
    room.onChange(tell);
    room.onEnd(({ code }) => {
      if (code !== 'left') this.state.set({ at: 'over', room, code });
      this.session.windows.tell({ room: null });
    });
  }

  private find(): Promise<Room> {
    const { client } = this.session;
    const { contract } = games[0]!;
    switch (this.wish.how) {
      case 'quick': return client.quick(contract);
      case 'private': case 'both': return client.create(contract, { private: true });
      case 'code': {
        const { code } = this.wish;
        return whicheverGame(game => client.join(game.contract, { code }));
      }
      case 'room': {
        const { id, watch } = this.wish;
        return whicheverGame(game => (watch ? client.watch(game.contract, { id }) : client.join(game.contract, { id })));
      }
    }
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
    const { wish } = this;
    if (wish.how === 'room') this.wish = { ...wish, watch: true };
    if (wish.how === 'code') {
      const { code } = wish;
      this.state.set({ at: 'door' });
      const room = await whicheverGame(game => this.session.client.watch(game.contract, { code })).catch((error: unknown) => {
        if (!(error instanceof RoomRefused)) throw error;
        this.state.set({ at: 'turned away', code: error.code });
        return null;
      });
      if (!room) return;
      this.wish = { how: 'room', id: room.id, watch: true };
      return this.take(room);
    }
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

/** A link does not say which game is played behind it. */
async function whicheverGame(enter: (game: (typeof games)[number]) => Promise<Room>): Promise<Room> {
  for (const game of games.slice(0, -1)) {
    try {
      return await enter(game);
    } catch (error) {
      if (!(error instanceof RoomRefused) || error.code !== 'wrong-game') throw error;
    }
  }
  return enter(games.at(-1)!);
}

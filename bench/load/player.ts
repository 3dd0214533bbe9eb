import type { ArenaGame, Craft, Steer } from '../work/arena.ts';
import type { Board } from '../work/moves.ts';

/** What is played: one of the kinds of the game in real time, or moves; or people come and go, and play nothing. */
export type Game = ArenaGame | 'moves' | 'lobby';

/** Where and as whom a player sits down. */
export interface Seat {
  game: Game;
  /** Of all nodes. */
  urls: readonly string[];
  /** In the names of rooms: a server that has played before is given others. */
  tag: string;
  /** Which of them; `owner`: the one that runs the room. */
  node: number | 'owner';
  /** The how-many-th room it is; what the room is called, once its first player has opened it. */
  room: number;
  name: string | null;
  /** Comes first (0) or later. */
  index: number;
  /** Only looks on. */
  watch: boolean;
  /** Where the player comes from, as a proxy would say. */
  address: string;
  /** Reads each delivery of an arena, and keeps account; the others only count them. */
  witness: boolean;
  /** What differs between variants of a contestant. */
  variant: string | null;
}

/** What a player has been sent, and what came with it. */
export abstract class Player {
  abstract readonly room: string;
  /** Frames that say what has changed in the game. */
  deliveries = 0;
  /** How often the server asked for patience: its limit for one player was reached. */
  slowed = 0;
  /** A witness's account of an arena. */
  readonly arenaObserver = new ArenaObserver();
  abstract get bytesIn(): number;
  abstract get bytesOut(): number;
  abstract steer(to: Steer): void;
  /** Moves, and resolves when it has heard that the move counts. @throws when the server says no */
  abstract move(cell: number): Promise<void>;
  /** The board as this player knows it. */
  abstract board(): Promise<Pick<Board, 'total' | 'last'>>;
  /** Whether it is connected to the node that runs its room. */
  isOnOwnerNode(): Promise<boolean> {
    return Promise.resolve(true);
  }
  abstract close(): void;
}

/** How players of a contestant are made. */
export type Dialect = (seat: Seat) => Promise<Player>;

/** What somebody saw who looked at each delivery of an arena: whether every tick came, and all moved in it. */
export class ArenaObserver {
  readonly arrivals: number[] = [];
  /** Ticks that never came, and deliveries in which not all craft had moved. */
  missed = 0;
  unmoved = 0;
  crafts: Craft[] = [];
  private tick: number | null = null;
  private fuel: number | undefined;

  /**
   * @param crafts by seat; kept, so it has to be the caller's no more.
   * @param fuel what only this player sees, where there is such a thing
   */
  record(tick: number, crafts: Craft[], at: number, fuel?: number): void {
    this.arrivals.push(at);
    if (this.tick !== null) this.missed += Math.abs(tick - this.tick - 1);
    this.tick = tick;
    const moved = crafts.filter((craft, i) => craft.heading !== this.crafts[i]?.heading).length;
    if (this.crafts.length === crafts.length && (moved < crafts.length || (fuel !== undefined && fuel === this.fuel)))
      this.unmoved += 1;
    this.fuel = fuel;
    this.crafts = crafts;
  }

  /** Begins a new account, from here on. */
  reset(): void {
    this.arrivals.length = 0;
    this.missed = 0;
    this.unmoved = 0;
  }
}

/** Moves that wait for their echo, by their number. */
export class PendingMoves {
  private readonly waiting = new Map<number, () => void>();
  sent = 0;
  add(): { k: number; confirmed: Promise<void> } {
    const k = ++this.sent;
    return { k, confirmed: new Promise(resolve => this.waiting.set(k, resolve)) };
  }
  confirm(k: number): void {
    const resolve = this.waiting.get(k);
    this.waiting.delete(k);
    resolve?.();
  }
}

import type { ComponentChildren, ComponentType } from 'preact';
import type { Room, RoomLike, WireEvent } from '../../../client/index.ts';
import type { Contract } from '../../../shared/contract.ts';
import type { Play } from '../../sound/sounds.ts';
import type { JsonObject } from '../../../shared/json.ts';

/** What a game's part of the page is given. */
export interface TableProps {
  /**
   * The seat that is played, or the spectator's place, also at a recorded match. With both seats it is the one whose
   * turn it is.
   */
  room: RoomLike;
  /** Tells that somebody waits for the verdict on a move; call what it returns when it is there. */
  startRequest(): () => void;
  /** Says something briefly to the visitor. */
  showToast(text: string): void;
  /**
   * A seat's name with its colour, its marks, its time and what it says just now: for games that draw the players
   * themselves.
   */
  tag(seat: number): ComponentChildren;
}

/** A way to play a game: how long it takes, above all. The first is what one gets without choosing. */
export interface Variant {
  name: string;
  note: string;
  options: JsonObject;
}

/** What kind of thing happened: a move, a blow, somebody out of play, a decision, a new round. */
export type ReplayEventKind = 'move' | 'blow' | 'out' | 'call' | 'round';
/** Something in a recorded match that is worth a mark, or a step of its own. */
export interface ReplayEvent {
  kind: ReplayEventKind;
  /** Whose doing it was, or whose loss; null: nobody's. */
  seat: number | null;
  /** In a few words. Null where `lastMove` says it. */
  text: string | null;
}

/** How a recorded match is gone through. */
export interface ReplayGuide {
  /** Move by move, each shown so long (ms) at the speed of one; or as time went by, and a step is so many ms. */
  pacing:
    | { by: 'moves'; dwell: Readonly<Record<ReplayEventKind, number>> }
    | { by: 'time'; step: number; tick(state: unknown): number };
  /** What happened in one frame of it, which led from the state `before` to `state`. */
  eventsOf(frame: {
    state: unknown;
    before: unknown;
    names: readonly string[];
    events: readonly WireEvent[];
  }): ReplayEvent[];
}

/** A game as the page knows it. Whatever all games have in common (seats, invitations, results) is in room/. */
export interface TableGame {
  contract: Contract;
  title: string;
  /** What one does in it, in one line. */
  pitch: string;
  variants: readonly Variant[];
  /** How many bots a lone visitor plays against. */
  bots: number;
  /** What whoever's turn it is does now; null in games without turns, or that say it themselves. */
  howTo: string | null;
  /** It draws the players in its own scene, by `tag`: the page puts no seats around it. */
  ownSeats: boolean;
  /** It shows the final standings in its own scene. */
  ownStandings: boolean;
  /** For how long (ms) a seat is kept for somebody who is away. */
  hold: number;
  replayGuide: ReplayGuide;
  Table: ComponentType<TableProps>;
  /** A picture of it, for the home page. Decoration: it has no name and takes no clicks. */
  Picture: ComponentType;
  /** Seat whose turn it is, or null. */
  turn(room: RoomLike): number | null;
  /** The clock that runs against whoever's turn it is, ms. */
  clock(room: RoomLike): { left: number; total: number } | null;
  /** How the match was decided, in a few words. */
  ending(room: RoomLike): string;
  /** Plays what is heard of the game itself as it happens. @returns what ends it */
  sounds(room: Room, play: Play): () => void;
  /** What a listener has to hear about the last move. */
  lastMove(room: RoomLike): string;
}

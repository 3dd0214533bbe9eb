import type { ComponentChildren, ComponentType } from 'preact';
import type { Room, RoomLike, WireEvent } from '../../../client/index.ts';
import type { Contract } from '../../../shared/contract.ts';
import type { Play } from '../../sound/sounds.ts';
import type { JsonObject } from '../../../shared/json.ts';

/** Properties of a game's table component. */
export interface TableProps {
  /** The room, live or recorded. With both seats it is that of the seat whose turn it is. */
  room: RoomLike;
  /** Call when a move is sent; call the result when its verdict arrives. */
  startRequest(): () => void;
  /** Shows a short message to the visitor. */
  showToast(text: string): void;
  /** A seat's name with color, marks, time and emote, for games that draw the players themselves. */
  tag(seat: number): ComponentChildren;
}

/** A set of options of a game. The first is the default. */
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
  /** Index of the seat that caused or suffered it; null: none. */
  seat: number | null;
  /** A short text. Null if `lastMove` describes it. */
  text: string | null;
}

/** How a recorded match is divided into steps. */
export interface ReplayGuide {
  /** Move by move, each shown so long (ms) at the speed of one; or as time went by, and a step is so many ms. */
  pacing:
    | { by: 'moves'; dwell: Readonly<Record<ReplayEventKind, number>> }
    | { by: 'time'; step: number; tick(state: unknown): number };
  /** Events of one frame, which led from the state `before` to `state`. */
  eventsOf(frame: {
    state: unknown;
    before: unknown;
    names: readonly string[];
    events: readonly WireEvent[];
  }): ReplayEvent[];
}

/** A game as the page knows it. What all games share (seats, invitations, results) is in room/. */
export interface TableGame {
  contract: Contract;
  title: string;
  /** What one does in it, in one line. */
  pitch: string;
  variants: readonly Variant[];
  /** How many bots a lone visitor plays against. */
  bots: number;
  /** What the player whose turn it is does now; null if the game has no turns or shows it itself. */
  howTo: string | null;
  /** It draws the players in its own scene, by `tag`: the page puts no seats around it. */
  ownSeats: boolean;
  /** It shows the final standings in its own scene. */
  ownStandings: boolean;
  /** How long (ms) the seat of a disconnected player is held. */
  hold: number;
  replayGuide: ReplayGuide;
  Table: ComponentType<TableProps>;
  /** A picture of it, for the home page. Decoration: it has no name and takes no clicks. */
  Picture: ComponentType;
  /** Seat whose turn it is, or null. */
  turn(room: RoomLike): number | null;
  /** Remaining and total time (ms) of the player whose turn it is. */
  clock(room: RoomLike): { left: number; total: number } | null;
  /** How the match was decided, in a few words. */
  ending(room: RoomLike): string;
  /** Plays the game's sounds as events arrive. @returns a function that ends it */
  sounds(room: Room, play: Play): () => void;
  /** Text of the last move for screen readers. */
  lastMove(room: RoomLike): string;
}

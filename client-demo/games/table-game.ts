import type { ComponentType } from 'preact';
import type { Room } from '../../client/index.ts';
import type { Contract } from '../../shared/contract.ts';

/** What a game's part of the page is given. */
export interface TableProps {
  /** The seat that is played, or the spectator's place. With both seats it is the one whose turn it is. */
  room: Room;
  /** Tells that somebody waits for the verdict on a move; call what it returns when it is there. */
  waiting(): () => void;
  /** Says something briefly to the visitor. */
  say(text: string): void;
}

/** A game as the page knows it. Whatever all games have in common (seats, invitations, results) is in room/. */
export interface TableGame {
  contract: Contract;
  title: string;
  /** For how long (ms) a seat is kept for somebody who is away. */
  hold: number;
  Table: ComponentType<TableProps>;
  /** Seat whose turn it is, or null. */
  turn(room: Room): number | null;
  /** The clock that runs against whoever's turn it is, ms. */
  clock(room: Room): { left: number; total: number } | null;
  /** How the match was decided, in a few words. */
  ending(room: Room): string;
  /** What a listener has to hear about the last move. */
  lastMove(room: Room): string;
}

import type { AnyGame } from '../../../shared/contract.ts';
import type { RoomDocument } from './document.ts';
import type { RoomEvent } from './rule-context.ts';

/** What a step of a command works on. It is undone entirely if the step throws. */
export interface RoomTransaction {
  game: AnyGame;
  doc: RoomDocument;
  events: RoomEvent[];
  now: number;
  /** Called before each rule. */
  beforeRule(rule: 'setup' | 'joined' | 'profile'): void;
  /** Whether a player who is not marked as away is known to be connected. */
  isConnected(player: string): boolean;
}

import { suits } from '../game/cards.ts';
import type { Table } from './session.ts';

export const title = 'Six Tricks';
export const tagline = 'Two to four players, six cards each. Follow suit, and win the most tricks.';

/** Whether the game waits for this seat. */
export const isActive = (table: Table, seat: number): boolean => table.state?.turn === seat;

/** Below a player's name. */
export function noteOf(table: Table, seat: number): string {
  const won = table.state?.won[seat] ?? 0;
  return `${won} ${won === 1 ? 'trick' : 'tricks'}`;
}

/** What happens now. */
export function statusOf(table: Table): string {
  const { state, info, seat } = table;
  if (!state) return '';
  const name = (i: number) => (i === seat ? 'You' : (info.seats[i]?.name ?? 'Somebody'));
  if (state.turn !== seat) return `${name(state.turn)} is thinking`;
  if (state.trick.length === 0) return 'Your turn: lead any card';
  return 'Your turn';
}

export const trumpText = (table: Table): string => `Trumps: ${suits[table.state?.trump ?? 0]!}`;

/** Why a move was refused. */
export function explain(code: string): string {
  if (code === 'not-your-turn') return 'It is not your turn.';
  if (code === 'follow-suit') return 'Follow the suit that was led.';
  return `Refused: ${code}`;
}

import { gemsToWin } from '../game/contract.ts';
import type { Table } from './session.ts';

export const title = 'Gem Rush';
export const tagline = `Everybody runs at once. The first with ${gemsToWin} gems wins.`;

/** Everybody plays at the same time. */
export const isActive = (table: Table, seat: number): boolean => table.seat === seat;

/** Below a player's name. */
export const noteOf = (table: Table, seat: number): string =>
  `${table.state?.runners[seat]?.gems ?? 0} of ${gemsToWin} gems`;

/** What happens now. */
export const statusOf = (table: Table): string =>
  table.seat === null ? 'You are watching' : 'Arrow keys, or drag on the field';

/** Why an action was refused. */
export const explain = (code: string): string => `Refused: ${code}`;

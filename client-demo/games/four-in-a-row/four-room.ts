import type { Room } from '../../../client/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';

export type FourRoom = Room<DefOf<typeof fourInARow>>;
/** A room of this game, for code that holds rooms of any. */
export const asFour = (room: Room): FourRoom => room as unknown as FourRoom;

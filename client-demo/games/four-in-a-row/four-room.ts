import type { RoomLike } from '../../../client/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';

export type FourRoom = RoomLike<DefOf<typeof fourInARow>>;
/** A room of this game, for code that holds rooms of any. */
export const asFour = (room: RoomLike): FourRoom => room as unknown as FourRoom;

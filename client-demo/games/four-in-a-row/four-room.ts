import type { RoomLike } from '../../../client/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';

export type FourRoom = RoomLike<DefOf<typeof fourInARow>>;
/** Narrows a room of any game to this game. */
export const asFour = (room: RoomLike): FourRoom => room as unknown as FourRoom;

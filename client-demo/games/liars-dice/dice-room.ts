import type { RoomLike } from '../../../client/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { liarsDice } from '../../../shared/games/liars-dice/contract.ts';

export type DiceRoom = RoomLike<DefOf<typeof liarsDice>>;
/** Narrows a room of any game to this game. */
export const asDice = (room: RoomLike): DiceRoom => room as unknown as DiceRoom;

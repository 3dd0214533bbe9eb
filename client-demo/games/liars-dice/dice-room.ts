import type { Room } from '../../../client/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { liarsDice } from '../../../shared/games/liars-dice/contract.ts';

export type DiceRoom = Room<DefOf<typeof liarsDice>>;
/** A room of this game, for code that holds rooms of any. */
export const asDice = (room: Room): DiceRoom => room as unknown as DiceRoom;

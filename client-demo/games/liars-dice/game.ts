import type { Contract } from '../../../shared/contract.ts';
import { liarsDice } from '../../../shared/games/liars-dice/contract.ts';
import type { TableGame } from '../table-game.ts';
import { asDice } from './dice-room.ts';
import { DiceTable } from './dice-table.tsx';
import { diceInWords, lastInWords } from './words.ts';

export const liarsDiceTable: TableGame = {
  contract: liarsDice as unknown as Contract,
  title: 'Liar’s Dice',
  hold: liarsDice.def.away.hold,
  Table: DiceTable,
  turn(room) {
    const { state, info } = asDice(room);
    return info.phase === 'playing' && state?.stage === 'bidding' ? state.turn : null;
  },
  clock(room) {
    const total = asDice(room).info.options.turnSeconds * 1000;
    const left = asDice(room).clock('turn');
    return total > 0 && left !== null ? { left, total } : null;
  },
  ending(room) {
    const { state, info } = asDice(room);
    const winner = info.result?.ranking[0]?.[0];
    if (!state || winner === undefined) return '';
    if (state.left !== null && state.left === state.fallen.at(-1)) return `${info.seats[state.left]?.name ?? 'The last of the others'} has left.`;
    return `With ${diceInWords(state.dice[winner]!)} to spare.`;
  },
  lastMove(room) {
    const { state, info, seat } = asDice(room);
    return state ? lastInWords({ seat, names: info.seats.map((s, i) => s?.name ?? `Seat ${i + 1}`) }, state) : '';
  },
};

import type { Contract } from '../../../shared/contract.ts';
import { liarsDice } from '../../../shared/games/liars-dice/contract.ts';
import type { TableGame } from '../common/table-game.ts';
import { asDice } from './dice-room.ts';
import { DiceTable } from './dice-table.tsx';
import { DicePicture } from './picture.tsx';
import { diceReplayEvents } from './replay-events.ts';
import { describeDiceCount, describeLastMove } from './dice-text.ts';

export const liarsDiceTable: TableGame = {
  contract: liarsDice as unknown as Contract,
  title: 'Liar’s Dice',
  pitch: 'Bid on dice that nobody sees. Bluff, or call the bluff.',
  variants: [
    { name: 'Classic', note: 'five dice each, ones are wild', options: {} },
    { name: 'Quick', note: 'three dice each, ones are wild', options: { dice: 3 } },
    { name: 'Strict', note: 'five dice each, ones are just ones', options: { wild: false } },
  ],
  bots: 3,
  howTo: null,
  ownSeats: true,
  ownStandings: false,
  hold: liarsDice.def.away.hold,
  replayGuide: {
    pacing: { by: 'moves', dwell: { round: 1_300, move: 1_500, blow: 0, call: 3_400, out: 3_400 } },
    eventsOf: diceReplayEvents,
  },
  Table: DiceTable,
  Picture: DicePicture,
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
    const { state, info, seat } = asDice(room);
    const winner = info.result?.ranking[0]?.[0];
    if (!state || winner === undefined) return '';
    if (state.left !== null && state.left === state.fallen.at(-1))
      return `${info.seats[state.left]?.name ?? 'The last of the others'} has left.`;
    const left = describeDiceCount(state.dice[winner]!);
    return winner === seat ? `With ${left} to spare.` : `${info.seats[winner]?.name ?? 'The winner'} had ${left} left.`;
  },
  sounds(room, play) {
    const dice = asDice(room);
    let round = dice.state?.round ?? 0;
    const stops = [
      dice.on('bid', (_bid, { replayed }) => {
        if (!replayed) play('bid');
      }),
      dice.on('revealed', (_hands, { replayed }) => {
        if (!replayed) play('reveal');
      }),
      dice.onChange(() => {
        const now = dice.state?.round ?? 0;
        if (now > round) play('shake');
        round = now;
      }),
    ];
    return () => stops.forEach(stop => stop());
  },
  lastMove(room) {
    const { state, info, seat } = asDice(room);
    return state ? describeLastMove({ seat, names: info.seats.map((s, i) => s?.name ?? `Seat ${i + 1}`) }, state) : '';
  },
};

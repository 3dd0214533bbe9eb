import { createRandom, type Random } from '../../../../shared/random.ts';
import { arenaGame } from '../../../../shared/games/arena/rules.ts';
import type { Arena } from '../../../../shared/games/arena/contract.ts';
import type { Four } from '../../../../shared/games/four-in-a-row/contract.ts';
import type { DiceView } from '../../../../shared/games/liars-dice/contract.ts';
import { diceBot } from '../../../../shared/games/liars-dice/bot.ts';

/** A legal move, sometimes one that is not: refusals are verdicts as well. Null: it is not this seat's turn. */
export type MoveStrategy<S> = (state: S, seat: number, random: Random) => { name: string; data: object } | null;

/** Seeds that follow one another begin alike; some draws later they do not. */
export function randomOf(seed: number): Random {
  const random = createRandom([seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1]);
  for (let i = 0; i < 16; i++) random.next();
  return random;
}

/** Drops anywhere: a search for the best move would cost more than all that is under test. */
export const fourStrategy: MoveStrategy<Four> = (state, seat, random) => {
  if (state.line) return null;
  if (state.turn !== seat) return random.int(1, 40) === 1 ? { name: 'drop', data: { column: random.int(0, 6) } } : null;
  return { name: 'drop', data: { column: random.int(0, 6) } };
};

export const diceStrategy: MoveStrategy<DiceView> = (state, seat, random) => {
  const move = diceBot(state, seat, random);
  return move && 'act' in move ? { name: move.act, data: move.data ?? {} } : null;
};

export const arenaStrategy = (
  state: Arena,
  seat: number,
  random: Random,
): { steer: { x: number; y: number }; dash: boolean } => {
  const move = arenaGame.rules.bot!(state, seat, random, []);
  if (!move || 'act' in move) return { steer: { x: 0, y: 0 }, dash: false };
  return { steer: move.hold?.steer ?? { x: 0, y: 0 }, dash: move.press?.includes('dash') ?? false };
};

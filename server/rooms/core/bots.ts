import type { AnyGame, BotMove, ContractDef } from '../../../shared/contract.ts';
import { copy } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { createRandom, type Random, type Seed } from '../../../shared/random.ts';
import { strictJson } from '../../../shared/strict-json.ts';
import { assertSync, playersOf } from './rule-context.ts';
import { isBot, moveTimer, type RoomDocument } from './document.ts';
import { parseInputs, type SeatInput } from './input-buffer.ts';

/** Rate at which bots of games with inputs are asked, per second. */
const botTicksPerSecond = 5;
/**
 * Thinking time of a bot, ms: the range used if the bot gives none, and the bounds in any case. The floor keeps a bot
 * that always has a move from flooding the journal.
 */
const thinkTime = { least: 500, most: 1_500, floor: 50, ceiling: 600_000 };

/** What a bot wants to do: an action after a delay (ms), new inputs, or nothing. */
export type BotIntent = { act: string; data: Json; after: number } | SeatInput | null;

/** Seats that a bot plays now. */
export const botSeats = (doc: RoomDocument): number[] =>
  doc.room.seats.flatMap((s, i) => (s?.bot && !s.out ? [i] : []));

/** Bots pause while no player is connected. */
export const hasPresentPlayer = (doc: RoomDocument): boolean => doc.room.seats.some(s => s?.here && !isBot(s.player));

/**
 * Asks the bot what it would do for a seat. It gets a copy of the seat's view, so it can neither cheat nor change the
 * state.
 * @throws what the bot throws, and TypeError when its move does not fit the contract
 */
export function askBot(game: AnyGame, doc: RoomDocument, seat: number, random: Random): BotIntent {
  const viewRule = game.rules.view;
  const visible = viewRule
    ? strictJson(viewRule(doc.state, { seat, ended: false, replay: false }), 'view')
    : copy(doc.state);
  const move =
    (game.rules.bot!(visible, seat, random, playersOf(doc)) as BotMove<ContractDef> | null | undefined) ?? null;
  assertSync(move);
  if (move === null) return null;
  if ('act' in move) {
    if (!Object.hasOwn(game.contract.def.actions, move.act))
      throw new TypeError(`the bot chose an unknown action '${move.act}'`);
    const after = move.after ?? random.int(thinkTime.least, thinkTime.most);
    if (Number.isNaN(after)) throw new TypeError("a bot's `after` is NaN");
    return {
      act: move.act,
      data: (move.data ?? {}) as Json,
      after: Math.round(Math.min(thinkTime.ceiling, Math.max(thinkTime.floor, after))),
    };
  }
  const press: Record<string, number> = {};
  for (const name of (move.press ?? []) as readonly string[]) press[name] = (press[name] ?? 0) + 1;
  const inputs = parseInputs(game, (move.hold ?? {}) as Record<string, unknown>, press);
  if (!inputs) throw new TypeError(`the bot chose invalid inputs ${JSON.stringify(move)}`);
  return { session: '', n: 0, ...inputs };
}

/**
 * Schedules a move for every bot that wants to act, as a durable timer, so that the move survives the owner's death.
 * The bot is asked again when the timer fires. Bots of games with inputs are asked at ticks instead. `mayAsk`: called
 * before each bot; false skips it.
 */
export function planMoves(
  game: AnyGame,
  doc: RoomDocument,
  now: number,
  mayAsk: (seat: number) => boolean,
  onFailure: (error: unknown) => void,
): void {
  if (
    !game.rules.bot ||
    game.contract.def.inputs ||
    doc.room.phase !== 'playing' ||
    doc.state === null ||
    !hasPresentPlayer(doc)
  )
    return;
  const random = createRandom([...doc.hidden.seed] as Seed); // a copy: the game's own random sequence does not advance
  for (const seat of botSeats(doc)) {
    if (doc.hidden.timers[moveTimer(seat)] || !mayAsk(seat)) continue;
    try {
      const intent = askBot(game, doc, seat, random);
      if (intent && 'act' in intent) planMove(doc, seat, now + intent.after);
    } catch (error) {
      onFailure(error);
    }
  }
}

export function planMove(doc: RoomDocument, seat: number, at: number): void {
  doc.hidden.timers[moveTimer(seat)] ??= { at, data: null };
}

/** Whether bots of a game with inputs are asked at this tick. */
export const isBotTick = (game: AnyGame, tick: number): boolean => {
  const { inputs, tick: ticking } = game.contract.def;
  return (
    inputs !== undefined &&
    game.rules.bot !== undefined &&
    tick % Math.max(1, Math.round(ticking!.hz / botTicksPerSecond)) === 0
  );
};

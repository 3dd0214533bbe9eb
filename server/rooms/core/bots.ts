import type { AnyGame, BotMove, ContractDef } from '../../../shared/contract.ts';
import { copy } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { createRandom, type Random, type Seed } from '../../../shared/random.ts';
import { strictJson } from '../../../shared/strict-json.ts';
import { assertSync } from './rule-context.ts';
import { isBot, moveTimer, type RoomDocument } from './document.ts';
import { parseInputs, type SeatInput } from './input-buffer.ts';

/** How often (per second) the bots of a game with inputs are asked. */
const botTicksPerSecond = 5;
/**
 * How long (ms) a bot thinks where it does not say; and the least in any case, so that one that always has a move does
 * not flood the journal.
 */
const thinkTime = { least: 500, most: 1_500, floor: 50, ceiling: 600_000 };

/** What a bot wants: an action after so many ms, or its inputs, or nothing. */
export type BotIntent = { act: string; data: Json; after: number } | SeatInput | null;

/** Seats that the bot plays now. */
export const botSeats = (doc: RoomDocument): number[] =>
  doc.room.seats.flatMap((s, i) => (s?.bot && !s.out ? [i] : []));

/** Bots play for people: where none is, they rest. */
export const hasPresentPlayer = (doc: RoomDocument): boolean => doc.room.seats.some(s => s?.here && !isBot(s.player));

/**
 * What the bot would do for a seat now. It gets a copy of what the seat sees: it can neither cheat nor break anything.
 * @throws what the bot throws, and when it asks for what the contract does not have
 */
export function askBot(game: AnyGame, doc: RoomDocument, seat: number, random: Random): BotIntent {
  const viewRule = game.rules.view as ((s: unknown, who: unknown) => unknown) | undefined;
  const visible = viewRule
    ? strictJson(viewRule(doc.state, { seat, ended: false, replay: false }), 'view')
    : copy(doc.state);
  const move =
    (game.rules.bot as (view: Json, seat: number, random: Random) => BotMove<ContractDef> | null | undefined)(
      visible,
      seat,
      random,
    ) ?? null;
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
 * Sees to it that every bot with something to do will do it: a durable timer each, so that a move that was thought of
 * is made also when the owner dies. What it does is asked again when the timer fires. Bots of games with inputs are
 * asked at ticks. `asks`: hears which seat's bot is asked next, and says whether it may be.
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
  const random = createRandom([...doc.hidden.seed] as Seed); // only looking: the game's own numbers are not used up
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

/** Whether the bots of a game with inputs are asked at this tick. */
export const isBotTick = (game: AnyGame, tick: number): boolean => {
  const { inputs, tick: ticking } = game.contract.def as ContractDef;
  return (
    inputs !== undefined &&
    game.rules.bot !== undefined &&
    tick % Math.max(1, Math.round(ticking!.hz / botTicksPerSecond)) === 0
  );
};

import type { AnyGame, BotMove, ContractDef } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { randomFrom, type Random, type Seed } from '../../shared/random.ts';
import { isBot, moveTimer, type RoomDocument } from './document.ts';

/** How often (per second) the bots of a game with a tick are asked for their inputs. */
const asksPerSecond = 5;
const thought = { least: 500, most: 1_500 };

/** Seats that the bot plays now. */
export const botSeats = (doc: RoomDocument): number[] => doc.room.seats.flatMap((s, i) => (s?.bot && !s.out ? [i] : []));

/** Bots play for people: where none is, they rest. */
export const somebodyHere = (doc: RoomDocument): boolean => doc.room.seats.some(s => s?.here && !isBot(s.player));

/** What the bot would do for a seat now. It gets a copy of what the seat sees: it can neither cheat nor break anything. @throws what the bot throws */
export function askBot(game: AnyGame, doc: RoomDocument, seat: number, random: Random): BotMove<ContractDef> | null {
  const see = game.rules.view as ((s: unknown, who: unknown) => unknown) | undefined;
  const seen = see ? JSON.parse(JSON.stringify(see(doc.state, { seat, ended: false, replay: false }))) as Json : copy(doc.state);
  return (game.rules.bot as (view: Json, seat: number, random: Random) => BotMove<ContractDef> | null)(seen, seat, random) ?? null;
}

/**
 * Sees to it that every bot with something to do will do it: a durable timer each, so that a move that was thought of is
 * made also when the owner dies. What it does is asked again when the timer fires.
 */
export function planMoves(game: AnyGame, doc: RoomDocument, now: number, onFailure: (error: unknown) => void): void {
  if (!game.rules.bot || doc.room.phase !== 'playing' || doc.state === null || !somebodyHere(doc)) return;
  for (const seat of botSeats(doc)) {
    if (doc.hidden.timers[moveTimer(seat)]) continue;
    const random = randomFrom([...doc.hidden.seed] as Seed); // only looking: the game's own numbers are not used up
    try {
      const move = askBot(game, doc, seat, random);
      if (move && 'act' in move) doc.hidden.timers[moveTimer(seat)] = { at: now + Math.max(0, Math.round(move.after ?? random.int(thought.least, thought.most))), data: null };
    } catch (error) {
      onFailure(error);
    }
  }
}

/** Whether the bots of a game with inputs are asked at this tick. */
export const asksAtTick = (game: AnyGame, tick: number): boolean => {
  const { inputs, tick: ticking } = game.contract.def as ContractDef;
  return inputs !== undefined && game.rules.bot !== undefined && tick % Math.max(1, Math.round(ticking!.hz / asksPerSecond)) === 0;
};

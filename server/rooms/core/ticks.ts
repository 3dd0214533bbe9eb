import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { createRandom } from '../../../shared/random.ts';
import { askBot, isBotTick, botSeats, planMove, hasPresentPlayer } from './bots.ts';
import { tickInputOf, type SeatInput } from './input-buffer.ts';
import { assertSync } from './rule-context.ts';
import type { RuleRunner } from './rule-runner.ts';

/** The ticks of a room. */
export class Ticks {
  private count = 0;
  private failedInRow = 0;
  /** Inputs of the bots in games with inputs; volatile, like the players' own. */
  private readonly botInputs = new Map<number, SeatInput>();
  /**
   * By seat: the input number at the last tick, and the interval in which a number was last published with an entry.
   */
  private readonly inputNumbers: { n: number; interval: number }[] = [];

  constructor(private readonly rules: RuleRunner) {}

  /** Forgets failures: an operator has released the room. */
  forgetFailures(): void {
    this.failedInRow = 0;
  }

  /** @param inputs since the last tick, by player */
  run(inputs: ReadonlyMap<string, SeatInput>): void {
    const { game, doc, draft, ruleTracker } = this.rules;
    const rule = game.rules.tick;
    if (!rule || doc.room.phase !== 'playing') return;
    if (isBotTick(game, this.count++)) this.askBots();
    ruleTracker.beginRule('tick');
    const ran = draft.tryTransact(
      'tick',
      () => {
        const ctx = Object.assign(this.rules.context(null), { inputs: this.tickInputs(inputs) });
        assertSync(rule(doc.state, ctx));
      },
      'rule',
    );
    this.failedInRow = ran ? 0 : this.failedInRow + 1;
    if (this.failedInRow >= limits.failedTicksInRow)
      this.rules.quarantine(`tick failed ${this.failedInRow} times in a row`);
  }

  private askBots(): void {
    const { game, doc, draft, now } = this.rules;
    this.botInputs.clear();
    if (!hasPresentPlayer(doc)) return;
    for (const seat of botSeats(doc)) {
      if (!this.rules.mayAskBot(seat)) continue;
      draft.tryTransact(
        'bot',
        () => {
          const move = askBot(game, doc, seat, createRandom(doc.hidden.seed));
          if (move && 'act' in move) planMove(doc, seat, now + move.after);
          else if (move) this.botInputs.set(seat, move);
        },
        'rule',
      );
    }
  }

  /** The input of each seat for the tick rule. Publishes input numbers with the entry where necessary. */
  private tickInputs(inputs: ReadonlyMap<string, SeatInput>): Record<string, Json>[] {
    const { room, hidden } = this.rules.doc;
    return room.seats.flatMap((seat, i) => {
      if (!seat) return [];
      const given = seat.bot
        ? this.botInputs.get(i)
        : seat.out || seat.player === null
          ? undefined
          : inputs.get(seat.player);
      // Input of the player's earlier session is ignored: its numbers are not those of the new one.
      const valid = given && (seat.bot || given.session === hidden.seats[i]?.session) ? given : undefined;
      const shown = room.inputs[i];
      if (!seat.bot && valid && shown !== undefined && valid.n > shown && this.publishesNumber(i, valid, shown))
        room.inputs[i] = valid.n;
      const tickInput = tickInputOf(this.rules.game, valid);
      if (seat.bot && valid) valid.press = {};
      return [tickInput];
    });
  }

  /**
   * Whether this tick publishes the input number of a seat. Presses are counted once only because the entry that counts
   * them contains their number, so they always publish. For held values it is enough to publish the first number, and
   * one per interval. A new number in the first half of an interval is preferred, because clients measure their latency
   * by the tick that counts it.
   */
  private publishesNumber(seat: number, { n, press }: SeatInput, shown: number): boolean {
    const every = Math.max(1, ((this.rules.game.contract.def.tick?.hz ?? 0) * limits.inputNumberInterval) / 1_000);
    const interval = Math.floor(this.count / every);
    const before = this.inputNumbers[seat];
    const isNew = before === undefined || n !== before.n;
    const due = before?.interval !== interval && (isNew || this.count % every >= every / 2);
    const shows = due || shown === 0 || Object.keys(press).length > 0;
    this.inputNumbers[seat] = { n, interval: shows || before === undefined ? interval : before.interval };
    return shows;
  }
}

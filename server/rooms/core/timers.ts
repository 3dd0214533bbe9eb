import { limits } from '../../../shared/limits.ts';
import type { Actions } from './actions.ts';
import { abandonedTimer, effectsTimer, holdTimer, moveTimer, type RoomTimer, rematchTimer } from './document.ts';
import { assertSync } from './rule-context.ts';
import type { RuleRunner } from './rule-runner.ts';
import { endAbandoned, expireHold } from './seating.ts';

/** The timers of a room: the game's own, and the engine's, whose names begin with `$`. */
export class Timers {
  constructor(
    private readonly rules: RuleRunner,
    private readonly actions: Actions,
  ) {}

  /** Fires the due timers in order of their deadlines. Consuming a timer is part of the entry, so it fires once. */
  fireDue(): void {
    const { doc, now } = this.rules;
    const due = Object.entries(doc.hidden.timers)
      .filter(([, t]) => t.at <= now)
      .sort((a, b) => a[1].at - b[1].at);
    for (const [name, timer] of due) {
      if (doc.hidden.timers[name]?.at !== timer.at) continue; // an earlier one has cleared or moved it
      if (name.startsWith('$')) this.fireEngineTimer(name);
      else this.fireGameTimer(name, timer);
    }
  }

  private fireGameTimer(name: string, { data }: RoomTimer): void {
    const { doc, draft, game, ruleTracker } = this.rules;
    const consume = () => this.rules.context(null).timers[name as never] as { clear(): void };
    const rule = game.rules.timers?.[name];
    const fired =
      rule !== undefined &&
      doc.room.phase === 'playing' &&
      draft.tryTransact(
        `timers.${name}`,
        () => {
          consume().clear();
          ruleTracker.beginRule(`timers.${name}`);
          assertSync(rule(doc.state, data, this.rules.context(null)));
        },
        'rule',
      );
    if (!fired)
      draft.transact(() => {
        delete doc.hidden.timers[name];
        delete doc.room.clocks[name];
      });
  }

  private fireEngineTimer(name: string): void {
    const { rules } = this;
    const { doc, draft } = rules;
    if (name === effectsTimer) {
      // Effects are pending: the timer stays set, so that the due scan finds the room and its owner retries.
      draft.transact(() => {
        doc.hidden.timers[name] = { at: rules.now + limits.effectRetryMax, data: null };
      });
      return;
    }
    if (name === abandonedTimer) return draft.transact(() => endAbandoned(rules.transaction()));
    if (name === rematchTimer) {
      draft.transact(() => {
        delete doc.hidden.timers[name];
      });
      return rules.startIfNoLongerWaiting();
    }
    const moving = doc.room.seats.findIndex((_s, i) => moveTimer(i) === name);
    if (moving >= 0) return this.actions.performBotMove(moving);
    const player = doc.hidden.seats.find(s => s && holdTimer(s.player) === name)?.player;
    if (player === undefined)
      return draft.transact(() => {
        delete doc.hidden.timers[name];
      });
    rules.handleElimination(draft.transact(() => expireHold(rules.transaction(), player)));
    rules.startIfNoLongerWaiting();
  }

  /** Postpones all deadlines by `by` ms. */
  shift(by: number): void {
    const { room, hidden } = this.rules.doc;
    this.rules.draft.transact(() => {
      for (const timer of Object.values(hidden.timers)) timer.at += by;
      for (const name of Object.keys(room.clocks)) room.clocks[name]! += by;
      for (const seat of room.seats) if (seat?.until) seat.until += by;
    });
  }
}

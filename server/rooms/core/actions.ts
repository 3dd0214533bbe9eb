import type { Json } from '../../../shared/json.ts';
import { parse } from '../../../shared/parse.ts';
import { createRandom } from '../../../shared/random.ts';
import { makeRefusal, type Refused } from '../../../shared/refusals.ts';
import { askBot } from './bots.ts';
import type { Command, Outcome } from './commands.ts';
import { moveTimer, seatOf, verdictsOf, type HiddenSeat, type StoredVerdict } from './document.ts';
import { EngineRefusalError, performEngineAction, type Requester } from './engine-actions.ts';
import { blockKeys, type HangReport } from './hangs.ts';
import { refuseQuarantined } from './quarantine.ts';
import { assertSync, RuleRefusalError } from './rule-context.ts';
import type { RuleRunner } from './rule-runner.ts';
import { loseSeat, type EliminatedSeat } from './seating.ts';

/** Refusal detail of what hung. */
export const hungDetail = 'it took too long';

/** The actions of a room: of players, of bots and of the server. A player's numbered action leaves a verdict. */
export class Actions {
  constructor(
    private readonly rules: RuleRunner,
    private readonly term: number,
  ) {}

  /** @param seq the entry that will contain the action */
  act(command: Command & { kind: 'act' }, seq: number): Outcome {
    const { doc, draft } = this.rules;
    const seat = seatOf(doc, command.player);
    const hidden = seat < 0 ? null : doc.hidden.seats[seat]!;
    // A numbered action may have been executed while the session had a seat; joining again tells the client that it has
    // none.
    if (!hidden) return { kind: 'refused', refusal: makeRefusal(command.number ? 'seat-lost' : 'not-seated') };
    if (hidden.closed.includes(command.session)) return { kind: 'refused', refusal: makeRefusal('session-replaced') };
    // Neither current nor replaced: the entries that opened this session were lost. Joining again reopens it.
    if (hidden.session !== command.session) return { kind: 'refused', refusal: makeRefusal('not-in-room') };
    if (command.number) {
      const known = this.outcomeOfKnownNumber(hidden, command.number);
      if (known) return known;
    }
    if (this.rules.fault) return refuseQuarantined(doc);
    const n = command.number?.n ?? null;
    if (n !== null && this.rules.isBlocked(blockKeys.act(command.session, n)))
      return this.refuseHung(command.player, n, seq);
    try {
      const eliminated = draft.transact(
        () => this.perform(seat, command.name, command.data),
        command.name.startsWith('$') ? 'engine' : 'rule',
      );
      this.recordVerdict(hidden.player, n, seq);
      this.afterAction(command.name, seat, eliminated);
      return { kind: 'accepted', seq };
    } catch (error) {
      const refusal = this.refusalOf(error, command.name);
      this.recordVerdict(hidden.player, n, [seq, refusal.code, refusal.detail ?? '']);
      return { kind: 'refusedAction', seq, refusal };
    }
  }

  /** Performs an action that the server itself requests, with the rights of a host. */
  serve({ name, data }: Command & { kind: 'serve' }, seq: number): Outcome {
    if (this.rules.fault && name !== '$close') return refuseQuarantined(this.rules.doc);
    try {
      this.afterAction(
        name,
        'server',
        this.rules.draft.transact(() => performEngineAction(this.rules.transaction(), 'server', name, data)),
      );
      return { kind: 'accepted', seq };
    } catch (error) {
      return { kind: 'refused', refusal: this.refusalOf(error, name) };
    }
  }

  /** Makes a bot's move like any other action. If it fails, the failure is reported and nothing changes. */
  performBotMove(seat: number): void {
    const { doc, draft, game, ruleTracker } = this.rules;
    draft.transact(() => {
      delete doc.hidden.timers[moveTimer(seat)];
    });
    if (!doc.room.seats[seat]?.bot || doc.room.phase !== 'playing' || !this.rules.mayAskBot(seat)) return;
    try {
      draft.transact(() => {
        const move = askBot(game, doc, seat, createRandom(doc.hidden.seed));
        if (!move || !('act' in move)) return;
        ruleTracker.beginRule(`actions.${move.act}`, doc.hidden.seats[seat]!.player);
        this.perform(seat, move.act, move.data);
      });
    } catch (error) {
      this.rules.onFailure('bot', error);
    }
  }

  /** Gives the action of a hang report its verdict, if it has none: it failed, and is not run again. */
  refuseHungAction({ player, session, n }: HangReport, seq: number): void {
    const seat = this.rules.doc.hidden.seats[seatOf(this.rules.doc, player)];
    if (n > 0 && seat?.session === session && n === seat.base + 1 && this.rules.isBlocked(blockKeys.act(session, n)))
      this.refuseHung(player, n, seq);
  }

  /** A blocked action is not run: its number gets the verdict of a failed rule. */
  private refuseHung(player: string, n: number, seq: number): Outcome {
    this.recordVerdict(player, n, [seq, 'rule-failed', hungDetail]);
    return { kind: 'refusedAction', seq, refusal: makeRefusal('rule-failed', hungDetail) };
  }

  /** The outcome for a number that is not the next one; null if it is. */
  private outcomeOfKnownNumber(seat: HiddenSeat, { n, term }: { n: number; term: number }): Outcome | null {
    if (term !== this.term) return { kind: 'stale', base: seat.base, verdicts: verdictsOf(seat) };
    if (n > seat.base + 1) return { kind: 'gap', base: seat.base };
    if (n === seat.base + 1) return null;
    const verdict = seat.verdicts[n];
    if (verdict === undefined)
      return { kind: 'refused', refusal: makeRefusal('bad-request', `number ${n} is too old`) };
    if (typeof verdict === 'number') return { kind: 'accepted', seq: verdict };
    return {
      kind: 'refusedAction',
      seq: verdict[0],
      refusal: { ok: false, code: verdict[1], ...(verdict[2] ? { detail: verdict[2] } : {}) },
    };
  }

  private recordVerdict(player: string, n: number | null, verdict: StoredVerdict): void {
    if (n !== null) this.rules.draft.recordVerdict(seatOf(this.rules.doc, player), n, verdict);
  }

  /** @returns the seats that it eliminated */
  private perform(seat: number, name: string, data: Json): EliminatedSeat[] {
    if (name.startsWith('$')) return performEngineAction(this.rules.transaction(), seat, name, data);
    const { game, doc } = this.rules;
    const { room } = doc;
    const def = game.contract.def;
    if (!Object.hasOwn(def.actions, name)) throw new EngineRefusalError('no-such-action');
    if (room.phase !== 'playing') throw new EngineRefusalError('not-playing');
    if (room.seats[seat]!.out) throw new EngineRefusalError('out-of-play');
    const read = parse(def.actions[name]!, data);
    if (!read.ok) throw new EngineRefusalError('bad-data', read.detail);
    const rule = game.rules.actions[name]!;
    assertSync(rule(doc.state, read.value, this.rules.context(seat)));
    return [];
  }

  private afterAction(name: string, requester: Requester, eliminated: readonly EliminatedSeat[]): void {
    const { rules } = this;
    if (name === '$leave' && requester !== 'server')
      rules.handleElimination(rules.draft.transact(() => loseSeat(rules.transaction(), requester, 'left')));
    else for (const seat of eliminated) rules.handleElimination(seat);
    if (name === '$leave' || name === '$kick') rules.startIfNoLongerWaiting();
  }

  /** The refusal of what threw. @param rule the rule that ran; default: the action's */
  refusalOf(error: unknown, name: string, rule = `actions.${name}`): Refused {
    if (error instanceof RuleRefusalError || error instanceof EngineRefusalError)
      return { ok: false, code: error.code, ...(error.detail ? { detail: error.detail } : {}) };
    this.rules.onFailure(name.startsWith('$') ? this.rules.ruleTracker.lastRule : rule, error);
    return makeRefusal('rule-failed');
  }
}

import type { AnyGame } from '../../../shared/contract.ts';
import type { Changes } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { makeRefusal, type Refused } from '../../../shared/refusals.ts';
import { Actions, hungDetail } from './actions.ts';
import { botSeats, planMoves } from './bots.ts';
import { changesPresence, type Command, type Outcome } from './commands.ts';
import { closedFault, dropUnusedRosters, effectsTimer, seatOf, type RoomDocument } from './document.ts';
import { Draft } from './draft.ts';
import type { PendingEntry } from './entry.ts';
import { blockKeys, recordHangs, type HangReport } from './hangs.ts';
import { addMissingProfiles } from './profile.ts';
import { leaveQuarantine, markDisconnected, refuseQuarantined } from './quarantine.ts';
import { assertSync, RuleRefusalError } from './rule-context.ts';
import { RuleRunner } from './rule-runner.ts';
import { RuleTracker } from './rule-tracker.ts';
import {
  isAbandonedTimerStale,
  loseSeat,
  markAway,
  takeSeat,
  updateAbandonedTimer,
  type SeatedPlayer,
} from './seating.ts';
import { isServerCall, readServerCall, ruleOf, ServerCalls } from './server-calls.ts';
import { Ticks } from './ticks.ts';
import { Timers } from './timers.ts';

/**
 * The state machine of a room, without I/O: it takes commands and returns outcomes and entries. The actor
 * (rooms/actor/actor.ts) journals an entry before it sends any of its outcomes.
 * Every command runs on a draft of the document (draft.ts). A command that throws leaves only its own record: a
 * verdict, or a consumed timer.
 */
export class RoomMachine {
  private readonly draft: Draft;
  private readonly rules: RuleRunner;
  private readonly actions: Actions;
  private readonly timers: Timers;
  private readonly serverCalls: ServerCalls;
  private readonly ticks: Ticks;
  /** Whether a match has ended since the last entry. */
  private hasMatchEnded = false;

  constructor(
    readonly game: AnyGame,
    readonly doc: RoomDocument,
    readonly term: number,
    /** Last committed seq. */
    private seq: number,
    onFailure: (where: string, error: unknown) => void,
    private readonly ruleTracker: RuleTracker = RuleTracker.inactive(),
    thorough = false,
  ) {
    addMissingProfiles(doc);
    this.draft = new Draft(doc, (game.contract.def.tick?.durable ?? 'every') !== 'every', onFailure, thorough);
    this.rules = new RuleRunner(game, doc, this.draft, ruleTracker, onFailure);
    this.actions = new Actions(this.rules, term);
    this.timers = new Timers(this.rules, this.actions);
    this.ticks = new Ticks(this.rules);
    this.serverCalls = new ServerCalls(this.rules, this.actions);
  }

  /** Processes a command at `roomTime`, ms. Never throws. */
  step(command: Command, roomTime: number): Outcome {
    const { rules } = this;
    rules.now = Math.max(rules.now, roomTime);
    rules.currentPlayer = command.kind === 'join' || command.kind === 'act' ? command.player : null;
    this.beginStep(command);
    const { phase } = this.doc.room;
    try {
      const outcome = this.run(command);
      if (changesPresence(command) && !this.fault && isAbandonedTimerStale(rules.transaction()))
        this.draft.transact(() => updateAbandonedTimer(rules.transaction()));
      return outcome;
    } finally {
      this.ruleTracker.endStep();
      if (phase === 'playing' && this.doc.room.phase !== 'playing') this.hasMatchEnded = true;
    }
  }

  private beginStep(command: Command): void {
    const { ruleTracker } = this;
    switch (command.kind) {
      case 'act': {
        const { player, session, number } = command;
        return ruleTracker.beginStep('act', `actions.${command.name}`, '', player, session, number?.n ?? 0);
      }
      case 'join':
      case 'away':
      case 'leave':
        return ruleTracker.beginStep(command.kind, command.kind, command.player, command.player, command.session);
      case 'serve': {
        const call = isServerCall(command) ? readServerCall(command) : null;
        // The key stands for the session: it identifies the call in a hang report.
        return call ? ruleTracker.beginStep('serve', ruleOf(call), '', '', call.key) : ruleTracker.beginStep('serve');
      }
      default:
        ruleTracker.beginStep(command.kind);
    }
  }

  /**
   * Whether the entry takes no more commands: the end of a match ends its entry, so that it is published and recorded
   * (SPEC J17).
   */
  get isFull(): boolean {
    return this.hasMatchEnded;
  }

  private run(command: Command): Outcome {
    switch (command.kind) {
      case 'join':
        return this.join(command);
      case 'act':
        return this.actions.act(command, this.seq + 1);
      case 'away':
        return this.away(command);
      case 'leave':
        return this.leave(command);
      case 'timers':
        this.timers.fireDue();
        return { kind: 'done' };
      case 'tick':
        this.ticks.run(command.inputs ?? new Map());
        return { kind: 'done' };
      case 'serve':
        if (isServerCall(command)) return this.serverCalls.run(readServerCall(command), this.seq + 1);
        return command.name === '$release' ? this.release() : this.actions.serve(command, this.seq + 1);
      case 'effect':
        return this.removeEffect(command.key);
      case 'shift':
        this.timers.shift(command.by);
        return { kind: 'done' };
      case 'settle':
        this.rules.startIfNoLongerWaiting();
        return { kind: 'done' };
      case 'hung':
        return this.recordHungRules(command.hangReports);
      case 'migrate':
        return this.migrate();
    }
  }

  /** The room's clock; never behind the last entry. */
  get now(): number {
    return this.rules.now;
  }

  /** Set by the room's actor: whether a player who is not marked as away is known to be connected. */
  set isConnected(isConnected: (player: string) => boolean) {
    this.rules.isConnected = isConnected;
  }

  /** Volatile changes that may be journaled later, see Draft. */
  takeVolatileChanges(): Changes | null {
    return this.draft.takeVolatileChanges();
  }

  /** Takes the changes since the last call as the next entry to journal; null if there are none. */
  takeEntry(): PendingEntry | null {
    this.hasMatchEnded = false;
    if ((this.draft.hasChanges('state') || this.draft.hasChanges('room')) && botSeats(this.doc).length > 0)
      this.planMoves();
    const taken = this.draft.take(this.now);
    return taken && { seq: ++this.seq, ...taken, now: this.now };
  }

  private planMoves(): void {
    const { rules } = this;
    this.ruleTracker.beginStep('plan');
    this.draft.tryTransact(
      'bot',
      () =>
        planMoves(
          this.game,
          this.doc,
          this.now,
          seat => rules.mayAskBot(seat),
          error => rules.onFailure('bot', error),
        ),
      'rule',
    );
    this.ruleTracker.endStep();
  }

  /** Why the room is quarantined, or null. */
  get fault(): string | null {
    return this.rules.fault;
  }

  /** Quarantines the room, unless it is quarantined already. */
  quarantine(why: string): void {
    this.rules.quarantine(why);
  }

  private join(command: Command & { kind: 'join' }): Outcome {
    const { rules } = this;
    if (this.fault) return refuseQuarantined(this.doc);
    if (rules.isBlocked(blockKeys.join(command.player)) && seatOf(this.doc, command.player) < 0)
      return { kind: 'refused', refusal: makeRefusal('join-refused', hungDetail) };
    let seated: SeatedPlayer | Refused;
    try {
      seated = this.draft.transact(() => takeSeat(rules.transaction(), command));
    } catch (error) {
      rules.onFailure(this.ruleTracker.lastRule, error);
      // A `joined` that throws concerns only this player; a `setup` that throws would refuse every player who fills the
      // room.
      return {
        kind: 'refused',
        refusal: makeRefusal('join-refused', error instanceof RuleRefusalError ? error.detail : undefined),
        ...(this.ruleTracker.lastRule === 'setup' ? { failed: true as const } : {}),
      };
    }
    if ('code' in seated) return { kind: 'refused', refusal: seated };
    const { seat } = seated;
    if (seated.wasAway) {
      if (this.doc.room.phase === 'playing') rules.runHook('back', seat, command.player);
      else rules.startIfNoLongerWaiting(); // the match may have waited for this player
    }
    return { kind: 'seated', seated };
  }

  private away(command: Command & { kind: 'away' }): Outcome {
    const seat = seatOf(this.doc, command.player);
    if (seat < 0 || this.doc.hidden.seats[seat]!.session !== command.session) return { kind: 'done' };
    if (this.fault)
      return this.draft.transact(() => {
        markDisconnected(this.doc, seat);
        return { kind: 'done' };
      });
    const wasHere = this.draft.transact(() => markAway(this.rules.transaction(), seat));
    if (wasHere && this.doc.room.phase === 'playing') this.rules.runHook('away', seat, command.player);
    // The next match may no longer wait for this player.
    if (wasHere && this.doc.room.phase === 'ended') this.rules.startIfNoLongerWaiting();
    return { kind: 'done' };
  }

  /** Ends the hold at the player's request. No effect if it has ended already. */
  private leave(command: Command & { kind: 'leave' }): Outcome {
    const { rules } = this;
    if (this.fault) return refuseQuarantined(this.doc);
    const seat = seatOf(this.doc, command.player);
    if (seat < 0) return { kind: 'done' };
    if (this.doc.hidden.seats[seat]!.session !== command.session)
      return { kind: 'refused', refusal: makeRefusal('session-replaced') };
    rules.handleElimination(this.draft.transact(() => loseSeat(rules.transaction(), seat, 'left')));
    rules.startIfNoLongerWaiting();
    return { kind: 'done' };
  }

  private removeEffect(key: string): Outcome {
    this.draft.transact(() => {
      const { effects, timers } = this.doc.hidden;
      delete effects[key];
      dropUnusedRosters(this.doc.hidden);
      if (Object.keys(effects).length === 0) delete timers[effectsTimer];
    });
    return { kind: 'done' };
  }

  /** Ends the quarantine at the operator's request. No effect if the room is not quarantined. */
  private release(): Outcome {
    if (this.fault === closedFault) return refuseQuarantined(this.doc);
    if (this.fault) {
      this.draft.transact(() => leaveQuarantine(this.rules.transaction()));
      this.ticks.forgetFailures();
      this.migrate();
    }
    return { kind: 'accepted', seq: this.seq + 1 };
  }

  /** Treats rules that hung as failed: consumed, refused, and not run again. */
  private recordHungRules(hangReports: readonly HangReport[]): Outcome {
    const why = this.draft.transact(() => recordHangs(this.doc, hangReports, this.now));
    for (const report of hangReports) this.actions.refuseHungAction(report, this.seq + 1);
    if (why !== null) this.quarantine(why);
    return { kind: 'done' };
  }

  private migrate(): Outcome {
    const { room, hidden } = this.doc;
    const version = this.game.contract.def.version;
    if (hidden.stateVersion === version) return { kind: 'done' };
    this.ruleTracker.beginRule('migrate');
    const migrated = this.draft.tryTransact('migrate', () => {
      if (this.doc.state !== null) {
        if (!this.game.rules.migrate) throw new TypeError('the rules have no migrate');
        this.doc.state = assertSync(this.game.rules.migrate(this.doc.state, hidden.stateVersion)) as Json;
      }
      hidden.stateVersion = room.version = version;
    });
    if (!migrated) this.quarantine(`could not migrate the state from version ${hidden.stateVersion} to ${version}`);
    return { kind: 'done' };
  }
}

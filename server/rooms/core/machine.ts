import type { AnyGame, ContractDef } from '../../../shared/contract.ts';
import type { Changes } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { parse } from '../../../shared/parse.ts';
import type { NumberedVerdict } from '../../../shared/protocol.ts';
import { createRandom } from '../../../shared/random.ts';
import { makeRefusal, type Refused } from '../../../shared/refusals.ts';
import { askBot, isBotTick, botSeats, planMove, planMoves, hasPresentPlayer } from './bots.ts';
import { contextFor, assertSync, RuleRefusalError, type RoomEvent } from './rule-context.ts';
import {
  abandonedTimer,
  closedFault,
  effectsTimer,
  holdTimer,
  moveTimer,
  seatOf,
  verdictsOf,
  type HiddenSeat,
  type RoomDocument,
  type StoredVerdict,
} from './document.ts';
import { Draft } from './draft.ts';
import { EngineRefusalError, performEngineAction, type Requester } from './engine-actions.ts';
import { blockKeys, departure, isBlocked, recordHangs, RuleHungError, type HangReport } from './hangs.ts';
import { tickInputOf, type SeatInput } from './input-buffer.ts';
import { addMissingProfiles } from './profile.ts';
import { leaveQuarantine, markDisconnected, enterQuarantine } from './quarantine.ts';
import {
  endAbandoned,
  endIfTooFew,
  expireHold,
  isAbandonedTimerStale,
  updateAbandonedTimer,
  loseSeat,
  markAway,
  maybeRematch,
  maybeStart,
  takeSeat,
  type SeatRequest,
  type EliminatedSeat,
  type SeatedPlayer,
} from './seating.ts';
import type { RoomTransaction } from './transaction.ts';
import { RuleTracker } from './rule-tracker.ts';

/** A command that a room processes. */
export type Command =
  | ({ kind: 'join' } & SeatRequest)
  /** Ends the hold of this session. */
  | { kind: 'leave'; player: string; session: string }
  | {
      kind: 'act';
      player: string;
      session: string;
      name: string;
      data: Json;
      number: { n: number; term: number } | null;
    }
  | { kind: 'away'; player: string; session: string }
  | { kind: 'timers' }
  /** Inputs since the last tick, by player. */
  | { kind: 'tick'; inputs?: ReadonlyMap<string, SeatInput> }
  /** An engine action by the server itself. */
  | { kind: 'serve'; name: string; data: Json }
  /** This effect is complete. */
  | { kind: 'effect'; key: string }
  /** Postpones all deadlines by `by` ms, the time in which the room could not commit. */
  | { kind: 'shift'; by: number }
  /** Presence is known better now; a match may have waited for that. */
  | { kind: 'settle' }
  /** Rules hung, and their node exited. */
  | { kind: 'hung'; hangReports: readonly HangReport[] }
  /** Migrates a state that an older version of the game wrote. */
  | { kind: 'migrate' };

export type Outcome =
  | { kind: 'seated'; seated: SeatedPlayer }
  | { kind: 'accepted'; seq: number }
  /** `code` may be one of the game's own. */
  | { kind: 'refused'; refusal: Refused; /** By `setup`, which threw. */ failed?: true }
  | { kind: 'refusedAction'; seq: number; refusal: Refused }
  | { kind: 'stale'; base: number; verdicts: NumberedVerdict[] }
  | { kind: 'gap'; base: number }
  | { kind: 'done' };

/** Refusal detail of an action that hung. */
const hungDetail = 'it took too long';

/** Whether the command may change who has a seat or is connected, or may set timers while no player is connected. */
const changesPresence = (command: Command): boolean =>
  command.kind === 'join' ||
  command.kind === 'away' ||
  command.kind === 'leave' ||
  command.kind === 'timers' ||
  command.kind === 'serve' ||
  (command.kind === 'act' && command.name.startsWith('$'));

/** The changes of a batch of commands, to be journaled as one entry. */
export interface PendingEntry {
  seq: number;
  changes: Changes;
  events: RoomEvent[];
  now: number;
}

/**
 * The state machine of a room, without I/O: it takes commands and returns outcomes and entries. The actor
 * (rooms/actor/actor.ts) journals an entry before it sends any of its outcomes.
 * Every command runs on a draft of the document (draft.ts). A command that throws leaves only its own record: a
 * verdict, or a consumed timer.
 */
export class RoomMachine {
  private readonly draft: Draft;
  private failedTicks = 0;
  /** Whether a match has ended since the last entry. */
  private hasMatchEnded = false;
  private ticks = 0;
  /** Inputs of the bots in games with inputs; volatile, like the players' own. */
  private readonly botInputs = new Map<number, SeatInput>();
  /**
   * By seat: the input number at the last tick, and the interval in which a number was last published with an entry.
   */
  private readonly inputNumbers: { n: number; interval: number }[] = [];
  private clock: number;

  constructor(
    readonly game: AnyGame,
    readonly doc: RoomDocument,
    readonly term: number,
    /** Last committed seq. */
    private seq: number,
    private readonly onFailure: (where: string, error: unknown) => void,
    private readonly ruleTracker: RuleTracker = RuleTracker.inactive(),
    thorough = false,
  ) {
    this.clock = doc.hidden.clock;
    addMissingProfiles(doc);
    this.draft = new Draft(
      doc,
      ((game.contract.def as ContractDef).tick?.durable ?? 'every') !== 'every',
      onFailure,
      thorough,
    );
  }

  /** Processes a command at `roomTime`, ms. Never throws. */
  step(command: Command, roomTime: number): Outcome {
    this.clock = Math.max(this.clock, roomTime);
    this.currentPlayer = command.kind === 'join' || command.kind === 'act' ? command.player : null;
    switch (command.kind) {
      case 'act':
        this.ruleTracker.beginStep(
          'act',
          `actions.${command.name}`,
          '',
          command.player,
          command.session,
          command.number?.n ?? 0,
        );
        break;
      case 'join':
      case 'away':
      case 'leave':
        this.ruleTracker.beginStep(command.kind, command.kind, command.player, command.player, command.session);
        break;
      default:
        this.ruleTracker.beginStep(command.kind);
    }
    const { phase } = this.doc.room;
    try {
      const outcome = this.run(command);
      if (changesPresence(command) && !this.fault && isAbandonedTimerStale(this.transaction()))
        this.draft.transact(() => updateAbandonedTimer(this.transaction()));
      return outcome;
    } finally {
      this.ruleTracker.endStep();
      if (phase === 'playing' && this.doc.room.phase !== 'playing') this.hasMatchEnded = true;
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
        return this.act(command);
      case 'away':
        return this.away(command);
      case 'leave':
        return this.leave(command);
      case 'timers':
        return this.fireTimers();
      case 'tick':
        return this.tick(command.inputs ?? new Map());
      case 'serve':
        return this.performServerAction(command);
      case 'effect':
        return this.removeEffect(command.key);
      case 'shift':
        return this.shiftDeadlines(command.by);
      case 'settle':
        this.startIfNoLongerWaiting();
        return { kind: 'done' };
      case 'hung':
        return this.recordHungRules(command.hangReports);
      case 'migrate':
        return this.migrate();
    }
  }

  /** The room's clock; never behind the last entry. */
  get now(): number {
    return this.clock;
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
    const taken = this.draft.take(this.clock);
    return taken && { seq: ++this.seq, ...taken, now: this.clock };
  }

  /** Why the room is quarantined, or null. */
  get fault(): string | null {
    return this.doc.hidden.fault;
  }

  private refuseQuarantined(): Outcome {
    return { kind: 'refused', refusal: makeRefusal(this.fault === closedFault ? 'room-missing' : 'room-quarantined') };
  }

  /** Whether a player who is not marked as away is known to be connected. Set by the room's actor. */
  isConnected: (player: string) => boolean = () => true;
  /** The player of the current command. */
  private currentPlayer: string | null = null;

  private transaction(subject = ''): RoomTransaction {
    return {
      game: this.game,
      doc: this.doc,
      events: this.draft.events,
      now: this.clock,
      beforeRule: rule => this.ruleTracker.beginRule(rule, subject),
      isConnected: player => player === this.currentPlayer || this.isConnected(player),
    };
  }

  private isBlocked(what: string): boolean {
    return isBlocked(this.doc, what, this.clock);
  }

  private join(command: Command & { kind: 'join' }): Outcome {
    if (this.fault) return this.refuseQuarantined();
    if (this.doc.hidden.hangs && seatOf(this.doc, command.player) < 0 && this.isBlocked(blockKeys.join(command.player)))
      return { kind: 'refused', refusal: makeRefusal('join-refused', hungDetail) };
    let seated: SeatedPlayer | Refused;
    try {
      seated = this.draft.transact(() => takeSeat(this.transaction(), command));
    } catch (error) {
      this.onFailure(this.ruleTracker.lastRule, error);
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
      if (this.doc.room.phase === 'playing') this.runHook('back', seat, command.player);
      else this.startIfNoLongerWaiting(); // the match may have waited for this player
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
    const wasHere = this.draft.transact(() => markAway(this.transaction(), seat));
    if (wasHere && this.doc.room.phase === 'playing') this.runHook('away', seat, command.player);
    return { kind: 'done' };
  }

  /** Ends the hold at the player's request. No effect if it has ended already. */
  private leave(command: Command & { kind: 'leave' }): Outcome {
    if (this.fault) return this.refuseQuarantined();
    const seat = seatOf(this.doc, command.player);
    if (seat < 0) return { kind: 'done' };
    if (this.doc.hidden.seats[seat]!.session !== command.session)
      return { kind: 'refused', refusal: makeRefusal('session-replaced') };
    this.handleElimination(this.draft.transact(() => loseSeat(this.transaction(), seat, 'left')));
    this.startIfNoLongerWaiting();
    return { kind: 'done' };
  }

  private act(command: Command & { kind: 'act' }): Outcome {
    const seat = seatOf(this.doc, command.player);
    const hidden = seat < 0 ? null : this.doc.hidden.seats[seat]!;
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
    if (this.fault) return this.refuseQuarantined();
    const seq = this.seq + 1;
    const n = command.number?.n ?? null;
    if (n !== null && this.doc.hidden.hangs && this.isBlocked(blockKeys.act(command.session, n)))
      return this.refuseHung(command.player, n, seq);
    try {
      const eliminated = this.draft.transact(
        () => this.performAction(seat, command.name, command.data),
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
    if (n !== null) this.draft.recordVerdict(seatOf(this.doc, player), n, verdict);
  }

  /** @returns the seats that it eliminated */
  private performAction(seat: number, name: string, data: Json): EliminatedSeat[] {
    if (name.startsWith('$')) return performEngineAction(this.transaction(), seat, name, data);
    const { room } = this.doc;
    const def = this.game.contract.def as ContractDef;
    if (!Object.hasOwn(def.actions, name)) throw new EngineRefusalError('no-such-action');
    if (room.phase !== 'playing') throw new EngineRefusalError('not-playing');
    if (room.seats[seat]!.out) throw new EngineRefusalError('out-of-play');
    const read = parse(def.actions[name]!, data);
    if (!read.ok) throw new EngineRefusalError('bad-data', read.detail);
    const rule = this.game.rules.actions[name] as (s: unknown, data: unknown, ctx: unknown) => unknown;
    assertSync(rule(this.doc.state, read.value, contextFor(this.game, this.doc, this.draft.events, this.clock, seat)));
    return [];
  }

  private afterAction(name: string, requester: Requester, eliminated: readonly EliminatedSeat[]): void {
    if (name === '$leave' && requester !== 'server')
      this.handleElimination(this.draft.transact(() => loseSeat(this.transaction(), requester, 'left')));
    else for (const seat of eliminated) this.handleElimination(seat);
    if (name === '$leave' || name === '$kick') this.startIfNoLongerWaiting();
  }

  /** Performs an action that the server itself requests, with the rights of a host. */
  private performServerAction({ name, data }: Command & { kind: 'serve' }): Outcome {
    if (this.fault && name !== '$close' && name !== '$release') return this.refuseQuarantined();
    const seq = this.seq + 1;
    if (name === '$release') return this.release(seq);
    try {
      this.afterAction(
        name,
        'server',
        this.draft.transact(() => performEngineAction(this.transaction(), 'server', name, data)),
      );
      return { kind: 'accepted', seq };
    } catch (error) {
      return { kind: 'refused', refusal: this.refusalOf(error, name) };
    }
  }

  private removeEffect(key: string): Outcome {
    this.draft.transact(() => {
      const { effects, timers } = this.doc.hidden;
      delete effects[key];
      if (Object.keys(effects).length === 0) delete timers[effectsTimer];
    });
    return { kind: 'done' };
  }

  private planMoves(): void {
    this.ruleTracker.beginStep('plan');
    this.draft.tryTransact(
      'bot',
      () =>
        planMoves(
          this.game,
          this.doc,
          this.clock,
          seat => this.mayAskBot(seat),
          error => this.onFailure('bot', error),
        ),
      'rule',
    );
    this.ruleTracker.endStep();
  }

  /** Called before a bot is asked. @returns whether it may be */
  private mayAskBot(seat: number): boolean {
    const { player } = this.doc.hidden.seats[seat]!;
    this.ruleTracker.beginRule('bot', player);
    return !this.doc.hidden.hangs || !this.isBlocked(blockKeys.bot(player));
  }

  /** Makes a bot's move like any other action. If it fails, the failure is reported and nothing changes. */
  private performBotMove(seat: number): void {
    this.draft.transact(() => {
      delete this.doc.hidden.timers[moveTimer(seat)];
    });
    if (!this.doc.room.seats[seat]?.bot || this.doc.room.phase !== 'playing' || !this.mayAskBot(seat)) return;
    try {
      this.draft.transact(() => {
        const move = askBot(this.game, this.doc, seat, createRandom(this.doc.hidden.seed));
        if (!move || !('act' in move)) return;
        this.ruleTracker.beginRule(`actions.${move.act}`, this.doc.hidden.seats[seat]!.player);
        this.performAction(seat, move.act, move.data);
      });
    } catch (error) {
      this.onFailure('bot', error);
    }
  }

  /** Starts a match that waited for a player who has left or is back. */
  private startIfNoLongerWaiting(): void {
    if (this.doc.hidden.hangs && this.isBlocked(blockKeys.setup)) return;
    if (this.doc.room.phase === 'waiting')
      this.draft.tryTransact('setup', () => maybeStart(this.transaction(departure)));
    if (this.doc.room.phase === 'ended')
      this.draft.tryTransact('setup', () => maybeRematch(this.transaction(departure)));
  }

  private handleElimination(eliminated: EliminatedSeat | null): void {
    if (eliminated === null) return;
    const decided = this.runHook('left', eliminated.seat, eliminated.player, { why: eliminated.why });
    this.draft.tryTransact('left', () => endIfTooFew(this.transaction(), decided));
  }

  /** @returns whether the game has this hook and it succeeded */
  private runHook(name: 'away' | 'back' | 'left', seat: number, player: string, more: object = {}): boolean {
    const hook = this.game.rules[name] as ((s: unknown, ctx: unknown) => unknown) | undefined;
    if (!hook || this.doc.room.phase !== 'playing') return false;
    if (this.doc.hidden.hangs && this.isBlocked(blockKeys.hook(name, player))) {
      this.onFailure(name, new RuleHungError(name));
      return false;
    }
    this.ruleTracker.beginRule(name, player);
    return this.draft.tryTransact(
      name,
      () =>
        assertSync(
          hook(
            this.doc.state,
            Object.assign(contextFor(this.game, this.doc, this.draft.events, this.clock, seat), more),
          ),
        ),
      'rule',
    );
  }

  /** Fires the due timers in order of their deadlines. Consuming a timer is part of the entry, so it fires once. */
  private fireTimers(): Outcome {
    const due = Object.entries(this.doc.hidden.timers)
      .filter(([, t]) => t.at <= this.clock)
      .sort((a, b) => a[1].at - b[1].at);
    for (const [name, { at, data }] of due) {
      if (this.doc.hidden.timers[name]?.at !== at) continue; // an earlier one has cleared or moved it
      if (name.startsWith('$')) {
        this.fireEngineTimer(name);
        continue;
      }
      const consume = () =>
        contextFor(this.game, this.doc, this.draft.events, this.clock, null).timers[name as never] as { clear(): void };
      const rule = (this.game.rules.timers as Record<string, unknown> | undefined)?.[name] as
        | ((s: unknown, data: unknown, ctx: unknown) => unknown)
        | undefined;
      const fired =
        rule !== undefined &&
        this.doc.room.phase === 'playing' &&
        this.draft.tryTransact(
          `timers.${name}`,
          () => {
            consume().clear();
            this.ruleTracker.beginRule(`timers.${name}`);
            assertSync(
              rule(this.doc.state, data, contextFor(this.game, this.doc, this.draft.events, this.clock, null)),
            );
          },
          'rule',
        );
      if (!fired)
        this.draft.transact(() => {
          delete this.doc.hidden.timers[name];
          delete this.doc.room.clocks[name];
        });
    }
    return { kind: 'done' };
  }

  private fireEngineTimer(name: string): void {
    const { seats } = this.doc.room;
    if (name === effectsTimer) {
      // Effects are pending: the timer stays set, so that the due scan finds the room and its owner retries.
      this.draft.transact(() => {
        this.doc.hidden.timers[name] = { at: this.clock + limits.effectRetryMax, data: null };
      });
      return;
    }
    if (name === abandonedTimer) return this.draft.transact(() => endAbandoned(this.transaction()));
    const moving = seats.findIndex((_s, i) => moveTimer(i) === name);
    if (moving >= 0) return this.performBotMove(moving);
    const player = this.doc.hidden.seats.find(s => s && holdTimer(s.player) === name)?.player;
    if (player === undefined)
      return void this.draft.transact(() => {
        delete this.doc.hidden.timers[name];
      });
    this.handleElimination(this.draft.transact(() => expireHold(this.transaction(), player)));
    this.startIfNoLongerWaiting();
  }

  private tick(inputs: ReadonlyMap<string, SeatInput>): Outcome {
    const rule = this.game.rules.tick as ((s: unknown, ctx: unknown) => unknown) | undefined;
    if (!rule || this.doc.room.phase !== 'playing') return { kind: 'done' };
    if (isBotTick(this.game, this.ticks++)) this.askBots();
    this.ruleTracker.beginRule('tick');
    const ran = this.draft.tryTransact(
      'tick',
      () => {
        const ctx = Object.assign(contextFor(this.game, this.doc, this.draft.events, this.clock, null), {
          inputs: this.tickInputs(inputs),
        });
        assertSync(rule(this.doc.state, ctx));
      },
      'rule',
    );
    this.failedTicks = ran ? 0 : this.failedTicks + 1;
    if (this.failedTicks >= limits.failedTicksInRow) this.quarantine(`tick failed ${this.failedTicks} times in a row`);
    return { kind: 'done' };
  }

  private askBots(): void {
    this.botInputs.clear();
    if (!hasPresentPlayer(this.doc)) return;
    for (const seat of botSeats(this.doc)) {
      if (!this.mayAskBot(seat)) continue;
      this.draft.tryTransact(
        'bot',
        () => {
          const move = askBot(this.game, this.doc, seat, createRandom(this.doc.hidden.seed));
          if (move && 'act' in move) planMove(this.doc, seat, this.clock + move.after);
          else if (move) this.botInputs.set(seat, move);
        },
        'rule',
      );
    }
  }

  /** The input of each seat for the tick rule. Publishes input numbers with the entry where necessary. */
  private tickInputs(inputs: ReadonlyMap<string, SeatInput>): Record<string, Json>[] {
    const { room, hidden } = this.doc;
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
      const tickInput = tickInputOf(this.game, valid);
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
    const every = Math.max(
      1,
      (((this.game.contract.def as ContractDef).tick?.hz ?? 0) * limits.inputNumberInterval) / 1_000,
    );
    const interval = Math.floor(this.ticks / every);
    const before = this.inputNumbers[seat];
    const isNew = before === undefined || n !== before.n;
    const due = before?.interval !== interval && (isNew || this.ticks % every >= every / 2);
    const shows = due || shown === 0 || Object.keys(press).length > 0;
    this.inputNumbers[seat] = { n, interval: shows || before === undefined ? interval : before.interval };
    return shows;
  }

  /** Quarantines the room, unless it is quarantined already. */
  quarantine(why: string): void {
    if (!this.fault) this.draft.transact(() => enterQuarantine(this.doc, why, this.clock));
  }

  /** Ends the quarantine at the operator's request. No effect if the room is not quarantined. */
  private release(seq: number): Outcome {
    if (this.fault === closedFault) return this.refuseQuarantined();
    if (this.fault) {
      this.draft.transact(() => leaveQuarantine(this.transaction()));
      this.failedTicks = 0;
      this.migrate();
    }
    return { kind: 'accepted', seq };
  }

  /** Treats rules that hung as failed: consumed, refused, and not run again. */
  private recordHungRules(hangReports: readonly HangReport[]): Outcome {
    const why = this.draft.transact(() => recordHangs(this.doc, hangReports, this.clock));
    for (const { player, session, n } of hangReports) {
      const seat = this.doc.hidden.seats[seatOf(this.doc, player)];
      if (n > 0 && seat?.session === session && n === seat.base + 1 && this.isBlocked(blockKeys.act(session, n)))
        this.refuseHung(player, n, this.seq + 1);
    }
    if (why !== null) this.quarantine(why);
    return { kind: 'done' };
  }

  private shiftDeadlines(by: number): Outcome {
    this.draft.transact(() => {
      for (const timer of Object.values(this.doc.hidden.timers)) timer.at += by;
      for (const name of Object.keys(this.doc.room.clocks)) this.doc.room.clocks[name]! += by;
      for (const seat of this.doc.room.seats) if (seat?.until) seat.until += by;
    });
    return { kind: 'done' };
  }

  private migrate(): Outcome {
    const { room, hidden } = this.doc;
    const version = this.game.contract.def.version as number;
    if (hidden.stateVersion === version) return { kind: 'done' };
    this.ruleTracker.beginRule('migrate');
    const migrated = this.draft.tryTransact('migrate', () => {
      if (this.doc.state !== null) {
        if (!this.game.rules.migrate) throw new TypeError('the rules have no migrate');
        this.doc.state = assertSync(
          (this.game.rules.migrate as (s: unknown, from: number) => Json)(this.doc.state, hidden.stateVersion),
        );
      }
      hidden.stateVersion = room.version = version;
    });
    if (!migrated) this.quarantine(`could not migrate the state from version ${hidden.stateVersion} to ${version}`);
    return { kind: 'done' };
  }

  private refusalOf(error: unknown, name: string): Refused {
    if (error instanceof RuleRefusalError || error instanceof EngineRefusalError)
      return { ok: false, code: error.code, ...(error.detail ? { detail: error.detail } : {}) };
    this.onFailure(name.startsWith('$') ? this.ruleTracker.lastRule : `actions.${name}`, error);
    return makeRefusal('rule-failed');
  }
}

import { parse, type AnyGame, type ContractDef } from '../../shared/contract.ts';
import type { Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { NumberedVerdict } from '../../shared/protocol.ts';
import { randomFrom } from '../../shared/random.ts';
import { refused, type Refused } from '../../shared/refusals.ts';
import { askBot, asksAtTick, botSeats, planMove, planMoves, somebodyHere } from './bots.ts';
import { contextFor, mustBeSync, RuleRefusal, type RoomEvent } from './context.ts';
import { abandonedTimer, closedFault, effectsTimer, holdTimer, moveTimer, seatOf, verdictsOf, type HiddenSeat, type RoomDocument, type StoredVerdict } from './document.ts';
import { Draft } from './draft.ts';
import { EngineRefusal, performEngine, type Asker } from './engine-actions.ts';
import { barred, departure, isBarred, noteHangs, RuleHung, type Blame } from './hangs.ts';
import { told, type SeatInput } from './inputs.ts';
import { fillProfiles } from './profile.ts';
import { bringBack, markGone, takeOut } from './quarantine.ts';
import { endAbandoned, endIfTooFew, giveUp, isAbandonedTimerStale, updateAbandonedTimer, loseSeat, markAway, maybeRematch, maybeStart, takeSeat, type Asking, type Out, type Seated, type Table } from './seating.ts';
import { Watched } from './watched.ts';

/** What a room is asked to do. */
export type Input =
  | ({ kind: 'join' } & Asking)
  /** Gives up the hold of this session. */
  | { kind: 'leave'; player: string; session: string }
  | { kind: 'act'; player: string; session: string; name: string; data: Json; number: { n: number; term: number } | null }
  | { kind: 'away'; player: string; session: string }
  | { kind: 'timers' }
  /** What the players did since the last one, by player. */
  | { kind: 'tick'; inputs?: ReadonlyMap<string, SeatInput> }
  /** An engine's action, by the server itself. */
  | { kind: 'serve'; name: string; data: Json }
  /** The host's code has done this effect. */
  | { kind: 'effect'; key: string }
  /** Moves all deadlines by so many ms: the time in which the room could not commit. */
  | { kind: 'shift'; by: number }
  /** More is known of who is connected: a match may have waited for that. */
  | { kind: 'settle' }
  /** Rules hung, and took the owner before along. */
  | { kind: 'hung'; blames: readonly Blame[] }
  /** Brings a state that an older version of the game wrote up to this one. */
  | { kind: 'migrate' };

export type Outcome =
  | { kind: 'seated'; seated: Seated }
  | { kind: 'accepted'; seq: number }
  /** `code` may be one of the game's. */
  | { kind: 'refused'; refusal: Refused; /** By `setup`, which threw. */ failed?: true }
  | { kind: 'refusedAction'; seq: number; refusal: Refused }
  | { kind: 'stale'; base: number; verdicts: NumberedVerdict[] }
  | { kind: 'gap'; base: number }
  | { kind: 'done' };

/** What a player is told of an action that hung. */
const hungDetail = 'it took too long';

/** Whether players may come, go or lose a seat by it, or timers be set while none is there. */
const changesPresence = (input: Input): boolean => input.kind === 'join' || input.kind === 'away' || input.kind === 'leave' || input.kind === 'timers' || input.kind === 'serve' || (input.kind === 'act' && input.name.startsWith('$'));

/** What a batch of inputs changed: one journal entry. */
export interface Batch { seq: number; changes: Changes; events: RoomEvent[]; now: number }

/**
 * A room without any I/O: inputs in, outcomes and a batch out. Who runs it (rooms/host.ts) journals the batch before a
 * single outcome leaves the house.
 *
 * Every input runs on a draft of the document (draft.ts): one that throws leaves no trace but the one written down for it
 * (a verdict, a consumed timer).
 */
export class Room {
  private readonly draft: Draft;
  private failedTicks = 0;
  /** A match has ended since the last entry. */
  private hasEnded = false;
  private ticks = 0;
  /** What the bots of a game with inputs hold. Like the players' own it is in memory alone. */
  private readonly botInputs = new Map<number, SeatInput>();
  /** Of each seat, the number of inputs that the last tick was told of, and the stretch of time in which one was last part of an entry. */
  private readonly numbers: { told: number; stretch: number }[] = [];
  private clock: number;

  constructor(
    readonly game: AnyGame,
    readonly doc: RoomDocument,
    readonly term: number,
    /** Last committed seq. */
    private seq: number,
    private readonly onFailure: (where: string, error: unknown) => void,
    private readonly watched: Watched = Watched.unwatched(),
    thorough = false,
  ) {
    this.clock = doc.hidden.clock;
    fillProfiles(doc);
    this.draft = new Draft(doc, ((game.contract.def as ContractDef).tick?.durable ?? 'every') !== 'every', onFailure, thorough);
  }

  /** Runs one input at wall time `wall`. Never throws. */
  step(input: Input, wall: number): Outcome {
    this.clock = Math.max(this.clock, wall);
    this.asker = input.kind === 'join' || input.kind === 'act' ? input.player : null;
    switch (input.kind) {
      case 'act': this.watched.begin('act', `actions.${input.name}`, '', input.player, input.session, input.number?.n ?? 0); break;
      case 'join': case 'away': case 'leave': this.watched.begin(input.kind, input.kind, input.player, input.player, input.session); break;
      default: this.watched.begin(input.kind);
    }
    const { phase } = this.doc.room;
    try {
      const outcome = this.run(input);
      if (changesPresence(input) && !this.fault && isAbandonedTimerStale(this.table())) this.draft.count(() => updateAbandonedTimer(this.table()));
      return outcome;
    } finally {
      this.watched.end();
      if (phase === 'playing' && this.doc.room.phase !== 'playing') this.hasEnded = true;
    }
  }

  /** Nothing more goes into this entry: the end of a match is the end of its entry, so that it is published and recorded (SPEC J17). */
  get isFull(): boolean { return this.hasEnded; }

  private run(input: Input): Outcome {
    switch (input.kind) {
      case 'join': return this.join(input);
      case 'act': return this.act(input);
      case 'away': return this.away(input);
      case 'leave': return this.leave(input);
      case 'timers': return this.fire();
      case 'tick': return this.tick(input.inputs ?? new Map());
      case 'serve': return this.serve(input);
      case 'effect': return this.effectDone(input.key);
      case 'shift': return this.shift(input.by);
      case 'settle':
        this.waitNoLonger();
        return { kind: 'done' };
      case 'hung': return this.hung(input.blames);
      case 'migrate': return this.migrate();
    }
  }

  /** The room's clock: never behind its last entry. */
  get now(): number { return this.clock; }

  /** Motion that may be journaled later, see Draft. */
  motion(): Changes | null { return this.draft.motion(); }

  /** Takes what has changed since the last call, as the entry that is to be journaled next; null when nothing has. */
  take(): Batch | null {
    this.hasEnded = false;
    if ((this.draft.changes('state') || this.draft.changes('room')) && botSeats(this.doc).length > 0) this.planMoves();
    const taken = this.draft.take(this.clock);
    return taken && { seq: ++this.seq, ...taken, now: this.clock };
  }

  /** Why the room is out of play, or null. */
  get fault(): string | null { return this.doc.hidden.fault; }

  private barred(): Outcome { return { kind: 'refused', refusal: refused(this.fault === closedFault ? 'room-missing' : 'room-quarantined') }; }

  /** Whether a player who is not marked as away is known to be connected; said by who runs the room. */
  isConnected: (player: string) => boolean = () => true;
  /** The player of the input that is being run. */
  private asker: string | null = null;

  private table(who = ''): Table { return { game: this.game, doc: this.doc, events: this.draft.events, now: this.clock, asks: rule => this.watched.rule(rule, who), isConnected: player => player === this.asker || this.isConnected(player) }; }

  private isBarred(what: string): boolean { return isBarred(this.doc, what, this.clock); }

  private join(input: Input & { kind: 'join' }): Outcome {
    if (this.fault) return this.barred();
    if (this.doc.hidden.hangs && seatOf(this.doc, input.player) < 0 && this.isBarred(barred.join(input.player))) return { kind: 'refused', refusal: refused('join-refused', hungDetail) };
    let seated: Seated | Refused;
    try {
      seated = this.draft.count(() => takeSeat(this.table(), input));
    } catch (error) {
      this.onFailure(this.watched.lastRule, error);
      // A `joined` that throws refuses this player; a `setup` that throws would refuse anybody who fills the room.
      return { kind: 'refused', refusal: refused('join-refused', error instanceof RuleRefusal ? error.detail : undefined), ...(this.watched.lastRule === 'setup' ? { failed: true as const } : {}) };
    }
    if ('code' in seated) return { kind: 'refused', refusal: seated };
    const { seat } = seated;
    if (seated.back) {
      if (this.doc.room.phase === 'playing') this.hook('back', seat, input.player);
      else this.waitNoLonger(); // the match may have waited for this player
    }
    return { kind: 'seated', seated };
  }

  private away(input: Input & { kind: 'away' }): Outcome {
    const seat = seatOf(this.doc, input.player);
    if (seat < 0 || this.doc.hidden.seats[seat]!.session !== input.session) return { kind: 'done' };
    if (this.fault) return this.draft.count(() => { markGone(this.doc, seat); return { kind: 'done' }; });
    const was = this.draft.count(() => markAway(this.table(), seat));
    if (was && this.doc.room.phase === 'playing') this.hook('away', seat, input.player);
    return { kind: 'done' };
  }

  /** The player gives the seat up. Asked twice, or for a hold that has ended, nothing happens. */
  private leave(input: Input & { kind: 'leave' }): Outcome {
    if (this.fault) return this.barred();
    const seat = seatOf(this.doc, input.player);
    if (seat < 0) return { kind: 'done' };
    if (this.doc.hidden.seats[seat]!.session !== input.session) return { kind: 'refused', refusal: refused('session-replaced') };
    this.outOfPlay(this.draft.count(() => loseSeat(this.table(), seat, 'left')));
    this.waitNoLonger();
    return { kind: 'done' };
  }

  private act(input: Input & { kind: 'act' }): Outcome {
    const seat = seatOf(this.doc, input.player);
    const hidden = seat < 0 ? null : this.doc.hidden.seats[seat]!;
    // What has a number may have been done while the session had a seat: joining again tells that it has none.
    if (!hidden) return { kind: 'refused', refusal: refused(input.number ? 'seat-lost' : 'not-seated') };
    if (hidden.closed.includes(input.session)) return { kind: 'refused', refusal: refused('session-replaced') };
    // Neither open nor closed: it was opened in entries that were lost. Joining again opens it again.
    if (hidden.session !== input.session) return { kind: 'refused', refusal: refused('not-in-room') };
    if (input.number) {
      const known = this.knownNumber(hidden, input.number);
      if (known) return known;
    }
    if (this.fault) return this.barred();
    const seq = this.seq + 1;
    const n = input.number?.n ?? null;
    if (n !== null && this.doc.hidden.hangs && this.isBarred(barred.act(input.session, n))) return this.refuseHung(input.player, n, seq);
    try {
      const outs = this.draft.count(() => this.perform(seat, input.name, input.data), input.name.startsWith('$') ? 'engine' : 'rule');
      this.record(hidden.player, n, seq);
      this.afterAction(input.name, seat, outs);
      return { kind: 'accepted', seq };
    } catch (error) {
      const refusal = this.refusalOf(error, input.name);
      this.record(hidden.player, n, [seq, refusal.code, refusal.detail ?? '']);
      return { kind: 'refusedAction', seq, refusal };
    }
  }

  /** What hung is not run again: its number gets the verdict of a rule that failed. */
  private refuseHung(player: string, n: number, seq: number): Outcome {
    this.record(player, n, [seq, 'rule-failed', hungDetail]);
    return { kind: 'refusedAction', seq, refusal: refused('rule-failed', hungDetail) };
  }

  /** Answers a number that cannot be the next one. Null: it is. */
  private knownNumber(seat: HiddenSeat, { n, term }: { n: number; term: number }): Outcome | null {
    if (term !== this.term) return { kind: 'stale', base: seat.base, verdicts: verdictsOf(seat) };
    if (n > seat.base + 1) return { kind: 'gap', base: seat.base };
    if (n === seat.base + 1) return null;
    const verdict = seat.verdicts[n];
    if (verdict === undefined) return { kind: 'refused', refusal: refused('bad-request', `number ${n} is long past`) };
    if (typeof verdict === 'number') return { kind: 'accepted', seq: verdict };
    return { kind: 'refusedAction', seq: verdict[0], refusal: { ok: false, code: verdict[1], ...(verdict[2] ? { detail: verdict[2] } : {}) } };
  }

  private record(player: string, n: number | null, verdict: StoredVerdict): void {
    if (n !== null) this.draft.record(seatOf(this.doc, player), n, verdict);
  }

  /** @returns the seats that went out of play */
  private perform(seat: number, name: string, data: Json): Out[] {
    if (name.startsWith('$')) return performEngine(this.table(), seat, name, data);
    const { room } = this.doc;
    const def = this.game.contract.def as ContractDef;
    if (!Object.hasOwn(def.actions, name)) throw new EngineRefusal('no-such-action');
    if (room.phase !== 'playing') throw new EngineRefusal('not-playing');
    if (room.seats[seat]!.out) throw new EngineRefusal('out-of-play');
    const read = parse(def.actions[name]!, data);
    if (!read.ok) throw new EngineRefusal('bad-data', read.detail);
    const rule = this.game.rules.actions[name] as (s: unknown, data: unknown, ctx: unknown) => unknown;
    mustBeSync(rule(this.doc.state, read.value, contextFor(this.game, this.doc, this.draft.events, this.clock, seat)));
    return [];
  }

  private afterAction(name: string, asker: Asker, outs: readonly Out[]): void {
    if (name === '$leave' && asker !== 'server') this.outOfPlay(this.draft.count(() => loseSeat(this.table(), asker, 'left')));
    else for (const out of outs) this.outOfPlay(out);
    if (name === '$leave' || name === '$kick') this.waitNoLonger();
  }

  /** What the server itself asks of the room, as a host would. */
  private serve({ name, data }: Input & { kind: 'serve' }): Outcome {
    if (this.fault && name !== '$close' && name !== '$release') return this.barred();
    const seq = this.seq + 1;
    if (name === '$release') return this.release(seq);
    try {
      this.afterAction(name, 'server', this.draft.count(() => performEngine(this.table(), 'server', name, data)));
      return { kind: 'accepted', seq };
    } catch (error) {
      return { kind: 'refused', refusal: this.refusalOf(error, name) };
    }
  }

  private effectDone(key: string): Outcome {
    this.draft.count(() => {
      const { effects, timers } = this.doc.hidden;
      delete effects[key];
      if (Object.keys(effects).length === 0) delete timers[effectsTimer];
    });
    return { kind: 'done' };
  }

  private planMoves(): void {
    this.watched.begin('plan');
    this.draft.tryOut('bot', () => planMoves(this.game, this.doc, this.clock, seat => this.asksBot(seat), error => this.onFailure('bot', error)), 'rule');
    this.watched.end();
  }

  /** Before a bot is asked. @returns whether it may be */
  private asksBot(seat: number): boolean {
    const { player } = this.doc.hidden.seats[seat]!;
    this.watched.rule('bot', player);
    return !this.doc.hidden.hangs || !this.isBarred(barred.bot(player));
  }

  /** A bot's turn: its move is an action like any other. What it does wrong is its own fault and changes nothing. */
  private botMove(seat: number): void {
    this.draft.count(() => { delete this.doc.hidden.timers[moveTimer(seat)]; });
    if (!this.doc.room.seats[seat]?.bot || this.doc.room.phase !== 'playing' || !this.asksBot(seat)) return;
    try {
      this.draft.count(() => {
        const move = askBot(this.game, this.doc, seat, randomFrom(this.doc.hidden.seed));
        if (!move || !('act' in move)) return;
        this.watched.rule(`actions.${move.act}`, this.doc.hidden.seats[seat]!.player);
        this.perform(seat, move.act, move.data);
      });
    } catch (error) {
      this.onFailure('bot', error);
    }
  }

  /** A match begins that waited for a player who has left, or is back. */
  private waitNoLonger(): void {
    if (this.doc.hidden.hangs && this.isBarred(barred.setup)) return;
    if (this.doc.room.phase === 'waiting') this.draft.tryOut('setup', () => maybeStart(this.table(departure)));
    if (this.doc.room.phase === 'ended') this.draft.tryOut('setup', () => maybeRematch(this.table(departure)));
  }

  private outOfPlay(out: Out | null): void {
    if (out === null) return;
    const decided = this.hook('left', out.seat, out.player, { why: out.why });
    this.draft.tryOut('left', () => endIfTooFew(this.table(), decided));
  }

  /** @returns whether the game has this hook, and it ran */
  private hook(name: 'away' | 'back' | 'left', seat: number, player: string, more: object = {}): boolean {
    const hook = this.game.rules[name] as ((s: unknown, ctx: unknown) => unknown) | undefined;
    if (!hook || this.doc.room.phase !== 'playing') return false;
    if (this.doc.hidden.hangs && this.isBarred(barred.hook(name, player))) {
      this.onFailure(name, new RuleHung(name));
      return false;
    }
    this.watched.rule(name, player);
    return this.draft.tryOut(name, () => mustBeSync(hook(this.doc.state, Object.assign(contextFor(this.game, this.doc, this.draft.events, this.clock, seat), more))), 'rule');
  }

  /** Fires what is due, in order of the deadlines. Each firing is part of the entry, so it happens once. */
  private fire(): Outcome {
    const due = Object.entries(this.doc.hidden.timers).filter(([, t]) => t.at <= this.clock).sort((a, b) => a[1].at - b[1].at);
    for (const [name, { at, data }] of due) {
      if (this.doc.hidden.timers[name]?.at !== at) continue; // an earlier one has cleared or moved it
      if (name.startsWith('$')) {
        this.fireOwn(name);
        continue;
      }
      const consume = () => contextFor(this.game, this.doc, this.draft.events, this.clock, null).timers[name as never] as { clear(): void };
      const rule = (this.game.rules.timers as Record<string, unknown> | undefined)?.[name] as ((s: unknown, data: unknown, ctx: unknown) => unknown) | undefined;
      const fired = rule !== undefined && this.doc.room.phase === 'playing' && this.draft.tryOut(`timers.${name}`, () => {
        consume().clear();
        this.watched.rule(`timers.${name}`);
        mustBeSync(rule(this.doc.state, data, contextFor(this.game, this.doc, this.draft.events, this.clock, null)));
      }, 'rule');
      if (!fired) this.draft.count(() => { delete this.doc.hidden.timers[name]; delete this.doc.room.clocks[name]; });
    }
    return { kind: 'done' };
  }

  /** A timer of the engine. */
  private fireOwn(name: string): void {
    const { seats } = this.doc.room;
    if (name === effectsTimer) {
      // Still to be done: whoever owns the room then tries again, and meanwhile it can be found.
      this.draft.count(() => { this.doc.hidden.timers[name] = { at: this.clock + limits.effectRetryMost, data: null }; });
      return;
    }
    if (name === abandonedTimer) return this.draft.count(() => endAbandoned(this.table()));
    const moving = seats.findIndex((_s, i) => moveTimer(i) === name);
    if (moving >= 0) return this.botMove(moving);
    const player = this.doc.hidden.seats.find(s => s && holdTimer(s.player) === name)?.player;
    if (player === undefined) return void this.draft.count(() => { delete this.doc.hidden.timers[name]; });
    this.outOfPlay(this.draft.count(() => giveUp(this.table(), player)));
    this.waitNoLonger();
  }

  private tick(inputs: ReadonlyMap<string, SeatInput>): Outcome {
    const rule = this.game.rules.tick as ((s: unknown, ctx: unknown) => unknown) | undefined;
    if (!rule || this.doc.room.phase !== 'playing') return { kind: 'done' };
    if (asksAtTick(this.game, this.ticks++)) this.askBots();
    this.watched.rule('tick');
    const ran = this.draft.tryOut('tick', () => {
      const ctx = Object.assign(contextFor(this.game, this.doc, this.draft.events, this.clock, null), { inputs: this.inputsBySeat(inputs) });
      mustBeSync(rule(this.doc.state, ctx));
    }, 'rule');
    this.failedTicks = ran ? 0 : this.failedTicks + 1;
    if (this.failedTicks >= limits.failedTicks) this.quarantine(`tick failed ${this.failedTicks} times in a row`);
    return { kind: 'done' };
  }

  private askBots(): void {
    this.botInputs.clear();
    if (!somebodyHere(this.doc)) return;
    for (const seat of botSeats(this.doc)) {
      if (!this.asksBot(seat)) continue;
      this.draft.tryOut('bot', () => {
        const move = askBot(this.game, this.doc, seat, randomFrom(this.doc.hidden.seed));
        if (move && 'act' in move) planMove(this.doc, seat, this.clock + move.after);
        else if (move) this.botInputs.set(seat, move);
      }, 'rule');
    }
  }

  /** What the tick is told of each seat, and that it was: the numbers are part of the entry. */
  private inputsBySeat(inputs: ReadonlyMap<string, SeatInput>): Record<string, Json>[] {
    const { room, hidden } = this.doc;
    return room.seats.flatMap((seat, i) => {
      if (!seat) return [];
      const said = seat.bot ? this.botInputs.get(i) : seat.out || seat.player === null ? undefined : inputs.get(seat.player);
      // What an older session of the player held is let go of, and its numbers are not those of the new one.
      const own = said && (seat.bot || said.session === hidden.seats[i]?.session) ? said : undefined;
      const shown = room.inputs[i];
      if (!seat.bot && own && shown !== undefined && own.n > shown && this.showsNumber(i, own, shown)) room.inputs[i] = own.n;
      const ticked = told(this.game, own);
      if (seat.bot && own) own.press = {};
      return [ticked];
    });
  }

  /**
   * Presses count once only because their number is in the entry that counts them. Of what is held it is enough to say so at
   * first, and once in each stretch: with the tick at which it counts, if there is one in the first half of it, since clients
   * learn from that how long their way is.
   */
  private showsNumber(seat: number, { n, press }: SeatInput, shown: number): boolean {
    const every = Math.max(1, (((this.game.contract.def as ContractDef).tick?.hz ?? 0) * limits.inputsNumbered) / 1_000);
    const stretch = Math.floor(this.ticks / every);
    const before = this.numbers[seat];
    const isNew = before === undefined || n !== before.told;
    const due = before?.stretch !== stretch && (isNew || this.ticks % every >= every / 2);
    const shows = due || shown === 0 || Object.keys(press).length > 0;
    this.numbers[seat] = { told: n, stretch: shows || before === undefined ? stretch : before.stretch };
    return shows;
  }

  /** Takes the room out of play, for an operator to look at. */
  quarantine(why: string): void {
    if (!this.fault) this.draft.count(() => takeOut(this.doc, why, this.clock));
  }

  /** Back into play, by its operator. Where it is not out of play, that was done already. */
  private release(seq: number): Outcome {
    if (this.fault === closedFault) return this.barred();
    if (this.fault) {
      this.draft.count(() => bringBack(this.table()));
      this.failedTicks = 0;
      this.migrate();
    }
    return { kind: 'accepted', seq };
  }

  /** What hung counts as a rule that has failed: consumed, refused, and not run again. */
  private hung(blames: readonly Blame[]): Outcome {
    const why = this.draft.count(() => noteHangs(this.doc, blames, this.clock));
    for (const { player, session, n } of blames) {
      const seat = this.doc.hidden.seats[seatOf(this.doc, player)];
      if (n > 0 && seat?.session === session && n === seat.base + 1 && this.isBarred(barred.act(session, n))) this.refuseHung(player, n, this.seq + 1);
    }
    if (why !== null) this.quarantine(why);
    return { kind: 'done' };
  }

  private shift(by: number): Outcome {
    this.draft.count(() => {
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
    this.watched.rule('migrate');
    const migrated = this.draft.tryOut('migrate', () => {
      if (this.doc.state !== null) {
        if (!this.game.rules.migrate) throw new TypeError('the rules have no migrate');
        this.doc.state = mustBeSync((this.game.rules.migrate as (s: unknown, from: number) => Json)(this.doc.state, hidden.stateVersion));
      }
      hidden.stateVersion = room.version = version;
    });
    if (!migrated) this.quarantine(`the state of version ${hidden.stateVersion} could not be brought to ${version}`);
    return { kind: 'done' };
  }

  private refusalOf(error: unknown, name: string): Refused {
    if (error instanceof RuleRefusal || error instanceof EngineRefusal) return { ok: false, code: error.code, ...(error.detail ? { detail: error.detail } : {}) };
    this.onFailure(name.startsWith('$') ? this.watched.lastRule : `actions.${name}`, error);
    return refused('rule-failed');
  }
}

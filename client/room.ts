import type {
  ActionsOf,
  ClocksOf,
  ContractDef,
  EventsOf,
  Held,
  In,
  InputsOf,
  Out,
  ProfileIn,
  ProfileOf,
  RefusalsOf,
  SignalsOf,
  ViewOf,
  OptionsOf,
} from '../shared/contract.ts';
import { apply, copy, type Changes } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import { isSamePosition, type Position } from '../shared/position.ts';
import type {
  RoomHead,
  JoinSuccess,
  JoinReply,
  Notice,
  PublicRoom,
  PublicSeat,
  RoomView,
  SeatLoss,
  WireChange,
} from '../shared/protocol.ts';
import { dutyOf, makeRefusal, type RefusalCode, type Refused } from '../shared/refusals.ts';
import type { Connector } from './connector.ts';
import type { Left } from './pending-leaves.ts';
import { InputSender } from './input-sender.ts';
import { checkOutgoing, checkSignal } from './outgoing-checks.ts';
import { Listeners } from './listeners.ts';
import { SlowActionTimer } from './slow-action-timer.ts';
import { Outbox, type ActionResult } from './outbox.ts';
import { methodsByName } from './methods-by-name.ts';
import { monotonicNow, type ClientClock } from './ports.ts';
import { makeRefusedStatus, StatusNotifier, type RoomStatus } from './status.ts';

type Args<I> = Record<never, never> extends I ? [data?: I] : [data: I];
/**
 * `room.act.<action>(data)`: resolves once with what became of it, also across a failover; never throws. When it is
 * accepted, `room.state` shows the effect.
 */
export type Act<D extends ContractDef> = {
  readonly [K in keyof ActionsOf<D>]: (
    ...args: Args<In<ActionsOf<D>[K]>>
  ) => Promise<ActionResult<RefusalsOf<D> | RefusalCode>>;
};

/**
 * `room.input.<name>(…)`: what is held from now on, or one press. Only sent when it changes, at most once for each
 * tick.
 */
export type Input<D extends ContractDef> = {
  readonly [K in keyof InputsOf<D>]: InputsOf<D>[K] extends Held<infer S> ? (value: In<S>) => void : () => void;
};
/** `room.signal.<name>(data)`: tells the others, if they are there. */
export type Signal<D extends ContractDef> = { readonly [K in keyof SignalsOf<D>]: (data: In<SignalsOf<D>[K]>) => void };

/**
 * How a room came back after a break. `lost`: something that had been seen is gone from its history. `seatLost`: the
 * seat had been lost meanwhile, for this reason, and the player has been given a new one (`room.seat`).
 */
export interface Resumed {
  with: 'changes' | 'snapshot';
  lost: boolean;
  missed: number;
  seatLost?: string;
}

/**
 * A player has lost a seat. `seat` is its index before a next match begins; the player's name is given with it, since
 * the seat may be free.
 */
export interface SeatLeft {
  seat: number;
  name: string;
  why: SeatLoss;
}

/** Reasons for a lost seat after which the player still wants one in this room: nobody has decided otherwise. */
const rejoinableLosses: ReadonlySet<string> = new Set(['expired', 'forfeited', 'forgotten']);

export interface RoomParts {
  connector: Connector;
  clock: ClientClock;
  game: ContractDef;
  playerId: () => string;
  id: string;
  session: string;
  watch: boolean;
  /** What the player brings along; undefined: nothing is said of it. */
  profile: Json | undefined;
  roundTrip: () => number | null;
  forget(): void;
  /** A session for another hold. */
  newSession(): string;
  /** A join of this client is on its way, maybe to this room. */
  hasPendingJoin(): boolean;
  /** Gives up a session's hold. */
  leave(session: string, code: string): Promise<Left>;
}

/**
 * What there is of a room to whoever shows it, live or recorded: what is written for this shows a `ReplayRoom`, too.
 */
export type RoomLike<D extends ContractDef = ContractDef> = Pick<
  Room<D>,
  | 'act'
  | 'input'
  | 'signal'
  | 'id'
  | 'code'
  | 'state'
  | 'info'
  | 'seat'
  | 'players'
  | 'position'
  | 'term'
  | 'ended'
  | 'live'
  | 'pending'
  | 'watchers'
  | 'now'
  | 'clock'
  | 'onChange'
  | 'on'
  | 'onSignal'
>;

/**
 * An action of this client whose effect is not in `state` yet. `place`: where it will be; null while it has no verdict.
 */
export interface PendingAction {
  readonly name: string;
  readonly data: Json;
  position: Position | null;
}

/**
 * The room's clock, once read, is believed so long (ms) against what says that it is earlier: somebody may set the
 * clock here.
 */
const clockReadingTtlMs = 60_000;

/** A join that took longer (ms) is repeated to read the room's clock, up to three times in a row. */
const slowJoin = 2_000;

/** A place at a table: the room's state, kept up to date through everything, and a way to act on it. */
export class Room<D extends ContractDef = ContractDef> {
  /**
   * What happens here: `room.act.drop({ column: 3 })`.
   * @example
   * ```ts
   * const said = await room.act.step({ by: 2 })
   * if (said.ok) draw(room.state) // the effect is in it
   * else if (said.code === 'not-your-turn') banner.textContent = 'Wait for your turn.'
   * ```
   */
  readonly act: Act<D>;
  /**
   * What one does all the time: `room.input.steer({ x: 1, y: 0 })`, `room.input.dash()`.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * room.input.steer({ x: 100, y: 0 }) // held, until it is something else
   * room.input.dash()                  // pressed, once
   * ```
   */
  readonly input: Input<D>;
  /**
   * What one tells the others: `room.signal.emote('gg')`. Throws a TypeError for a name or data that the contract does
   * not have.
   * @example
   * ```ts
   * room.signal.emote('gg') // the others hear it by room.onSignal, if they are there now
   * ```
   */
  readonly signal: Signal<D>;
  /**
   * After each change of `state` or `info`.
   * @example
   * ```ts
   * const stop = room.onChange(() => draw(room.state))
   * stop() // it is not told any more
   * ```
   */
  readonly onChange: (fn: () => void) => () => void;
  /**
   * After a break: how the room caught up.
   * @example
   * ```ts
   * room.onResume(({ lost, missed }) => {
   *   banner.textContent = lost ? 'Something that you saw was lost.' : `You missed ${missed} changes.`
   * })
   * ```
   */
  readonly onResume: (fn: (resumed: Resumed) => void) => () => void;
  /**
   * When the hold on the room is over: replaced by another window, left, or the room is gone.
   * @example
   * ```ts
   * room.onEnd(({ code }) => {
   *   if (code === 'session-replaced') banner.textContent = 'You play in another window.'
   * })
   * ```
   */
  readonly onEnd: (fn: (refusal: Refused) => void) => () => void;
  /**
   * After each change of `status`.
   * @example
   * ```ts
   * room.onStatus(status => { banner.textContent = inWords(status) })
   * ```
   */
  readonly onStatus: (fn: (status: RoomStatus) => void) => () => void;
  /**
   * Presses that do not count: more than 16 of a name were made between two ticks, or more than are kept (16 messages
   * with up to 16 of each name) while the room does not answer.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * room.onPressDropped((name, times) => { banner.textContent = `${times} × ${name} did not count.` })
   * ```
   */
  readonly onPressDropped: (fn: (name: string, times: number) => void) => () => void;
  private readonly changeListeners = new Listeners<[]>();
  private readonly statusNotifier = new StatusNotifier<RoomStatus>(() => this.readStatus());
  /** Since when it catches up, by the client's own clock. */
  private catchingUpSince = 0;
  private readonly resumeListeners = new Listeners<[Resumed]>();
  private readonly endListeners = new Listeners<[Refused]>();
  private readonly eventListeners = new Map<
    string,
    Listeners<[data: Json, about: { replayed: boolean; place: Position }]>
  >();
  private readonly signals = new Map<string, Listeners<[data: Json, from: number | null]>>();
  private readonly outbox: Outbox;
  private readonly inputs: InputSender;
  private readonly pressDropped = new Listeners<[name: string, times: number]>();
  private readonly inputSentListeners = new Listeners<[n: number, press: boolean]>();
  private readonly unappliedActions = new Set<PendingAction>();
  private readonly slowActions: SlowActionTimer;
  /** The term whose owner knows what is held. */
  private inputsSentForTerm = 0;
  private view: RoomView | null = null;
  private currentPosition: Position = [0, 0];
  /** When a change last came in its order, on the monotonic clock. @internal */
  lastChangeAt = -Infinity;
  private ownerTerm = 0;
  /** Motion that was taken in since the entry at `at`, and what was shown before it: the next entry follows on that. */
  private volatileCount = 0;
  private durableView: RoomView | null = null;
  private bufferedChanges: WireChange[] | null = null;
  /** A change could not be taken in: what is here may be half of it, so everything is asked for again. */
  private isDamaged = false;
  private joinPromise: Promise<JoinReply> | null = null;
  private joinRequestedAgain = false;
  /** Joins under way of room objects before this one. */
  private readonly earlierJoins = new Set<Promise<JoinReply>>();
  /** Verdicts whose effect this client has not taken in yet. */
  private readonly positionWaiters: { place: Position; reached(): void }[] = [];
  private isCheckingHead = false;
  /** The answer to leave(), once it was called. */
  private leavePromise: Promise<Left> | null = null;
  /** Belongs to one hold: whatever is sent under it takes effect under that hold or never. */
  private session: string;
  /** The number of the hold on a seat; null: none, as far as is known. */
  private hold: number | null = null;
  /** Whose hold it is. */
  private holdPlayer = '';
  /** The seat was lost, and this client is about to ask for another one. */
  private seatLossRefusal: Refused | null = null;
  /** What is brought along: said with each join, so that it is right whatever was lost. */
  private profile: Json | undefined;
  private readonly monotonicNow: () => number;
  /** The room's clock less the monotonic one here: a device clock that is set changes nothing. */
  private clockOffset = 0;
  private clockReadAt = -Infinity;
  /** Joins in a row that were slow. */
  private slowJoins = 0;
  private endRefusal: Refused | null = null;
  /** Spectators of the room, as of the last keep-alive. */
  watchers = 0;

  /** @internal Rooms are made by a client. */
  constructor(private readonly parts: RoomParts) {
    this.profile = parts.profile;
    this.session = parts.session;
    this.monotonicNow = monotonicNow(parts.clock);
    this.slowActions = new SlowActionTimer(parts.clock, () => this.statusNotifier.check());
    this.outbox = new Outbox({
      send: async request =>
        (await parts.connector.request('act', { room: parts.id, ...request, ...this.sessionField() })) as never,
      rejoin: () => void this.join(),
      end: refusal => this.finish(refusal),
      after: (ms, fn) => void parts.clock.after(ms, fn),
    });
    this.act = methodsByName(
      name =>
        (data: unknown = {}) =>
          this.perform(name, data),
    ) as Act<D>;
    this.inputs = new InputSender(parts.game, {
      send: message => parts.connector.send('input', { room: parts.id, ...message, ...this.sessionField() }),
      sent: (n, press) => this.inputSentListeners.notify(n, press),
      dropped: (name, times) => this.pressDropped.notify(name, times),
      now: this.monotonicNow,
      after: (ms, fn) => void parts.clock.after(ms, fn),
    });
    const quiet = () => this.endRefusal !== null || this.leavePromise !== null || parts.watch;
    this.input = methodsByName(name => (value?: Json) => {
      if (!quiet()) this.inputs.set(name, value);
    }) as Input<D>;
    this.signal = methodsByName(name => (data: unknown) => {
      if (!quiet()) parts.connector.send('signal', { room: parts.id, name, data: checkSignal(parts.game, name, data) });
    }) as Signal<D>;
    this.onPressDropped = fn => this.pressDropped.add(fn);
    this.onChange = fn => this.changeListeners.add(fn);
    this.changeListeners.add(() => this.statusNotifier.check());
    this.onStatus = fn => this.statusNotifier.listeners.add(() => fn(this.status));
    this.onResume = fn => this.resumeListeners.add(fn);
    this.onEnd = fn => (this.endRefusal ? (fn(this.endRefusal), () => {}) : this.endListeners.add(fn));
  }

  get id(): string {
    return this.parts.id;
  }
  get code(): string {
    return this.info.code;
  }
  /**
   * The game's state, as this seat may see it; null before the first match. Read it, do not change it; it changes in
   * place, so copy what you keep.
   */
  get state(): ViewOf<D> | null {
    return this.view!.state as ViewOf<D> | null;
  }
  /** Everything else: phase, seats, result, options. */
  get info(): PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> } {
    return this.view!.room as PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
  }
  /**
   * One's own seat, null as a spectator. It may be another one after a lost seat was taken again, and in the next
   * match.
   */
  get seat(): number | null {
    if (this.hold === null) return null;
    const seat = this.info.seats.findIndex(s => s?.hold === this.hold);
    return seat < 0 ? null : seat;
  }
  get players(): (PublicSeat<ProfileOf<D>> | null)[] {
    return this.info.seats;
  }
  /** Where in the room's history this client is. */
  get position(): Position {
    return this.currentPosition;
  }
  get term(): number {
    return this.ownerTerm;
  }
  /** Why the hold on the room is over; null while it is not. */
  get ended(): Refused | null {
    return this.endRefusal;
  }
  /**
   * Up to date, as far as can be known. False while it catches up, and while an action has waited for more than a
   * second.
   */
  get live(): boolean {
    return (
      this.parts.connector.status.state === 'live' &&
      this.bufferedChanges === null &&
      this.endRefusal === null &&
      this.slowActions.slowSince === null
    );
  }
  /** How it is at this table: as the connection, or catching up, or why it is over. */
  get status(): RoomStatus {
    return this.statusNotifier.current;
  }
  /** Actions without a verdict yet. */
  get pending(): number {
    return this.outbox.pending;
  }
  /**
   * The room's clock now, ms since 1970.
   * @example
   * ```ts
   * const begun = room.now()
   * const took = () => room.now() - begun // the same for all who look, whatever their clocks say
   * ```
   */
  now(): number {
    return Math.round(this.monotonicNow() + this.clockOffset);
  }
  /**
   * Ms until a shown timer is due, or null when it is not set.
   * @example
   * ```ts
   * const left = room.clock('turn')
   * banner.textContent = left === null ? '' : `${Math.ceil(left / 1_000)} s left`
   * ```
   */
  clock(name: ClocksOf<D>): number | null {
    const at = this.info.clocks[name];
    return at === undefined ? null : Math.max(0, at - this.now());
  }

  /**
   * Hears an event of the game. `replayed`: it happened while this client was away.
   * @example
   * ```ts
   * const stop = room.on('lap', ({ seat, lap }, { replayed }) => {
   *   if (!replayed) cheer(`Seat ${seat} is in lap ${lap}`) // no fanfare for what was missed
   * })
   * ```
   */
  on<K extends keyof EventsOf<D> & string>(
    event: K,
    fn: (data: Out<EventsOf<D>[K]>, about: { replayed: boolean; place: Position }) => void,
  ): () => void {
    let listeners = this.eventListeners.get(event);
    if (!listeners) this.eventListeners.set(event, (listeners = new Listeners()));
    return listeners.add(fn as never);
  }

  /**
   * Hears what another member tells. `from`: the seat, null when it has none any more.
   * @example
   * ```ts
   * room.onSignal('emote', (text, from) => { if (from !== null) cheer(`${room.players[from]?.name}: ${text}`) })
   * ```
   */
  onSignal<K extends keyof SignalsOf<D> & string>(
    name: K,
    fn: (data: Out<SignalsOf<D>[K]>, from: number | null) => void,
  ): () => void {
    let listeners = this.signals.get(name);
    if (!listeners) this.signals.set(name, (listeners = new Listeners()));
    return listeners.add(fn as never);
  }

  /**
   * A player has lost a seat, and why: before, in and after a match. Seats that are lost in a match also say it by
   * themselves (`why`).
   * @example
   * ```ts
   * room.onLeft(({ name, why }, { replayed }) => {
   *   if (!replayed) banner.textContent = why === 'kicked' ? `${name} was removed.` : `${name} has left.`
   * })
   * ```
   */
  onLeft(fn: (left: SeatLeft, about: { replayed: boolean; place: Position }) => void): () => void {
    return this.on('$left' as never, fn as never);
  }

  /**
   * Says that one is ready, or takes it back, in games that begin so.
   * @example
   * ```ts
   * const said = await room.ready()
   * if (said.ok) banner.textContent = 'Waiting for the others.'
   * await room.ready(false) // not yet, after all
   * ```
   */
  ready(yes = true): Promise<ActionResult<RefusalCode>> {
    return this.perform('$ready', { yes });
  }
  /**
   * Begins the match, or the next one, as the host, in games that start so.
   * @example
   * ```ts
   * if (room.info.host === room.seat) await room.start()
   * ```
   */
  start(): Promise<ActionResult<RefusalCode>> {
    return this.perform('$start', null);
  }
  /**
   * Changes the team, before the match.
   * @example
   * ```ts
   * const said = await room.joinTeam(1) // an index among the contract's teams
   * if (!said.ok) banner.textContent = said.detail ?? said.code
   * ```
   */
  joinTeam(team: number): Promise<ActionResult<RefusalCode>> {
    return this.perform('$team', { team });
  }
  /**
   * As the host: a bot takes a free seat.
   * @example
   * ```ts
   * while (room.players.includes(null)) {
   *   const said = await room.addBot()
   *   if (!said.ok) break // not the host, or the match has begun
   * }
   * ```
   */
  addBot(): Promise<ActionResult<RefusalCode>> {
    return this.perform('$bot', null);
  }
  /**
   * As the host: removes a player, who cannot come back to this room, to sit or to watch. A seat frees that seat; an id
   * may also be that of a spectator (`client.inspect`).
   * @example
   * ```ts
   * const idle = room.players.findIndex(player => player !== null && !player.here)
   * if (idle >= 0) await room.kick(idle)
   * const { spectators = [] } = await client.inspect(room)
   * const heckler = spectators.find(({ name }) => name === 'Heckler')
   * if (heckler) await room.kick(heckler)
   * ```
   */
  kick(who: number | { player: string }): Promise<ActionResult<RefusalCode>> {
    return this.perform('$kick', typeof who === 'object' && who !== null ? { player: who.player } : { seat: who });
  }
  /**
   * As the host: makes another seat the host.
   * @example
   * ```ts
   * await room.makeHost(1)
   * console.log(room.info.host) // 1
   * ```
   */
  makeHost(seat: number): Promise<ActionResult<RefusalCode>> {
    return this.perform('$host', { seat });
  }
  /**
   * Brings along something else from now on, as the contract's `profile` has it: another colour. All see it, rules too.
   * Null takes it back. Refused (`bad-data`), it is as it was.
   * @example
   * ```ts
   * const said = await room.setProfile({ colour: 'mint' })
   * if (said.ok) console.log(room.players[room.seat!]?.profile) // { colour: 'mint' }
   * ```
   */
  async setProfile(profile: ProfileIn<D> | null): Promise<ActionResult<RefusalCode>> {
    const checked = checkOutgoing('profile', profile, 'profileBytes');
    if (!checked.ok) return checked;
    const { profile: brought } = this;
    const mine = (this.profile = checked.value);
    const said = await this.perform('$profile', mine);
    if (!said.ok && this.profile === mine) this.profile = brought;
    return said;
  }
  /**
   * Agrees to another match in this room; it begins when all have.
   * @example
   * ```ts
   * room.onChange(() => { if (room.info.phase === 'ended') again.hidden = false })
   * again.onclick = () => void room.rematch()
   * ```
   */
  rematch(yes = true): Promise<ActionResult<RefusalCode>> {
    return this.perform('$rematch', { yes });
  }

  /**
   * Gives the seat up (or stops watching), and ends this client's membership in the room. Where there is no connection,
   * the client does it when there is one; closing the client, or joining the room again, withdraws it; watching the
   * room does not. Resolves with what became of it, after 10 s at most; never throws.
   * @example
   * ```ts
   * const left = await room.leave()
   * if (!left.confirmed) banner.textContent = 'Not connected: the others do not know yet that you left.'
   * const next = await client.quick(race) // another table
   * ```
   */
  leave(): Promise<Left> {
    return (this.leavePromise ??= this.giveUpSeat());
  }
  /** leave() was called. @internal */
  get isLeaving(): boolean {
    return this.leavePromise !== null;
  }

  private async giveUpSeat(): Promise<Left> {
    const { endRefusal } = this;
    if (this.parts.watch) {
      this.close();
      return { confirmed: true };
    }
    if (endRefusal && endRefusal.code !== 'left')
      return this.isSeatGone(endRefusal) ? { confirmed: true } : { confirmed: false, code: endRefusal.code };
    const left = await this.parts.leave(this.session, this.code);
    this.finish({ ok: false, code: 'left' });
    return left;
  }

  private isSeatGone({ code }: Refused): boolean {
    return code === 'seat-lost' || code === 'kicked' || code === 'room-missing';
  }

  /**
   * Ends this client's membership in the room without giving the seat up: it is held, as for a player whose phone is
   * off.
   * @example
   * ```ts
   * room.close()
   * const same = await client.join(race, { id: room.id }) // within the hold: one's own seat again
   * ```
   */
  close(): void {
    if (this.endRefusal) return;
    // Also where a join is on its way: the node carries both out in turn. Without a connection the node has noticed.
    void this.parts.connector.request('leave', { room: this.id, session: this.session }).catch(() => {});
    this.finish({ ok: false, code: 'left' });
  }

  /** What cannot be sent is refused at once, and holds nothing up. */
  private async perform(name: string, data: unknown): Promise<ActionResult<never>> {
    if (this.endRefusal) return this.endRefusal as Refused<never>;
    if (this.leavePromise) return { ok: false, code: 'left' as never };
    if (this.parts.watch) return makeRefusal('not-seated') as Refused<never>;
    const checked = checkOutgoing('data', data);
    if (!checked.ok) return checked as Refused<never>;
    if (name.length === 0 || name.length > limits.wordLength) return makeRefusal('no-such-action') as Refused<never>;
    return this.performChecked(name, checked.value);
  }

  private async performChecked(name: string, data: Json): Promise<ActionResult<never>> {
    const one: PendingAction = { name, data, position: null };
    this.unappliedActions.add(one);
    const settled = this.slowActions.begin();
    const said = await this.outbox.act(name, data, said => {
      if (said.ok) one.position = said.position;
      else this.unappliedActions.delete(one);
    });
    // Verdict and change travel by different ways. Whoever reads the state after the verdict must find the effect in
    // it.
    if (said.ok) await this.waitForPosition(said.position);
    this.unappliedActions.delete(one);
    settled();
    return said as ActionResult<never>;
  }

  // --- for who shows more than is confirmed -------------------------------------------------

  /** Actions whose effect is not in `state` yet, oldest first. @internal */
  get pendingActions(): PendingAction[] {
    return [...this.unappliedActions].filter(({ position }) => position === null || !this.hasReached(position));
  }
  /** @internal */
  get game(): ContractDef {
    return this.parts.game;
  }
  /** Ticks a second. @internal */
  get hz(): number {
    return this.parts.game.tick?.hz ?? 20;
  }
  /** Now, in ms that never go back: what a page calls performance.now(). @internal */
  moment(): number {
    return this.monotonicNow();
  }
  /** @internal */
  after(ms: number, fn: () => void): void {
    this.parts.clock.after(ms, fn);
  }
  /** What a round trip takes that nothing holds up, ms. @internal */
  get roundTrip(): number | null {
    return this.parts.roundTrip();
  }
  /** Something was done that no message has left with yet. @internal */
  get hasUnsentInputs(): boolean {
    return this.inputs.hasUnsent;
  }
  /** Hears of each new message of inputs as it leaves. @internal */
  onInputSent(fn: (n: number, press: boolean) => void): () => void {
    return this.inputSentListeners.add(fn);
  }

  /** Resolves when this client has taken in an entry, or when the hold on the room is over. */
  private waitForPosition(place: Position): Promise<void> {
    if (this.endRefusal || this.hasReached(place)) return Promise.resolve();
    return new Promise(reached => {
      this.positionWaiters.push({ place, reached });
      this.parts.clock.after(300, () => {
        if (!this.endRefusal && !this.hasReached(place) && this.bufferedChanges === null && this.parts.connector.isLive)
          void this.join();
      });
    });
  }

  private resolveWaiters(): void {
    for (let i = this.positionWaiters.length - 1; i >= 0; i--) {
      if (this.endRefusal || this.hasReached(this.positionWaiters[i]!.place))
        this.positionWaiters.splice(i, 1)[0]!.reached();
    }
  }

  private readStatus(): RoomStatus {
    if (this.endRefusal)
      return this.endRefusal.code === 'left' ? { state: 'closed' } : makeRefusedStatus(this.endRefusal);
    const { status } = this.parts.connector;
    if (status.state !== 'live') return status;
    if (this.bufferedChanges !== null) return { state: 'catching-up', since: this.catchingUpSince };
    const { slowSince } = this.slowActions;
    return slowSince === null ? status : { state: 'waiting', since: slowSince };
  }

  // --- what the client feeds it -------------------------------------------------------------

  /** Joins, or joins again from where it is. At most one at a time; asked meanwhile, once more afterwards. @internal */
  join(): Promise<JoinReply> {
    if (this.endRefusal) return Promise.resolve(this.endRefusal as JoinReply);
    // or it would take the seat again that it gives up
    if (this.leavePromise) return Promise.resolve({ ok: false, code: 'left' });
    if (this.hold !== null && this.holdPlayer !== this.parts.playerId()) {
      // The server knows this client as another player now: the seat is not that player's.
      this.finish(makeRefusal('seat-lost', 'identity'));
      return Promise.resolve(this.endRefusal as unknown as JoinReply);
    }
    if (this.joinPromise) {
      this.joinRequestedAgain = true;
      return this.joinPromise;
    }
    if (this.bufferedChanges === null) {
      this.bufferedChanges = [];
      this.catchingUpSince = this.parts.clock.now();
      this.statusNotifier.check();
    }
    this.joinPromise = this.requestJoin().finally(() => {
      this.joinPromise = null;
      if (this.joinRequestedAgain) {
        this.joinRequestedAgain = false;
        void this.join();
      }
    });
    return this.joinPromise;
  }

  /** Joins that are under way: of this room object, and of those before it. @internal */
  get pendingJoins(): Promise<JoinReply>[] {
    return [...this.earlierJoins, ...(this.joinPromise ? [this.joinPromise] : [])];
  }

  /**
   * Joins again after each join of the room objects before this one. If such a join got the seat, this session is
   * closed: another one asks. @internal
   */
  rejoinAfter(earlier: readonly Promise<JoinReply>[]): void {
    for (const join of earlier) {
      this.earlierJoins.add(join);
      void join.then(answer => {
        this.earlierJoins.delete(join);
        this.earlierJoined(answer);
      });
    }
  }

  private earlierJoined(answer: JoinReply): void {
    if (this.endRefusal) return;
    if (answer.ok && answer.seat !== null && answer.session !== this.session && !this.parts.watch)
      this.startNewSession(makeRefusal('session-replaced'));
    void this.join();
  }

  private async requestJoin(): Promise<JoinReply> {
    const { connector, game, id, watch } = this.parts;
    const { session } = this;
    const { connection } = connector;
    const asked = this.monotonicNow();
    let reply: JoinReply | null = null;
    try {
      reply = (await connector.request('join', {
        room: id,
        session,
        watch,
        ...(watch || this.seatLossRefusal ? {} : { resume: true }),
        short: true,
        version: game.version,
        ...(this.profile === undefined || watch ? {} : { profile: this.profile }),
        ...(this.view ? { place: this.currentPosition } : {}),
        ...(this.volatileCount > 0 || this.isDamaged ? { whole: true } : {}),
      })) as JoinReply;
    } catch {
      // no answer: the line is gone (then the next welcome joins again) or the answer was lost
    }
    // whatever it said, it said to another line
    if (connector.connection !== connection || !connection) return reply ?? makeRefusal('unavailable');
    // another session asks as soon as this call ends
    if (session !== this.session) return reply ?? makeRefusal('unavailable');
    if (!reply || (!reply.ok && dutyOf(reply.code) === 'retry')) {
      const wait = (reply as Refused | null)?.retryAfter ?? 200;
      this.parts.clock.after(wait + this.parts.clock.random() * wait, () => {
        if (connector.connection === connection) void this.join();
      });
      return reply ?? makeRefusal('unavailable');
    }
    if (reply.ok) {
      try {
        this.acceptJoin(reply, asked);
      } catch (error) {
        this.markDamaged(error);
        this.bufferedChanges = [];
        this.parts.clock.after(1_000, () => void this.join());
      }
    } else if (reply.code === 'seat-lost') this.handleSeatLost(reply);
    else if (this.view)
      this.finish(this.seatLossRefusal && dutyOf(reply.code) === 'final' ? this.seatLossRefusal : reply);
    return reply;
  }

  /**
   * A node takes what it is sent for the session of the last join. While one is on its way, the next message may find
   * either.
   */
  private sessionField(): { session?: string } {
    return this.parts.hasPendingJoin() ? { session: this.session } : {};
  }

  /**
   * The one way in which a client loses a seat: its session has no hold any more. Nothing is sent again: what was sent
   * may have been done. Where nobody has decided that the player goes, another session asks for a seat; if there is
   * none, the room ends with the reason for the loss.
   */
  private handleSeatLost(refusal: Refused): void {
    if (this.endRefusal) return;
    if (!rejoinableLosses.has(refusal.detail ?? '')) return this.finish(refusal);
    this.startNewSession(refusal);
    void this.join();
  }

  /** Another session asks for the seat from now on. */
  private startNewSession(refusal: Refused): void {
    this.outbox.restart(refusal);
    this.inputs.restart();
    this.session = this.parts.newSession();
    this.hold = null;
    this.seatLossRefusal = refusal;
  }

  /** Takes a join's answer in: what was missed, then what arrived while it was on its way. @internal */
  acceptJoin(reply: JoinSuccess, asked: number): void {
    const first = this.view === null;
    const held = this.bufferedChanges ?? [];
    this.bufferedChanges = null;
    let missed = 0;
    if (reply.with === 'snapshot') {
      this.view = reply.view!;
      this.volatileCount = 0;
      this.isDamaged = false;
      this.durableView = null;
    } else
      for (const change of reply.changes!) {
        this.applyChange(change, true);
        missed += 1;
      }
    this.currentPosition = reply.place;
    this.hold = reply.hold;
    this.holdPlayer = this.parts.playerId();
    const { seatLossRefusal } = this;
    this.seatLossRefusal = null;
    this.ownerTerm = Math.max(this.ownerTerm, reply.term);
    if (reply.lost) this.clockReadAt = -Infinity; // another history, and maybe another time
    this.readClock(reply.now, asked);
    for (const change of held) this.receiveChange(change);
    if (this.endRefusal) return; // by a callback
    this.outbox.resume(reply.term, reply.base, reply.verdicts);
    this.syncInputs(true);
    // What an owner of a newer term does not have of an older one, the store has forgotten: nobody will bring it.
    const forgotten = this.positionWaiters.filter(({ place }) => place[0] < reply.term && !this.hasReached(place));
    for (const one of forgotten) this.positionWaiters.splice(this.positionWaiters.indexOf(one), 1)[0]!.reached();
    this.resolveWaiters();
    if (!first)
      this.resumeListeners.notify({
        with: reply.with,
        lost: reply.lost || forgotten.length > 0,
        missed,
        ...(seatLossRefusal ? { seatLost: seatLossRefusal.detail ?? '' } : {}),
      });
    this.changeListeners.notify();
  }

  /** The connection is in another state. @internal */
  updateStatus(): void {
    this.statusNotifier.check();
  }

  /**
   * The room's clock goes on across owners and never back (T1), so of what was read lately the latest time is the right
   * one: the others were held up on their way.
   */
  private readClock(time: number, asked: number): void {
    const now = this.monotonicNow();
    const trip = now - asked;
    const ahead = time + Math.min(trip, this.parts.roundTrip() ?? trip) / 2 - now;
    // The device may have been suspended while the join was under way: nobody can tell how old the answer is.
    const isDoubtful = trip > slowJoin;
    if (isDoubtful && this.slowJoins < 3) this.parts.clock.after(0, () => void this.join());
    this.slowJoins = isDoubtful ? this.slowJoins + 1 : 0;
    if (now - this.clockReadAt < clockReadingTtlMs && ahead <= this.clockOffset) return;
    this.clockOffset = ahead;
    this.clockReadAt = isDoubtful ? -Infinity : now;
  }

  /** The monotonic clock here has lost `ms`. @internal */
  adjustClock(ms: number): void {
    this.clockOffset += ms;
  }

  /** The line is gone. @internal */
  suspend(): void {
    this.outbox.suspend();
    this.bufferedChanges = null;
    this.joinRequestedAgain = false;
    this.changeListeners.notify();
  }

  /** @internal */
  receiveChange(change: WireChange): void {
    if (this.endRefusal) return;
    if (this.bufferedChanges) return void this.bufferedChanges.push(change);
    const [term, seq, prevTerm] = change;
    // another owner, who does not know what moved last
    if (this.volatileCount > 0 && term !== this.currentPosition[0]) return void this.join();
    if (this.currentPosition[0] === prevTerm && this.currentPosition[1] === seq - 1) {
      try {
        this.applyChange(change, false);
      } catch (error) {
        return (this.markDamaged(error), void this.join());
      }
      this.lastChangeAt = this.monotonicNow();
      this.ownerTerm = Math.max(this.ownerTerm, term);
      this.syncInputs();
      this.resolveWaiters();
      this.changeListeners.notify();
    } else if (!this.hasReached([term, seq])) void this.join(); // something is missing in between
  }

  /** Motion ahead of the journal. What does not follow on what is here is left out: the next entry has it. @internal */
  receiveVolatileState(term: number, seq: number, k: number, changes: Changes): void {
    if (
      this.endRefusal ||
      this.bufferedChanges ||
      !this.view ||
      !isSamePosition(this.currentPosition, [term, seq]) ||
      k !== this.volatileCount + 1
    )
      return;
    try {
      if (this.volatileCount === 0) this.durableView = copy(this.view);
      apply(this.view as unknown as Json, changes);
    } catch (error) {
      return (this.markDamaged(error), void this.join());
    }
    this.volatileCount = k;
    this.syncInputs();
    this.changeListeners.notify();
  }

  /**
   * Hears which inputs have counted. An owner that took over, and a node just connected to, are told again what is
   * held.
   */
  private syncInputs(again = false): void {
    if (!this.parts.game.inputs) return;
    const { seat } = this;
    if (seat !== null) this.inputs.confirm(this.info.inputs[seat] ?? 0);
    if (again || this.ownerTerm > this.inputsSentForTerm) this.inputs.resendAll();
    this.inputsSentForTerm = this.ownerTerm;
  }

  /** @internal */
  receiveSignal(player: string, name: string, data: Json): void {
    if (player === this.parts.playerId()) return;
    const seat = this.info.seats.findIndex(s => s?.player === player);
    this.signals.get(name)?.notify(data, seat < 0 ? null : seat);
  }

  /** Whether a place is one that this client has already passed, as far as the numbers can say. */
  private hasReached(place: Position): boolean {
    return (
      place[0] < this.currentPosition[0] ||
      (place[0] === this.currentPosition[0] && place[1] <= this.currentPosition[1])
    );
  }

  private markDamaged(error: unknown): void {
    console.error(error);
    this.isDamaged = true;
  }

  private applyChange([term, seq, , changes, events]: WireChange, replayed: boolean): void {
    if (this.volatileCount > 0) this.view = this.durableView;
    if (changes !== 0) apply(this.view as unknown as Json, changes);
    this.currentPosition = [term, seq];
    this.volatileCount = 0;
    this.durableView = null;
    for (const [name, data] of events ?? [])
      if (!this.endRefusal) this.eventListeners.get(name)?.notify(data, { replayed, place: this.currentPosition });
  }

  /** @internal */
  receiveNotice(notice: Notice): void {
    switch (notice.code) {
      case 'session-replaced':
        if (notice.session === this.session) this.finish(makeRefusal('session-replaced'));
        return;
      case 'seat-lost':
        if (notice.session === this.session) void this.join(); // the owner says why
        return;
      case 'kicked':
        return this.finish(makeRefusal('kicked'));
      case 'closed':
        return this.finish(makeRefusal('room-missing'));
      case 'resync':
        return void this.join();
      case 'owner': {
        if (notice.term <= this.ownerTerm) return;
        this.ownerTerm = notice.term;
        this.syncInputs();
        this.changeListeners.notify();
        this.receiveHead({ head: notice.head, term: notice.term, watchers: this.watchers });
        // What is under way is answered with the numbers of the session by the new owner, and sent again. The others
        // ask
        // in their own time, so that their next action finds its numbers settled; not all in the instant of a takeover.
        this.parts.clock.after(300 + this.parts.clock.random() * 1_500, () => {
          if (!this.endRefusal && this.outbox.settledTerm < notice.term && this.parts.connector.isLive)
            void this.join();
        });
      }
    }
  }

  /** What the keep-alive heard of the room's head. @internal */
  receiveHead(heard: RoomHead | null | undefined): void {
    if (heard === undefined) return void this.join(); // the node does not know that this connection is in the room
    if (!heard || this.endRefusal) return;
    if (heard.watchers !== this.watchers) {
      this.watchers = heard.watchers;
      this.changeListeners.notify();
    }
    if (isSamePosition(heard.head, this.currentPosition) || this.isCheckingHead || this.bufferedChanges) return;
    // What the head names may be on its way; if it has not come in a moment, it was lost.
    this.isCheckingHead = true;
    const before = this.currentPosition;
    this.parts.clock.after(250, () => {
      this.isCheckingHead = false;
      const behind =
        heard.head[0] > this.currentPosition[0] ||
        (heard.head[0] === this.currentPosition[0] && heard.head[1] > this.currentPosition[1]);
      const isOnOtherHistory =
        isSamePosition(before, this.currentPosition) &&
        !isSamePosition(heard.head, this.currentPosition) &&
        heard.term > this.currentPosition[0];
      if (!this.endRefusal && (behind || isOnOtherHistory)) void this.join();
    });
  }

  /** @internal */
  finish(refusal: Refused): void {
    if (this.endRefusal) return;
    this.endRefusal = refusal;
    this.outbox.end(refusal);
    this.resolveWaiters();
    this.parts.forget();
    this.endListeners.notify(refusal);
    this.changeListeners.notify();
  }
}

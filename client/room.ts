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
 * `room.act.<action>(data)`: resolves once with the result, also across a failover; never throws. If the action was
 * accepted, `room.state` contains its effect.
 */
export type Act<D extends ContractDef> = {
  readonly [K in keyof ActionsOf<D>]: (
    ...args: Args<In<ActionsOf<D>[K]>>
  ) => Promise<ActionResult<RefusalsOf<D> | RefusalCode>>;
};

/** `room.input.<name>(…)`: the value held from now on, or one press. Sent only on a change, at most once per tick. */
export type Input<D extends ContractDef> = {
  readonly [K in keyof InputsOf<D>]: InputsOf<D>[K] extends Held<infer S> ? (value: In<S>) => void : () => void;
};
/** `room.signal.<name>(data)`: sends a signal to the members who are connected. */
export type Signal<D extends ContractDef> = { readonly [K in keyof SignalsOf<D>]: (data: In<SignalsOf<D>[K]>) => void };

/**
 * How a room resumed after an interruption. `lost`: entries that this client saw are gone from the room's history.
 * `missed`: number of changes received late. `seatLost`: the seat was lost for this reason, and the player got a new
 * one (`room.seat`).
 */
export interface Resumed {
  with: 'changes' | 'snapshot';
  lost: boolean;
  missed: number;
  seatLost?: string;
}

/**
 * A player lost a seat. `seat` is its index before the next match begins. `name` is included because the seat may be
 * empty by now.
 */
export interface SeatLeft {
  seat: number;
  name: string;
  why: SeatLoss;
}

/**
 * Reasons for a lost seat after which the client asks for another seat: neither the player nor the host ended the stay.
 */
const rejoinableLosses: ReadonlySet<string> = new Set(['expired', 'forfeited', 'forgotten']);

export interface RoomParts {
  connector: Connector;
  clock: ClientClock;
  game: ContractDef;
  playerId: () => string;
  id: string;
  session: string;
  watch: boolean;
  /** The player's profile; undefined: none is sent. */
  profile: Json | undefined;
  roundTrip: () => number | null;
  forget(): void;
  /** Generates a session id for another hold. */
  newSession(): string;
  /** Whether a join of this client has no answer yet. It may be for this room. */
  hasPendingJoin(): boolean;
  /** Gives up the hold of a session. */
  leave(session: string, code: string): Promise<Left>;
}

/** What a live and a recorded room have in common. Code written for it also shows a `ReplayRoom`. */
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
 * An action of this client whose effect is not in `state` yet. `position`: the entry with its effect; null without a
 * verdict.
 */
export interface PendingAction {
  readonly name: string;
  readonly data: Json;
  position: Position | null;
}

/** For this time (ms) a reading of the room's clock wins over earlier ones: those were delayed. */
const clockReadingTtlMs = 60_000;

/** A join that takes longer (ms) is repeated to read the room's clock, up to three times in a row. */
const slowJoin = 2_000;

/**
 * A room: a replica of its state, and the means to act in it. Invariant: no message of a session is sent again after
 * its hold ended.
 */
export class Room<D extends ContractDef = ContractDef> {
  /**
   * Performs actions: `room.act.drop({ column: 3 })`.
   * @example
   * ```ts
   * const result = await room.act.step({ by: 2 })
   * if (result.ok) draw(room.state) // contains the effect
   * else if (result.code === 'not-your-turn') banner.textContent = 'Wait for your turn.'
   * ```
   */
  readonly act: Act<D>;
  /**
   * Sends continuous input: `room.input.steer({ x: 1, y: 0 })`, `room.input.dash()`.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * room.input.steer({ x: 100, y: 0 }) // held until the next value
   * room.input.dash()                  // pressed, once
   * ```
   */
  readonly input: Input<D>;
  /**
   * Sends a signal to the other members: `room.signal.emote('gg')`. Throws a TypeError if the contract does not declare
   * the name, or the data are invalid.
   * @example
   * ```ts
   * room.signal.emote('gg') // connected members receive it by room.onSignal
   * ```
   */
  readonly signal: Signal<D>;
  /**
   * Calls `fn` after each change of `state` or `info`.
   * @example
   * ```ts
   * const stop = room.onChange(() => draw(room.state))
   * stop() // ends the subscription
   * ```
   */
  readonly onChange: (fn: () => void) => () => void;
  /**
   * Calls `fn` after an interruption, when the room has caught up.
   * @example
   * ```ts
   * room.onResume(({ lost, missed }) => {
   *   banner.textContent = lost ? 'Something that you saw was lost.' : `You missed ${missed} changes.`
   * })
   * ```
   */
  readonly onResume: (fn: (resumed: Resumed) => void) => () => void;
  /**
   * Calls `fn` when the hold on the room ends: replaced by another window, left, or the room is gone.
   * @example
   * ```ts
   * room.onEnd(({ code }) => {
   *   if (code === 'session-replaced') banner.textContent = 'You play in another window.'
   * })
   * ```
   */
  readonly onEnd: (fn: (refusal: Refused) => void) => () => void;
  /**
   * Calls `fn` after each change of `status`.
   * @example
   * ```ts
   * room.onStatus(status => { banner.textContent = inWords(status) })
   * ```
   */
  readonly onStatus: (fn: (status: RoomStatus) => void) => () => void;
  /**
   * Calls `fn` for presses that do not count: more than 16 of a name between two ticks, or more than are kept (16
   * messages with up to 16 of each name) while the room does not answer.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * room.onPressDropped((name, times) => { banner.textContent = `${times} × ${name} did not count.` })
   * ```
   */
  readonly onPressDropped: (fn: (name: string, times: number) => void) => () => void;
  private readonly changeListeners = new Listeners<[]>();
  private readonly statusNotifier = new StatusNotifier<RoomStatus>(() => this.readStatus());
  /** When it began to catch up, by the device's clock. */
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
  /** The term whose owner has received the held inputs. */
  private inputsSentForTerm = 0;
  private view: RoomView | null = null;
  private currentPosition: Position = [0, 0];
  /** When a change was last applied in order, on the monotonic clock. @internal */
  lastChangeAt = -Infinity;
  private ownerTerm = 0;
  /**
   * Number of volatile changes applied since the entry at `currentPosition`. `durableView` is the view without them, to
   * which the next entry applies.
   */
  private volatileCount = 0;
  private durableView: RoomView | null = null;
  private bufferedChanges: WireChange[] | null = null;
  /** A change could not be applied, so the view may be inconsistent: the next join asks for a snapshot. */
  private isDamaged = false;
  private joinPromise: Promise<JoinReply> | null = null;
  private joinRequestedAgain = false;
  /** Pending joins of earlier room objects. */
  private readonly earlierJoins = new Set<Promise<JoinReply>>();
  /** Accepted actions whose effect is not applied yet. */
  private readonly positionWaiters: { place: Position; reached(): void }[] = [];
  private isCheckingHead = false;
  /** The result of leave(), once it was called. */
  private leavePromise: Promise<Left> | null = null;
  /** Belongs to one hold: a message under it takes effect under that hold or never. */
  private session: string;
  /** Number of the hold on a seat; null if none is known. */
  private hold: number | null = null;
  /** The player whose hold it is. */
  private holdPlayer = '';
  /** Set while the client asks for another seat after a loss. */
  private seatLossRefusal: Refused | null = null;
  /** The profile, sent with each join. */
  private profile: Json | undefined;
  private readonly monotonicNow: () => number;
  /** The room's clock minus the local monotonic one. Independent of the device clock. */
  private clockOffset = 0;
  private clockReadAt = -Infinity;
  /** Consecutive slow joins. */
  private slowJoins = 0;
  private endRefusal: Refused | null = null;
  /** Number of spectators, by the latest report of the room's head. */
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
   * The game's state as this seat sees it; null before the first match. Read only. It changes in place, so copy what
   * you keep.
   */
  get state(): ViewOf<D> | null {
    return this.view!.state as ViewOf<D> | null;
  }
  /** Everything else that members know: phase, seats, result, options. */
  get info(): PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> } {
    return this.view!.room as PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
  }
  /** This player's seat; null for a spectator. It may change when a lost seat is replaced, and in the next match. */
  get seat(): number | null {
    if (this.hold === null) return null;
    const seat = this.info.seats.findIndex(s => s?.hold === this.hold);
    return seat < 0 ? null : seat;
  }
  get players(): (PublicSeat<ProfileOf<D>> | null)[] {
    return this.info.seats;
  }
  /** This client's position in the room's history. */
  get position(): Position {
    return this.currentPosition;
  }
  get term(): number {
    return this.ownerTerm;
  }
  /** Why the hold on the room ended; null while it lasts. */
  get ended(): Refused | null {
    return this.endRefusal;
  }
  /**
   * Whether the room is up to date, as far as is known. False while it catches up, and while an action has waited for
   * more than a second.
   */
  get live(): boolean {
    return (
      this.parts.connector.status.state === 'live' &&
      this.bufferedChanges === null &&
      this.endRefusal === null &&
      this.slowActions.slowSince === null
    );
  }
  /** Status of the connection, or of the room: catching up, waiting, or why it ended. */
  get status(): RoomStatus {
    return this.statusNotifier.current;
  }
  /** Number of actions without a verdict. */
  get pending(): number {
    return this.outbox.pending;
  }
  /**
   * Current time on the room's clock, ms since 1970.
   * @example
   * ```ts
   * const begun = room.now()
   * const took = () => room.now() - begun // the same for all members, whatever their device clocks say
   * ```
   */
  now(): number {
    return Math.round(this.monotonicNow() + this.clockOffset);
  }
  /**
   * Ms until a timer listed in the contract's `clocks` is due; null if it is not set.
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
   * Calls `fn` for each event `name` of the game. `replayed` is true if the event happened while this client was
   * disconnected.
   * @example
   * ```ts
   * const stop = room.on('lap', ({ seat, lap }, { replayed }) => {
   *   if (!replayed) cheer(`Seat ${seat} is in lap ${lap}`) // a missed lap is not announced
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
   * Subscribes to signals of other members. `from`: the sender's seat; null if it has none.
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
   * Calls `fn` when a player lost a seat: before, during or after a match. During a match the seat shows the reason,
   * too (`why`).
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
   * Sets or clears the player's readiness, in games with `start: 'ready'`.
   * @example
   * ```ts
   * const result = await room.ready()
   * if (result.ok) banner.textContent = 'Waiting for the others.'
   * await room.ready(false) // not yet, after all
   * ```
   */
  ready(yes = true): Promise<ActionResult<RefusalCode>> {
    return this.perform('$ready', { yes });
  }
  /**
   * Starts the match, or the next one. Host only, in games with `start: 'host'`.
   * @example
   * ```ts
   * if (room.info.host === room.seat) await room.start()
   * ```
   */
  start(): Promise<ActionResult<RefusalCode>> {
    return this.perform('$start', null);
  }
  /**
   * Changes the player's team, before the match.
   * @example
   * ```ts
   * const result = await room.joinTeam(1) // an index among the contract's teams
   * if (!result.ok) banner.textContent = result.detail ?? result.code
   * ```
   */
  joinTeam(team: number): Promise<ActionResult<RefusalCode>> {
    return this.perform('$team', { team });
  }
  /**
   * Puts a bot on a free seat. Host only.
   * @example
   * ```ts
   * while (room.players.includes(null)) {
   *   const result = await room.addBot()
   *   if (!result.ok) break // not the host, or the match has begun
   * }
   * ```
   */
  addBot(): Promise<ActionResult<RefusalCode>> {
    return this.perform('$bot', null);
  }
  /**
   * Removes a player, who can neither rejoin nor watch this room afterwards. Host only. A number is a seat; an object
   * names any member, for example a spectator of `client.inspect`.
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
   * Makes another seat the host. Host only.
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
   * Changes the player's profile, as the contract's `profile` declares it. All members and the rules see it. Null
   * clears it. If the change is refused (`bad-data`), the profile stays as it was.
   * @example
   * ```ts
   * const result = await room.setProfile({ colour: 'mint' })
   * if (result.ok) console.log(room.players[room.seat!]?.profile) // { colour: 'mint' }
   * ```
   */
  async setProfile(profile: ProfileIn<D> | null): Promise<ActionResult<RefusalCode>> {
    const checked = checkOutgoing('profile', profile, 'profileBytes');
    if (!checked.ok) return checked;
    const { profile: brought } = this;
    const mine = (this.profile = checked.value);
    const result = await this.perform('$profile', mine);
    if (!result.ok && this.profile === mine) this.profile = brought;
    return result;
  }
  /**
   * Agrees to another match in this room. It begins when all players agree.
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
   * Gives the seat up (or stops watching) and ends this client's membership in the room. Without a connection the
   * client does so when it reconnects. Closing the client, or joining the room again, withdraws the leave; watching the
   * room does not. Resolves with the result after at most 10 s; never throws.
   * @example
   * ```ts
   * const left = await room.leave()
   * if (!left.confirmed) banner.textContent = 'Not connected: the others do not know yet that you left.'
   * const next = await client.quick(race) // another room
   * ```
   */
  leave(): Promise<Left> {
    return (this.leavePromise ??= this.giveUpSeat());
  }
  /** Whether leave() was called. @internal */
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
   * Ends this client's membership in the room without giving the seat up. The seat is held as for a disconnected
   * player.
   * @example
   * ```ts
   * room.close()
   * const same = await client.join(race, { id: room.id }) // within the hold: the same seat
   * ```
   */
  close(): void {
    if (this.endRefusal) return;
    // Also while a join is pending: the node processes both in order. Without a connection the node has noticed
    // already.
    void this.parts.connector.request('leave', { room: this.id, session: this.session }).catch(() => {});
    this.finish({ ok: false, code: 'left' });
  }

  /** Data that cannot be sent is refused at once and delays no other action. */
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
    const result = await this.outbox.act(name, data, result => {
      if (result.ok) one.position = result.position;
      else this.unappliedActions.delete(one);
    });
    // Verdict and change arrive independently. Code that reads the state after the verdict must find the effect in it.
    if (result.ok) await this.waitForPosition(result.position);
    this.unappliedActions.delete(one);
    settled();
    return result as ActionResult<never>;
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
  /** Ticks per second. @internal */
  get hz(): number {
    return this.parts.game.tick?.hz ?? 20;
  }
  /** Monotonic time in ms, the same as performance.now() in a page. @internal */
  moment(): number {
    return this.monotonicNow();
  }
  /** @internal */
  after(ms: number, fn: () => void): void {
    this.parts.clock.after(ms, fn);
  }
  /** Shortest recent round trip, ms. @internal */
  get roundTrip(): number | null {
    return this.parts.roundTrip();
  }
  /** Whether inputs wait for the next message. @internal */
  get hasUnsentInputs(): boolean {
    return this.inputs.hasUnsent;
  }
  /** Calls `fn` for each input message sent. @internal */
  onInputSent(fn: (n: number, press: boolean) => void): () => void {
    return this.inputSentListeners.add(fn);
  }

  /** Resolves when the entry at `place` is applied, or when the hold on the room ends. */
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

  /**
   * Joins, or joins again from the current position. At most one join is pending; a call meanwhile adds one more
   * afterwards. @internal
   */
  join(): Promise<JoinReply> {
    if (this.endRefusal) return Promise.resolve(this.endRefusal as JoinReply);
    // a join would take the seat again
    if (this.leavePromise) return Promise.resolve({ ok: false, code: 'left' });
    if (this.hold !== null && this.holdPlayer !== this.parts.playerId()) {
      // The server knows this client as another player now, who does not own the seat.
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

  /** Pending joins of this room object and of earlier ones. @internal */
  get pendingJoins(): Promise<JoinReply>[] {
    return [...this.earlierJoins, ...(this.joinPromise ? [this.joinPromise] : [])];
  }

  /**
   * Joins again after each pending join of earlier room objects. If one of them got the seat, it replaced this session,
   * so another session asks for it. @internal
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
      // no answer: the connection closed (the next welcome joins again), or the answer was lost
    }
    // the answer was for another connection
    if (connector.connection !== connection || !connection) return reply ?? makeRefusal('unavailable');
    // another session asks when this call ends
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
   * A node attributes messages to the session of the last join. While a join is pending, messages name their session.
   */
  private sessionField(): { session?: string } {
    return this.parts.hasPendingJoin() ? { session: this.session } : {};
  }

  /**
   * Handles the loss of the seat; the only function that does. Invariant: no message of a session is sent again after
   * its hold ended, because it may have been executed. If neither player nor host ended the stay, a new session asks
   * for a seat; if there is none, the room ends with the reason of the loss.
   */
  private handleSeatLost(refusal: Refused): void {
    if (this.endRefusal) return;
    if (!rejoinableLosses.has(refusal.detail ?? '')) return this.finish(refusal);
    this.startNewSession(refusal);
    void this.join();
  }

  /** Continues with a new session, which asks for a seat. */
  private startNewSession(refusal: Refused): void {
    this.outbox.restart(refusal);
    this.inputs.restart();
    this.session = this.parts.newSession();
    this.hold = null;
    this.seatLossRefusal = refusal;
  }

  /** Applies a join's answer: the changes missed, then those buffered while the join was pending. @internal */
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
    if (reply.lost) this.clockReadAt = -Infinity; // another history may have another clock
    this.readClock(reply.now, asked);
    for (const change of held) this.receiveChange(change);
    if (this.endRefusal) return; // a callback ended it
    this.outbox.resume(reply.term, reply.base, reply.verdicts);
    this.syncInputs(true);
    // Entries of older terms that the new owner does not have are lost: they will never arrive.
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

  /** The connection's status changed. @internal */
  updateStatus(): void {
    this.statusNotifier.check();
  }

  /**
   * The room's clock never goes back, also across owners (T1). So of recent readings the latest time is right; the
   * others were delayed.
   */
  private readClock(time: number, asked: number): void {
    const now = this.monotonicNow();
    const trip = now - asked;
    const ahead = time + Math.min(trip, this.parts.roundTrip() ?? trip) / 2 - now;
    // The device may have been suspended while the join was pending, so the age of the answer is unknown.
    const isDoubtful = trip > slowJoin;
    if (isDoubtful && this.slowJoins < 3) this.parts.clock.after(0, () => void this.join());
    this.slowJoins = isDoubtful ? this.slowJoins + 1 : 0;
    if (now - this.clockReadAt < clockReadingTtlMs && ahead <= this.clockOffset) return;
    this.clockOffset = ahead;
    this.clockReadAt = isDoubtful ? -Infinity : now;
  }

  /** The local monotonic clock lost `ms`. @internal */
  adjustClock(ms: number): void {
    this.clockOffset += ms;
  }

  /** The connection was lost. @internal */
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
    // another owner, which does not have the last volatile changes
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
    } else if (!this.hasReached([term, seq])) void this.join(); // a change in between is missing
  }

  /**
   * Applies volatile state. A message that does not follow the replica's state is dropped: the next entry contains it.
   * @internal
   */
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

  /** Confirms the inputs that have counted. A new owner, or a new connection, receives all held inputs again. */
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

  /** Whether this client has applied the entry at a position, as far as the numbers tell. */
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
        if (notice.session === this.session) void this.join(); // the owner gives the reason
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
        // Pending actions reconcile with the new owner by its answers. Other clients join at random times, so that
        // their next action finds its numbers reconciled, without a burst at the takeover.
        this.parts.clock.after(300 + this.parts.clock.random() * 1_500, () => {
          if (!this.endRefusal && this.outbox.settledTerm < notice.term && this.parts.connector.isLive)
            void this.join();
        });
      }
    }
  }

  /** Compares the room's latest position with the replica's. @internal */
  receiveHead(latest: RoomHead | null | undefined): void {
    if (latest === undefined) return void this.join(); // the node does not know this connection as a member
    if (!latest || this.endRefusal) return;
    if (latest.watchers !== this.watchers) {
      this.watchers = latest.watchers;
      this.changeListeners.notify();
    }
    if (isSamePosition(latest.head, this.currentPosition) || this.isCheckingHead || this.bufferedChanges) return;
    // The entry at the head may still be in flight. If it has not arrived after 250 ms, it was lost.
    this.isCheckingHead = true;
    const before = this.currentPosition;
    this.parts.clock.after(250, () => {
      this.isCheckingHead = false;
      const behind =
        latest.head[0] > this.currentPosition[0] ||
        (latest.head[0] === this.currentPosition[0] && latest.head[1] > this.currentPosition[1]);
      const isOnOtherHistory =
        isSamePosition(before, this.currentPosition) &&
        !isSamePosition(latest.head, this.currentPosition) &&
        latest.term > this.currentPosition[0];
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

import type {
  ActionsOf,
  ClocksOf,
  ContractDef,
  DefOf,
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
import type { Json } from '../shared/json.ts';
import type { Position } from '../shared/position.ts';
import type { PublicRoom, PublicSeat, SeatLoss } from '../shared/protocol.ts';
import { makeRefusal, type RefusalCode, type Refused } from '../shared/refusals.ts';
import type { Left } from './pending-leaves.ts';
import { InputSender } from './input-sender.ts';
import { checkOutgoing, checkSignal } from './outgoing-checks.ts';
import { Listeners } from './listeners.ts';
import type { ActionResult } from './outbox.ts';
import { methodsByName } from './methods-by-name.ts';
import type { PendingAction } from './room-actions.ts';
import { RoomClock } from './room-clock.ts';
import { RoomReplica, type EventContext } from './room-replica.ts';
import { RoomSync, type Resumed, type RoomParts } from './room-sync.ts';
import type { RoomStatus } from './status.ts';

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
 * A player lost a seat. `seat` is its index before the next match begins. `name` is included because the seat may be
 * empty by now.
 */
export interface SeatLeft {
  seat: number;
  name: string;
  why: SeatLoss;
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

/** The room of a game or contract: `RoomOf<typeof race>`. */
export type RoomOf<C> = Room<DefOf<C>>;

/**
 * A room, as pages use it: what it shows, and the means to act in it. `RoomReplica` has its state, `RoomSync` keeps that
 * up to date, `RoomActions` performs actions.
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
  /** The client passes what it receives to it. @internal */
  readonly sync: RoomSync;
  private readonly replica: RoomReplica;
  private readonly roomClock: RoomClock;
  private readonly inputs: InputSender;
  private readonly events = new Map<string, Listeners<[data: Json, about: EventContext]>>();
  private readonly signals = new Map<string, Listeners<[data: Json, from: number | null]>>();
  private readonly pressDropped = new Listeners<[name: string, times: number]>();
  private readonly inputSent = new Listeners<[n: number, press: boolean]>();

  /** @internal Rooms are made by a client. */
  constructor(private readonly parts: RoomParts) {
    const { connector, clock, game, id, watch } = parts;
    this.replica = new RoomReplica((name, data, about) => {
      if (!this.ended) this.events.get(name)?.notify(data, about);
    });
    this.roomClock = new RoomClock(clock, parts.roundTrips);
    this.inputs = new InputSender(game, {
      send: message => connector.send('input', { room: id, ...message, ...this.sync.sessionField }),
      sent: (n, press) => this.inputSent.notify(n, press),
      dropped: (name, times) => this.pressDropped.notify(name, times),
      now: () => clock.mono(),
      after: (ms, fn) => void clock.after(ms, fn),
    });
    this.sync = new RoomSync(parts, this.replica, this.roomClock, this.inputs);
    this.act = methodsByName(
      name =>
        (data: unknown = {}) =>
          this.perform(name, data),
    ) as Act<D>;
    const quiet = () => this.sync.closedRefusal !== null || watch;
    this.input = methodsByName(name => (value?: Json) => {
      if (!quiet()) this.inputs.set(name, value);
    }) as Input<D>;
    this.signal = methodsByName(name => (data: unknown) => {
      if (!quiet()) connector.send('signal', { room: id, name, data: checkSignal(game, name, data) });
    }) as Signal<D>;
    this.onPressDropped = fn => this.pressDropped.add(fn);
    this.onChange = fn => this.sync.changed.add(fn);
    this.onStatus = fn => this.sync.status.listeners.add(() => fn(this.status));
    this.onResume = fn => this.sync.resumed.add(fn);
    this.onEnd = fn => (this.ended ? (fn(this.ended), () => {}) : this.sync.ended.add(fn));
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
    return this.replica.view.state as ViewOf<D> | null;
  }
  /** Everything else that members know: phase, seats, result, options. */
  get info(): PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> } {
    return this.replica.view.room as PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
  }
  /** This player's seat; null for a spectator. It may change when a lost seat is replaced, and in the next match. */
  get seat(): number | null {
    return this.sync.seat;
  }
  get players(): (PublicSeat<ProfileOf<D>> | null)[] {
    return this.info.seats;
  }
  /** This client's position in the room's history. */
  get position(): Position {
    return this.replica.position;
  }
  get term(): number {
    return this.sync.term;
  }
  /** Why the hold on the room ended; null while it lasts. */
  get ended(): Refused | null {
    return this.sync.endRefusal;
  }
  /**
   * Whether the room is up to date, as far as is known. False while it catches up, and while an action has waited for
   * more than a second.
   */
  get live(): boolean {
    return this.sync.isLive;
  }
  /** Status of the connection, or of the room: catching up, waiting, or why it ended. */
  get status(): RoomStatus {
    return this.sync.status.current;
  }
  /** Number of actions without a verdict. */
  get pending(): number {
    return this.sync.actions.withoutVerdict;
  }
  /** Number of spectators, by the latest report of the room's head. */
  get watchers(): number {
    return this.sync.watchers;
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
    return this.roomClock.now();
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
    let listeners = this.events.get(event);
    if (!listeners) this.events.set(event, (listeners = new Listeners()));
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
    const { sync } = this;
    const { profile: before } = sync;
    const mine = (sync.profile = checked.value);
    const result = await this.perform('$profile', mine);
    if (!result.ok && sync.profile === mine) sync.profile = before;
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
    return this.sync.leave();
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
    this.sync.close();
  }

  private async perform(name: string, data: unknown): Promise<ActionResult<never>> {
    const { closedRefusal } = this.sync;
    if (closedRefusal) return closedRefusal as Refused<never>;
    if (this.parts.watch) return makeRefusal('not-seated') as Refused<never>;
    return this.sync.actions.perform(name, data);
  }

  // --- for predictions ----------------------------------------------------------------------

  /** Actions whose effect is not in `state` yet, oldest first. @internal */
  get pendingActions(): PendingAction[] {
    return this.sync.actions.pending;
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
    return this.parts.clock.mono();
  }
  /** @internal */
  after(ms: number, fn: () => void): void {
    this.parts.clock.after(ms, fn);
  }
  /** Shortest recent round trip, ms. @internal */
  get roundTrip(): number | null {
    return this.parts.roundTrips.shortest;
  }
  /** Whether inputs wait for the next message. @internal */
  get hasUnsentInputs(): boolean {
    return this.inputs.hasUnsent;
  }
  /** Calls `fn` for each input message sent. @internal */
  onInputSent(fn: (n: number, press: boolean) => void): () => void {
    return this.inputSent.add(fn);
  }

  /** @internal */
  receiveSignal(player: string, name: string, data: Json): void {
    if (player === this.parts.playerId()) return;
    const seat = this.info.seats.findIndex(s => s?.player === player);
    this.signals.get(name)?.notify(data, seat < 0 ? null : seat);
  }
}

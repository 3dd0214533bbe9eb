import type { ContractDef } from '../shared/contract.ts';
import type { Changes } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import { isSamePosition, type Position } from '../shared/position.ts';
import type { ActReply, ActRequest, JoinReply, JoinSuccess, Notice, RoomHead, WireChange } from '../shared/protocol.ts';
import { dutyOf, makeRefusal, type Refused } from '../shared/refusals.ts';
import type { Connector } from './connector.ts';
import type { InputSender } from './input-sender.ts';
import { Listeners } from './listeners.ts';
import type { Left, PendingLeaves } from './pending-leaves.ts';
import { randomId, type CompleteClock } from './ports.ts';
import { RoomActions, type RoomActionsPort } from './room-actions.ts';
import type { RoomClock } from './room-clock.ts';
import type { Received, RoomReplica } from './room-replica.ts';
import type { RoundTrips } from './round-trips.ts';
import { makeRefusedStatus, StatusNotifier, type RoomStatus } from './status.ts';

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

/** What the rooms of a client share. */
export interface ClientParts {
  connector: Connector;
  clock: CompleteClock;
  departures: PendingLeaves;
  roundTrips: RoundTrips;
  playerId(): string;
}
/** What a room is made of. */
export interface RoomParts extends ClientParts {
  game: ContractDef;
  id: string;
  session: string;
  watch: boolean;
  /** The player's profile; undefined: none is sent. */
  profile: Json | undefined;
  /** The room has ended. */
  forget(): void;
  /** Whether a join of this client has no answer yet. It may be for this room. */
  hasPendingJoin(): boolean;
}

/** No connection, or no join on it yet: the next welcome joins. */
interface Suspended {
  readonly phase: 'suspended';
}
/** A join is not answered yet. Changes that arrive meanwhile are applied after its answer. */
interface Joining {
  readonly phase: 'joining';
  /** When it began, on the device's clock. */
  readonly since: number;
  readonly buffered: WireChange[];
  /** `repeat`: sent, and another one is due after the answer. `delayed`: to be sent later. */
  request: 'sent' | 'repeat' | 'delayed';
}
/** Changes are applied as they arrive. */
interface Live {
  readonly phase: 'live';
  /** The room is ahead, and the entry at its head may still be in flight. */
  isCheckingHead: boolean;
}
type Following = Suspended | Joining | Live;
/** `leave` was called: what arrives is still applied, but nothing is sent, because a join would take the seat again. */
interface Leaving {
  readonly phase: 'leaving';
  readonly left: Promise<Left>;
  following: Following;
}
/** The hold on the room is over. `left`: the result of `leave`, once it was called. */
interface Ended {
  readonly phase: 'ended';
  readonly refusal: Refused;
  left: Promise<Left> | null;
}

/** Time (ms) in which an entry that is in flight arrives. After that it was lost. */
const inFlightMs = 250;
/** Changes that are kept while a join is pending. If one is missing after the answer, the room is joined again. */
const bufferedChanges = 1_000;
/** Delay (ms) before a join without an answer is repeated. */
const retryDelayMs = 200;
/** Delay (ms) before the room is joined again after the answer to a join could not be applied. */
const damagedDelayMs = 1_000;

/**
 * Reasons for a lost seat after which the client asks for another seat: neither the player nor the host ended the stay.
 */
const rejoinableLosses: ReadonlySet<string> = new Set(['expired', 'forfeited', 'forgotten']);

/**
 * Keeps a replica at the room's latest position: joins, applies what arrives, notices what is missing, joins again.
 * | Invariants:
 * - at most one join of a connection has no answer;
 * - no message of a session is sent again after its hold ended, because it may have been executed.
 */
export class RoomSync implements RoomActionsPort {
  readonly changed = new Listeners<[]>();
  readonly resumed = new Listeners<[Resumed]>();
  readonly ended = new Listeners<[Refused]>();
  readonly actions: RoomActions;
  readonly status = new StatusNotifier<RoomStatus>(() => this.readStatus());
  /** Number of spectators, by the latest report of the room's head. */
  watchers = 0;
  /** The latest known term of an owner. */
  term = 0;
  /** When a change was last applied in order, on the monotonic clock. */
  lastChangeAt = -Infinity;
  /** The profile, sent with each join. */
  profile: Json | undefined;
  private state: Following | Leaving | Ended = { phase: 'suspended' };
  /** Belongs to one hold: a message under it takes effect under that hold or never. */
  private session: string;
  /** The hold on a seat; null for a spectator, and while none is known. */
  private hold: number | null = null;
  /** The player who holds or held the seat; null for a spectator. */
  private player: string | null = null;
  /** Set while the client asks for another seat after a loss. */
  private seatLoss: Refused | null = null;
  /** Joins without an answer: of this room object, on any connection, and of earlier ones. */
  private readonly unanswered = new Set<Promise<JoinReply>>();
  /** The term whose owner has received the held inputs. */
  private inputsSentForTerm = 0;

  constructor(
    private readonly parts: RoomParts,
    private readonly replica: RoomReplica,
    private readonly clock: RoomClock,
    private readonly inputs: InputSender,
  ) {
    this.actions = new RoomActions(this, parts.clock);
    this.session = parts.session;
    this.profile = parts.profile;
    this.changed.add(() => this.checkStatus());
  }

  /** Why the hold on the room ended; null while it lasts. */
  get endRefusal(): Refused | null {
    return this.state.phase === 'ended' ? this.state.refusal : null;
  }
  /** Why nothing more can be sent; null if something can. */
  get closedRefusal(): Refused | null {
    return this.isLeaving ? { ok: false, code: 'left' } : this.endRefusal;
  }
  get isLeaving(): boolean {
    return this.state.phase === 'leaving';
  }
  get isLive(): boolean {
    return this.readStatus().state === 'live';
  }
  /** This player's seat; null for a spectator. */
  get seat(): number | null {
    const { hold } = this;
    if (hold === null) return null;
    const seat = this.replica.view.room.seats.findIndex(s => s?.hold === hold);
    return seat < 0 ? null : seat;
  }
  /**
   * A node attributes messages to the session of the last join. While a join is pending, messages name their session.
   */
  get sessionField(): { session?: string } {
    return this.parts.hasPendingJoin() ? { session: this.session } : {};
  }

  // --- joining ------------------------------------------------------------------------------

  /**
   * Joins, or joins again from the replica's position. If a join on this connection has no answer yet, another one
   * follows it. If the server has said when to join again, this happens then.
   */
  rejoin(): void {
    const { state } = this;
    if (state.phase === 'leaving' || state.phase === 'ended') return;
    if (state.phase !== 'joining') {
      const joining: Joining = { phase: 'joining', since: this.parts.clock.now(), buffered: [], request: 'delayed' };
      this.state = joining;
      this.checkStatus();
      this.sendJoin(joining);
    } else if (state.request === 'sent') state.request = 'repeat';
  }

  /** Sends a delayed join now, unless it was sent, or nothing is to be sent any more. */
  private sendJoin(joining: Joining): void {
    if (this.state !== joining || joining.request !== 'delayed') return;
    // The server knows this client as another player now, who does not own the seat, and did not ask for what is queued.
    if (this.player !== null && this.player !== this.parts.playerId())
      return this.end(makeRefusal('seat-lost', 'identity'));
    joining.request = 'sent';
    const join = this.requestJoin(joining);
    this.unanswered.add(join);
    void join.finally(() => this.unanswered.delete(join));
  }

  /** Joins that may still reach a node: of this room object and of earlier ones. */
  get pendingJoins(): Promise<JoinReply>[] {
    return [...this.unanswered];
  }

  /**
   * Joins again after each pending join of earlier room objects. If one of them got the seat, it replaced this session,
   * so another session asks for it.
   */
  rejoinAfter(earlier: readonly Promise<JoinReply>[]): void {
    for (const join of earlier) {
      this.unanswered.add(join);
      void join.then(answer => {
        this.unanswered.delete(join);
        this.handleEarlierJoin(answer);
      });
    }
  }

  private handleEarlierJoin(answer: JoinReply): void {
    if (this.state.phase === 'ended') return;
    if (answer.ok && answer.seat !== null && answer.session !== this.session && !this.parts.watch)
      this.startNewSession(makeRefusal('session-replaced'));
    this.rejoin();
  }

  /** @returns the answer; `unavailable` if there is none */
  private async requestJoin(joining: Joining): Promise<JoinReply> {
    const { connector, clock, game, id, watch } = this.parts;
    const { session } = this;
    const { connection } = connector;
    const asked = clock.mono();
    let reply: JoinReply;
    try {
      reply = await connector.request('join', {
        room: id,
        session,
        watch,
        ...(watch || this.seatLoss ? {} : { resume: true }),
        short: true,
        version: game.version,
        ...(this.profile === undefined || watch ? {} : { profile: this.profile }),
        ...this.replica.joinFields,
      });
    } catch {
      reply = makeRefusal('unavailable'); // the connection closed, or the answer was lost
    }
    if (this.following !== joining) return reply; // suspended or ended meanwhile
    const isRepeated = joining.request === 'repeat';
    joining.request = 'delayed';
    // the answer was for another connection, and the next welcome joins
    if (connector.connection !== connection || !connection) return reply;
    if (!reply.ok && dutyOf(reply.code) === 'retry') {
      const wait = reply.retryAfter ?? retryDelayMs;
      this.after(wait + clock.random() * wait, () => {
        if (connector.connection === connection) this.sendJoin(joining);
      });
    } else if (session !== this.session) this.sendJoin(joining);
    else {
      if (reply.ok) this.acceptJoin(reply, asked);
      else if (reply.code === 'seat-lost') this.handleSeatLost(reply, joining);
      else this.end(this.seatLoss && dutyOf(reply.code) === 'final' ? this.seatLoss : reply);
      if (isRepeated) this.rejoin();
    }
    return reply;
  }

  /** Applies a join's answer: the changes missed, then those buffered while the join was pending. */
  acceptJoin(reply: JoinSuccess, asked: number): void {
    const isFirst = this.replica.isEmpty;
    const joining = this.following?.phase === 'joining' ? this.following : null;
    this.follow({ phase: 'live', isCheckingHead: false });
    const missed = this.replica.resume(reply);
    if (missed === null) {
      const since = joining?.since ?? this.parts.clock.now();
      const again: Joining = { phase: 'joining', since, buffered: [], request: 'delayed' };
      this.follow(again);
      this.after(damagedDelayMs, () => this.sendJoin(again));
      return;
    }
    this.hold = reply.hold;
    if (this.hold !== null) this.player = this.parts.playerId();
    const { seatLoss } = this;
    this.seatLoss = null;
    this.term = Math.max(this.term, reply.term);
    if (reply.lost) this.clock.discardReadings();
    if (this.clock.read(reply.now, asked)) this.after(0, () => this.rejoin());
    for (const change of joining?.buffered ?? []) this.receiveChange(change);
    if (this.state.phase === 'ended') return; // a callback ended it
    const isEntryLost = this.actions.resume(reply);
    this.syncInputs(true);
    this.actions.settleApplied();
    if (!isFirst)
      this.resumed.notify({
        with: reply.with,
        lost: reply.lost || isEntryLost,
        missed,
        ...(seatLoss ? { seatLost: seatLoss.detail ?? '' } : {}),
      });
    this.changed.notify();
  }

  /**
   * Handles the loss of the seat; the only function that does. If neither player nor host ended the stay, a new session
   * asks for a seat; if there is none, the room ends with the reason of the loss.
   */
  private handleSeatLost(refusal: Refused, joining: Joining): void {
    if (!rejoinableLosses.has(refusal.detail ?? '')) return this.end(refusal);
    this.startNewSession(refusal);
    this.sendJoin(joining);
  }

  /** Continues with a new session, which asks for a seat. */
  private startNewSession(refusal: Refused): void {
    this.actions.restart(refusal);
    this.inputs.restart();
    this.session = randomId(this.parts.clock);
    this.hold = null;
    this.seatLoss = refusal;
  }

  /** The connection was lost, or another one has replaced it. */
  suspend(): void {
    this.actions.suspend();
    this.follow({ phase: 'suspended' });
    this.changed.notify();
  }

  // --- following ----------------------------------------------------------------------------

  receiveChange(change: WireChange): void {
    const { following } = this;
    if (!following) return;
    if (following.phase === 'joining') {
      if (following.buffered.push(change) > bufferedChanges) following.buffered.shift();
      return;
    }
    this.handleReceived(this.replica.receive(change), () => {
      this.lastChangeAt = this.parts.clock.mono();
      this.term = Math.max(this.term, change[0]);
    });
  }

  receiveVolatileState(term: number, seq: number, k: number, changes: Changes): void {
    const { following } = this;
    if (following && following.phase !== 'joining')
      this.handleReceived(this.replica.receiveVolatile(term, seq, k, changes));
  }

  private handleReceived(received: Received, applied: () => void = () => {}): void {
    if (received === 'behind') this.rejoin();
    if (received !== 'applied') return;
    applied();
    this.syncInputs();
    this.actions.settleApplied();
    this.changed.notify();
  }

  receiveNotice(notice: Notice): void {
    switch (notice.code) {
      case 'session-replaced':
        if (notice.session === this.session) this.end(makeRefusal('session-replaced'));
        return;
      case 'seat-lost':
        if (notice.session === this.session) this.rejoin(); // the owner gives the reason
        return;
      case 'kicked':
        return this.end(makeRefusal('kicked'));
      case 'closed':
        return this.end(makeRefusal('room-missing'));
      case 'resync':
        return this.rejoin();
      case 'owner': {
        if (notice.term <= this.term) return;
        this.term = notice.term;
        this.syncInputs();
        this.changed.notify();
        this.receiveHead({ head: notice.head, term: notice.term, watchers: this.watchers });
        // Pending actions reconcile with the new owner by its answers. Other clients join at random times, so that
        // their next action finds its numbers reconciled, without a burst at the takeover.
        this.after(300 + this.parts.clock.random() * 1_500, () => {
          if (this.actions.settledTerm < notice.term && this.parts.connector.isLive) this.rejoin();
        });
      }
    }
  }

  /**
   * Compares the room's latest position with the replica's.
   * @param latest null: unknown; undefined: the node does not know this connection as a member
   */
  receiveHead(latest: RoomHead | null | undefined): void {
    // A join that is in flight, or waits for retryAfter, makes it one.
    if (latest === undefined) return this.state.phase === 'joining' ? undefined : this.rejoin();
    if (!latest || this.state.phase === 'ended') return;
    if (latest.watchers !== this.watchers) {
      this.watchers = latest.watchers;
      this.changed.notify();
    }
    const live = this.following;
    const { position } = this.replica;
    if (live?.phase !== 'live' || live.isCheckingHead || isSamePosition(latest.head, position)) return;
    live.isCheckingHead = true;
    this.after(inFlightMs, () => {
      if (this.following !== live) return; // joined meanwhile, or ended
      live.isCheckingHead = false;
      const now = this.replica.position;
      const isOnOtherHistory =
        isSamePosition(position, now) && !isSamePosition(latest.head, now) && latest.term > now[0];
      if (!this.replica.hasReached(latest.head) || isOnOtherHistory) this.rejoin();
    });
  }

  // --- for its actions ----------------------------------------------------------------------

  async send(request: Omit<ActRequest, 'room'>): Promise<ActReply> {
    return this.parts.connector.request('act', { room: this.parts.id, ...request, ...this.sessionField });
  }
  after(ms: number, fn: () => void): void {
    this.parts.clock.after(ms, fn);
  }
  checkStatus(): void {
    this.status.check();
  }
  /** Whether the entry at a position is applied, or nothing will be applied any more. */
  isApplied(place: Position): boolean {
    return this.endRefusal !== null || this.replica.hasReached(place);
  }
  /** An entry is late: joins, unless the room is not followed at present. */
  catchUp(): void {
    if (this.following?.phase === 'live' && this.parts.connector.isLive) this.rejoin();
  }

  /** The local monotonic clock lost `ms`. */
  adjustClock(ms: number): void {
    this.clock.adjust(ms);
  }

  /** Confirms the inputs that have counted. A new owner, or a new connection, receives all held inputs again. */
  private syncInputs(again = false): void {
    if (!this.parts.game.inputs) return;
    const { seat } = this;
    if (seat !== null) this.inputs.confirm(this.replica.view.room.inputs[seat] ?? 0);
    if (again || this.term > this.inputsSentForTerm) this.inputs.resendAll();
    this.inputsSentForTerm = this.term;
  }

  // --- leaving ------------------------------------------------------------------------------

  /** Gives the seat up. Without a connection, the client does so when it reconnects. */
  leave(): Promise<Left> {
    const { state } = this;
    if (this.parts.watch) {
      this.close();
      return Promise.resolve({ confirmed: true });
    }
    switch (state.phase) {
      case 'leaving':
        return state.left;
      case 'ended': {
        const { code } = state.refusal;
        if (code === 'left') return (state.left ??= this.giveUpSeat());
        const isSeatGone = code === 'seat-lost' || code === 'kicked' || code === 'room-missing';
        return Promise.resolve(isSeatGone ? { confirmed: true } : { confirmed: false, code });
      }
      default: {
        const left = this.giveUpSeat();
        this.state = { phase: 'leaving', left, following: state };
        return left;
      }
    }
  }

  private async giveUpSeat(): Promise<Left> {
    const left = await this.parts.departures.leave(this.parts.id, this.session, this.replica.view.room.code);
    this.end({ ok: false, code: 'left' });
    return left;
  }

  /** Ends the membership and keeps the seat, as for a disconnected player. */
  close(): void {
    if (this.state.phase === 'ended') return;
    // Also while a join is pending: the node processes both in order. Without a connection the node has noticed
    // already.
    void this.parts.connector.request('leave', { room: this.parts.id, session: this.session }).catch(() => {});
    this.end({ ok: false, code: 'left' });
  }

  /** The hold on the room is over. */
  end(refusal: Refused): void {
    const { state } = this;
    if (state.phase === 'ended') return;
    this.state = { phase: 'ended', refusal, left: state.phase === 'leaving' ? state.left : null };
    this.actions.end(refusal);
    this.parts.forget();
    this.ended.notify(refusal);
    this.changed.notify();
  }

  // --- the state ----------------------------------------------------------------------------

  /** How the replica follows the room; null after the end. */
  private get following(): Following | null {
    const { state } = this;
    return state.phase === 'leaving' ? state.following : state.phase === 'ended' ? null : state;
  }

  private follow(following: Following): void {
    if (this.state.phase === 'leaving') this.state.following = following;
    else if (this.state.phase !== 'ended') this.state = following;
  }

  private readStatus(): RoomStatus {
    const { endRefusal } = this;
    if (endRefusal) return endRefusal.code === 'left' ? { state: 'closed' } : makeRefusedStatus(endRefusal);
    const { status } = this.parts.connector;
    if (status.state !== 'live') return status;
    const { following } = this;
    if (following?.phase === 'joining') return { state: 'catching-up', since: following.since };
    const { slowSince } = this.actions;
    return slowSince === null ? status : { state: 'waiting', since: slowSince };
  }
}

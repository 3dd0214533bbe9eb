import {
  protocolVersion,
  type Handshake,
  type RequestName,
  type Requests,
  type OneWayMessageName,
  type OneWayMessages,
  type ServerToClient,
  type Welcome,
} from '../shared/protocol.ts';
import { dutyOf, isRefusalCode, type Refused } from '../shared/refusals.ts';
import type { ConnectProblem } from './connect-problem.ts';
import { UnsendableAuthError, type AfterRefusal } from './credentials.ts';
import { Listeners } from './listeners.ts';
import { PendingConnection } from './pending-connection.ts';
import {
  monotonicNow,
  type ClientClock,
  type TransportConnection,
  type TransportEvents,
  type Route,
  type Transport,
} from './ports.ts';
import { problemFields, makeRefusedStatus, type Status } from './status.ts';
import { isPromise } from './stored-token.ts';

/**
 * A keep-alive unanswered for so long (ms) is silence: soon where answers are quick, later where they take their time.
 */
const silenceTiming = { least: 900, roundTrips: 4, most: 1_500 };
/**
 * A line that is being opened gets so long before another route is tried beside it: little where a node is known to
 * hang, more where one has died, for then the others are busy enough with those who come over.
 */
const hedgeDelays = { first: 2_500, afterLoss: 1_200, afterSilence: 300 };
/**
 * More are not opened at once: then the oldest gives way, for it may lead to the very node that hangs; each later one
 * gets more time, for it may be the network that is slow.
 */
const maxOpeningConnections = 4;
/**
 * A server may ask for at most this much time (ms) before the next try: a proxy's Retry-After must not keep a player
 * away for an hour.
 */
const mostRetryAfter = 30_000;
/** Who came to a room's members by another way than the room's tries that again after so long (ms). */
const usualRouteRetryMs = 30_000;
const hedgeBackoff = 1.5;
const maxHedgeDelayMs = 6_000;

/**
 * Keeps one live line to some node: opens it, notices when it dies or falls silent, and finds another. A line that is
 * silent is not closed until another stands, for it may be the network that hiccups.
 */
export class Connector {
  readonly onStatus = new Listeners<[Status]>();
  readonly onWelcome = new Listeners<[Welcome, said: Handshake | undefined]>();
  readonly onEvent = new Listeners<[name: keyof ServerToClient, args: unknown[]]>();
  status: Status;
  private liveConnection: TransportConnection | null = null;
  /** The node at the other end of it. */
  private nodeName = '';
  /** The handshake of each connection, once it is known. */
  private readonly handshakes = new WeakMap<TransportConnection, Handshake>();
  /** Why the last try failed; null: nothing is known, or none has. */
  private problem: ConnectProblem | null = null;
  /** The page is not shown and may be kept by the browser: see `suspend`. */
  private isSuspended = false;
  private readonly monotonicNow: () => number;
  /** For which room each line was opened. */
  private readonly connectionRooms = new WeakMap<TransportConnection, string | null>();
  /** Lines that were opened for a room, and not by its way: its other members may be elsewhere. */
  private readonly offRouteConnections = new WeakSet<TransportConnection>();
  private cancelUsualRouteRetry: (() => void) | null = null;
  /** Other ways tried since there was last a line. */
  private alternateRoutesTried = 0;
  /** Lines being opened, oldest first. */
  private readonly opening = new Set<TransportConnection>();
  private lastReceivedAt = 0;
  private attempt = 0;
  /** Lines opened since there was last none that hung. */
  private openedSinceIdle = 0;
  /** Over how long (ms) the clients of this node spread their first tries to come back. */
  reconnectSpread = 100;
  private cancelRetry: (() => void) | null = null;
  private cancelHedge: (() => void) | null = null;
  private isClosed = false;
  /** When a server that refused a connection may be asked again (`retryAfter`), on the monotonic clock. */
  private notBefore = -Infinity;

  /** @param room the one for which lines are opened from now on; null: for none in particular */
  constructor(
    private readonly transport: Transport,
    private readonly clock: ClientClock,
    private readonly handshake: () => Handshake | Promise<Handshake>,
    private readonly onRefused: (refusal: Refused, said: Handshake | undefined) => AfterRefusal,
    private readonly room: () => string | null = () => null,
  ) {
    this.monotonicNow = monotonicNow(clock);
    this.status = { state: 'connecting', attempt: 1, since: clock.now() };
  }

  start(): void {
    this.open(this.usualRoute());
  }

  /** Sends a request down the live line. Rejects where there is none: the caller waits for the next welcome. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience = 6_000): Promise<Requests[K][1] | Refused> {
    return this.liveConnection
      ? this.liveConnection.request(name, body, patience)
      : Promise.reject(new Error('not connected'));
  }

  /** Sends a one-way message by the live connection. @returns false if there is none: the message is lost */
  send<K extends OneWayMessageName>(name: K, body: OneWayMessages[K]): boolean {
    this.liveConnection?.send(name, body);
    return this.liveConnection !== null;
  }

  get isLive(): boolean {
    return this.liveConnection !== null;
  }
  /** Changes with each line. */
  get connection(): TransportConnection | null {
    return this.liveConnection;
  }

  /** How long (ms) to wait for a sign of life. @param roundTrip what one took lately, in ms; null where nobody knows */
  static silenceTimeout(roundTrip: number | null): number {
    return roundTrip === null
      ? silenceTiming.most
      : Math.min(silenceTiming.most, silenceTiming.least + silenceTiming.roundTrips * roundTrip);
  }

  /**
   * Asks for a sign of life. When none comes within `patience`, another line is opened by another route, and takes
   * over.
   * @returns the answer, or null
   */
  async probe<K extends RequestName>(
    name: K,
    body: Requests[K][0],
    patience: number,
  ): Promise<Requests[K][1] | Refused | null> {
    const line = this.liveConnection;
    if (!line) return null;
    const asked = this.monotonicNow();
    const stop = this.clock.after(patience, () => {
      if (this.liveConnection !== line || this.lastReceivedAt >= asked) return;
      if (this.status.state === 'live') this.setTrying('reconnecting', 1, this.clock.now());
      this.switchRoute(this.alternateRoute());
    });
    try {
      const reply = await line.request(name, body, 8_000);
      stop();
      return reply;
    } catch {
      return null;
    }
  }

  /** Opens another line, by any other route unless one is given, and drops the present one once that stands. */
  switchRoute(route: Route = this.randomRoute()): void {
    if (!this.isClosed && !this.isSuspended && this.opening.size === 0 && this.monotonicNow() >= this.notBefore)
      this.open(route);
  }
  /** The same by the way of the room that lines are for, where they are for one. */
  switchToUsualRoute(): void {
    this.switchRoute(this.usualRoute() ?? this.randomRoute());
  }
  /** Renews the line if it was opened for another room than lines are for now. */
  switchIfRoomChanged(): void {
    if (this.liveConnection && this.connectionRooms.get(this.liveConnection) !== this.room()) this.switchToUsualRoute();
  }

  close(): void {
    this.closeAll();
    if (this.status.state !== 'closed') this.setStatus({ state: 'closed' });
  }

  /**
   * Closes the connection, and opens none until `resume`: a browser keeps only pages without one for the back button.
   */
  suspend(): void {
    if (this.isClosed || this.isSuspended) return;
    this.isSuspended = true;
    this.dropConnections();
    if (this.status.state === 'live') this.setTrying('reconnecting', 1, this.clock.now());
  }
  resume(): void {
    if (!this.isSuspended) return;
    this.isSuspended = false;
    this.attempt = this.openedSinceIdle = this.alternateRoutesTried = 0;
    const wait = this.notBefore - this.monotonicNow();
    if (wait > 0) this.openLater(wait, () => this.usualRoute());
    else this.open(this.usualRoute());
  }

  /** Lets go of everything. What it says of itself then is the caller's. */
  private closeAll(): void {
    this.isClosed = true;
    this.dropConnections();
  }

  private dropConnections(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.cancelHedge?.();
    this.cancelUsualRouteRetry?.();
    for (const line of [...this.opening, ...(this.liveConnection ? [this.liveConnection] : [])]) line.close();
    this.opening.clear();
    this.liveConnection = null;
  }

  /** The usual way. */
  private usualRoute(): Route {
    const room = this.room();
    return room === null ? undefined : { room };
  }
  private randomRoute(): string {
    return `r${Math.floor(this.clock.random() * 1e9).toString(36)}`;
  }
  /**
   * Another way, where the usual one leads nowhere: for all members of a room the same one after the other, so that
   * they meet again.
   */
  private alternateRoute(): string {
    const room = this.room();
    return room === null ? this.randomRoute() : `${room}.${++this.alternateRoutesTried}`;
  }

  private open(route: Route): void {
    if (this.isClosed || this.isSuspended) return;
    this.cancelRetry?.();
    this.cancelRetry = null;
    const isHedge = this.opening.size > 0;
    const events: TransportEvents = {
      received: () => this.handleActivity(line),
      event: (name, ...args) => this.handleEvent(line, name, args),
      closed: (refusal, problem) => this.handleClosed(line, refusal, problem),
    };
    const handshake = this.handshake();
    // the app's token function has closed the client
    if (this.isClosed) return void (isPromise(handshake) && handshake.catch(() => {}));
    const line: TransportConnection = isPromise(handshake)
      ? new PendingConnection(
          handshake,
          known => {
            this.handshakes.set(line, known);
            return this.dial(known, route, events, isHedge);
          },
          error => {
            if (error instanceof UnsendableAuthError) return events.closed(error.refusal);
            console.error(error);
            events.closed(null, 'token-failed');
          },
        )
      : this.dial(handshake, route, events, isHedge);
    if (!isPromise(handshake)) this.handshakes.set(line, handshake);
    this.opening.add(line);
    this.connectionRooms.set(line, this.room());
    if (typeof route === 'string' && this.room() !== null) this.offRouteConnections.add(line);
    this.cancelHedge?.();
    // Who changes over to a room's way has a line that works, and no hurry.
    const patience =
      (this.liveConnection && typeof route !== 'object'
        ? hedgeDelays.afterSilence
        : this.liveConnection || this.attempt === 0
          ? hedgeDelays.first
          : hedgeDelays.afterLoss) *
      hedgeBackoff ** Math.max(0, ++this.openedSinceIdle - maxOpeningConnections);
    this.hedge(Math.min(patience, maxHedgeDelayMs));
  }

  /** A transport that throws is one that cannot connect now. */
  private dial(handshake: Handshake, route: Route, events: TransportEvents, beside: boolean): TransportConnection {
    try {
      return this.transport.open({ ...handshake, wire: protocolVersion }, route, events, beside);
    } catch (error) {
      console.error(error);
      this.clock.after(0, () => events.closed(null, 'unreachable'));
      return { request: () => Promise.reject(new Error('not connected')), send: () => {}, close: () => {} };
    }
  }

  private hedge(patience: number): void {
    this.cancelHedge = this.clock.after(patience, () => {
      // Slow, or its node hangs: try another beside it; whichever is welcomed first is taken.
      if (this.opening.size === 0) return;
      if ([...this.opening].some(line => line instanceof PendingConnection && line.isWaiting))
        return this.hedge(patience); // it waits for the app
      if (this.monotonicNow() < this.notBefore) return this.hedge(this.notBefore - this.monotonicNow());
      this.showProblem('no-answer');
      const [oldest] = this.opening;
      if (this.opening.size >= maxOpeningConnections) {
        this.opening.delete(oldest!);
        oldest!.close();
      }
      this.open(this.alternateRoute());
    });
  }

  private handleActivity(line: TransportConnection): void {
    if (this.liveConnection !== line) return;
    this.lastReceivedAt = this.monotonicNow();
    // Other ways led nowhere, and this line speaks again: it was the network that hiccuped.
    if (this.status.state === 'reconnecting' && this.opening.size === 0)
      this.setStatus({ state: 'live', node: this.nodeName });
  }

  private handleEvent(line: TransportConnection, name: keyof ServerToClient, args: unknown[]): void {
    if (name === 'welcome') return this.handleWelcome(line, args[0] as Welcome);
    if (line !== this.liveConnection) return; // the rooms live on another line by now
    if (name === 'moving') return this.switchToUsualRoute(); // who goes is not asked by proxies any more
    this.onEvent.notify(name, args);
  }

  private handleWelcome(line: TransportConnection, welcome: Welcome): void {
    if (!this.opening.delete(line)) return;
    for (const other of this.opening) other.close();
    this.opening.clear();
    this.cancelHedge?.();
    this.liveConnection?.close();
    this.liveConnection = line;
    this.lastReceivedAt = this.monotonicNow();
    this.problem = null;
    this.notBefore = -Infinity;
    this.attempt = this.openedSinceIdle = this.alternateRoutesTried = 0;
    this.nodeName = welcome.node;
    // first, so that listeners for "live" find rooms whose status is right
    this.onWelcome.notify(welcome, this.handshakes.get(line));
    if (this.isClosed) return; // by a listener
    this.cancelUsualRouteRetry?.();
    this.cancelUsualRouteRetry = this.offRouteConnections.has(line)
      ? this.clock.after(usualRouteRetryMs * (0.75 + this.clock.random() / 2), () => this.switchToUsualRoute())
      : null;
    this.setStatus({ state: 'live', node: welcome.node });
    this.switchIfRoomChanged();
  }

  private handleClosed(
    line: TransportConnection,
    refusal: Refused | null,
    problem: ConnectProblem | null = null,
  ): void {
    this.opening.delete(line);
    if (this.opening.size === 0) this.openedSinceIdle = 0;
    if (this.liveConnection === line) this.liveConnection = null;
    if (this.isClosed || this.isSuspended) return;
    if (typeof refusal?.retryAfter === 'number')
      this.notBefore = Math.max(this.notBefore, this.monotonicNow() + Math.min(refusal.retryAfter, mostRetryAfter));
    const next = refusal ? this.onRefused(refusal, this.handshakes.get(line)) : 'retry';
    if (refusal && next === 'give-up') {
      this.closeAll();
      return this.setStatus(makeRefusedStatus(refusal));
    }
    const reason = refusal && isRefusalCode(refusal.code) ? refusal.code : problem;
    // A change to another connection was refused, and the next try sends something else. The present connection stays
    // open meanwhile.
    if (this.liveConnection && this.opening.size === 0 && refusal && dutyOf(refusal.code) !== 'retry')
      this.clock.after(10 + this.clock.random() * 100, () => {
        if (this.liveConnection) this.switchToUsualRoute();
      });
    if (this.liveConnection || this.opening.size > 0 || this.cancelRetry) return this.showProblem(reason);
    this.problem = reason;
    this.attempt += 1;
    const since = 'since' in this.status ? this.status.since : this.clock.now();
    // The first try comes soon, but not from all clients of a dead node in one instant; then slower and slower.
    const most = this.attempt === 1 ? this.reconnectSpread : Math.min(100 * 2 ** (this.attempt - 1), 3_000);
    const wait = Math.max(0, this.notBefore - this.monotonicNow());
    this.openLater(wait + 10 + this.clock.random() * most, () =>
      this.attempt > 2 || next === 'other-route' ? this.alternateRoute() : this.usualRoute(),
    );
    // Last, since a callback may close the client. A first line that comes to nothing: the next try is the second.
    if (this.status.state === 'connecting') this.setTrying('connecting', this.attempt + 1, since);
    else this.setTrying('reconnecting', this.attempt, since);
  }

  private openLater(ms: number, route: () => Route): void {
    this.cancelRetry = this.clock.after(ms, () => {
      this.cancelRetry = null;
      this.open(route());
    });
  }

  /** One of several tries has failed, and others go on: the status says why. */
  private showProblem(problem: ConnectProblem | null): void {
    const { status } = this;
    if (
      problem === null ||
      (status.state !== 'connecting' && status.state !== 'reconnecting') ||
      status.problem === problem
    )
      return;
    this.problem = problem;
    this.setTrying(status.state, status.attempt, status.since);
  }

  private setTrying(state: 'connecting' | 'reconnecting', attempt: number, since: number): void {
    this.setStatus({ state, attempt, since, ...problemFields(this.problem) });
  }

  private setStatus(status: Status): void {
    this.status = status;
    this.onStatus.notify(status);
  }
}

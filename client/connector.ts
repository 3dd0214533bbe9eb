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
  type CompleteClock,
  type TransportConnection,
  type TransportEvents,
  type Route,
  type Transport,
} from './ports.ts';
import { problemFields, makeRefusedStatus, type Status } from './status.ts';
import { isPromise } from './stored-token.ts';

/**
 * Time (ms) after which an unanswered heartbeat counts as silence: `least` + `roundTrips` × the round trip, at most
 * `most`.
 */
const silenceTiming = { least: 900, roundTrips: 4, most: 1_500 };
/**
 * Time (ms) that an opening connection gets before another route is tried in parallel. Short if a node is known to
 * hang. Longer after the loss of a connection, because the other nodes are busy with reconnecting clients.
 */
const hedgeDelays = { first: 2_500, afterLoss: 1_200, afterSilence: 300 };
/**
 * At most this many connections open in parallel. Beyond that the oldest is closed, because it may lead to the node
 * that hangs, and each later attempt gets more time (`hedgeBackoff`), because the network may be slow.
 */
const maxOpeningConnections = 4;
/** Longest Retry-After that is respected (ms). A proxy's value must not keep a player away for an hour. */
const mostRetryAfter = 30_000;
/** After this time (ms) on another route, the room's usual route is tried again. */
const usualRouteRetryMs = 30_000;
const hedgeBackoff = 1.5;
const maxHedgeDelayMs = 6_000;

/**
 * Maintains the connection to some node: opens it, detects its loss or silence, and opens another.
 * | Invariant: at most one welcomed connection is in use. It is closed only after another was welcomed, because silence
 * may be a short network problem.
 */
export class Connector {
  readonly onStatus = new Listeners<[Status]>();
  readonly onWelcome = new Listeners<[Welcome, sent: Handshake | undefined]>();
  readonly onEvent = new Listeners<[name: keyof ServerToClient, args: unknown[]]>();
  status: Status;
  private liveConnection: TransportConnection | null = null;
  /** The node of the live connection. */
  private nodeName = '';
  /** The handshake of each connection. */
  private readonly handshakes = new WeakMap<TransportConnection, Handshake>();
  /** Why the last attempt failed; null if unknown. */
  private problem: ConnectProblem | null = null;
  /** The page is hidden and the browser may keep it: see `suspend`. */
  private isSuspended = false;
  /** The room that each connection was opened for. */
  private readonly connectionRooms = new WeakMap<TransportConnection, string | null>();
  /** Connections for a room that did not use its usual route: other members may be at another node. */
  private readonly offRouteConnections = new WeakSet<TransportConnection>();
  private cancelUsualRouteRetry: (() => void) | null = null;
  /** Alternate routes tried since the last welcome. */
  private alternateRoutesTried = 0;
  /** Opening connections, oldest first. */
  private readonly opening = new Set<TransportConnection>();
  private lastReceivedAt = 0;
  private attempt = 0;
  /** Connections opened since none was opening. */
  private openedSinceIdle = 0;
  /** Time (ms) over which the clients of this node spread their first reconnect. */
  reconnectSpread = 100;
  private cancelRetry: (() => void) | null = null;
  private cancelHedge: (() => void) | null = null;
  private isClosed = false;
  /** Earliest time of the next attempt after a refusal with `retryAfter`, on the monotonic clock. */
  private notBefore = -Infinity;

  /** @param room the room that new connections name; null for none */
  constructor(
    private readonly transport: Transport,
    private readonly clock: CompleteClock,
    private readonly handshake: () => Handshake | Promise<Handshake>,
    private readonly onRefused: (refusal: Refused, sent: Handshake | undefined) => AfterRefusal,
    private readonly room: () => string | null = () => null,
  ) {
    this.status = { state: 'connecting', attempt: 1, since: clock.now() };
  }

  start(): void {
    this.open(this.usualRoute());
  }

  /** Sends a request over the live connection. Rejects if there is none: the caller waits for the next welcome. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience = 6_000): Promise<Requests[K][1] | Refused> {
    return this.liveConnection
      ? this.liveConnection.request(name, body, patience)
      : Promise.reject(new Error('not connected'));
  }

  /** Sends a one-way message over the live connection. @returns false if there is none; the message is dropped */
  send<K extends OneWayMessageName>(name: K, body: OneWayMessages[K]): boolean {
    this.liveConnection?.send(name, body);
    return this.liveConnection !== null;
  }

  get isLive(): boolean {
    return this.liveConnection !== null;
  }
  /** The live connection, a new object after each reconnect. */
  get connection(): TransportConnection | null {
    return this.liveConnection;
  }

  /** How long (ms) to wait for any message. @param roundTrip a recent round trip in ms; null if unknown */
  static silenceTimeout(roundTrip: number | null): number {
    return roundTrip === null
      ? silenceTiming.most
      : Math.min(silenceTiming.most, silenceTiming.least + silenceTiming.roundTrips * roundTrip);
  }

  /**
   * Sends a request to check the connection. If nothing arrives within `patience` ms, another connection is opened by
   * another route and replaces this one.
   * @returns the answer, or null
   */
  async probe<K extends RequestName>(
    name: K,
    body: Requests[K][0],
    patience: number,
  ): Promise<Requests[K][1] | Refused | null> {
    const connection = this.liveConnection;
    if (!connection) return null;
    const asked = this.clock.mono();
    const stop = this.clock.after(patience, () => {
      if (this.liveConnection !== connection || this.lastReceivedAt >= asked) return;
      if (this.status.state === 'live') this.setTrying('reconnecting', 1, this.clock.now());
      this.switchRoute(this.alternateRoute());
    });
    try {
      const reply = await connection.request(name, body, 8_000);
      stop();
      return reply;
    } catch {
      return null;
    }
  }

  /** Opens another connection, by a random route by default. The present one is closed when the new one is welcomed. */
  switchRoute(route: Route = this.randomRoute()): void {
    if (!this.isClosed && !this.isSuspended && this.opening.size === 0 && this.clock.mono() >= this.notBefore)
      this.open(route);
  }
  /** The same, by the usual route of the room, if connections name one. */
  switchToUsualRoute(): void {
    this.switchRoute(this.usualRoute() ?? this.randomRoute());
  }
  /** Opens another connection if the live one was opened for another room than the current one. */
  switchIfRoomChanged(): void {
    if (this.liveConnection && this.connectionRooms.get(this.liveConnection) !== this.room()) this.switchToUsualRoute();
  }

  close(): void {
    this.closeAll();
    if (this.status.state !== 'closed') this.setStatus({ state: 'closed' });
  }

  /**
   * Closes the connection and opens none until `resume`. Browsers keep only pages without an open connection for the
   * back button.
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
    const wait = this.notBefore - this.clock.mono();
    if (wait > 0) this.openLater(wait, () => this.usualRoute());
    else this.open(this.usualRoute());
  }

  /** Closes all connections. The caller sets the status. */
  private closeAll(): void {
    this.isClosed = true;
    this.dropConnections();
  }

  private dropConnections(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.cancelHedge?.();
    this.cancelUsualRouteRetry?.();
    for (const connection of [...this.opening, ...(this.liveConnection ? [this.liveConnection] : [])])
      connection.close();
    this.opening.clear();
    this.liveConnection = null;
  }

  /** The default route. */
  private usualRoute(): Route {
    const room = this.room();
    return room === null ? undefined : { room };
  }
  private randomRoute(): string {
    return `r${Math.floor(this.clock.random() * 1e9).toString(36)}`;
  }
  /**
   * Another route, if the usual one fails. All members of a room try the same sequence, so that they reach the same
   * node.
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
      received: () => this.handleActivity(connection),
      event: (name, ...args) => this.handleEvent(connection, name, args),
      closed: (refusal, problem) => this.handleClosed(connection, refusal, problem),
    };
    const handshake = this.handshake();
    // the app's token function closed the client
    if (this.isClosed) return void (isPromise(handshake) && handshake.catch(() => {}));
    const connection: TransportConnection = isPromise(handshake)
      ? new PendingConnection(
          handshake,
          known => {
            this.handshakes.set(connection, known);
            return this.dial(known, route, events, isHedge);
          },
          error => {
            if (error instanceof UnsendableAuthError) return events.closed(error.refusal);
            console.error(error);
            events.closed(null, 'token-failed');
          },
        )
      : this.dial(handshake, route, events, isHedge);
    if (!isPromise(handshake)) this.handshakes.set(connection, handshake);
    this.opening.add(connection);
    this.connectionRooms.set(connection, this.room());
    if (typeof route === 'string' && this.room() !== null) this.offRouteConnections.add(connection);
    this.cancelHedge?.();
    // A switch to a room's usual route is not urgent: the present connection works.
    const patience =
      (this.liveConnection && typeof route !== 'object'
        ? hedgeDelays.afterSilence
        : this.liveConnection || this.attempt === 0
          ? hedgeDelays.first
          : hedgeDelays.afterLoss) *
      hedgeBackoff ** Math.max(0, ++this.openedSinceIdle - maxOpeningConnections);
    this.hedge(Math.min(patience, maxHedgeDelayMs));
  }

  /** A transport that throws counts as one that cannot connect. */
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
      // Slow, or its node hangs: open another in parallel. The first to be welcomed is used.
      if (this.opening.size === 0) return;
      if ([...this.opening].some(connection => connection instanceof PendingConnection && connection.isWaiting))
        return this.hedge(patience); // waits for the app's token function
      if (this.clock.mono() < this.notBefore) return this.hedge(this.notBefore - this.clock.mono());
      this.showProblem('no-answer');
      const [oldest] = this.opening;
      if (this.opening.size >= maxOpeningConnections) {
        this.opening.delete(oldest!);
        oldest!.close();
      }
      this.open(this.alternateRoute());
    });
  }

  private handleActivity(connection: TransportConnection): void {
    if (this.liveConnection !== connection) return;
    this.lastReceivedAt = this.clock.mono();
    // The other routes failed, and this connection receives again: it was a short network problem.
    if (this.status.state === 'reconnecting' && this.opening.size === 0)
      this.setStatus({ state: 'live', node: this.nodeName });
  }

  private handleEvent(connection: TransportConnection, name: keyof ServerToClient, args: unknown[]): void {
    if (name === 'welcome') return this.handleWelcome(connection, args[0] as Welcome);
    if (connection !== this.liveConnection) return; // the rooms use another connection already
    if (name === 'moving') return this.switchToUsualRoute(); // proxies no longer route to a draining node
    this.onEvent.notify(name, args);
  }

  private handleWelcome(connection: TransportConnection, welcome: Welcome): void {
    if (!this.opening.delete(connection)) return;
    for (const other of this.opening) other.close();
    this.opening.clear();
    this.cancelHedge?.();
    this.liveConnection?.close();
    this.liveConnection = connection;
    this.lastReceivedAt = this.clock.mono();
    this.problem = null;
    this.notBefore = -Infinity;
    this.attempt = this.openedSinceIdle = this.alternateRoutesTried = 0;
    this.nodeName = welcome.node;
    // first, so that listeners of "live" see rooms with the right status
    this.onWelcome.notify(welcome, this.handshakes.get(connection));
    if (this.isClosed) return; // a listener closed it
    this.cancelUsualRouteRetry?.();
    this.cancelUsualRouteRetry = this.offRouteConnections.has(connection)
      ? this.clock.after(usualRouteRetryMs * (0.75 + this.clock.random() / 2), () => this.switchToUsualRoute())
      : null;
    this.setStatus({ state: 'live', node: welcome.node });
    this.switchIfRoomChanged();
  }

  private handleClosed(
    connection: TransportConnection,
    refusal: Refused | null,
    problem: ConnectProblem | null = null,
  ): void {
    this.opening.delete(connection);
    if (this.opening.size === 0) this.openedSinceIdle = 0;
    if (this.liveConnection === connection) this.liveConnection = null;
    if (this.isClosed || this.isSuspended) return;
    if (typeof refusal?.retryAfter === 'number')
      this.notBefore = Math.max(this.notBefore, this.clock.mono() + Math.min(refusal.retryAfter, mostRetryAfter));
    const next = refusal ? this.onRefused(refusal, this.handshakes.get(connection)) : 'retry';
    if (refusal && next === 'give-up') {
      this.closeAll();
      return this.setStatus(makeRefusedStatus(refusal));
    }
    const reason = refusal && isRefusalCode(refusal.code) ? refusal.code : problem;
    // The switch to another connection was refused, and the next attempt sends another token or name. The present
    // connection stays open.
    if (this.liveConnection && this.opening.size === 0 && refusal && dutyOf(refusal.code) !== 'retry')
      this.clock.after(10 + this.clock.random() * 100, () => {
        if (this.liveConnection) this.switchToUsualRoute();
      });
    if (this.liveConnection || this.opening.size > 0 || this.cancelRetry) return this.showProblem(reason);
    this.problem = reason;
    this.attempt += 1;
    const since = 'since' in this.status ? this.status.since : this.clock.now();
    // The first retry comes soon, but spread over all clients of a dead node; later ones slow down exponentially.
    const most = this.attempt === 1 ? this.reconnectSpread : Math.min(100 * 2 ** (this.attempt - 1), 3_000);
    const wait = Math.max(0, this.notBefore - this.clock.mono());
    this.openLater(wait + 10 + this.clock.random() * most, () =>
      this.attempt > 2 || next === 'other-route' ? this.alternateRoute() : this.usualRoute(),
    );
    // Last, because a callback may close the client. If the first connection failed, the next attempt is number 2.
    if (this.status.state === 'connecting') this.setTrying('connecting', this.attempt + 1, since);
    else this.setTrying('reconnecting', this.attempt, since);
  }

  private openLater(ms: number, route: () => Route): void {
    this.cancelRetry = this.clock.after(ms, () => {
      this.cancelRetry = null;
      this.open(route());
    });
  }

  /** One of several parallel attempts failed: shows the reason in the status. */
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

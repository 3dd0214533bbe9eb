import { wireVersion, type Handshake, type RequestName, type Requests, type SayingName, type Sayings, type ServerToClient, type Welcome } from '../shared/protocol.ts';
import { dutyOf, isRefusalCode, type Refused } from '../shared/refusals.ts';
import type { ConnectProblem } from './connect-problem.ts';
import { UnsendableAuth, type AfterRefusal } from './credentials.ts';
import { Listeners } from './listeners.ts';
import { PendingLine } from './pending-line.ts';
import { monotonic, type ClientClock, type Line, type LineEvents, type Route, type Transport } from './ports.ts';
import { becauseOf, refusedStatus, type Status } from './status.ts';
import { isPromise } from './stored-token.ts';

/** A keep-alive unanswered for so long (ms) is silence: soon where answers are quick, later where they take their time. */
const silence = { least: 900, roundTrips: 4, most: 1_500 };
/**
 * A line that is being opened gets so long before another route is tried beside it: little where a node is known to
 * hang, more where one has died, for then the others are busy enough with those who come over.
 */
const hedge = { first: 2_500, afterLoss: 1_200, afterSilence: 300 };
/** More are not opened at once: then the oldest gives way, for it may lead to the very node that hangs; each later one gets more time, for it may be the network that is slow. */
const openLines = 4;
/** A server may ask for at most this much time (ms) before the next try: a proxy's Retry-After must not keep a player away for an hour. */
const mostRetryAfter = 30_000;
/** Who came to a room's members by another way than the room's tries that again after so long (ms). */
const homeAfter = 30_000;
const patienceGrows = 1.5;
const mostPatience = 6_000;

/**
 * Keeps one live line to some node: opens it, notices when it dies or falls silent, and finds another. A line that is
 * silent is not closed until another stands, for it may be the network that hiccups.
 */
export class Connector {
  readonly onStatus = new Listeners<[Status]>();
  readonly onWelcome = new Listeners<[Welcome, said: Handshake | undefined]>();
  readonly onEvent = new Listeners<[name: keyof ServerToClient, args: unknown[]]>();
  status: Status;
  private live: Line | null = null;
  /** The node at the other end of it. */
  private node = '';
  /** The handshake of each connection, once it is known. */
  private readonly said = new WeakMap<Line, Handshake>();
  /** Why the last try failed; null: nothing is known, or none has. */
  private problem: ConnectProblem | null = null;
  /** The page is not shown and may be kept by the browser: see `suspend`. */
  private isSuspended = false;
  private readonly mono: () => number;
  /** For which room each line was opened. */
  private readonly rooms = new WeakMap<Line, string | null>();
  /** Lines that were opened for a room, and not by its way: its other members may be elsewhere. */
  private readonly astray = new WeakSet<Line>();
  private homing: (() => void) | null = null;
  /** Other ways tried since there was last a line. */
  private detours = 0;
  /** Lines being opened, oldest first. */
  private readonly opening = new Set<Line>();
  private lastHeard = 0;
  private attempt = 0;
  /** Lines opened since there was last none that hung. */
  private opened = 0;
  /** Over how long (ms) the clients of this node spread their first tries to come back. */
  spread = 100;
  private retry: (() => void) | null = null;
  private hedging: (() => void) | null = null;
  private closed = false;
  /** When a server that refused a connection may be asked again (`retryAfter`), on the monotonic clock. */
  private notBefore = -Infinity;

  /** @param room the one for which lines are opened from now on; null: for none in particular */
  constructor(private readonly transport: Transport, private readonly clock: ClientClock, private readonly handshake: () => Handshake | Promise<Handshake>, private readonly onRefused: (refusal: Refused, said: Handshake | undefined) => AfterRefusal, private readonly room: () => string | null = () => null) {
    this.mono = monotonic(clock);
    this.status = { state: 'connecting', attempt: 1, since: clock.now() };
  }

  start(): void { this.open(this.way()); }

  /** Sends a request down the live line. Rejects where there is none: the caller waits for the next welcome. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience = 6_000): Promise<Requests[K][1] | Refused> {
    return this.live ? this.live.request(name, body, patience) : Promise.reject(new Error('not connected'));
  }

  /** Sends a one-way message by the live connection. @returns false if there is none: the message is lost */
  say<K extends SayingName>(name: K, body: Sayings[K]): boolean {
    this.live?.say(name, body);
    return this.live !== null;
  }

  get isLive(): boolean { return this.live !== null; }
  /** Changes with each line. */
  get line(): Line | null { return this.live; }

  /** How long (ms) to wait for a sign of life. @param roundTrip what one took lately, in ms; null where nobody knows */
  static patience(roundTrip: number | null): number { return roundTrip === null ? silence.most : Math.min(silence.most, silence.least + silence.roundTrips * roundTrip); }

  /**
   * Asks for a sign of life. When none comes within `patience`, another line is opened by another route, and takes over.
   * @returns the answer, or null
   */
  async probe<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused | null> {
    const line = this.live;
    if (!line) return null;
    const asked = this.mono();
    const stop = this.clock.after(patience, () => {
      if (this.live !== line || this.lastHeard >= asked) return;
      if (this.status.state === 'live') this.setTrying('reconnecting', 1, this.clock.now());
      this.hop(this.detour());
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
  hop(route: Route = this.draw()): void {
    if (!this.closed && !this.isSuspended && this.opening.size === 0 && this.mono() >= this.notBefore) this.open(route);
  }
  /** The same by the way of the room that lines are for, where they are for one. */
  renew(): void { this.hop(this.way() ?? this.draw()); }
  /** Renews the line if it was opened for another room than lines are for now. */
  settle(): void { if (this.live && this.rooms.get(this.live) !== this.room()) this.renew(); }

  close(): void {
    this.shut();
    if (this.status.state !== 'closed') this.setStatus({ state: 'closed' });
  }

  /** Closes the connection, and opens none until `resume`: a browser keeps only pages without one for the back button. */
  suspend(): void {
    if (this.closed || this.isSuspended) return;
    this.isSuspended = true;
    this.drop();
    if (this.status.state === 'live') this.setTrying('reconnecting', 1, this.clock.now());
  }
  resume(): void {
    if (!this.isSuspended) return;
    this.isSuspended = false;
    this.attempt = this.opened = this.detours = 0;
    const wait = this.notBefore - this.mono();
    if (wait > 0) this.openLater(wait, () => this.way());
    else this.open(this.way());
  }

  /** Lets go of everything. What it says of itself then is the caller's. */
  private shut(): void {
    this.closed = true;
    this.drop();
  }

  private drop(): void {
    this.retry?.();
    this.retry = null;
    this.hedging?.();
    this.homing?.();
    for (const line of [...this.opening, ...(this.live ? [this.live] : [])]) line.close();
    this.opening.clear();
    this.live = null;
  }

  /** The usual way. */
  private way(): Route {
    const room = this.room();
    return room === null ? undefined : { room };
  }
  private draw(): string { return `r${Math.floor(this.clock.random() * 1e9).toString(36)}`; }
  /** Another way, where the usual one leads nowhere: for all members of a room the same one after the other, so that they meet again. */
  private detour(): string {
    const room = this.room();
    return room === null ? this.draw() : `${room}.${++this.detours}`;
  }

  private open(route: Route): void {
    if (this.closed || this.isSuspended) return;
    this.retry?.();
    this.retry = null;
    const beside = this.opening.size > 0;
    const events: LineEvents = {
      heard: () => this.heard(line),
      event: (name, ...args) => this.event(line, name, args),
      closed: (refusal, problem) => this.lost(line, refusal, problem),
    };
    const said = this.handshake();
    if (this.closed) return void (isPromise(said) && said.catch(() => {})); // the app's token function has closed the client
    const line: Line = isPromise(said) ? new PendingLine(said, known => {
      this.said.set(line, known);
      return this.dial(known, route, events, beside);
    }, error => {
      if (error instanceof UnsendableAuth) return events.closed(error.refusal);
      console.error(error);
      events.closed(null, 'token-failed');
    }) : this.dial(said, route, events, beside);
    if (!isPromise(said)) this.said.set(line, said);
    this.opening.add(line);
    this.rooms.set(line, this.room());
    if (typeof route === 'string' && this.room() !== null) this.astray.add(line);
    this.hedging?.();
    // Who changes over to a room's way has a line that works, and no hurry.
    const patience = (this.live && typeof route !== 'object' ? hedge.afterSilence : this.live || this.attempt === 0 ? hedge.first : hedge.afterLoss) * patienceGrows ** Math.max(0, ++this.opened - openLines);
    this.hedge(Math.min(patience, mostPatience));
  }

  /** A transport that throws is one that cannot connect now. */
  private dial(handshake: Handshake, route: Route, events: LineEvents, beside: boolean): Line {
    try {
      return this.transport.open({ ...handshake, wire: wireVersion }, route, events, beside);
    } catch (error) {
      console.error(error);
      this.clock.after(0, () => events.closed(null, 'unreachable'));
      return { request: () => Promise.reject(new Error('not connected')), say: () => {}, close: () => {} };
    }
  }

  private hedge(patience: number): void {
    this.hedging = this.clock.after(patience, () => {
      // Slow, or its node hangs: try another beside it; whichever is welcomed first is taken.
      if (this.opening.size === 0) return;
      if ([...this.opening].some(line => line instanceof PendingLine && line.isWaiting)) return this.hedge(patience); // it waits for the app
      if (this.mono() < this.notBefore) return this.hedge(this.notBefore - this.mono());
      this.showProblem('no-answer');
      const [oldest] = this.opening;
      if (this.opening.size >= openLines) {
        this.opening.delete(oldest!);
        oldest!.close();
      }
      this.open(this.detour());
    });
  }

  private heard(line: Line): void {
    if (this.live !== line) return;
    this.lastHeard = this.mono();
    // Other ways led nowhere, and this line speaks again: it was the network that hiccuped.
    if (this.status.state === 'reconnecting' && this.opening.size === 0) this.setStatus({ state: 'live', node: this.node });
  }

  private event(line: Line, name: keyof ServerToClient, args: unknown[]): void {
    if (name === 'welcome') return this.welcomed(line, args[0] as Welcome);
    if (line !== this.live) return; // the rooms live on another line by now
    if (name === 'moving') return this.renew(); // who goes is not asked by proxies any more
    this.onEvent.tell(name, args);
  }

  private welcomed(line: Line, welcome: Welcome): void {
    if (!this.opening.delete(line)) return;
    for (const other of this.opening) other.close();
    this.opening.clear();
    this.hedging?.();
    this.live?.close();
    this.live = line;
    this.lastHeard = this.mono();
    this.problem = null;
    this.notBefore = -Infinity;
    this.attempt = this.opened = this.detours = 0;
    this.node = welcome.node;
    this.onWelcome.tell(welcome, this.said.get(line)); // first, so that listeners for "live" find rooms whose status is right
    if (this.closed) return; // by a listener
    this.homing?.();
    this.homing = this.astray.has(line) ? this.clock.after(homeAfter * (0.75 + this.clock.random() / 2), () => this.renew()) : null;
    this.setStatus({ state: 'live', node: welcome.node });
    this.settle();
  }

  private lost(line: Line, refusal: Refused | null, problem: ConnectProblem | null = null): void {
    this.opening.delete(line);
    if (this.opening.size === 0) this.opened = 0;
    if (this.live === line) this.live = null;
    if (this.closed || this.isSuspended) return;
    if (typeof refusal?.retryAfter === 'number') this.notBefore = Math.max(this.notBefore, this.mono() + Math.min(refusal.retryAfter, mostRetryAfter));
    const next = refusal ? this.onRefused(refusal, this.said.get(line)) : 'retry';
    if (refusal && next === 'give-up') {
      this.shut();
      return this.setStatus(refusedStatus(refusal));
    }
    const reason = refusal && isRefusalCode(refusal.code) ? refusal.code : problem;
    // A change to another connection was refused, and the next try sends something else. The present connection stays open meanwhile.
    if (this.live && this.opening.size === 0 && refusal && dutyOf(refusal.code) !== 'retry') this.clock.after(10 + this.clock.random() * 100, () => { if (this.live) this.renew(); });
    if (this.live || this.opening.size > 0 || this.retry) return this.showProblem(reason);
    this.problem = reason;
    this.attempt += 1;
    const since = 'since' in this.status ? this.status.since : this.clock.now();
    // The first try comes soon, but not from all clients of a dead node in one instant; then slower and slower.
    const most = this.attempt === 1 ? this.spread : Math.min(100 * 2 ** (this.attempt - 1), 3_000);
    const wait = Math.max(0, this.notBefore - this.mono());
    this.openLater(wait + 10 + this.clock.random() * most, () => (this.attempt > 2 || next === 'other-route' ? this.detour() : this.way()));
    // Last, since a callback may close the client. A first line that comes to nothing: the next try is the second.
    if (this.status.state === 'connecting') this.setTrying('connecting', this.attempt + 1, since);
    else this.setTrying('reconnecting', this.attempt, since);
  }

  private openLater(ms: number, route: () => Route): void {
    this.retry = this.clock.after(ms, () => {
      this.retry = null;
      this.open(route());
    });
  }

  /** One of several tries has failed, and others go on: the status says why. */
  private showProblem(problem: ConnectProblem | null): void {
    const { status } = this;
    if (problem === null || (status.state !== 'connecting' && status.state !== 'reconnecting') || status.problem === problem) return;
    this.problem = problem;
    this.setTrying(status.state, status.attempt, status.since);
  }

  private setTrying(state: 'connecting' | 'reconnecting', attempt: number, since: number): void { this.setStatus({ state, attempt, since, ...becauseOf(this.problem) }); }

  private setStatus(status: Status): void {
    this.status = status;
    this.onStatus.tell(status);
  }
}

import { wireVersion, type Handshake, type RequestName, type Requests, type SayingName, type Sayings, type ServerToClient, type Welcome } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import { Listeners } from './listeners.ts';
import type { ClientClock, Line, Route, Transport } from './ports.ts';

/** How the connection is, told so that a page can be honest with few lines. */
export type Status =
  | { state: 'connecting' }
  | { state: 'live'; node: string }
  /** The line is gone, or silent. `since`: client's own clock. */
  | { state: 'reconnecting'; attempt: number; since: number }
  /** The server does not want this client as it is; nothing is tried any more. */
  | { state: 'refused'; refusal: Refused }
  | { state: 'closed' };

/** A keep-alive unanswered for so long (ms) is silence: soon where answers are quick, later where they take their time. */
const silence = { least: 900, roundTrips: 4, most: 1_500 };
/**
 * A line that is being opened gets so long before another route is tried beside it: little where a node is known to
 * hang, more where one has died, for then the others are busy enough with those who come over.
 */
const hedge = { first: 2_500, afterLoss: 1_200, afterSilence: 300 };
/** More are not opened at once: then the oldest gives way, for it may lead to the very node that hangs; each later one gets more time, for it may be the network that is slow. */
const openLines = 4;
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
  readonly onWelcome = new Listeners<[Welcome]>();
  readonly onEvent = new Listeners<[name: keyof ServerToClient, args: unknown[]]>();
  status: Status = { state: 'connecting' };
  private live: Line | null = null;
  /** The node at the other end of it. */
  private node = '';
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

  /** @param room the one for which lines are opened from now on; null: for none in particular */
  constructor(private readonly transport: Transport, private readonly clock: ClientClock, private readonly handshake: () => Handshake, private readonly onRefused: (refusal: Refused) => boolean, private readonly room: () => string | null = () => null) {}

  start(): void { this.open(this.way()); }

  /** Sends a request down the live line. Rejects where there is none: the caller waits for the next welcome. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience = 6_000): Promise<Requests[K][1] | Refused> {
    return this.live ? this.live.request(name, body, patience) : Promise.reject(new Error('not connected'));
  }

  /** Says something down the live line, that nobody answers; where there is none it is lost. */
  say<K extends SayingName>(name: K, body: Sayings[K]): void { this.live?.say(name, body); }

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
    const asked = this.clock.now();
    const stop = this.clock.after(patience, () => {
      if (this.live !== line || this.lastHeard >= asked) return;
      if (this.status.state === 'live') this.setStatus({ state: 'reconnecting', attempt: 1, since: this.clock.now() });
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
    if (!this.closed && this.opening.size === 0) this.open(route);
  }
  /** The same by the way of the room that lines are for, where they are for one. */
  renew(): void { this.hop(this.way() ?? this.draw()); }
  /** Renews the line if it was opened for another room than lines are for now. */
  settle(): void { if (this.live && this.rooms.get(this.live) !== this.room()) this.renew(); }

  close(): void {
    this.shut();
    this.setStatus({ state: 'closed' });
  }

  /** Lets go of everything. What it says of itself then is the caller's. */
  private shut(): void {
    this.closed = true;
    this.retry?.();
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
    if (this.closed) return;
    this.retry?.();
    this.retry = null;
    const line: Line = this.transport.open({ ...this.handshake(), wire: wireVersion }, route, {
      heard: () => this.heard(line),
      event: (name, ...args) => this.event(line, name, args),
      closed: refusal => this.lost(line, refusal),
    }, this.opening.size > 0);
    this.opening.add(line);
    this.rooms.set(line, this.room());
    if (typeof route === 'string' && this.room() !== null) this.astray.add(line);
    this.hedging?.();
    // Who changes over to a room's way has a line that works, and no hurry.
    const patience = (this.live && typeof route !== 'object' ? hedge.afterSilence : this.live || this.attempt === 0 ? hedge.first : hedge.afterLoss) * patienceGrows ** Math.max(0, ++this.opened - openLines);
    this.hedging = this.clock.after(Math.min(patience, mostPatience), () => {
      // Slow, or its node hangs: try another beside it; whichever is welcomed first is taken.
      if (this.opening.size === 0) return;
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
    this.lastHeard = this.clock.now();
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
    this.lastHeard = this.clock.now();
    this.attempt = this.opened = this.detours = 0;
    this.node = welcome.node;
    this.setStatus({ state: 'live', node: welcome.node });
    this.homing?.();
    this.homing = this.astray.has(line) ? this.clock.after(homeAfter * (0.75 + this.clock.random() / 2), () => this.renew()) : null;
    this.onWelcome.tell(welcome);
    this.settle();
  }

  private lost(line: Line, refusal: Refused | null): void {
    this.opening.delete(line);
    if (this.opening.size === 0) this.opened = 0;
    if (this.live === line) this.live = null;
    if (this.closed) return;
    if (refusal && this.onRefused(refusal)) {
      this.shut();
      return this.setStatus({ state: 'refused', refusal });
    }
    if (this.live || this.opening.size > 0 || this.retry) return;
    this.attempt += 1;
    const since = this.status.state === 'reconnecting' ? this.status.since : this.clock.now();
    if (this.status.state !== 'connecting') this.setStatus({ state: 'reconnecting', attempt: this.attempt, since });
    // The first try comes soon, but not from all clients of a dead node in one instant; then slower and slower.
    const most = this.attempt === 1 ? this.spread : Math.min(100 * 2 ** (this.attempt - 1), 3_000);
    this.retry = this.clock.after(10 + this.clock.random() * most, () => {
      this.retry = null;
      this.open(this.attempt > 2 ? this.detour() : this.way());
    });
  }

  private setStatus(status: Status): void {
    this.status = status;
    this.onStatus.tell(status);
  }
}

import type {
  Handshake,
  RequestName,
  Requests,
  OneWayMessageName,
  OneWayMessages,
  ServerToClient,
} from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';
import type { ConnectProblem } from './connect-problem.ts';

/**
 * The client's source of time and random numbers. Tests pass their own.
 * @example
 * ```ts
 * // a clock that is two hours ahead, to test a page with it
 * const ahead: ClientClock = {
 *   now: () => Date.now() + 7_200_000,
 *   after(ms, fn) {
 *     const timer = setTimeout(fn, ms)
 *     return () => clearTimeout(timer)
 *   },
 *   random: Math.random,
 * }
 * const client = connect(url, { clock: ahead })
 * ```
 */
export interface ClientClock {
  /** Wall time, ms since 1970. */
  now(): number;
  /** Monotonic time in ms, from any origin. Default: `performance.now()`, or `now` if that does not exist. */
  mono?(): number;
  /** Calls `fn` once after `ms`. @returns a function that cancels it */
  after(ms: number, fn: () => void): () => void;
  /** A number in [0, 1), for ids and random delays. */
  random(): number;
}

/** A clock with `mono`, the time for intervals. `now` is not, because the device clock may be set at any time. */
export type CompleteClock = Required<ClientClock>;

export const completeClock = (clock: ClientClock): CompleteClock => ({
  now: () => clock.now(),
  mono: () => (clock.mono ? clock.mono() : typeof performance === 'undefined' ? clock.now() : performance.now()),
  after: (ms, fn) => clock.after(ms, fn),
  random: () => clock.random(),
});

/** Characters of ids; none that look alike. */
const idCharacters = 'ABCDEFGHJKMNPQRSTWXYZabcdefghjkmnpqrstwxyz23456789';

/** Generates an id that no other client has. */
export const randomId = (clock: ClientClock): string =>
  Array.from({ length: 22 }, () => idCharacters[Math.floor(clock.random() * idCharacters.length)]).join('');

/**
 * One connection to one node. It does not reconnect by itself; the connector opens another.
 * @example
 * ```ts
 * // counts the messages of a connection
 * const counted = (connection: TransportConnection): TransportConnection => ({
 *   request: (name, body, patience) => { count(name); return connection.request(name, body, patience) },
 *   send: (name, body) => { count(name); connection.send(name, body) },
 *   close: () => connection.close(),
 * })
 * ```
 */
export interface TransportConnection {
  /** Resolves with the answer. Rejects if the connection closes first, or after `patience` ms. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused>;
  /** Sends a one-way message. */
  send<K extends OneWayMessageName>(name: K, body: OneWayMessages[K]): void;
  /** Closes the connection, without a `closed` event. */
  close(): void;
}

/**
 * Events of a connection.
 * @example
 * ```ts
 * // delays all events by 100 ms, in their order
 * const late = (events: TransportEvents): TransportEvents => ({
 *   received: () => void setTimeout(() => events.received(), 100),
 *   event: (name, ...args) => void setTimeout(() => events.event(name, ...args), 100),
 *   closed: (refusal, problem) => void setTimeout(() => events.closed(refusal, problem), 100),
 * })
 * ```
 */
export interface TransportEvents {
  /** Something arrived: the connection works. */
  received(): void;
  /** The server sent an event. */
  event<E extends keyof ServerToClient>(name: E, ...args: Parameters<ServerToClient[E]>): void;
  /** The connection closed, or could not be opened. `refusal`: the server's reason. `problem`: what else is known. */
  closed(refusal: Refused | null, problem?: ConnectProblem): void;
}

/**
 * The route of a connection. `undefined`: the usual one. `{ room }`: the one of that room, for a proxy that routes by
 * room. A string: an alternate route; each string may lead to another node.
 */
export type Route = string | { room: string } | undefined;

/**
 * Opens connections. A transport may wrap another: to delay, to break, to count.
 * @example
 * ```ts
 * const over = socketTransport(url)
 * const logged: Transport = {
 *   open(handshake, route, events, isHedge) {
 *     console.log('opening a connection', route ?? 'by the usual route')
 *     return over.open(handshake, route, events, isHedge)
 *   },
 * }
 * const client = connect(url, { transport: logged })
 * ```
 */
export interface Transport {
  /**
   * Begins to open a connection. It can be used from the welcome on.
   * @param isHedge another connection is opening at the same time and does not respond
   */
  open(handshake: Handshake, route: Route, events: TransportEvents, isHedge?: boolean): TransportConnection;
}

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
 * The client's doors to the outside: time, and lines to a server. Tests bring their own.
 * @example
 * ```ts
 * // one that is two hours ahead, to see what a page makes of it
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
  /** Ms that never go back, from any beginning. Default: `performance.now()`, or `now` where there is none. */
  mono?(): number;
  /** Runs `fn` once after `ms`; returns what cancels it. */
  after(ms: number, fn: () => void): () => void;
  /** From 0 up to 1: for names and pauses. */
  random(): number;
}

/** How intervals are measured: a device clock may be set at any time. */
export const monotonicNow = (clock: ClientClock): (() => number) =>
  clock.mono ? () => clock.mono!() : typeof performance === 'undefined' ? () => clock.now() : () => performance.now();

/**
 * One line to one node. It never reconnects by itself: that is the connector's work.
 * @example
 * ```ts
 * // counts what is said over a line that is there
 * const counted = (line: Line): Line => ({
 *   request: (name, body, patience) => { count(name); return line.request(name, body, patience) },
 *   say: (name, body) => { count(name); line.send(name, body) },
 *   close: () => line.close(),
 * })
 * ```
 */
export interface TransportConnection {
  /** Resolves with the answer; rejects when the line closes first or `patience` ms pass. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused>;
  /** Says something that nobody answers. */
  send<K extends OneWayMessageName>(name: K, body: OneWayMessages[K]): void;
  /** Ends it; `closed` is not told then. */
  close(): void;
}

/**
 * What a line tells whoever opened it.
 * @example
 * ```ts
 * // tells what happens 100 ms late; all of it, so that it stays in its order
 * const late = (events: TransportEvents): TransportEvents => ({
 *   heard: () => void setTimeout(() => events.received(), 100),
 *   event: (name, ...args) => void setTimeout(() => events.event(name, ...args), 100),
 *   closed: (refusal, problem) => void setTimeout(() => events.closed(refusal, problem), 100),
 * })
 * ```
 */
export interface TransportEvents {
  /** Something arrived, whatever it was: the line lives. */
  received(): void;
  /** The server said something. */
  event<E extends keyof ServerToClient>(name: E, ...args: Parameters<ServerToClient[E]>): void;
  /** The connection closed, or never opened. `refusal`: the server's reason. `problem`: what else is known of it. */
  closed(refusal: Refused | null, problem?: ConnectProblem): void;
}

/**
 * Which way a line is opened: undefined, the usual one; `room`, the one of that room, for a proxy that routes by it;
 * any text, another one, and each text may lead to another node.
 */
export type Route = string | { room: string } | undefined;

/**
 * How lines are opened. One's own may wrap another: to delay, to break, to count.
 * @example
 * ```ts
 * const over = socketTransport(url)
 * const logged: Transport = {
 *   open(handshake, route, events, beside) {
 *     console.log('a line is being opened', route ?? 'the usual way')
 *     return over.open(handshake, route, events, beside)
 *   },
 * }
 * const client = connect(url, { transport: logged })
 * ```
 */
export interface Transport {
  /**
   * Begins to open a line, which is of use from the welcome on.
   * `beside`: another line is being opened at the same time and hangs.
   */
  open(handshake: Handshake, route: Route, events: TransportEvents, beside?: boolean): TransportConnection;
}

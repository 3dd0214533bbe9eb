import type { Handshake, RequestName, Requests, SayingName, Sayings, ServerToClient } from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';

/** The client's doors to the outside: time, and lines to a server. Tests bring their own. */
export interface ClientClock {
  /** Wall time, ms since 1970. */
  now(): number;
  /** Runs `fn` once after `ms`; returns what cancels it. */
  after(ms: number, fn: () => void): () => void;
  /** From 0 up to 1: for names and pauses. */
  random(): number;
}

/** One line to one node. It never reconnects by itself: that is the connector's work. */
export interface Line {
  /** Resolves with the answer; rejects when the line closes first or `patience` ms pass. */
  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused>;
  /** Says something that nobody answers. */
  say<K extends SayingName>(name: K, body: Sayings[K]): void;
  /** Ends it; `closed` is not told then. */
  close(): void;
}

/** What a line tells whoever opened it. */
export interface LineEvents {
  /** Something arrived, whatever it was: the line lives. */
  heard(): void;
  /** The server said something. */
  event<E extends keyof ServerToClient>(name: E, ...args: Parameters<ServerToClient[E]>): void;
  /** Never became, or is no longer, a line. `refusal`: the server said why. */
  closed(refusal: Refused | null): void;
}

/** Which way a line is opened: undefined, the usual one; `room`, the one of that room, for a proxy that routes by it; any text, another one, and each text may lead to another node. */
export type Route = string | { room: string } | undefined;

/** How lines are opened. One's own may wrap another: to delay, to break, to count. */
export interface Transport {
  /**
   * Begins to open a line, which is of use from the welcome on.
   * `beside`: another line is being opened at the same time and hangs.
   */
  open(handshake: Handshake, route: Route, events: LineEvents, beside?: boolean): Line;
}

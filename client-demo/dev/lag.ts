import type { TransportConnection, TransportEvents, Transport } from '../../client/ports.ts';
import type { Refused } from '../../shared/refusals.ts';
import { Cell } from '../common/cell.ts';

/** Simulated network conditions of one client. */
export class Lag {
  /** Added to each round trip (ms), half in each direction; `jitter`: random further delay of each message. */
  readonly added = new Cell({ ms: 0, jitter: 0 });
  /** Connections break and cannot be opened. */
  readonly offline = new Cell(false);

  oneWay(): number {
    const { ms, jitter } = this.added.value;
    return (ms + Math.random() * jitter) / 2;
  }
}

/** One direction of a connection. Messages keep their order whatever their delays. */
class DelayQueue {
  private readonly queue: { due: number; deliver(): void }[] = [];
  private last = 0;

  constructor(private readonly lag: Lag) {}

  push(deliver: () => void): void {
    const now = performance.now();
    const due = (this.last = Math.max(this.last, now + this.lag.oneWay()));
    if (this.queue.length === 0 && due <= now) return deliver(); // no lag: deliver in the same turn
    this.queue.push({ due, deliver });
    setTimeout(() => this.flow(), due - now);
  }

  private flow(): void {
    while (this.queue.length > 0 && this.queue[0]!.due <= performance.now() + 1) this.queue.shift()!.deliver();
    if (this.queue.length > 0) setTimeout(() => this.flow(), Math.max(1, this.queue[0]!.due - performance.now()));
  }
}

/** Wraps a transport with lag. */
export function withLag(inner: Transport, lag: Lag): Transport {
  return {
    open: (handshake, route, events, beside) =>
      lag.offline.value
        ? failedConnection(events)
        : new LaggedConnection(lag, events, seen => inner.open(handshake, route, seen, beside)),
  };
}

function failedConnection(events: TransportEvents): TransportConnection {
  const timer = setTimeout(() => events.closed(null), 0);
  return { request: () => Promise.reject(new Error('offline')), send: () => {}, close: () => clearTimeout(timer) };
}

class LaggedConnection implements TransportConnection {
  private readonly up: DelayQueue;
  private readonly down: DelayQueue;
  private readonly connection: TransportConnection;
  private readonly unplug: () => void;
  private isClosed = false;

  constructor(
    lag: Lag,
    private readonly events: TransportEvents,
    open: (events: TransportEvents) => TransportConnection,
  ) {
    this.up = new DelayQueue(lag);
    this.down = new DelayQueue(lag);
    this.connection = open({
      received: () =>
        this.down.push(() => {
          if (!this.isClosed) events.received();
        }),
      event: (name, ...args) =>
        this.down.push(() => {
          if (!this.isClosed) events.event(name, ...args);
        }),
      closed: refusal => this.down.push(() => this.end(refusal)),
    });
    this.unplug = lag.offline.subscribe(() => {
      if (!lag.offline.value || this.isClosed) return;
      this.connection.close();
      this.end(null);
    });
  }

  private end(refusal: Refused | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.unplug();
    this.events.closed(refusal);
  }

  readonly request: TransportConnection['request'] = (name, body, patience) =>
    new Promise((resolve, reject) => {
      const fail = () => reject(new Error('the connection is closed'));
      this.up.push(() => {
        if (this.isClosed) return fail();
        this.connection
          .request(name, body, patience)
          .then(reply => this.down.push(() => (this.isClosed ? fail() : resolve(reply))), fail);
      });
    });

  readonly send: TransportConnection['send'] = (name, body) =>
    this.up.push(() => {
      if (!this.isClosed) this.connection.send(name, body);
    });

  close(): void {
    this.isClosed = true;
    this.unplug();
    this.connection.close();
  }
}

import type { Line, LineEvents, Transport } from '../../client/ports.ts';
import type { Refused } from '../../shared/refusals.ts';
import { Cell } from '../cell.ts';

/** What is wrong with one client's network, as the author wants it. */
export class Lag {
  /** Added to each round trip (ms), half of it each way; and up to so much more, drawn for each message. */
  readonly added = new Cell({ ms: 0, jitter: 0 });
  /** The cable is pulled: lines break, and none can be opened. */
  readonly offline = new Cell(false);

  oneWay(): number {
    const { ms, jitter } = this.added.value;
    return (ms + Math.random() * jitter) / 2;
  }
}

/** One direction of a line. What goes in first comes out first, however the delays are drawn. */
class Pipe {
  private readonly queue: { due: number; deliver(): void }[] = [];
  private last = 0;

  constructor(private readonly lag: Lag) {}

  push(deliver: () => void): void {
    const now = performance.now();
    const due = this.last = Math.max(this.last, now + this.lag.oneWay());
    if (this.queue.length === 0 && due <= now) return deliver(); // no lag: in the very same turn, as without a pipe
    this.queue.push({ due, deliver });
    setTimeout(() => this.flow(), due - now);
  }

  private flow(): void {
    while (this.queue.length > 0 && this.queue[0]!.due <= performance.now() + 1) this.queue.shift()!.deliver();
    if (this.queue.length > 0) setTimeout(() => this.flow(), Math.max(1, this.queue[0]!.due - performance.now()));
  }
}

/** A transport with a lag: the client under test does not know that it is there. */
export function lagged(inner: Transport, lag: Lag): Transport {
  return { open: (handshake, route, events, beside) => (lag.offline.value ? deadLine(events) : new LaggedLine(lag, events, seen => inner.open(handshake, route, seen, beside))) };
}

function deadLine(events: LineEvents): Line {
  const timer = setTimeout(() => events.closed(null), 0);
  return { request: () => Promise.reject(new Error('offline')), say: () => {}, close: () => clearTimeout(timer) };
}

class LaggedLine implements Line {
  private readonly up: Pipe;
  private readonly down: Pipe;
  private readonly line: Line;
  private readonly unplug: () => void;
  private over = false;

  constructor(lag: Lag, private readonly events: LineEvents, open: (events: LineEvents) => Line) {
    this.up = new Pipe(lag);
    this.down = new Pipe(lag);
    this.line = open({
      heard: () => this.down.push(() => { if (!this.over) events.heard(); }),
      event: (name, ...args) => this.down.push(() => { if (!this.over) events.event(name, ...args); }),
      closed: refusal => this.down.push(() => this.end(refusal)),
    });
    this.unplug = lag.offline.subscribe(() => {
      if (!lag.offline.value || this.over) return;
      this.line.close();
      this.end(null);
    });
  }

  private end(refusal: Refused | null): void {
    if (this.over) return;
    this.over = true;
    this.unplug();
    this.events.closed(refusal);
  }

  readonly request: Line['request'] = (name, body, patience) => new Promise((resolve, reject) => {
    const fail = () => reject(new Error('the line is closed'));
    this.up.push(() => {
      if (this.over) return fail();
      this.line.request(name, body, patience).then(reply => this.down.push(() => (this.over ? fail() : resolve(reply))), fail);
    });
  });

  readonly say: Line['say'] = (name, body) => this.up.push(() => { if (!this.over) this.line.say(name, body); });

  close(): void {
    this.over = true;
    this.unplug();
    this.line.close();
  }
}

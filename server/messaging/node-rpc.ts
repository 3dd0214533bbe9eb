import { RejoinError } from '../../shared/errors.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { Bus, Clock, Log, NodeMessage, Timer } from '../runtime/ports.ts';

/** The other node's inbox has no subscriber: it may be gone, and it has certainly not received the message. */
export class NoListenerError extends RejoinError {
  override readonly name = 'NoListenerError';
  override readonly code = 'no-listener';
}
/** No reply in time. The message may have been processed. */
export class NoReplyError extends RejoinError {
  override readonly name = 'NoReplyError';
  override readonly code = 'no-reply';
}

/** A message between two nodes: calls (`ask`), replies (`answer`) and one-way messages (`news`). */
interface Envelope {
  from: string;
  ask: [id: number, kind: string, body: Json][];
  answer: [id: number, body: Json][];
  news: [kind: string, body: Json][];
}

/** An envelope that is being filled, and whether it is sent at the end of this turn or may wait. */
interface OutgoingEnvelope {
  envelope: Envelope;
  flush: 'soon' | 'later';
}
type PendingCall = { resolve(body: Json): void; reject(error: Error): void; timer: Timer; node: string };
/**
 * Handles a call or a one-way message. `callId`: null for one-way messages.
 * @returns the reply; undefined: it is sent in another way, or not at all
 */
type CallHandler = (from: string, body: Json, callId: number | null) => Promise<Json | undefined> | Json | undefined;

/** What one node is sent with an entry: replies by call id, and one-way messages. */
export interface EntryMessages {
  answer: [callId: number, body: Json][];
  news: [kind: string, body: Json][];
}

/**
 * Calls and one-way messages between nodes, over a bus that may lose messages. Everything sent to a node within one
 * turn of the event loop shares an envelope; `sendLater` waits a little longer to be batched.
 */
export class NodeRpc {
  private readonly outbox = new Map<string, OutgoingEnvelope>();
  private readonly flushQueue: [node: string, envelope: Envelope][] = [];
  private readonly pendingCalls = new Map<number, PendingCall>();
  private readonly handlers = new Map<string, CallHandler>();
  private lastId = 0;

  constructor(
    readonly self: string,
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** `onDown`: see Bus.listen. */
  async start(onDown: () => void): Promise<void> {
    await this.bus.listen(this.self, text => this.receive(text), onDown);
  }

  /** Registers the handler of a kind of message. */
  on(kind: string, handler: CallHandler): void {
    this.handlers.set(kind, handler);
  }

  /** @throws NoListenerError, NoReplyError */
  call(node: string, kind: string, body: unknown, timeout: number = limits.forwardTimeout): Promise<Json> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(timeout, () => {
        this.pendingCalls.delete(id);
        reject(new NoReplyError(`${node} did not answer '${kind}' within ${timeout} ms`));
      });
      this.pendingCalls.set(id, { resolve, reject, timer, node });
      this.envelopeFor(node).ask.push([id, kind, body as Json]);
    });
  }

  /** Sends a one-way message, which may be lost. */
  send(node: string, kind: string, body: unknown): void {
    this.envelopeFor(node).news.push([kind, body as Json]);
  }

  /** As `send`, but may wait up to `limits.piggybackDelay` to be batched. */
  sendLater(node: string, kind: string, body: unknown): void {
    this.envelopeFor(node, 'later').news.push([kind, body as Json]);
  }

  /** Fails all pending calls to a node that is known to be dead. It may have processed them before it died. */
  failCallsTo(node: string): void {
    for (const [id, w] of this.pendingCalls)
      if (w.node === node) this.settle(id, w => w.reject(new NoReplyError(`${node} is gone`)));
  }

  private envelopeFor(node: string, flush: OutgoingEnvelope['flush'] = 'soon'): Envelope {
    let outgoing = this.outbox.get(node);
    if (!outgoing) {
      const envelope: Envelope = { from: this.self, ask: [], answer: [], news: [] };
      this.outbox.set(node, (outgoing = { envelope, flush: 'later' }));
      if (flush === 'later') this.clock.after(limits.piggybackDelay, () => this.flush([[node, envelope]]));
    }
    if (flush === 'soon' && outgoing.flush === 'later') {
      outgoing.flush = 'soon';
      this.scheduleFlush(node, outgoing.envelope);
    }
    return outgoing.envelope;
  }

  /**
   * Envelopes of the same turn are published together, whatever their targets, so that the bus can send them as one
   * command.
   */
  private scheduleFlush(node: string, envelope: Envelope): void {
    if (this.flushQueue.push([node, envelope]) > 1) return;
    this.clock.soon(() => this.flush(this.flushQueue.splice(0)));
  }

  private flush(queued: readonly (readonly [node: string, envelope: Envelope])[]): void {
    // already sent otherwise
    const unsent = queued.filter(([node, envelope]) => this.outbox.get(node)?.envelope === envelope);
    if (unsent.length === 0) return;
    for (const [node] of unsent) this.outbox.delete(node);
    const failed = ({ ask }: Envelope, error: Error) => {
      for (const [id] of ask) this.settle(id, w => w.reject(error));
    };
    this.bus.publish(unsent.map(([node, envelope]) => ({ node, text: JSON.stringify(envelope) }))).then(
      listenerCounts =>
        unsent.forEach(([node, envelope], i) => {
          if (listenerCounts[i] === 0) failed(envelope, new NoListenerError(`the inbox of ${node} has no subscriber`));
        }),
      // It may have been sent before the connection broke.
      (error: unknown) => {
        for (const [node, envelope] of unsent)
          failed(
            envelope,
            new NoReplyError(`not sent to ${node}: ${error instanceof Error ? error.message : 'unknown'}`),
          );
      },
    );
  }

  /**
   * Encodes messages that the store will publish now. Null if an earlier message to one of the nodes still waits in
   * this turn: order must be kept.
   */
  encodeMessages(byNode: ReadonlyMap<string, EntryMessages>): NodeMessage[] | null {
    for (const node of byNode.keys()) if (this.outbox.get(node)?.flush === 'soon') return null;
    return [...byNode].map(([node, { answer, news }]) => ({
      node,
      text: JSON.stringify({ from: this.self, ask: [], answer, news } satisfies Envelope),
    }));
  }

  private receive(text: string): void {
    let envelope: Envelope;
    try {
      envelope = JSON.parse(text) as Envelope;
      if (
        typeof envelope.from !== 'string' ||
        ![envelope.ask, envelope.answer, envelope.news].every(list => Array.isArray(list) && list.every(Array.isArray))
      )
        throw new TypeError('not an envelope');
    } catch (error) {
      this.log.warn({ error }, 'malformed node message dropped');
      return;
    }
    for (const [id, body] of envelope.answer) this.settle(id, w => w.resolve(body));
    for (const [kind, body] of envelope.news) void this.handle(envelope.from, kind, body, null);
    for (const [id, kind, body] of envelope.ask)
      void this.handle(envelope.from, kind, body, id).then(reply => {
        if (reply !== undefined) this.envelopeFor(envelope.from).answer.push([id, reply]);
      });
  }

  /** @returns the reply; undefined if there is none, so that the caller times out as if this node had died */
  private async handle(from: string, kind: string, body: Json, callId: number | null): Promise<Json | undefined> {
    try {
      return await this.handlers.get(kind)?.(from, body, callId);
    } catch (error) {
      this.log.error({ from, kind, error }, 'call from another node failed');
      return undefined;
    }
  }

  private settle(id: number, apply: (pending: PendingCall) => void): void {
    const pending = this.pendingCalls.get(id);
    if (!pending) return; // late reply: the caller has timed out
    this.pendingCalls.delete(id);
    pending.timer.cancel();
    apply(pending);
  }
}

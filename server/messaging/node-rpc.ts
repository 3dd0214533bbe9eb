import { RejoinError } from '../../shared/errors.ts';
import { limits } from '../../shared/limits.ts';
import type { Bus, Clock, Log, NodeMessage, Timer } from '../runtime/ports.ts';
import type { NodeCallOf, NodeCalls, NodeMessageOf, NodeMessages } from './node-calls.ts';

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
  ask: NodeCallOf[];
  answer: [id: number, reply: unknown][];
  news: NodeMessageOf[];
}

/** An envelope that is being filled, and whether it is sent at the end of this turn or may wait. */
interface OutgoingEnvelope {
  envelope: Envelope;
  flush: 'soon' | 'later';
}
interface PendingCall {
  /** Called with a reply of the call's kind. */
  resolve(reply: unknown): void;
  reject(error: Error): void;
  timer: Timer;
  node: string;
}
/**
 * Handles a call.
 * @returns the reply; undefined: it is sent in another way, or not at all
 */
type CallHandler<K extends keyof NodeCalls> = (
  from: string,
  request: NodeCalls[K]['request'],
  callId: number,
) => Promise<NodeCalls[K]['reply'] | undefined> | NodeCalls[K]['reply'] | undefined;
type MessageHandler<K extends keyof NodeMessages> = (from: string, body: NodeMessages[K]) => void;

/** What one node is sent with an entry: replies by call id, and one-way messages. */
export interface EntryMessages {
  answer: Envelope['answer'];
  news: Envelope['news'];
}

/**
 * Calls and one-way messages between nodes, over a bus that may lose messages. Everything sent to a node within one
 * turn of the event loop shares an envelope; `sendLater` waits a little longer to be batched.
 */
export class NodeRpc {
  private readonly outbox = new Map<string, OutgoingEnvelope>();
  private readonly flushQueue: [node: string, envelope: Envelope][] = [];
  private readonly pendingCalls = new Map<number, PendingCall>();
  private readonly callHandlers: { [K in keyof NodeCalls]?: CallHandler<K> } = {};
  private readonly messageHandlers: { [K in keyof NodeMessages]?: MessageHandler<K> } = {};
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

  /** Registers the handler of a kind of call. */
  onCall<K extends keyof NodeCalls>(kind: K, handler: CallHandler<K>): void {
    (this.callHandlers as { [P in K]?: CallHandler<P> })[kind] = handler;
  }

  /** Registers the handler of a kind of one-way message. */
  onMessage<K extends keyof NodeMessages>(kind: K, handler: MessageHandler<K>): void {
    (this.messageHandlers as { [P in K]?: MessageHandler<P> })[kind] = handler;
  }

  /** @throws NoListenerError, NoReplyError */
  call<K extends keyof NodeCalls>(
    node: string,
    kind: K,
    request: NodeCalls[K]['request'],
    timeout: number = limits.forwardTimeout,
  ): Promise<NodeCalls[K]['reply']> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(timeout, () => {
        this.pendingCalls.delete(id);
        reject(new NoReplyError(`${node} did not answer '${kind}' within ${timeout} ms`));
      });
      this.pendingCalls.set(id, { resolve: resolve as PendingCall['resolve'], reject, timer, node });
      this.envelopeFor(node).ask.push([id, kind, request] as NodeCallOf);
    });
  }

  /** Sends a one-way message, which may be lost. */
  send<K extends keyof NodeMessages>(node: string, kind: K, body: NodeMessages[K]): void {
    this.envelopeFor(node).news.push([kind, body] as NodeMessageOf);
  }

  /** As `send`, but may wait up to `limits.piggybackDelay` to be batched. */
  sendLater<K extends keyof NodeMessages>(node: string, kind: K, body: NodeMessages[K]): void {
    this.envelopeFor(node, 'later').news.push([kind, body] as NodeMessageOf);
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
    for (const [kind, body] of envelope.news) this.handleMessage(envelope.from, kind, body);
    for (const [id, kind, body] of envelope.ask)
      void this.handleCall(envelope.from, kind, body, id).then(reply => {
        if (reply !== undefined) this.envelopeFor(envelope.from).answer.push([id, reply]);
      });
  }

  /** Messages of kinds that this node does not know come from newer nodes, and are ignored. */
  private handleMessage<K extends keyof NodeMessages>(from: string, kind: K, body: NodeMessages[K]): void {
    try {
      const handler: MessageHandler<K> | undefined = this.messageHandlers[kind];
      handler?.(from, body);
    } catch (error) {
      this.log.error({ from, kind, error }, 'message from another node failed');
    }
  }

  /** @returns the reply; undefined if there is none, so that the caller times out as if this node had died */
  private async handleCall<K extends keyof NodeCalls>(
    from: string,
    kind: K,
    request: NodeCalls[K]['request'],
    callId: number,
  ): Promise<NodeCalls[K]['reply'] | undefined> {
    try {
      const handler: CallHandler<K> | undefined = this.callHandlers[kind];
      return await handler?.(from, request, callId);
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

import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { Bus, Clock, Log, Message, Timer } from '../ports.ts';

/** Nobody hears the other node's inbox. A hint that it is gone; and certainly the message was not taken. */
export class NoListener extends Error { override readonly name = 'NoListener'; }
/** No answer in time. The message may have been acted on. */
export class NoAnswer extends Error { override readonly name = 'NoAnswer'; }

/** What travels between two nodes in one message: questions, answers, and news that want none. */
interface Envelope { from: string; ask: [id: number, kind: string, body: Json][]; answer: [id: number, body: Json][]; news: [kind: string, body: Json][] }

/** What waits for a node, and whether it leaves at the end of this turn or may wait a little. */
interface Outgoing { envelope: Envelope; leaves: 'soon' | 'later' }
type Waiting = { resolve(body: Json): void; reject(error: Error): void; timer: Timer; node: string };
/** @param question of what is asked; null for news. @returns the answer; undefined: it is told in another way, or not at all */
type Handler = (from: string, body: Json, question: number | null) => Promise<Json | undefined> | Json | undefined;

/** What one node is told in the very step in which an entry is written: news, and answers by their questions. */
export interface Enclosed { answer: [question: number, body: Json][]; news: [kind: string, body: Json][] }

/**
 * Questions and answers between nodes, over a bus that loses things. What is said to one node within one turn of the
 * event loop travels as one message; what is in no hurry waits a little for company.
 */
export class Peers {
  private readonly outbox = new Map<string, Outgoing>();
  private readonly leaving: [node: string, envelope: Envelope][] = [];
  private readonly waiting = new Map<number, Waiting>();
  private readonly handlers = new Map<string, Handler>();
  private lastId = 0;

  constructor(readonly self: string, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {}

  /** `broke`: see Bus.listen. */
  async start(broke: () => void): Promise<void> { await this.bus.listen(this.self, text => this.receive(text), broke); }

  /** Says who answers a kind of question. */
  on(kind: string, handler: Handler): void { this.handlers.set(kind, handler); }

  /** @throws NoListener, NoAnswer */
  ask(node: string, kind: string, body: unknown, patience: number = limits.forward): Promise<Json> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(patience, () => {
        this.waiting.delete(id);
        reject(new NoAnswer(`${node} did not answer '${kind}' within ${patience} ms`));
      });
      this.waiting.set(id, { resolve, reject, timer, node });
      this.envelope(node).ask.push([id, kind, body as Json]);
    });
  }

  /** Says something that needs no answer, and may be lost. */
  tell(node: string, kind: string, body: unknown): void { this.envelope(node).news.push([kind, body as Json]); }

  /** The same of what may wait `limits.company` for something else that goes there. */
  tellSometime(node: string, kind: string, body: unknown): void { this.envelope(node, 'later').news.push([kind, body as Json]); }

  /** Lets go of all questions to a node that is known to be dead. It may have heard and acted on them before it died. */
  giveUpOn(node: string): void {
    for (const [id, w] of this.waiting) if (w.node === node) this.settle(id, w => w.reject(new NoAnswer(`${node} is gone`)));
  }

  private envelope(node: string, leaves: Outgoing['leaves'] = 'soon'): Envelope {
    let outgoing = this.outbox.get(node);
    if (!outgoing) {
      const envelope: Envelope = { from: this.self, ask: [], answer: [], news: [] };
      this.outbox.set(node, outgoing = { envelope, leaves: 'later' });
      if (leaves === 'later') this.clock.after(limits.company, () => this.flush([[node, envelope]]));
    }
    if (leaves === 'soon' && outgoing.leaves === 'later') {
      outgoing.leaves = 'soon';
      this.leave(node, outgoing.envelope);
    }
    return outgoing.envelope;
  }

  /** What leaves at the end of this turn leaves together, whichever nodes it goes to: the bus may make one message of it. */
  private leave(node: string, envelope: Envelope): void {
    if (this.leaving.push([node, envelope]) > 1) return;
    this.clock.soon(() => this.flush(this.leaving.splice(0)));
  }

  private flush(leaving: readonly (readonly [node: string, envelope: Envelope])[]): void {
    const going = leaving.filter(([node, envelope]) => this.outbox.get(node)?.envelope === envelope); // others have gone already
    if (going.length === 0) return;
    for (const [node] of going) this.outbox.delete(node);
    const failed = ({ ask }: Envelope, error: Error) => { for (const [id] of ask) this.settle(id, w => w.reject(error)); };
    this.bus.publish(going.map(([node, envelope]) => ({ node, text: JSON.stringify(envelope) }))).then(
      heard => going.forEach(([node, envelope], i) => { if (heard[i] === 0) failed(envelope, new NoListener(`nobody hears ${node}`)); }),
      // It may have gone out before the connection broke.
      (error: unknown) => { for (const [node, envelope] of going) failed(envelope, new NoAnswer(`not sent to ${node}: ${error instanceof Error ? error.message : 'unknown'}`)); },
    );
  }

  /**
   * What nodes are to be told, as messages that somebody else sends off now. Null where something waits to be said to one of
   * them in this turn: it was said before, and has to arrive before.
   */
  messages(enclosed: ReadonlyMap<string, Enclosed>): Message[] | null {
    for (const node of enclosed.keys()) if (this.outbox.get(node)?.leaves === 'soon') return null;
    return [...enclosed].map(([node, { answer, news }]) => ({ node, text: JSON.stringify({ from: this.self, ask: [], answer, news } satisfies Envelope) }));
  }

  private receive(text: string): void {
    let envelope: Envelope;
    try {
      envelope = JSON.parse(text) as Envelope;
      if (typeof envelope.from !== 'string' || ![envelope.ask, envelope.answer, envelope.news].every(list => Array.isArray(list) && list.every(Array.isArray))) throw new TypeError('not an envelope');
    } catch (error) {
      this.log.warn({ error }, 'a message that is no node\'s was dropped');
      return;
    }
    for (const [id, body] of envelope.answer) this.settle(id, w => w.resolve(body));
    for (const [kind, body] of envelope.news) void this.handle(envelope.from, kind, body, null);
    for (const [id, kind, body] of envelope.ask) void this.handle(envelope.from, kind, body, id).then(answer => { if (answer !== undefined) this.envelope(envelope.from).answer.push([id, answer]); });
  }

  /** @returns the answer, or undefined when there is none: then the asker waits in vain, as for a node that died */
  private async handle(from: string, kind: string, body: Json, question: number | null): Promise<Json | undefined> {
    try {
      return await this.handlers.get(kind)?.(from, body, question);
    } catch (error) {
      this.log.error({ from, kind, error }, 'a question of another node was not answered');
      return undefined;
    }
  }

  private settle(id: number, how: (w: Waiting) => void): void {
    const w = this.waiting.get(id);
    if (!w) return; // answered late: whoever asked has gone on
    this.waiting.delete(id);
    w.timer.cancel();
    how(w);
  }
}

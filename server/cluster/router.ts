import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { refused } from '../../shared/refusals.ts';
import type { Membership } from '../ownership/membership.ts';
import type { Clock, Log, Meter } from '../ports.ts';
import { Resigned } from '../rooms/host.ts';
import { newestFirst } from '../ownership/successors.ts';
import { repeatable, type Adopt, type Asker, type RoomMessage, type RoomReply, type RoomSaying } from '../rooms/messages.ts';
import type { Registry } from '../rooms/registry.ts';
import { StoreError, type Owner, type Store } from '../store/contract.ts';
import { Directory } from './directory.ts';
import { NoAnswer, NoListener, type Peers } from './peers.ts';

/** The answer of a node that does not run the room; where it has just handed it over, it says to whom. */
const notMine = 'not-mine';
type Moved = { moved: Owner };

/** One try at a message: an answer, or why there is none and whether the message may have been acted on. */
type Tried = { reply: RoomReply } | { again: 'untouched' | 'perhaps'; wait: number; denied?: true; /** No node that lives can run the room. */ nobody?: true };

/** What a refusal says where no living node runs the room's version of its game. */
export const nobodyRunsIt = 'no node runs this version of the game';

/**
 * Brings a message to whoever owns the room, and makes this node the owner where nobody else is.
 * A message that may have been acted on is given to another owner only if that can do no harm (a number, a session).
 */
export class Router {
  readonly directory = new Directory();
  private closed = false;

  constructor(private readonly parts: { self: string; registry: Registry; store: Store; peers: Peers; membership: Membership; clock: Clock; log: Log; meter: Meter; draining(): boolean }) {
    parts.peers.on('adopt', async (_from, body) => {
      if (parts.draining()) return false;
      const { id, expected, floor } = body as unknown as Adopt;
      return (await parts.registry.acquire(id, expected, floor)).ok;
    });
    parts.peers.on('say', (from, body) => {
      const [id, saying] = body as unknown as [string, RoomSaying];
      const host = parts.registry.get(id);
      if (host) host.hear(saying);
      else parts.peers.tell(from, 'not-here', id);
      return null;
    });
    parts.peers.on('not-here', (from, body) => {
      if (this.directory.get(body as string)?.node === from) this.directory.forget(body as string);
      return null;
    });
    parts.peers.on('room', async (from, body, question) => {
      const [id, message] = body as unknown as [string, RoomMessage];
      const host = await parts.registry.arriving(id);
      if (!host) return this.notHere(id);
      const asker: Asker = { node: from, question: question!, answered: false };
      try {
        const reply = await host.send(message, asker);
        return asker.answered ? undefined : (reply as unknown as Json);
      } catch (error) {
        if (error instanceof Resigned) return error.untouched || repeatable(message) ? this.notHere(id) : (refused('unknown') as unknown as Json);
        throw error;
      }
    });
  }

  /** The room was handed to that node a moment ago. Whoever asks here is sent there, with no look at the store. */
  movedTo(id: string, owner: Owner): void { this.directory.set(id, owner); }

  private notHere(id: string): Json {
    const owner = this.directory.get(id);
    return owner === undefined || owner.node === null || owner.node === this.parts.self ? notMine : ({ moved: owner } satisfies Moved as unknown as Json);
  }

  /** Tells the owner something that needs no answer. It may be lost: the client says it again where it must. */
  say(id: string, saying: RoomSaying): void {
    if (!this.unsaid.has(id) && this.sayTo(id, saying)) return;
    const waiting = this.unsaid.get(id);
    if (waiting) return void (waiting.length < limits.inputsKept && waiting.push(saying));
    // Nobody, or a dead node, by what is known here: a new owner may have announced itself to the clients already.
    const queue = [saying];
    this.unsaid.set(id, queue);
    void this.lookUp(id).catch(() => null).then(() => {
      this.unsaid.delete(id);
      for (const said of queue) this.sayTo(id, said);
    });
  }
  /** What waits for the owner to be looked up, in order. */
  private readonly unsaid = new Map<string, RoomSaying[]>();

  /** @returns whether there was somebody to say it to */
  private sayTo(id: string, saying: RoomSaying): boolean {
    const { registry, peers, membership, self } = this.parts;
    const host = registry.get(id);
    if (host) {
      host.hear(saying);
      return true;
    }
    const owner = this.directory.get(id)?.node ?? null;
    if (owner === null || owner === self || membership.isDead(owner)) return false;
    peers.tellSometime(owner, 'say', [id, saying]); // it counts with the next tick
    return true;
  }

  /** From now on nothing is asked for any more, least of all ownership. */
  close(): void { this.closed = true; }

  /**
   * Never throws: what cannot be done is a refusal.
   * @param how.patience for how long (ms) it is tried
   * @param how.wanted asked before each try; nothing is sent any more once it says no
   */
  async request(id: string, message: RoomMessage, how: { patience?: number; wanted?(): boolean } = {}): Promise<RoomReply> {
    const { clock, log } = this.parts;
    const until = clock.mono() + (how.patience ?? limits.request);
    /** How often owners, by token, have said that they do not run the room. */
    const denials = new Map<string, number>();
    for (;;) {
      if (this.closed || how.wanted?.() === false) return refused('unavailable', undefined, 500);
      let tried: Tried;
      try {
        tried = await this.attempt(id, message, denials);
      } catch (error) {
        if (!(error instanceof StoreError)) log.error({ room: id, error }, 'a message to a room failed');
        // Only claims and look-ups throw here: the message itself was not acted on.
        tried = { again: 'untouched', wait: 100 };
      }
      if ('reply' in tried) return tried.reply;
      if (tried.again === 'perhaps' && !repeatable(message)) return refused('unknown');
      // A look whether somebody runs it need not wait for a node that does: it is repeated.
      if (clock.mono() + tried.wait >= until || (tried.nobody && message.k === 'poke')) return refused('unavailable', tried.nobody && nobodyRunsIt, 500);
      if (tried.wait > 0) await clock.sleep(tried.wait);
    }
  }

  private async attempt(id: string, message: RoomMessage, denials: Map<string, number>): Promise<Tried> {
    const host = this.parts.registry.get(id);
    if (host) {
      try {
        return { reply: await host.send(message) };
      } catch (error) {
        if (!(error instanceof Resigned)) throw error;
        if (this.directory.get(id)?.token === host.token) this.directory.forget(id);
        return { again: error.untouched ? 'untouched' : 'perhaps', wait: 0 };
      }
    }
    const owner = this.directory.get(id) ?? await this.lookUp(id);
    if (!owner) return { reply: refused('room-missing') };
    // Twice denied, and still the store's word: that node has given the room up without being able to say so.
    const disowned = owner.token !== null && (denials.get(owner.token) ?? 0) >= 2;
    if (owner.node === null || owner.node === this.parts.self || disowned || this.parts.membership.isDead(owner.node)) return this.takeOver(id, owner);
    const tried = await this.forward(id, owner.node, owner.term, message);
    if ('denied' in tried && owner.token !== null) denials.set(owner.token, (denials.get(owner.token) ?? 0) + 1);
    return tried;
  }

  private async lookUp(id: string): Promise<Owner | null> {
    const owner = await this.parts.store.owner(id);
    if (owner) this.directory.set(id, owner);
    return owner;
  }

  private async takeOver(id: string, known: Owner): Promise<Tried> {
    if (this.parts.draining() && (await this.leaveTo(null, id, known))) return { again: 'untouched', wait: 0 };
    const acquired = await this.parts.registry.acquire(id, known.token, known.term);
    if (acquired.ok) {
      this.directory.forget(id);
      return { again: 'untouched', wait: 0 };
    }
    switch (acquired.why) {
      case 'missing':
        this.directory.forget(id);
        return { reply: refused('room-missing') };
      case 'unreadable': return { reply: refused('room-quarantined') };
      case 'game':
        return (await this.leaveTo(acquired.game, id, known)) ? { again: 'untouched', wait: 0 } : { again: 'untouched', wait: 200, nobody: true };
      case 'taken':
        this.directory.set(id, acquired.owner);
        // Nobody's, or a dead one's, or this node's own of a moment ago: it can be claimed with the token just read.
        return { again: 'untouched', wait: acquired.owner.node === this.parts.self ? 20 : 0 };
    }
  }

  /** Has another node take a room that this one cannot or should not run. @returns whether one has */
  private async leaveTo(game: string | null, id: string, known: Owner): Promise<boolean> {
    const { membership, peers } = this.parts;
    const heir = newestFirst(membership.alive(), game)[0];
    this.directory.forget(id);
    return heir !== undefined && peers.ask(heir.id, 'adopt', { id, expected: known.token, floor: known.term } satisfies Adopt).then(took => took === true, () => false);
  }

  private async forward(id: string, node: string, term: number, message: RoomMessage): Promise<Tried> {
    const { peers, membership, clock, meter } = this.parts;
    const started = clock.mono();
    try {
      const reply = await peers.ask(node, 'room', [id, message]);
      if (reply === notMine) {
        this.directory.forget(id);
        return { again: 'untouched', wait: 10, denied: true };
      }
      const moved = (reply as unknown as Partial<Moved> | null)?.moved;
      if (moved) {
        // Hints lead forward only, from term to term: two nodes cannot send a message to and fro.
        if (moved.term <= term) this.directory.forget(id);
        else this.directory.set(id, moved);
        return { again: 'untouched', wait: moved.term <= term ? 10 : 0, denied: true };
      }
      meter.observe('forward', clock.mono() - started);
      return { reply: reply as unknown as RoomReply };
    } catch (error) {
      this.directory.forget(id);
      if (error instanceof NoListener) {
        const dead = await membership.suspect(node);
        return { again: 'untouched', wait: dead ? 0 : 20 };
      }
      if (error instanceof NoAnswer) return { again: 'perhaps', wait: 0 };
      throw error;
    }
  }
}

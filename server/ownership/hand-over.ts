import type { AnyGame } from '../../shared/contract.ts';
import { mint } from '../../shared/ids.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { Peers } from '../cluster/peers.ts';
import type { Router } from '../cluster/router.ts';
import type { Clock, Entropy, Log, Meter, Timer } from '../ports.ts';
import { catchUp, Unreadable, type Recovered } from '../rooms/entry.ts';
import type { HandedOver, RoomHost } from '../rooms/host.ts';
import type { Moving, Prepare, Ready, Yours } from '../rooms/messages.ts';
import type { Registry } from '../rooms/registry.ts';
import { StoreError, type Peeked, type Store } from '../store/contract.ts';

/** A room that another node is about to hand to this one: read and built, and not this node's yet. */
interface Expected {
  token: string;
  game: AnyGame;
  recovered: Recovered;
  read: Peeked;
  why: Moving;
  /** Membership.lease when it was asked for: while it holds, nobody can have taken the room from this node since it was given. */
  lease: number | null;
  /** Monotonic ms. */
  at: number;
  timer: Timer | null;
  /** Those who ask for the room wait until it is here, or the store has said that it is not. */
  waiting: Promise<void>;
  known(): void;
}

export interface HandOverParts {
  self: string; registry: Registry; router: Router; store: Store; peers: Peers; clock: Clock; entropy: Entropy; log: Log; meter: Meter;
  lease(): number | null;
  /** Whether this node takes a room of that node, moved for this reason, now. */
  takes(why: Moving, from: string): boolean;
  /** This node runs a room now that was moved for this reason. */
  took(host: RoomHost, why: Moving): void;
}

/**
 * Moves a room to a node that has it ready, so that nobody runs it for about one round trip:
 *
 *  1. the owner asks the heir to prepare. It reads the room, claims nothing, builds it, and mints a token;
 *  2. the owner journals what it is at, and makes the heir the owner by that token, in one step of the store;
 *  3. it tells the heir, with what was appended meanwhile. The heir runs the room at once.
 *
 * Whatever is lost or dies in between, the store knows whose the room is: before 2 the owner's, after it the heir's. An heir
 * that hears nothing looks whether the token is its own; one that cannot use what it has ready claims the room with that
 * token; of one that has died or forgotten all about it others take the room, as ever. An owner that is not told how 2 ended
 * is in doubt, and resigns.
 */
export class HandOver {
  private readonly expected = new Map<string, Expected>();
  private readonly giving = new Set<string>();
  private closed = false;

  constructor(private readonly parts: HandOverParts) {
    parts.peers.on('prepare', async (from, body) => (await this.prepare(from, body as unknown as Prepare)) as unknown as Json);
    parts.peers.on('yours', (_from, body) => this.take(body as unknown as Yours));
    parts.registry.comes = id => this.expected.get(id)?.waiting;
  }

  /** Rooms that are not here yet, and may be at any moment. */
  get coming(): number { return this.expected.size; }

  close(): void {
    this.closed = true;
    for (const [id, one] of this.expected) this.forget(id, one);
  }

  // --- the owner -------------------------------------------------------------------------------

  /**
   * Hands a room of this node to another, by its id. Never throws.
   * @returns whether it is that node's now. If not, it may be run here as before (then `host.over` is false), or be lost
   */
  async give(host: RoomHost, heir: string, why: Moving): Promise<boolean> {
    const { peers, clock, meter, log } = this.parts;
    if (this.giving.has(host.id) || host.over) return false;
    this.giving.add(host.id);
    host.keepEntries(true);
    try {
      const until = clock.mono() + limits.handOver.keep / 2;
      const ready = (await peers.ask(heir, 'prepare', { id: host.id, why } satisfies Prepare, limits.handOver.patience).catch(() => null)) as unknown as Ready | null;
      if (!ready) return false;
      const given: { since: number; told: Promise<Json> }[] = [];
      const became = await host.passTo({ token: ready.token, node: heir, games: ready.games, until }, how => {
        given.push({ since: how.since, told: this.tell(host, heir, ready, how) });
      });
      const [handed] = given;
      if (handed) {
        meter.count('moved', 1, why);
        const took = await handed.told.catch(() => false);
        if (took === true) meter.observe('handOver', clock.mono() - handed.since);
        else log.debug({ room: host.id, heir }, 'the new owner of a room has not said that it has it; it finds out by itself');
      }
      return became === 'passed';
    } finally {
      host.keepEntries(false);
      this.giving.delete(host.id);
    }
  }

  /** At once, before whoever waits is sent on: what they ask arrives behind it. */
  private tell(host: RoomHost, heir: string, ready: Ready, how: HandedOver): Promise<Json> {
    const { term, terms, seq, snapshotSeq, time } = how;
    this.parts.router.movedTo(host.id, { node: heir, token: ready.token, term, seq });
    const members = host.members.list().map(({ node, conn, player, session, watch, name }) => ({ node, conn, player, session, watch, ...(name === '' ? {} : { name }) }));
    return this.parts.peers.ask(heir, 'yours', { id: host.id, token: ready.token, term, terms, seq, snapshotSeq, entries: host.entriesSince(ready.seq), members, time } satisfies Yours);
  }

  // --- the heir --------------------------------------------------------------------------------

  private async prepare(from: string, { id, why }: Prepare): Promise<Ready | null> {
    const { registry, store, clock, entropy, log } = this.parts;
    if (this.closed || registry.has(id) || this.expected.has(id) || !this.parts.takes(why, from)) return null;
    const [at, lease] = [clock.mono(), this.parts.lease()];
    const [games, token] = [registry.gameKeys, mint(entropy.bytes(16))];
    let room: { game: AnyGame; recovered: Recovered };
    let read: Peeked | null;
    try {
      read = await store.peek(id);
      if (!read || read.owner.node !== from || !games.includes(read.game)) return null;
      room = registry.build(read, token);
    } catch (error) {
      if (error instanceof Unreadable) log.error({ room: id, error }, 'a room that is to be handed over cannot be read; it stays where it is');
      else if (!(error instanceof StoreError)) throw error;
      return null;
    }
    if (this.closed || registry.has(id) || this.expected.has(id)) return null;
    const one: Expected = { ...room, token, read, why, at, lease, timer: null, ...waiter() };
    this.expected.set(id, one);
    this.lookLater(id, one);
    return { token: one.token, seq: read.seq, games };
  }

  /** Runs a room that was given to this node. What has it wait for the store is its own business: the owner has let go already. */
  private take(yours: Yours): Promise<boolean> | boolean {
    const { registry, clock } = this.parts;
    const { id, token, term } = yours;
    const one = this.expected.get(id);
    if (one?.token !== token || registry.has(id)) return this.claim(id, token, term);
    try {
      if (!this.fits(one, yours)) return this.claim(id, token, term);
      catchUp(one.game, one.recovered, yours.entries, yours.terms);
      const host = registry.install({ ...one, term, time: yours.time }, { entries: [...one.read.entries, ...yours.entries], firstSeq: one.read.firstSeq, terms: yours.terms });
      for (const { node, conn, ...member } of yours.members) host.members.add({ node, conn }, member, clock.mono());
      this.parts.took(host, one.why);
      return true;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return this.claim(id, token, term); // which says what is wrong with it, if it is not what was told
    } finally {
      this.forget(id, one);
    }
  }

  /** Nothing is missing between what was read and what was told, and no snapshot was written meanwhile, with which pieces of a recording went out of the journal. */
  private fits({ read, at }: Expected, { seq, snapshotSeq, entries }: Yours): boolean {
    return !this.closed && seq === read.seq + entries.length && snapshotSeq === read.snapshotSeq && this.parts.clock.mono() - at < limits.handOver.keep;
  }

  /** The room is this node's by the store, and it has nothing to run it with: it claims it of itself. */
  private claim(id: string, token: string, term: number): Promise<boolean> {
    const { registry, log } = this.parts;
    return registry.acquire(id, token, term).then(acquired => acquired.ok, (error: unknown) => {
      log.debug({ room: id, error }, 'a room that was handed over was not claimed; the first to ask for it takes it');
      return false;
    });
  }

  /** Word that the room is this node's may be lost. */
  private lookLater(id: string, one: Expected): void {
    one.timer = this.parts.clock.after(limits.handOver.look, () => void this.look(id, one));
  }

  private async look(id: string, one: Expected): Promise<void> {
    const { store, clock } = this.parts;
    const owner = await store.owner(id).catch(() => undefined); // unknown: the next look
    if (this.expected.get(id) !== one) return;
    if (owner?.token === one.token) void this.claim(id, one.token, owner.term);
    else if (clock.mono() - one.at < limits.handOver.keep) {
      // Who asked meanwhile is told that it is not here, and may believe it: later it is run only when the store confirms it.
      one.lease = null;
      one.known();
      Object.assign(one, waiter());
      return this.lookLater(id, one);
    }
    this.forget(id, one);
  }

  private forget(id: string, one: Expected): void {
    one.timer?.cancel();
    this.expected.delete(id);
    one.known();
  }
}

function waiter(): { waiting: Promise<void>; known: () => void } {
  let known = () => {};
  const waiting = new Promise<void>(resolve => { known = resolve; });
  return { waiting, known };
}

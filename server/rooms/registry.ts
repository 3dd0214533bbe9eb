import type { AnyGame } from '../../shared/contract.ts';
import { mint } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
import { Gate } from '../gate.ts';
import type { Entropy, Watch } from '../ports.ts';
import { StoreError, type Blame, type Claimed, type Owner, type Stored } from '../store/contract.ts';
import { dueOf } from './document.ts';
import { readSnapshot, recover, Unreadable, type Recovered } from './entry.ts';
import { distinct, isUnseen } from './hangs.ts';
import { RoomHost, type EndReason, type HostParts, type Started } from './host.ts';
import { Losses } from './losses.ts';
import { Outages, type Silence } from './outages.ts';
import { Tail } from './tail.ts';
import { Watched } from './watched.ts';

export type Acquired = { ok: true; host: RoomHost } | { ok: false; why: 'missing' | 'unreadable' } | { ok: false; why: 'game'; game: string } | { ok: false; why: 'taken'; owner: Owner };

export interface RegistryParts extends Omit<HostParts, 'onEnd'> {
  games: ReadonlyMap<string, AnyGame>;
  /** Rooms may be laid open to authors. */
  dev: boolean;
  watch: Watch;
  entropy: Entropy;
  /** See Membership.silenceOf. */
  silenceOf(node: string): Silence | null;
  /** A room is no longer run here. */
  onEnd(id: string, why: EndReason): void;
  /** A room was taken from another node, which may live and not know it: a claim can be late. */
  onTaken(id: string, from: string): void;
}

/** The rooms that this node runs, and how it comes to run more. */
export class Registry {
  private readonly hosts = new Map<string, RoomHost>();
  private readonly acquiring = new Map<string, Promise<Acquired>>();
  private readonly claims = new Gate(limits.claims);
  private closed = false;
  private readonly slowAt = new Map<string, number>();
  /** Rooms that were taken from this node: how often lately, and when it may claim them again (monotonic ms). */
  private readonly fenced = new Map<string, { times: number; until: number }>();

  private readonly losses: Losses;
  private readonly outages: Outages;

  constructor(private readonly parts: RegistryParts) {
    this.losses = new Losses(parts);
    this.outages = new Outages(parts.clock, parts.silenceOf);
    this.gameKeys = [...parts.games.values()].flatMap(game => {
      const version = game.contract.def.version as number;
      const from = game.rules.migrate ? 1 : version;
      return Array.from({ length: version - from + 1 }, (_x, i) => `${game.contract.name}@${from + i}`);
    });
  }

  get(id: string): RoomHost | undefined { return this.hosts.get(id); }
  /** Resolves when a room that another node is about to hand over is here, or is not for now; see ownership/hand-over.ts. */
  comes: (id: string) => Promise<void> | undefined = () => undefined;
  /** The room's host, also if it is just being claimed or handed over; undefined where this node does not run it. */
  async arriving(id: string): Promise<RoomHost | undefined> {
    if (!this.hosts.has(id)) await this.comes(id);
    await this.acquiring.get(id)?.catch(() => {}); // who began the claim hears of its failure
    return this.hosts.get(id);
  }
  all(): RoomHost[] { return [...this.hosts.values()]; }
  /** Whether this node runs the room, or is about to find out whether it does. */
  has(id: string): boolean { return this.hosts.has(id) || this.acquiring.has(id); }
  get size(): number { return this.hosts.size; }
  /** Resolves when the claims of now are over, however they end; null when there is none. */
  get claimsUnderWay(): Promise<unknown> | null { return this.acquiring.size === 0 ? null : Promise.allSettled(this.acquiring.values()); }
  /** The games a claim may bring, as the store compares them: every version that the rules can read. */
  readonly gameKeys: readonly string[];

  /**
   * Claims a room and starts to run it. `expected` is the token of the owner that was judged dead, null for nobody.
   * @throws StoreError
   */
  acquire(id: string, expected: string | null, floor: number): Promise<Acquired> {
    const host = this.hosts.get(id);
    if (host) return Promise.resolve({ ok: true, host });
    let running = this.acquiring.get(id);
    if (!running) {
      running = this.claims.through(() => this.claim(id, expected, floor)).finally(() => this.acquiring.delete(id));
      this.acquiring.set(id, running);
    }
    return running;
  }

  private async claim(id: string, expected: string | null, floor: number): Promise<Acquired> {
    const { store, clock, entropy, self, log } = this.parts;
    const pause = (this.fenced.get(id)?.until ?? 0) - clock.mono();
    if (pause > 0) await clock.sleep(pause);
    if (this.closed) throw new StoreError('no', false, 'this node has stopped');
    const token = mint(entropy.bytes(16));
    const lease = this.parts.lease(); // of now: the answer may come when the room has been taken again, and all seems well
    const claimed = await store.claim(id, { token, node: self, expected, floor, games: this.gameKeys });
    if (!claimed.ok) return claimed;
    this.losses.claimed(id, claimed.terms, claimed.seq);
    if (this.closed) {
      await store.release(id, token); // it stopped while it asked: nobody's, rather than a dead node's
      throw new StoreError('no', false, 'this node has stopped');
    }
    let host: RoomHost;
    try {
      host = this.start(token, claimed, lease);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      log.error({ room: id, error }, 'a room cannot be read; it stays as it is');
      const now = clock.now();
      await store.release(id, token, { why: `it cannot be read: ${error.message}`, since: now, due: now + limits.unreadableFor });
      return { ok: false, why: 'unreadable' };
    }
    this.begin(host);
    if (claimed.previous && claimed.previous.node !== self) this.parts.onTaken(id, claimed.previous.node);
    return { ok: true, host };
  }

  /** Builds a room from what was read. `token`: of this node, should it come to run it. @throws Unreadable */
  build(stored: Stored, token: string, blames: Blame[] = []): { game: AnyGame; recovered: Recovered } {
    const { clock, log, watch } = this.parts;
    const doc = readSnapshot(stored.snapshot);
    const game = this.parts.games.get(doc.room.game);
    if (!game) throw new Unreadable(`no game '${doc.room.game}' here`);
    const watched = new Watched({ room: doc.room.id, token, game: doc.room.game, seq: stored.seq }, { watch, mono: () => clock.mono(), onSlow: (rule, ms) => this.ruleWasSlow(doc.room.game, rule, ms) });
    const seeing = { watched, isUnseen: (audience: string) => isUnseen(doc, blames, audience, clock.now()) };
    return { game, recovered: recover(game, doc, stored, (where, error) => log.error({ where, error }, 'a rule failed while a room was read'), { seeing, blames }) };
  }

  /** Said once a second for each rule, in whichever room. */
  private ruleWasSlow(game: string, rule: string, ms: number): void {
    const { meter, log, clock } = this.parts;
    meter.count('slowRules');
    const [key, now] = [`${game} ${rule}`, clock.mono()];
    if (now - (this.slowAt.get(key) ?? -Infinity) < 1_000) return;
    if (this.slowAt.size > 1_000) this.slowAt.clear(); // names of actions come from clients
    this.slowAt.set(key, now);
    log.warn({ game, rule, ms: Math.round(ms) }, 'a rule of a game was slow: all rooms of this node stood still for that long');
  }

  /** Runs a room that its owner has handed to this node. `lease`: see Started. */
  install(room: { game: AnyGame; recovered: Recovered; token: string; term: number; lease: number | null; time: number }, past: Pick<Stored, 'entries' | 'firstSeq' | 'terms'>): RoomHost {
    const host = this.host(room, { outage: 0, lease: room.lease, time: room.time }, past);
    this.begin(host);
    return host;
  }

  private host({ game, recovered, token, term }: { game: AnyGame; recovered: Recovered; token: string; term: number }, started: Started, past: Pick<Stored, 'entries' | 'firstSeq' | 'terms'>): RoomHost {
    return new RoomHost({ ...this.parts, onEnd: (host, why) => this.ended(host, why) }, game, token, term, recovered, started, this.parts.dev ? new Tail(past) : null);
  }

  private begin(host: RoomHost): void {
    this.hosts.set(host.id, host);
    host.announce();
    this.finishRecordings(host);
  }

  /** A recording whose match ended may not have been put together when its owner died. */
  private finishRecordings(host: RoomHost): void {
    const { match, phase } = host.shown;
    if (!host.game.contract.def.replay || match === 0) return;
    // Those whose last piece is still to be written follow when it is.
    for (const over of phase === 'ended' ? [match, match - 1] : [match - 1]) if (over > 0 && !host.records(over)) this.parts.onRecorded(host.id, over);
  }

  private start(token: string, claimed: Claimed, lease: number | null): RoomHost {
    const { game, recovered } = this.build(claimed, token, distinct(claimed.blames));
    const interruption = this.outages.of(recovered.doc.room.id, claimed, { clock: recovered.doc.hidden.clock, due: dueOf(recovered.doc) });
    if (claimed.previous) {
      this.parts.meter.count('takeovers');
      this.parts.meter.observe('standstill', interruption.outage);
      this.parts.log.info({ room: recovered.doc.room.id, term: claimed.term, from: claimed.previous.node, silent: interruption.outage }, 'took a room over');
    }
    return this.host({ game, recovered, token, term: claimed.term }, { ...interruption, lease }, claimed);
  }

  private ended(host: RoomHost, why: EndReason): void {
    if (this.hosts.get(host.id) === host) this.hosts.delete(host.id);
    this.parts.meter.count('resigned', 1, why);
    if (why === 'doubt') {
      this.losses.gaveUp(host.id, host.head.head);
      this.outages.gaveUp(host.id, { term: host.term, seq: host.head.head[1], ...host.outSince });
    }
    if (why === 'fenced') {
      const times = (this.fenced.get(host.id)?.times ?? 0) + 1;
      this.fenced.set(host.id, { times, until: this.parts.clock.mono() + limits.fencedPause * 2 ** Math.min(times - 1, 5) });
    }
    this.parts.onEnd(host.id, why);
  }

  /** Once a second. */
  sweep(): void {
    for (const host of this.hosts.values()) host.sweep();
    this.losses.report();
    const mono = this.parts.clock.mono();
    for (const [id, { until }] of this.fenced) if (mono - until > 60_000) this.fenced.delete(id);
  }

  /** A room that this node ran is not in the store any more. */
  gone(id: string): void {
    this.losses.missing(id);
    this.outages.forget(id);
  }

  /** From now on no room is taken, also none whose claim is under way. */
  close(): void { this.closed = true; }

  /** Gives all rooms up in doubt: the store may be another one than before. */
  abandonAll(reason: 'doubt' | 'stopped', why: string): string[] {
    const ids = [...this.hosts.keys()];
    for (const host of this.all()) host.abandon(reason, why);
    return ids;
  }
}

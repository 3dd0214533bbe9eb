import type { AnyGame } from '../../shared/contract.ts';
import { mint } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
import { Gate } from '../gate.ts';
import type { Entropy } from '../ports.ts';
import { StoreError, type Claimed, type Owner } from '../store/contract.ts';
import { dueOf } from './document.ts';
import { readSnapshot, recover, Unreadable } from './entry.ts';
import { RoomHost, type EndReason, type HostParts } from './host.ts';
import { Tail } from './tail.ts';

export type Acquired = { ok: true; host: RoomHost } | { ok: false; why: 'missing' | 'unreadable' } | { ok: false; why: 'game'; game: string } | { ok: false; why: 'taken'; owner: Owner };

export interface RegistryParts extends Omit<HostParts, 'onEnd'> {
  games: ReadonlyMap<string, AnyGame>;
  /** Rooms may be laid open to authors. */
  dev: boolean;
  entropy: Entropy;
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
  /** Rooms that were taken from this node: how often lately, and when it may claim them again (monotonic ms). */
  private readonly fenced = new Map<string, { times: number; until: number }>();

  constructor(private readonly parts: RegistryParts) {}

  get(id: string): RoomHost | undefined { return this.hosts.get(id); }
  /** The room's host, also if it is just being claimed; undefined where this node does not run it. */
  async arriving(id: string): Promise<RoomHost | undefined> {
    await this.acquiring.get(id)?.catch(() => {}); // who began the claim hears of its failure
    return this.hosts.get(id);
  }
  all(): RoomHost[] { return [...this.hosts.values()]; }
  get size(): number { return this.hosts.size; }
  /** The games a claim may bring, as the store compares them: every version that the rules can read. */
  gameKeys(): string[] {
    return [...this.parts.games.values()].flatMap(game => {
      const version = game.contract.def.version as number;
      const from = game.rules.migrate ? 1 : version;
      return Array.from({ length: version - from + 1 }, (_x, i) => `${game.contract.name}@${from + i}`);
    });
  }

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
    const claimed = await store.claim(id, { token, node: self, expected, floor, games: this.gameKeys() });
    if (!claimed.ok) return claimed;
    if (this.closed) {
      await store.release(id, token); // it stopped while it asked: nobody's, rather than a dead node's
      throw new StoreError('no', false, 'this node has stopped');
    }
    let host: RoomHost;
    try {
      host = this.start(token, claimed);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      log.error({ room: id, error }, 'a room cannot be read; it stays as it is');
      await store.release(id, token);
      return { ok: false, why: 'unreadable' };
    }
    this.hosts.set(id, host);
    host.announce();
    this.finishRecordings(host);
    if (claimed.previous && claimed.previous.node !== self) this.parts.onTaken(id, claimed.previous.node);
    return { ok: true, host };
  }

  /** A recording whose match ended may not have been put together when its owner died. */
  private finishRecordings(host: RoomHost): void {
    const { match, phase } = host.shown;
    if (!host.game.contract.def.replay || match === 0) return;
    if (phase !== 'playing') this.parts.onRecorded(host.id, match);
    if (match > 1) this.parts.onRecorded(host.id, match - 1);
  }

  private start(token: string, claimed: Claimed): RoomHost {
    const doc = readSnapshot(claimed.snapshot);
    const game = this.parts.games.get(doc.room.game);
    if (!game) throw new Unreadable(`no game '${doc.room.game}' here`);
    const recovered = recover(game, doc, claimed, (where, error) => this.parts.log.error({ where, error }, 'a rule failed while a room was read'));
    const now = this.parts.clock.now();
    const due = dueOf(recovered.doc);
    // An owner that died could not commit since its last sign of life; a room that slept, since it was due.
    // An owner that lived fired what was due: where its last sign is long past a deadline, its clock was set, or it could not commit.
    const sign = claimed.previous?.seen ?? 0;
    const alive = claimed.previous ? Math.max(recovered.doc.hidden.clock, sign - (due ?? sign) > limits.graceForDeadlines ? 0 : sign) : Math.min(now, due ?? now);
    const outage = Math.max(0, now - alive);
    if (claimed.previous) {
      this.parts.meter.count('takeovers');
      this.parts.meter.observe('standstill', outage);
      this.parts.log.info({ room: recovered.doc.room.id, term: claimed.term, from: claimed.previous.node, silent: outage }, 'took a room over');
    }
    return new RoomHost({ ...this.parts, onEnd: (host, why) => this.ended(host, why) }, game, token, claimed.term, recovered, { outage }, this.parts.dev ? new Tail(claimed) : null);
  }

  private ended(host: RoomHost, why: EndReason): void {
    if (this.hosts.get(host.id) === host) this.hosts.delete(host.id);
    this.parts.meter.count('resigned', 1, why);
    if (why === 'fenced') {
      const times = (this.fenced.get(host.id)?.times ?? 0) + 1;
      this.fenced.set(host.id, { times, until: this.parts.clock.mono() + limits.fencedPause * 2 ** Math.min(times - 1, 5) });
    }
    this.parts.onEnd(host.id, why);
  }

  /** Once a second. */
  sweep(): void {
    for (const host of this.hosts.values()) host.sweep();
    const mono = this.parts.clock.mono();
    for (const [id, { until }] of this.fenced) if (mono - until > 60_000) this.fenced.delete(id);
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

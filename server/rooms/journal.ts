import type { AnyGame } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import type { Clock, Log, Message, Meter, Packer } from '../ports.ts';
import { StoreError, type Pass, type Passed, type Store } from '../store/contract.ts';
import type { RoomDocument } from './document.ts';
import { ToldFacts } from './facts.ts';
import type { Recorder } from './recorder.ts';
import type { Batch } from './room.ts';
import type { StoreContact } from './store-contact.ts';

export interface JournalParts {
  store: Store; packer: Packer; clock: Clock; log: Log; meter: Meter;
  /** See Membership.lease. */
  lease(): number | null;
  contact: StoreContact;
  /** The pieces of a match's recording are all in the store. */
  onRecorded(id: string, match: number): void;
}

/** Whether the room is still its owner's: if not, it was taken, or nobody can tell. */
export type Standing = { ours: true } | { ours: false; reason: 'fenced' | 'doubt'; why: string };
const ours: Standing = { ours: true };

/** What an owner writes of a room, and how it knows that the room is still its own. All of it under the owner's token. */
export class Journal {
  private sinceSnapshot = 0;
  /** The lease under which the store last confirmed that the room is this owner's. */
  private confirmedUnder: number | null;
  private readonly facts: ToldFacts;
  /** Since when (monotonic ms) an append has had no answer; null where the last one was carried out. */
  unansweredSince: number | null = null;
  /** The texts of entries from `first` on, kept for who is to have the room next; null: for nobody. */
  private kept: { first: number; texts: string[] } | null = null;

  /** @param confirmedUnder the lease under which the room became this owner's */
  constructor(private readonly parts: JournalParts, private readonly game: AnyGame, private readonly token: string, private readonly doc: RoomDocument, private readonly recorder: Recorder, confirmedUnder: number | null) {
    this.facts = new ToldFacts(doc, game, parts.clock.mono());
    this.confirmedUnder = confirmedUnder;
  }

  private get id(): string { return this.doc.room.id; }

  /** While the node's beats were on time since the store last confirmed it, nobody can have taken the room. */
  get surelyOurs(): boolean {
    const lease = this.parts.lease();
    return lease !== null && lease === this.confirmedUnder;
  }

  /** Whether an entry may be told in the step in which it is written. */
  get tells(): boolean { return this.parts.store.tells; }

  /** Writes an entry. Anything but a clean 'ok' means that the room is lost. */
  async append(entry: Batch, text: string, tell: readonly Message[] | null): Promise<Standing> {
    const { store, clock, meter } = this.parts;
    const started = clock.mono();
    const lease = this.parts.lease();
    this.unansweredSince = started;
    try {
      const result = await store.append(this.id, { token: this.token, seq: entry.seq, entry: text, ...(tell ? { tell } : {}), ...this.facts.next(this.doc, entry.changes, this.game, started) });
      if (result !== 'ok') return { ours: false, reason: result === 'fenced' ? 'fenced' : 'doubt', why: result };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.parts.contact.failed(started);
      return { ours: false, reason: 'doubt', why: error.message };
    }
    this.parts.contact.wrote();
    this.unansweredSince = null;
    this.confirmedUnder = lease;
    this.sinceSnapshot += 1;
    this.kept?.texts.push(text);
    meter.observe('append', clock.mono() - started);
    meter.count('entries');
    return ours;
  }

  /** Asks the store whose the room is. */
  async confirm(): Promise<Standing> {
    const lease = this.parts.lease();
    const token = await this.parts.store.owner(this.id).then(o => o?.token ?? null, () => undefined);
    if (token !== this.token) return { ours: false, reason: token === undefined ? 'doubt' : 'fenced', why: 'the room is not confirmed to be ours' };
    this.parts.contact.reached();
    this.confirmedUnder = lease;
    return ours;
  }

  /** Asks the store whether the room is there, and this node's. Without an answer the room counts as still owned: nothing is published on the strength of it. */
  async checkExists(): Promise<Standing> {
    const standing = await this.confirm();
    return !standing.ours && standing.reason === 'doubt' ? ours : standing;
  }

  /** Whether the room's life has to be renewed at its time `now`, though there is nothing to write. */
  isRenewalDue(now: number): boolean { return this.facts.life.isRenewalDue(this.doc, now, this.parts.clock.mono()); }

  /** Renews it. Where that fails it is still due. */
  async renew(now: number): Promise<Standing> {
    const life = this.facts.life.next(this.doc, now, this.parts.clock.mono());
    if (!life) return ours;
    try {
      const result = await this.parts.store.renew(this.id, this.token, life);
      return result === 'ok' ? ours : { ours: false, reason: 'fenced', why: 'fenced at a renewal' };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.facts.life.forget();
      this.parts.log.debug({ room: this.id, error }, 'the life of a room was not renewed');
      return ours;
    }
  }

  /** After so many entries, and when the recording of a match is complete. Who is about to take the room over has read the last one. */
  get wantsSnapshot(): boolean { return (this.sinceSnapshot >= limits.snapshotEvery && this.kept === null) || this.recorder.over.length > 0; }

  /** Keeps the entries after `seq`. */
  keepFrom(seq: number): void { this.kept = { first: seq + 1, texts: [] }; }
  keepNoMore(): void { this.kept = null; }
  /** What was appended after `seq`; what is no longer known leaves a gap, which its reader notices. */
  keptSince(seq: number): string[] { return this.kept?.texts.slice(Math.max(0, seq + 1 - this.kept.first)) ?? []; }

  /** Makes another node the owner. Where that fails and the room is still ours, that node cannot run it, and nothing was done. */
  async pass(seq: number, to: Pass['to']): Promise<Passed | { ok: false; standing: Standing }> {
    try {
      const passed = await this.parts.store.pass(this.id, { token: this.token, seq, to });
      if (passed.ok) return passed;
      return { ok: false, standing: passed.why === 'game' ? ours : { ours: false, reason: passed.why === 'fenced' ? 'fenced' : 'doubt', why: passed.why } };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { ok: false, standing: { ours: false, reason: 'doubt', why: error.message } };
    }
  }

  /** Writes a snapshot as of `seq`, and what was recorded since the last one. One that fails is written after the next entry: the journal alone is enough. */
  async snapshot(seq: number, text: string): Promise<Standing> {
    const { over, pending } = this.recorder;
    try {
      const parts = await Promise.all(pending.map(async ({ match, text: piece }) => ({ match, text: await this.parts.packer.pack(piece) })));
      const result = await this.parts.store.snapshot(this.id, this.token, seq, text, limits.entriesKept, parts);
      if (result === 'fenced') return { ours: false, reason: 'fenced', why: 'fenced at a snapshot' };
      this.sinceSnapshot = 0;
      this.recorder.handedOver();
      for (const match of over) this.parts.onRecorded(this.id, match);
    } catch (error) {
      this.parts.log.warn({ room: this.id, error }, 'a snapshot was not written');
    }
    return ours;
  }

  /** Gives the room up, or ends it and all that is known of it. */
  async letGo(remove: boolean): Promise<void> {
    try {
      if (remove) await this.parts.store.remove(this.id, this.token);
      else await this.parts.store.release(this.id, this.token);
    } catch (error) {
      this.parts.log.warn({ room: this.id, error }, 'a room was not released; the next owner will find it so');
    }
  }
}

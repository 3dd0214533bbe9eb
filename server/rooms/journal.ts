import type { AnyGame } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import type { Clock, Log, Meter, Packer } from '../ports.ts';
import { StoreError, type Store } from '../store/contract.ts';
import type { RoomDocument } from './document.ts';
import { ToldFacts } from './facts.ts';
import type { Recorder } from './recorder.ts';
import type { Batch } from './room.ts';

export interface JournalParts {
  store: Store; packer: Packer; clock: Clock; log: Log; meter: Meter;
  /** See Membership.lease. */
  lease(): number | null;
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

  constructor(private readonly parts: JournalParts, private readonly game: AnyGame, private readonly token: string, private readonly doc: RoomDocument, private readonly recorder: Recorder) {
    this.facts = new ToldFacts(doc, game);
    this.confirmedUnder = parts.lease();
  }

  private get id(): string { return this.doc.room.id; }

  /** While the node's beats were on time since the store last confirmed it, nobody can have taken the room. */
  get surelyOurs(): boolean {
    const lease = this.parts.lease();
    return lease !== null && lease === this.confirmedUnder;
  }

  /** Writes an entry. Anything but a clean 'ok' means that the room is lost. */
  async append(entry: Batch, text: string): Promise<Standing> {
    const { store, clock, meter } = this.parts;
    const started = clock.mono();
    const lease = this.parts.lease();
    try {
      const result = await store.append(this.id, { token: this.token, seq: entry.seq, entry: text, ...this.facts.next(this.doc, entry.changes, this.game, started) });
      if (result !== 'ok') return { ours: false, reason: result === 'fenced' ? 'fenced' : 'doubt', why: result };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { ours: false, reason: 'doubt', why: error.message };
    }
    this.confirmedUnder = lease;
    this.sinceSnapshot += 1;
    meter.observe('append', clock.mono() - started);
    meter.count('entries');
    return ours;
  }

  /** Asks the store whose the room is. */
  async confirm(): Promise<Standing> {
    const lease = this.parts.lease();
    const token = await this.parts.store.owner(this.id).then(o => o?.token ?? null, () => undefined);
    if (token !== this.token) return { ours: false, reason: token === undefined ? 'doubt' : 'fenced', why: 'the room is not confirmed to be ours' };
    this.confirmedUnder = lease;
    return ours;
  }

  /** After so many entries, and when the recording of a match is complete. */
  get wantsSnapshot(): boolean { return this.sinceSnapshot >= limits.snapshotEvery || this.recorder.over; }

  /** Writes a snapshot as of `seq`, and what was recorded since the last one. One that fails is written after the next entry: the journal alone is enough. */
  async snapshot(seq: number, text: string): Promise<Standing> {
    const { over, pending } = this.recorder;
    const { match } = this.doc.room;
    try {
      const part = pending === null ? undefined : { match, text: await this.parts.packer.pack(pending) };
      const result = await this.parts.store.snapshot(this.id, this.token, seq, text, limits.entriesKept, part);
      if (result === 'fenced') return { ours: false, reason: 'fenced', why: 'fenced at a snapshot' };
      this.sinceSnapshot = 0;
      this.recorder.handedOver();
      if (over) this.parts.onRecorded(this.id, match);
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

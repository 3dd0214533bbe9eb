import type { AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import type { Clock, Log, NodeMessage, Meter, Compressor } from '../../runtime/ports.ts';
import { StoreError, type PassRequest, type PassResult, type Store } from '../../store/store.ts';
import type { RoomDocument } from '../core/document.ts';
import { IndexTracker } from './index-tracker.ts';
import type { Recorder } from './recorder.ts';
import type { PendingEntry } from '../core/machine.ts';
import type { StoreContact } from '../../store/store-contact.ts';

export interface JournalParts {
  store: Store;
  compressor: Compressor;
  clock: Clock;
  log: Log;
  meter: Meter;
  /** See Membership.lease. */
  lease(): number | null;
  contact: StoreContact;
  /** The pieces of a match's recording are all in the store. */
  onRecorded(id: string, match: number): void;
}

/** Whether the room is still its owner's: if not, it was taken, or nobody can tell. */
export type OwnershipStatus = { isOwner: true } | { isOwner: false; reason: 'fenced' | 'unknown-outcome'; why: string };
const stillOwner: OwnershipStatus = { isOwner: true };

/**
 * What an owner writes of a room, and how it knows that the room is still its own. All of it under the owner's token.
 */
export class Journal {
  private sinceSnapshot = 0;
  /** The lease under which the store last confirmed that the room is this owner's. */
  private confirmedLease: number | null;
  private readonly indexTracker: IndexTracker;
  /** Since when (monotonic ms) an append has had no answer; null where the last one was carried out. */
  unansweredSince: number | null = null;
  /** The texts of entries from `first` on, kept for who is to have the room next; null: for nobody. */
  private retained: { first: number; texts: string[] } | null = null;

  /** @param confirmedUnder the lease under which the room became this owner's */
  constructor(
    private readonly parts: JournalParts,
    private readonly game: AnyGame,
    private readonly token: string,
    private readonly doc: RoomDocument,
    private readonly recorder: Recorder,
    confirmedUnder: number | null,
  ) {
    this.indexTracker = new IndexTracker(doc, game, parts.clock.mono());
    this.confirmedLease = confirmedUnder;
  }

  private get id(): string {
    return this.doc.room.id;
  }

  /** While the node's beats were on time since the store last confirmed it, nobody can have taken the room. */
  get isSurelyOwner(): boolean {
    const lease = this.parts.lease();
    return lease !== null && lease === this.confirmedLease;
  }

  /** Whether an entry may be told in the step in which it is written. */
  get canPublishOnAppend(): boolean {
    return this.parts.store.canPublishOnAppend;
  }

  /** Writes an entry. Anything but a clean 'ok' means that the room is lost. */
  async append(entry: PendingEntry, text: string, messages: readonly NodeMessage[] | null): Promise<OwnershipStatus> {
    const { store, clock, meter } = this.parts;
    const sentAt = clock.mono();
    const lease = this.parts.lease();
    this.unansweredSince = sentAt;
    try {
      const result = await store.append(this.id, {
        token: this.token,
        seq: entry.seq,
        entry: text,
        ...(messages ? { publish: messages } : {}),
        ...this.indexTracker.nextUpdate(this.doc, entry.changes, this.game, sentAt),
      });
      if (result !== 'ok')
        return { isOwner: false, reason: result === 'fenced' ? 'fenced' : 'unknown-outcome', why: result };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.parts.contact.recordFailedWrite(sentAt);
      return { isOwner: false, reason: 'unknown-outcome', why: error.message };
    }
    this.parts.contact.recordWrite();
    this.unansweredSince = null;
    this.confirmedLease = lease;
    this.sinceSnapshot += 1;
    this.retained?.texts.push(text);
    meter.observe('journalAppend', clock.mono() - sentAt);
    meter.count('journalEntries');
    return stillOwner;
  }

  /** Asks the store whose the room is. */
  async confirmOwnership(): Promise<OwnershipStatus> {
    const lease = this.parts.lease();
    const token = await this.parts.store.owner(this.id).then(
      o => o?.token ?? null,
      () => undefined,
    );
    if (token !== this.token)
      return {
        isOwner: false,
        reason: token === undefined ? 'unknown-outcome' : 'fenced',
        why: 'the room is not confirmed to be ours',
      };
    this.parts.contact.recordAnswer();
    this.confirmedLease = lease;
    return stillOwner;
  }

  /**
   * Asks the store whether the room is there, and this node's. Without an answer the room counts as still owned:
   * nothing is published on the strength of it.
   */
  async checkExists(): Promise<OwnershipStatus> {
    const standing = await this.confirmOwnership();
    return !standing.isOwner && standing.reason === 'unknown-outcome' ? stillOwner : standing;
  }

  /** Whether the room's life has to be renewed at its time `now`, though there is nothing to write. */
  isRenewalDue(now: number): boolean {
    return this.indexTracker.life.isRenewalDue(this.doc, now, this.parts.clock.mono());
  }

  /** Renews it. Where that fails it is still due. */
  async renew(now: number): Promise<OwnershipStatus> {
    const life = this.indexTracker.life.next(this.doc, now, this.parts.clock.mono());
    if (!life) return stillOwner;
    try {
      const result = await this.parts.store.renew(this.id, this.token, life);
      return result === 'ok' ? stillOwner : { isOwner: false, reason: 'fenced', why: 'fenced at a renewal' };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.indexTracker.life.renewalFailed();
      this.parts.log.debug({ room: this.id, error }, 'room life not renewed');
      return stillOwner;
    }
  }

  /**
   * After so many entries, and when the recording of a match is complete. Who is about to take the room over has read
   * the last one.
   */
  get isSnapshotDue(): boolean {
    return (
      (this.sinceSnapshot >= limits.snapshotEvery && this.retained === null) || this.recorder.finishedMatches.length > 0
    );
  }

  /** Keeps the entries after `seq`. */
  retainFrom(seq: number): void {
    this.retained = { first: seq + 1, texts: [] };
  }
  stopRetaining(): void {
    this.retained = null;
  }
  /** What was appended after `seq`; what is no longer known leaves a gap, which its reader notices. */
  retainedSince(seq: number): string[] {
    return this.retained?.texts.slice(Math.max(0, seq + 1 - this.retained.first)) ?? [];
  }

  /**
   * Makes another node the owner. Where that fails and the room is still ours, that node cannot run it, and nothing was
   * done.
   */
  async handOver(
    seq: number,
    target: PassRequest['to'],
  ): Promise<PassResult | { ok: false; standing: OwnershipStatus }> {
    try {
      const passed = await this.parts.store.pass(this.id, { token: this.token, seq, to: target });
      if (passed.ok) return passed;
      return {
        ok: false,
        standing:
          passed.why === 'game'
            ? stillOwner
            : { isOwner: false, reason: passed.why === 'fenced' ? 'fenced' : 'unknown-outcome', why: passed.why },
      };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { ok: false, standing: { isOwner: false, reason: 'unknown-outcome', why: error.message } };
    }
  }

  /**
   * Writes a snapshot as of `seq`, and what was recorded since the last one. One that fails is written after the next
   * entry: the journal alone is enough.
   */
  async snapshot(seq: number, text: string): Promise<OwnershipStatus> {
    const { finishedMatches, pending } = this.recorder;
    try {
      const parts = await Promise.all(
        pending.map(async ({ match, text: piece }) => ({ match, text: await this.parts.compressor.compress(piece) })),
      );
      const result = await this.parts.store.snapshot(this.id, this.token, seq, text, limits.entriesKept, parts);
      if (result === 'fenced') return { isOwner: false, reason: 'fenced', why: 'fenced at a snapshot' };
      this.sinceSnapshot = 0;
      this.recorder.markStored();
      for (const match of finishedMatches) this.parts.onRecorded(this.id, match);
    } catch (error) {
      this.parts.log.warn({ room: this.id, error }, 'snapshot not written');
    }
    return stillOwner;
  }

  /** Gives the room up, or ends it and all that is known of it. */
  async release(removes: boolean): Promise<void> {
    try {
      if (removes) await this.parts.store.remove(this.id, this.token);
      else await this.parts.store.release(this.id, this.token);
    } catch (error) {
      this.parts.log.warn({ room: this.id, error }, 'room not released');
    }
  }
}

import type { AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import type { Clock, Log, NodeMessage, Meter, Compressor } from '../../runtime/ports.ts';
import { StoreError, type PassRequest, type PassResult, type Store } from '../../store/store.ts';
import type { RoomDocument } from '../core/document.ts';
import { IndexTracker } from './index-tracker.ts';
import type { Recorder } from './recorder.ts';
import type { PendingEntry } from '../core/entry.ts';
import type { StoreContact } from '../../store/store-contact.ts';

export interface JournalParts {
  store: Store;
  compressor: Compressor;
  clock: Clock;
  log: Log;
  meter: Meter;
  /** See ClusterMembership.lease. */
  lease(): number | null;
  contact: StoreContact;
  /** Called when all parts of a match's recording are stored. */
  onRecorded(id: string, match: number): void;
}

/** Whether the room is still this owner's. If not, another owner has claimed it, or that is unknown. */
export type OwnershipStatus = { isOwner: true } | { isOwner: false; reason: 'fenced' | 'unknown-outcome'; why: string };
const stillOwner: OwnershipStatus = { isOwner: true };

/** Writes a room's journal, and knows whether the room is still its owner's. Every write carries the owner's token. */
export class Journal {
  private sinceSnapshot = 0;
  /** The lease under which the store last confirmed ownership. */
  private confirmedLease: number | null;
  private readonly indexTracker: IndexTracker;
  /** Monotonic ms since which an append has had no reply; null if the last one succeeded. */
  unansweredSince: number | null = null;
  /** Entries from seq `first` on, kept for a handover target; null: none are kept. */
  private retained: { first: number; texts: string[] } | null = null;

  /** @param confirmedUnder the lease at the claim */
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

  /**
   * Whether no other node can have claimed the room: the node's heartbeats have been on time since the store last
   * confirmed ownership.
   */
  get isSurelyOwner(): boolean {
    const lease = this.parts.lease();
    return lease !== null && lease === this.confirmedLease;
  }

  /** Whether messages may be published in the step that writes an entry. */
  get canPublishOnAppend(): boolean {
    return this.parts.store.canPublishOnAppend;
  }

  /** Writes an entry. Any result other than 'ok' means that the room is lost. */
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

  /** Asks the store for the room's owner. */
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
   * Asks the store whether the room exists and belongs to this node. If the store does not reply, it counts as owned:
   * nothing is published because of it.
   */
  async checkExists(): Promise<OwnershipStatus> {
    const status = await this.confirmOwnership();
    return !status.isOwner && status.reason === 'unknown-outcome' ? stillOwner : status;
  }

  /** Whether the room's life has to be extended at room time `now`, although there is no entry to write. */
  isRenewalDue(now: number): boolean {
    return this.indexTracker.life.isRenewalDue(this.doc, now, this.parts.clock.mono());
  }

  /** Extends the room's life. If that fails, it remains due. */
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
   * Due after `limits.snapshotEvery` entries, and when the recording of a match is complete. Not while entries are
   * retained, because a handover target has read the current snapshot.
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
  /** The entries after `seq`. If some are no longer kept, the result has a gap, which the reader detects. */
  retainedSince(seq: number): string[] {
    return this.retained?.texts.slice(Math.max(0, seq + 1 - this.retained.first)) ?? [];
  }

  /**
   * Makes another node the owner. If that fails but the room is still this owner's, the other node cannot run it, and
   * nothing has changed.
   */
  async handOver(seq: number, target: PassRequest['to']): Promise<PassResult | { ok: false; status: OwnershipStatus }> {
    try {
      const passed = await this.parts.store.pass(this.id, { token: this.token, seq, to: target });
      if (passed.ok) return passed;
      return {
        ok: false,
        status:
          passed.why === 'game'
            ? stillOwner
            : { isOwner: false, reason: passed.why === 'fenced' ? 'fenced' : 'unknown-outcome', why: passed.why },
      };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { ok: false, status: { isOwner: false, reason: 'unknown-outcome', why: error.message } };
    }
  }

  /**
   * Writes a snapshot as of `seq`, with what was recorded since the last one. After a failure it is written with the
   * next entry; until then the journal suffices.
   */
  async snapshot(seq: number, text: string): Promise<OwnershipStatus> {
    const { finishedMatches, pending } = this.recorder;
    try {
      const parts = await Promise.all(
        pending.map(async ({ match, text: piece }) => ({ match, text: await this.parts.compressor.compress(piece) })),
      );
      const result = await this.parts.store.snapshot(this.id, {
        token: this.token,
        seq,
        text,
        keep: limits.entriesKept,
        parts,
      });
      if (result === 'fenced') return { isOwner: false, reason: 'fenced', why: 'fenced at a snapshot' };
      this.sinceSnapshot = 0;
      this.recorder.markStored();
      for (const match of finishedMatches) this.parts.onRecorded(this.id, match);
    } catch (error) {
      this.parts.log.warn({ room: this.id, error }, 'snapshot not written');
    }
    return stillOwner;
  }

  /** Releases the room, or removes it. */
  async release(removes: boolean): Promise<void> {
    try {
      if (removes) await this.parts.store.remove(this.id, this.token);
      else await this.parts.store.release(this.id, this.token);
    } catch (error) {
      this.parts.log.warn({ room: this.id, error }, 'room not released');
    }
  }
}

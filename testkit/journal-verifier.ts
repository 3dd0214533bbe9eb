import type { RoomDocument } from '../server/rooms/core/document.ts';
import { encodeSnapshot, readDocument, readEntry, readSnapshot } from '../server/rooms/core/entry.ts';
import type { PeekedRoom } from '../server/store/store.ts';
import { apply } from '../shared/delta.ts';
import { RejoinError } from '../shared/errors.ts';
import type { Json } from '../shared/json.ts';

/** An owner's document differs from its journal. */
export class JournalMismatchError extends RejoinError {
  override readonly name = 'JournalMismatchError';
  override readonly code = 'journal-mismatch';
}

/**
 * Replays the journal of every room and compares it, byte for byte including key order, with the owner's document after
 * each entry and snapshot. So a state change that bypasses the journal is found at once.
 */
export class JournalVerifier {
  private readonly rooms = new Map<string, { seq: number; doc: RoomDocument }>();

  constructor(private readonly peek: (id: string) => Promise<PeekedRoom | null>) {}

  recordCreated(id: string, snapshot: string): void {
    this.rooms.set(id, { seq: 0, doc: readSnapshot(snapshot) });
  }

  /** Call when the store was replaced. */
  forget(): void {
    this.rooms.clear();
  }

  /**
   * Call when an entry was written.
   * @param live the document of the owner that wrote it; null if it is no longer available
   * @throws JournalMismatchError
   */
  async verifyAppended(id: string, seq: number, entry: string, live: RoomDocument | null): Promise<void> {
    const known = this.rooms.get(id);
    if (known?.seq === seq - 1) {
      apply(known.doc as unknown as Json, readEntry(entry).c);
      known.seq = seq;
    } else if (known?.seq !== seq) await this.reload(id); // written twice, or the store was replaced
    const doc = this.rooms.get(id);
    if (live && doc?.seq === seq) compare(`room ${id}, entry ${seq}`, live, doc.doc);
  }

  /** Call when a snapshot was written. @throws JournalMismatchError */
  verifySnapshot(id: string, seq: number, text: string): void {
    const known = this.rooms.get(id);
    if (known?.seq === seq && text !== encodeSnapshot(known.doc))
      compare(`room ${id}, snapshot ${seq}`, readSnapshot(text), known.doc);
  }

  private async reload(id: string): Promise<void> {
    const stored = await this.peek(id);
    if (stored) this.rooms.set(id, { seq: stored.seq, doc: readDocument(stored) });
    else this.rooms.delete(id);
  }
}

function compare(where: string, live: RoomDocument, journaled: RoomDocument): void {
  if (JSON.stringify(live) !== JSON.stringify(journaled))
    throw new JournalMismatchError(`${where}: ${difference(live, journaled, '')}`);
}

const formatValue = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200));

/** Describes the first difference of two values, or of their key order. */
function difference(live: unknown, journaled: unknown, path: string): string {
  const isHolder = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;
  if (!isHolder(live) || !isHolder(journaled) || Array.isArray(live) !== Array.isArray(journaled))
    return `${path} is ${formatValue(live)} at the owner, and ${formatValue(journaled)} by the journal`;
  for (const key of new Set([...Object.keys(live), ...Object.keys(journaled)])) {
    if (JSON.stringify(live[key]) !== JSON.stringify(journaled[key]))
      return difference(live[key], journaled[key], path === '' ? key : `${path}.${key}`);
  }
  return `the keys of ${path} are ${Object.keys(live).join(', ')} at the owner, and ${Object.keys(journaled).join(', ')} by the journal`;
}

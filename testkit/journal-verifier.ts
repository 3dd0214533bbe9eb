import type { RoomDocument } from '../server/rooms/core/document.ts';
import { encodeSnapshot, readDocument, readEntry, readSnapshot } from '../server/rooms/core/entry.ts';
import type { PeekedRoom } from '../server/store/store.ts';
import { apply } from '../shared/delta.ts';
import { RejoinError } from '../shared/errors.ts';
import type { Json } from '../shared/json.ts';

/** An owner has in memory what its journal does not say. */
export class JournalMismatchError extends RejoinError {
  override readonly name = 'JournalMismatchError';
  override readonly code = 'journal-mismatch';
}

/**
 * Follows the journal of every room, and compares what it says with what the room's owner has in memory: byte for byte
 * after each entry and each snapshot, the order of keys included. So a state that a rule has changed past the journal
 * is found at once.
 */
export class JournalVerifier {
  private readonly rooms = new Map<string, { seq: number; doc: RoomDocument }>();

  constructor(private readonly peek: (id: string) => Promise<PeekedRoom | null>) {}

  recordCreated(id: string, snapshot: string): void {
    this.rooms.set(id, { seq: 0, doc: readSnapshot(snapshot) });
  }

  /** The store is another one than before. */
  forget(): void {
    this.rooms.clear();
  }

  /**
   * An entry was written.
   * @param live the document of the owner that wrote it; null where it is not known any more
   * @throws JournalMismatchError
   */
  async verifyAppended(id: string, seq: number, entry: string, live: RoomDocument | null): Promise<void> {
    const known = this.rooms.get(id);
    if (known?.seq === seq - 1) {
      apply(known.doc as unknown as Json, readEntry(entry).c);
      known.seq = seq;
    } else if (known?.seq !== seq) await this.reload(id); // written twice, or the store is another one than before
    const doc = this.rooms.get(id);
    if (live && doc?.seq === seq) compare(`room ${id}, entry ${seq}`, live, doc.doc);
  }

  /** A snapshot was written. @throws JournalMismatchError */
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

/** Where two values first differ, in a value or in the order of keys. */
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

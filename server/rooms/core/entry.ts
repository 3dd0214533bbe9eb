import { apply, type Changes } from '../../../shared/delta.ts';
import { RejoinError } from '../../../shared/errors.ts';
import type { Json } from '../../../shared/json.ts';
import type { StoredRoom } from '../../store/store.ts';
import type { RoomEvent } from './rule-context.ts';
import type { RoomDocument } from './document.ts';

/** Format version of entries and snapshots. Other versions are rejected. */
export const journalVersion = 4;

/** The changes of a batch of commands, to be journaled as one entry. */
export interface PendingEntry {
  seq: number;
  changes: Changes;
  events: RoomEvent[];
  now: number;
}

/** The changes of an entry, visible and hidden, and its events. */
export interface Entry {
  c: Changes;
  e: RoomEvent[];
}
/** An entry as stored: version, visible changes, the room's clock, other hidden changes (0 for none), events. */
type StoredEntry = [v: number, visible: Changes, clock: number, hidden?: Changes | 0, events?: RoomEvent[]];
interface Snapshot {
  v: number;
  doc: RoomDocument;
}

/**
 * Encodes an entry. The visible changes are encoded separately, because in games without a view members are sent the
 * same text.
 * @returns `entry` for the journal, `visible` for members
 */
export function encodeEntry({ changes, events, now }: PendingEntry): { entry: string; visible: string } {
  const { hidden, ...shown } = changes;
  const { clock: _, ...others } = hidden as Changes;
  const visible = JSON.stringify(shown);
  const rest = Object.keys(others).length === 0 ? '' : JSON.stringify(others);
  const tail = events.length > 0 ? `,${rest || '0'},${JSON.stringify(events)}` : rest && `,${rest}`;
  return { entry: `[${journalVersion},${visible},${now}${tail}]`, visible };
}
export const encodeSnapshot = (doc: RoomDocument): string =>
  JSON.stringify({ v: journalVersion, doc } satisfies Snapshot);

/** A stored room that cannot be read. It is never treated as a new room. */
export class UnreadableRoomError extends RejoinError {
  override readonly name = 'UnreadableRoomError';
  override readonly code = 'unreadable-room';
}

/** Reads a stored room without claiming it. @throws UnreadableRoomError */
export function readDocument({ snapshot, snapshotSeq, entries, firstSeq }: StoredRoom): RoomDocument {
  const doc = readSnapshot(snapshot);
  entries.forEach((text, i) => {
    if (firstSeq + i > snapshotSeq) applyEntry(doc, readEntry(text), firstSeq + i);
  });
  return doc;
}
/** Whether a change contains this key of the hidden part. */
export const touchesHidden = ({ hidden }: Changes, key: string): boolean =>
  typeof hidden === 'object' && hidden !== null && !Array.isArray(hidden) && key in hidden;

export function applyEntry(doc: RoomDocument, entry: Entry, seq: number): void {
  try {
    apply(doc as unknown as Json, entry.c);
  } catch (error) {
    throw new UnreadableRoomError(`entry ${seq} does not fit its state`, { cause: error });
  }
}

/** @throws UnreadableRoomError */
export function readSnapshot(text: string): RoomDocument {
  const { v, doc } = parseStored<Snapshot>(text, 'snapshot');
  checkVersion(v, 'snapshot');
  if (!doc?.room || !doc.hidden) throw new UnreadableRoomError('the snapshot contains no room');
  return doc;
}

/** @throws UnreadableRoomError */
export function readEntry(text: string): Entry {
  const entry = parseStored<StoredEntry | { v: number }>(text, 'entry');
  if (!Array.isArray(entry)) return checkVersion(entry?.v, 'entry') as never; // the format of older versions
  const [v, visible, clock, hidden, events] = entry;
  checkVersion(v, 'entry');
  if (typeof visible !== 'object' || visible === null || typeof clock !== 'number')
    throw new UnreadableRoomError('the entry contains no change');
  return { c: { ...visible, hidden: { ...(hidden || {}), clock } }, e: events ?? [] };
}

function parseStored<T>(text: string, what: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new UnreadableRoomError(`a ${what} is not JSON`, { cause: error });
  }
}

function checkVersion(v: unknown, what: string): void {
  if (v !== journalVersion)
    throw new UnreadableRoomError(`a ${what} is of version ${String(v)}, this node reads ${journalVersion}`);
}

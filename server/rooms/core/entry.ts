import type { AnyGame, ContractDef } from '../../../shared/contract.ts';
import { apply, type Changes } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { positionOf, type Position, type TermStarts } from '../../../shared/position.ts';
import type { HangReport, StoredRoom } from '../../store/store.ts';
import { Audiences, type ViewGuard } from '../actor/audiences.ts';
import type { RoomEvent } from './rule-context.ts';
import type { RoomDocument } from './document.ts';
import { Recorder } from '../actor/recorder.ts';
import type { PendingEntry } from './machine.ts';
import { RuleTracker } from './rule-tracker.ts';

/** Version of how entries and snapshots are written. A reader of another one must not guess. */
export const journalVersion = 4;

/** What changed that members may see, what changed of the hidden part, and events. */
interface Entry { c: Changes; e: RoomEvent[] }
/** An entry as it is stored: its version; the visible changes; the room's clock; other hidden changes, 0 for none; events. */
type StoredEntry = [v: number, visible: Changes, clock: number, hidden?: Changes | 0, events?: RoomEvent[]];
interface Snapshot { v: number; doc: RoomDocument }

/**
 * Writes an entry. The visible changes are encoded by themselves: where nothing is hidden, members are told the very same text.
 * @returns `entry` for the journal, `visible` for members
 */
export function encodeEntry({ changes, events, now }: PendingEntry): { entry: string; visible: string } {
  const { hidden, ...shown } = changes;
  const { clock: _apart, ...others } = hidden as Changes;
  const visible = JSON.stringify(shown);
  const rest = Object.keys(others).length === 0 ? '' : JSON.stringify(others);
  const tail = events.length > 0 ? `,${rest || '0'},${JSON.stringify(events)}` : rest && `,${rest}`;
  return { entry: `[${journalVersion},${visible},${now}${tail}]`, visible };
}
export const encodeSnapshot = (doc: RoomDocument): string => JSON.stringify({ v: journalVersion, doc } satisfies Snapshot);

/** A room whose stored form cannot be read. It is never taken for a new one. */
export class UnreadableRoomError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnreadableRoomError';
  }
}

export interface RecoveredRoom { doc: RoomDocument; head: Position; terms: TermStarts; audiences: Audiences; recorder: Recorder; ruleTracker: RuleTracker; /** Rules that hung, to be journaled first; taken out when they are. */ hangReports: HangReport[] }
/** What is known of rules that hung, and who watches over those that run now. */
export interface RecoveryGuard { viewGuard: ViewGuard; hangReports: HangReport[] }

/**
 * Builds a room from what a claim has read: its snapshot `doc`, then each entry after it. The entries behind the snapshot, and
 * those after it, also fill the ring, so that those who come back to the new owner get what they missed.
 * @throws Unreadable
 */
export function recoverRoom(game: AnyGame, doc: RoomDocument, claimed: StoredRoom, onFailure: (where: string, error: unknown) => void, { viewGuard, hangReports }: RecoveryGuard = { viewGuard: { ruleTracker: RuleTracker.inactive(), isViewBlocked: () => false }, hangReports: [] }): RecoveredRoom {
  if (doc.hidden.stateVersion > (game.contract.def as ContractDef).version) throw new UnreadableRoomError(`the state is of version ${doc.hidden.stateVersion}, this node runs ${game.contract.def.version as number}`);
  const entries = claimed.entries.map(readEntry);
  if (claimed.firstSeq + entries.length - 1 !== claimed.seq || claimed.firstSeq > claimed.snapshotSeq + 1) throw new UnreadableRoomError(`the journal holds ${claimed.firstSeq}…${claimed.firstSeq + entries.length - 1}, not all from ${claimed.snapshotSeq} to ${claimed.seq}`);
  const positionAt = (seq: number) => positionOf(seq, claimed.terms);
  // What a room has seen lately that hung or failed must not be shown on the way: only what it has come to.
  const skipsHistory = game.rules.view !== undefined && (hangReports.length > 0 || hasHangOrFault(doc) || entries.some(e => touchesHidden(e.c, 'hangs') || touchesHidden(e.c, 'fault')));
  const audiences = skipsHistory ? null : new Audiences(game, doc, onFailure, viewGuard);
  const recorder = new Recorder(game, doc);
  entries.forEach((entry, i) => {
    const seq = claimed.firstSeq + i;
    if (seq > claimed.snapshotSeq) applyRecoveredEntry(game, { doc, audiences, recorder, terms: claimed.terms }, entry, seq);
    // What a view showed before the snapshot cannot be told from an entry alone; what everybody sees can.
    else if (!game.rules.view && !isOlderVersion(game, doc)) audiences?.addEntry(positionAt(seq), positionAt(seq - 1), entry.c, entry.e);
  });
  return { doc, head: positionAt(claimed.seq), terms: claimed.terms, audiences: audiences ?? new Audiences(game, doc, onFailure, viewGuard), recorder, ruleTracker: viewGuard.ruleTracker, hangReports };
}

/** A room as it is stored, to be looked at and no more. @throws Unreadable */
export function readDocument({ snapshot, snapshotSeq, entries, firstSeq }: StoredRoom): RoomDocument {
  const doc = readSnapshot(snapshot);
  entries.forEach((text, i) => { if (firstSeq + i > snapshotSeq) applyEntry(doc, readEntry(text), firstSeq + i); });
  return doc;
}

const hasHangOrFault = ({ hidden }: RoomDocument): boolean => hidden.fault !== null || hidden.hangs !== undefined;
/** Whether a change touches this key of the hidden part. */
export const touchesHidden = ({ hidden }: Changes, key: string): boolean => typeof hidden === 'object' && hidden !== null && !Array.isArray(hidden) && key in hidden;

/**
 * Takes in what was appended after a room was read: `entries` follow its head, and `terms` are those that the room has by now.
 * @throws Unreadable
 */
export function catchUp(game: AnyGame, recovered: RecoveredRoom, entries: readonly string[], terms: TermStarts): void {
  recovered.terms = terms;
  for (const text of entries) {
    const seq = recovered.head[1] + 1;
    applyRecoveredEntry(game, recovered, readEntry(text), seq);
    recovered.head = positionOf(seq, terms);
    recovered.ruleTracker.entryCommitted(seq);
  }
}

function applyRecoveredEntry(game: AnyGame, { doc, audiences, recorder, terms }: Pick<RecoveredRoom, 'doc' | 'recorder' | 'terms'> & { audiences: Audiences | null }, entry: Entry, seq: number): void {
  applyEntry(doc, entry, seq);
  recorder.commit(seq, entry.c, entry.e, doc);
  if (!isOlderVersion(game, doc)) audiences?.addEntry(positionOf(seq, terms), positionOf(seq - 1, terms), entry.c, entry.e);
}

/** Rules of this version cannot show a state of an older one: then nobody is caught up by changes. */
const isOlderVersion = (game: AnyGame, { hidden }: RoomDocument): boolean => hidden.stateVersion !== game.contract.def.version;

function applyEntry(doc: RoomDocument, entry: Entry, seq: number): void {
  try {
    apply(doc as unknown as Json, entry.c);
  } catch (error) {
    throw new UnreadableRoomError(`entry ${seq} does not fit its state`, { cause: error });
  }
}

/** @throws Unreadable */
export function readSnapshot(text: string): RoomDocument {
  const { v, doc } = parseStored<Snapshot>(text, 'snapshot');
  checkVersion(v, 'snapshot');
  if (!doc?.room || !doc.hidden) throw new UnreadableRoomError('the snapshot contains no room');
  return doc;
}

/** @throws Unreadable */
export function readEntry(text: string): Entry {
  const entry = parseStored<StoredEntry | { v: number }>(text, 'entry');
  if (!Array.isArray(entry)) return checkVersion(entry?.v, 'entry') as never; // as older versions were written
  const [v, visible, clock, hidden, events] = entry;
  checkVersion(v, 'entry');
  if (typeof visible !== 'object' || visible === null || typeof clock !== 'number') throw new UnreadableRoomError('the entry contains no change');
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
  if (v !== journalVersion) throw new UnreadableRoomError(`a ${what} is of version ${String(v)}, this node reads ${journalVersion}`);
}

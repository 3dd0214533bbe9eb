import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { apply, type Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { placeOf, type Place, type Terms } from '../../shared/place.ts';
import type { Blame, Stored } from '../store/contract.ts';
import { Audiences, type Seeing } from './audiences.ts';
import type { RoomEvent } from './context.ts';
import type { RoomDocument } from './document.ts';
import { Recorder } from './recorder.ts';
import type { Batch } from './room.ts';
import { Watched } from './watched.ts';

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
export function encodeEntry({ changes, events, now }: Batch): { entry: string; visible: string } {
  const { hidden, ...shown } = changes;
  const { clock: _apart, ...others } = hidden as Changes;
  const visible = JSON.stringify(shown);
  const rest = Object.keys(others).length === 0 ? '' : JSON.stringify(others);
  const tail = events.length > 0 ? `,${rest || '0'},${JSON.stringify(events)}` : rest && `,${rest}`;
  return { entry: `[${journalVersion},${visible},${now}${tail}]`, visible };
}
export const encodeSnapshot = (doc: RoomDocument): string => JSON.stringify({ v: journalVersion, doc } satisfies Snapshot);

/** A room whose stored form cannot be read. It is never taken for a new one. */
export class Unreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Unreadable';
  }
}

export interface Recovered { doc: RoomDocument; head: Place; terms: Terms; audiences: Audiences; recorder: Recorder; watched: Watched; /** Rules that hung, to be journaled first; taken out when they are. */ blames: Blame[] }
/** What is known of rules that hung, and who watches over those that run now. */
export interface Caution { seeing: Seeing; blames: Blame[] }

/**
 * Builds a room from what a claim has read: its snapshot `doc`, then each entry after it. The entries behind the snapshot, and
 * those after it, also fill the ring, so that those who come back to the new owner get what they missed.
 * @throws Unreadable
 */
export function recover(game: AnyGame, doc: RoomDocument, claimed: Stored, onFailure: (where: string, error: unknown) => void, { seeing, blames }: Caution = { seeing: { watched: Watched.unwatched(), isUnseen: () => false }, blames: [] }): Recovered {
  if (doc.hidden.stateVersion > (game.contract.def as ContractDef).version) throw new Unreadable(`the state is of version ${doc.hidden.stateVersion}, this node runs ${game.contract.def.version as number}`);
  const entries = claimed.entries.map(readEntry);
  if (claimed.firstSeq + entries.length - 1 !== claimed.seq || claimed.firstSeq > claimed.snapshotSeq + 1) throw new Unreadable(`the journal holds ${claimed.firstSeq}…${claimed.firstSeq + entries.length - 1}, not all from ${claimed.snapshotSeq} to ${claimed.seq}`);
  const place = (seq: number) => placeOf(seq, claimed.terms);
  // What a room has seen lately that hung or failed must not be shown on the way: only what it has come to.
  const wary = game.rules.view !== undefined && (blames.length > 0 || isTroubled(doc) || entries.some(e => touches(e.c, 'hangs') || touches(e.c, 'fault')));
  const audiences = wary ? null : new Audiences(game, doc, onFailure, seeing);
  const recorder = new Recorder(game, doc);
  entries.forEach((entry, i) => {
    const seq = claimed.firstSeq + i;
    if (seq > claimed.snapshotSeq) takeIn(game, { doc, audiences, recorder, terms: claimed.terms }, entry, seq);
    // What a view showed before the snapshot cannot be told from an entry alone; what everybody sees can.
    else if (!game.rules.view && !isOld(game, doc)) audiences?.commit(place(seq), place(seq - 1), entry.c, entry.e);
  });
  return { doc, head: place(claimed.seq), terms: claimed.terms, audiences: audiences ?? new Audiences(game, doc, onFailure, seeing), recorder, watched: seeing.watched, blames };
}

/** A room as it is stored, to be looked at and no more. @throws Unreadable */
export function readDocument({ snapshot, snapshotSeq, entries, firstSeq }: Stored): RoomDocument {
  const doc = readSnapshot(snapshot);
  entries.forEach((text, i) => { if (firstSeq + i > snapshotSeq) applyEntry(doc, readEntry(text), firstSeq + i); });
  return doc;
}

const isTroubled = ({ hidden }: RoomDocument): boolean => hidden.fault !== null || hidden.hangs !== undefined;
/** Whether a change touches this key of the hidden part. */
export const touches = ({ hidden }: Changes, key: string): boolean => typeof hidden === 'object' && hidden !== null && !Array.isArray(hidden) && key in hidden;

/**
 * Takes in what was appended after a room was read: `entries` follow its head, and `terms` are those that the room has by now.
 * @throws Unreadable
 */
export function catchUp(game: AnyGame, recovered: Recovered, entries: readonly string[], terms: Terms): void {
  recovered.terms = terms;
  for (const text of entries) {
    const seq = recovered.head[1] + 1;
    takeIn(game, recovered, readEntry(text), seq);
    recovered.head = placeOf(seq, terms);
    recovered.watched.committed(seq);
  }
}

function takeIn(game: AnyGame, { doc, audiences, recorder, terms }: Pick<Recovered, 'doc' | 'recorder' | 'terms'> & { audiences: Audiences | null }, entry: Entry, seq: number): void {
  applyEntry(doc, entry, seq);
  recorder.commit(seq, entry.c, entry.e, doc);
  if (!isOld(game, doc)) audiences?.commit(placeOf(seq, terms), placeOf(seq - 1, terms), entry.c, entry.e);
}

/** Rules of this version cannot show a state of an older one: then nobody is caught up by changes. */
const isOld = (game: AnyGame, { hidden }: RoomDocument): boolean => hidden.stateVersion !== game.contract.def.version;

function applyEntry(doc: RoomDocument, entry: Entry, seq: number): void {
  try {
    apply(doc as unknown as Json, entry.c);
  } catch (error) {
    throw new Unreadable(`entry ${seq} does not fit its state`, { cause: error });
  }
}

/** @throws Unreadable */
export function readSnapshot(text: string): RoomDocument {
  const { v, doc } = read<Snapshot>(text, 'snapshot');
  checkVersion(v, 'snapshot');
  if (!doc?.room || !doc.hidden) throw new Unreadable('a snapshot holds no room');
  return doc;
}

/** @throws Unreadable */
export function readEntry(text: string): Entry {
  const entry = read<StoredEntry | { v: number }>(text, 'entry');
  if (!Array.isArray(entry)) return checkVersion(entry?.v, 'entry') as never; // as older versions were written
  const [v, visible, clock, hidden, events] = entry;
  checkVersion(v, 'entry');
  if (typeof visible !== 'object' || visible === null || typeof clock !== 'number') throw new Unreadable('an entry holds no change');
  return { c: { ...visible, hidden: { ...(hidden || {}), clock } }, e: events ?? [] };
}

function read<T>(text: string, what: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new Unreadable(`a ${what} is not JSON`, { cause: error });
  }
}

function checkVersion(v: unknown, what: string): void {
  if (v !== journalVersion) throw new Unreadable(`a ${what} is of version ${String(v)}, this node reads ${journalVersion}`);
}

import type { AnyGame } from '../../../shared/contract.ts';
import { positionOf, type Position, type TermStarts } from '../../../shared/position.ts';
import type { HangReport, StoredRoom } from '../../store/store.ts';
import type { RoomDocument } from '../core/document.ts';
import { applyEntry, readEntry, touchesHidden, UnreadableRoomError, type Entry } from '../core/entry.ts';
import { RuleTracker } from '../core/rule-tracker.ts';
import { Audiences, type ViewGuard } from './audiences.ts';
import { Recorder } from './recorder.ts';

export interface RecoveredRoom {
  doc: RoomDocument;
  head: Position;
  terms: TermStarts;
  audiences: Audiences;
  recorder: Recorder;
  ruleTracker: RuleTracker;
  /** Hang reports, to be journaled first; removed once they are. */
  hangReports: HangReport[];
}
/** The hang reports of a room, and the guard for its views. */
export interface RecoveryGuard {
  viewGuard: ViewGuard;
  hangReports: HangReport[];
  /** The members' views are those of other rules: they get a snapshot instead of changes. */
  hasNewRules?: boolean;
}

/**
 * Builds a room from a claim: applies the entries after the snapshot to its document `doc`. Entries, also those before
 * the snapshot, fill the list of recent changes, so that members that reconnect to the new owner get what they missed.
 * @throws UnreadableRoomError
 */
export function recoverRoom(
  game: AnyGame,
  doc: RoomDocument,
  claimed: StoredRoom,
  onFailure: (where: string, error: unknown) => void,
  { viewGuard, hangReports, hasNewRules = false }: RecoveryGuard = {
    viewGuard: { ruleTracker: RuleTracker.inactive(), isViewBlocked: () => false },
    hangReports: [],
  },
): RecoveredRoom {
  if (doc.hidden.stateVersion > game.contract.def.version)
    throw new UnreadableRoomError(
      `the state is of version ${doc.hidden.stateVersion}, this node runs ${game.contract.def.version}`,
    );
  const entries = claimed.entries.map(readEntry);
  if (claimed.firstSeq + entries.length - 1 !== claimed.seq || claimed.firstSeq > claimed.snapshotSeq + 1)
    throw new UnreadableRoomError(
      `the journal holds ${claimed.firstSeq}…${claimed.firstSeq + entries.length - 1}, not all from ${claimed.snapshotSeq} to ${claimed.seq}`,
    );
  const positionAt = (seq: number) => positionOf(seq, claimed.terms);
  // Views of states before a recent hang or failure must not be evaluated; only the final state's views are.
  const skipsHistory =
    hasNewRules ||
    (game.rules.view !== undefined &&
      (hangReports.length > 0 ||
        hasHangOrFault(doc) ||
        entries.some(e => touchesHidden(e.c, 'hangs') || touchesHidden(e.c, 'fault'))));
  const audiences = skipsHistory ? null : new Audiences(game, doc, onFailure, viewGuard);
  const recorder = new Recorder(game, doc);
  entries.forEach((entry, i) => {
    const seq = claimed.firstSeq + i;
    if (seq > claimed.snapshotSeq)
      applyRecoveredEntry(game, { doc, audiences, recorder, terms: claimed.terms }, entry, seq);
    // Changes of a view before the snapshot cannot be derived from an entry; without a view, changes are the same for
    // all members.
    else if (!game.rules.view && !isOlderVersion(game, doc))
      audiences?.addEntry(positionAt(seq), positionAt(seq - 1), entry.c, entry.e);
  });
  return {
    doc,
    head: positionAt(claimed.seq),
    terms: claimed.terms,
    audiences:
      audiences ?? new Audiences(game, doc, onFailure, viewGuard, hasNewRules ? positionAt(claimed.seq) : null),
    recorder,
    ruleTracker: viewGuard.ruleTracker,
    hangReports,
  };
}

const hasHangOrFault = ({ hidden }: RoomDocument): boolean => hidden.fault !== null || hidden.hangs !== undefined;

/**
 * Applies entries that were appended after the room was read: `entries` follow its head, and `terms` are the room's
 * current terms.
 * @throws UnreadableRoomError
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

function applyRecoveredEntry(
  game: AnyGame,
  {
    doc,
    audiences,
    recorder,
    terms,
  }: Pick<RecoveredRoom, 'doc' | 'recorder' | 'terms'> & { audiences: Audiences | null },
  entry: Entry,
  seq: number,
): void {
  applyEntry(doc, entry, seq);
  recorder.commit(seq, entry.c, entry.e, doc);
  if (!isOlderVersion(game, doc))
    audiences?.addEntry(positionOf(seq, terms), positionOf(seq - 1, terms), entry.c, entry.e);
}

/**
 * Whether the state is of an older version, which these rules cannot show; then members are sent a snapshot instead of
 * changes.
 */
const isOlderVersion = (game: AnyGame, { hidden }: RoomDocument): boolean =>
  hidden.stateVersion !== game.contract.def.version;

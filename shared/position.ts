/**
 * A place in a room's history. A bare number would lie: after Redis lost its last writes, two histories have an
 * entry 7. The term says in whose history the number counts.
 */
export type Position = readonly [term: number, seq: number];

/** Where each ownership began: `[term, first seq of that term]`, oldest first. */
export type TermStarts = readonly (readonly [term: number, firstSeq: number])[];

export const isSamePosition = (a: Position, b: Position): boolean => a[0] === b[0] && a[1] === b[1];

/** What a place is to a history. */
export type PositionStatus =
  /** On our history: everything up to it is ours too. */
  | 'ours'
  /** Its term is ours, but it lies beyond what we have, or past where that term ended: its tail was lost. */
  | 'lost'
  /** Older than what we remember: nothing can be said, so nothing is claimed. */
  | 'unknown';

/**
 * Judges a client's place against a room's history.
 *
 * Invariants it relies on: terms only grow; a term's entries are contiguous; an entry of term T has a seq below the
 * first seq of the next term.
 */
export function classifyPosition(position: Position, terms: TermStarts, head: number): PositionStatus {
  const [term, seq] = position;
  if (seq === 0) return 'ours'; // the beginning is on every history
  const at = terms.findIndex(([t]) => t === term);
  if (at < 0) {
    const oldest = terms[0];
    return oldest && term < oldest[0] ? 'unknown' : 'lost';
  }
  const next = terms[at + 1];
  const end = next ? next[1] - 1 : head;
  return seq <= end && seq >= terms[at]![1] ? 'ours' : 'lost';
}

export function isPosition(value: unknown): value is Position {
  return Array.isArray(value) && value.length === 2 && value.every(n => Number.isSafeInteger(n) && n >= 0);
}

/** The place of entry `seq` on a history: the term that wrote it. */
export function positionOf(seq: number, terms: TermStarts): Position {
  for (let i = terms.length - 1; i >= 0; i--) if (terms[i]![1] <= seq) return [terms[i]![0], seq];
  return [0, seq];
}

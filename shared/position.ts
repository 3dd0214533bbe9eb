/**
 * A position in a room's journal. A seq alone is ambiguous: if Redis lost its last writes, two histories have an entry
 * 7. The term says which history the entry belongs to.
 */
export type Position = readonly [term: number, seq: number];

/** Where each term began: `[term, first seq of that term]`, oldest first. */
export type TermStarts = readonly (readonly [term: number, firstSeq: number])[];

export const isSamePosition = (a: Position, b: Position): boolean => a[0] === b[0] && a[1] === b[1];

/** How a position relates to a history (SPEC P2). */
export type PositionStatus =
  /** On this history, as is everything before it. */
  | 'ours'
  /** Its term is listed, but the term ended before this seq, or never reached it: the entry was lost. */
  | 'lost'
  /** In a term older than those listed. */
  | 'unknown';

/**
 * Compares a client's position with a room's history.
 * | Relies on: terms only grow; the entries of a term are contiguous; an entry of a term has a lower seq than the first
 * entry of the next term.
 */
export function classifyPosition(position: Position, terms: TermStarts, head: number): PositionStatus {
  const [term, seq] = position;
  if (seq === 0) return 'ours'; // the beginning is common to all histories
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

/** The position of entry `seq` on a history. */
export function positionOf(seq: number, terms: TermStarts): Position {
  for (let i = terms.length - 1; i >= 0; i--) if (terms[i]![1] <= seq) return [terms[i]![0], seq];
  return [0, seq];
}

import type { TermStarts } from '../../shared/position.ts';
import type { NodeRecord } from '../runtime/ports.ts';
import type { ClaimedRoom, HangReport, NewRoom, Owner } from './store.ts';
import { wholeMs } from './whole-ms.ts';

/** The room's arguments of the scripts `create` and `find-or-create`. */
export const createArgsOf = (room: NewRoom): string[] => [
  room.id,
  room.code,
  room.game,
  room.snapshot,
  String(wholeMs(room.life)),
];

/** '' no change, '-' none, or JSON. */
export const factArg = (value: unknown): string =>
  value === undefined ? '' : value === null ? '-' : JSON.stringify(value);

export const makersOf = ({ makers = [] }: NewRoom): string => (makers.length === 0 ? '[]' : JSON.stringify(makers));

/** An owner from the fields node, token, term and seq. */
export const ownerOf = ([node, token, term, seq]: string[]): Owner => ({
  node: node || null,
  token: token || null,
  term: Number(term),
  seq: Number(seq),
});

/** A room that was never owned has no terms. */
export const termsOf = (text: string): TermStarts =>
  text === '' ? [] : text.split(',').map(t => t.split(':').map(Number) as [number, number]);

/** The answer of the script `claim` to a node that has claimed the room. */
export function claimedOf(r: string[]): ClaimedRoom {
  const record = r[8] ? (JSON.parse(r[8]) as NodeRecord) : null;
  return {
    ok: true,
    term: Number(r[1]),
    seq: Number(r[2]),
    terms: termsOf(r[3]!),
    snapshotSeq: Number(r[4]),
    snapshot: r[5]!,
    firstSeq: Number(r[6]),
    previous: r[7]
      ? { node: r[7], term: Number(r[10]), lastHeartbeat: record && { at: record.at, outage: record.outage ?? null } }
      : null,
    hangReports: r[9] === '' ? [] : r[9]!.split('\n').map(line => JSON.parse(line) as HangReport),
    entries: r.slice(11),
  };
}

import type { JournalEntry } from '../../../shared/dev-protocol.ts';
import { limits } from '../../../shared/limits.ts';
import { positionOf, type Position } from '../../../shared/position.ts';
import type { ClaimedRoom } from '../../store/store.ts';
import { readEntry } from '../core/entry.ts';

/**
 * The latest journal entries of a room, in their stored text, for the dev page. Kept only in dev mode; bounded by
 * `limits.recentChanges`, oldest dropped first.
 */
export class JournalTail {
  private readonly entries: { position: Position; text: string }[] = [];

  /** @param claimed the stored room, whose entries are added first */
  constructor({ entries, firstSeq, terms }: Pick<ClaimedRoom, 'entries' | 'firstSeq' | 'terms'>) {
    entries.forEach((text, i) => this.add(positionOf(firstSeq + i, terms), text));
  }

  add(position: Position, text: string): void {
    this.entries.push({ position, text });
    if (this.entries.length > limits.recentChanges) this.entries.shift();
  }

  entriesSince(seq: number): JournalEntry[] {
    return this.entries
      .filter(e => e.position[1] > seq)
      .map(({ position, text }) => {
        const { c, e } = readEntry(text);
        return { seq: position[1], term: position[0], bytes: Buffer.byteLength(text), changes: c, events: e };
      });
  }
}

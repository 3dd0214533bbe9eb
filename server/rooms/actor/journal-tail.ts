import type { JournalEntry } from '../../../shared/dev-protocol.ts';
import { limits } from '../../../shared/limits.ts';
import { positionOf, type Position } from '../../../shared/position.ts';
import type { ClaimedRoom } from '../../store/store.ts';
import { readEntry } from '../core/entry.ts';

/**
 * The latest journal entries of a room, in the very text that was stored: for authors who watch their game. Only kept
 * in dev mode; at most as many as clients are caught up from, the oldest go first.
 */
export class JournalTail {
  private readonly entries: { place: Position; text: string }[] = [];

  /** @param claimed what the room was loaded from: its entries are the past */
  constructor({ entries, firstSeq, terms }: Pick<ClaimedRoom, 'entries' | 'firstSeq' | 'terms'>) {
    entries.forEach((text, i) => this.add(positionOf(firstSeq + i, terms), text));
  }

  add(position: Position, text: string): void {
    this.entries.push({ place: position, text });
    if (this.entries.length > limits.recentChanges) this.entries.shift();
  }

  entriesSince(seq: number): JournalEntry[] {
    return this.entries
      .filter(e => e.place[1] > seq)
      .map(({ place: position, text }) => {
        const { c, e } = readEntry(text);
        return { seq: position[1], term: position[0], bytes: Buffer.byteLength(text), changes: c, events: e };
      });
  }
}

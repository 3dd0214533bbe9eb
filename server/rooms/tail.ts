import type { JournalEntry } from '../../shared/dev.ts';
import { limits } from '../../shared/limits.ts';
import { placeOf, type Place } from '../../shared/place.ts';
import type { Claimed } from '../store/contract.ts';
import { readEntry } from './entry.ts';

/**
 * The latest journal entries of a room, in the very text that was stored: for authors who watch their game. Only kept in
 * dev mode; at most as many as clients are caught up from, the oldest go first.
 */
export class Tail {
  private readonly entries: { place: Place; text: string }[] = [];

  /** @param claimed what the room was loaded from: its entries are the past */
  constructor({ entries, firstSeq, terms }: Pick<Claimed, 'entries' | 'firstSeq' | 'terms'>) {
    entries.forEach((text, i) => this.add(placeOf(firstSeq + i, terms), text));
  }

  add(place: Place, text: string): void {
    this.entries.push({ place, text });
    if (this.entries.length > limits.ring) this.entries.shift();
  }

  since(seq: number): JournalEntry[] {
    return this.entries.filter(e => e.place[1] > seq).map(({ place, text }) => {
      const { c, e } = readEntry(text);
      return { seq: place[1], term: place[0], bytes: Buffer.byteLength(text), changes: c, events: e };
    });
  }
}

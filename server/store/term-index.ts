import { SortedKeys } from './sorted-keys.ts';
import type { RoomIndexRecord } from './store.ts';

/** Ids of rooms by term, in order. */
export class TermIndex {
  private readonly idsByTerm = new Map<string, SortedKeys>();

  /** Replaces the terms of a room. */
  update(id: string, before: RoomIndexRecord | null, now: RoomIndexRecord | null): void {
    for (const term of before?.terms ?? []) {
      if (now?.terms.includes(term)) continue;
      const ids = this.idsByTerm.get(term);
      ids?.delete(id);
      if (ids?.size === 0) this.idsByTerm.delete(term);
    }
    for (const term of now?.terms ?? []) {
      let ids = this.idsByTerm.get(term);
      if (!ids) this.idsByTerm.set(term, (ids = new SortedKeys()));
      ids.add(id);
    }
  }

  /** The first `most` ids after `after` with this term. */
  ids(term: string, after: string, most: number): string[] {
    return this.idsByTerm.get(term)?.after(after, most) ?? [];
  }

  clear(): void {
    this.idsByTerm.clear();
  }

  /** Number of lines, for leak tests. */
  get size(): number {
    return [...this.idsByTerm.values()].reduce((sum, ids) => sum + ids.size, 0);
  }
}

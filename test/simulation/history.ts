import type { Position } from '../../shared/position.ts';
import type { Diary } from './games.ts';

/** What a room's document looks like, as far as the checkers read it. */
export interface Doc {
  room: { phase: string; seats: ({ player: string; here: boolean } | null)[] };
  state: Diary | null;
  hidden: {
    clock: number;
    stateVersion: number;
    fault: string | null;
    timers: Record<string, { at: number }>;
    effects: Record<string, { name: string; data: { id: string }; match: number }>;
    seats: ({ player: string; session: string } | null)[];
  };
}

/** One entry as the store took it, and what the document was then. */
export interface Entry {
  readonly term: number;
  readonly seq: number;
  readonly parent: Entry | null;
  readonly marks: ReadonlySet<string>;
  readonly by: string;
  /** The document after it, as text. */
  readonly text: string;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * All that the store ever committed of one room: a line, or a tree where the store fell back and went on from there.
 */
export class History {
  private readonly entries = new Map<string, Entry>();
  private readonly docs = new Map<string, Doc>();
  /** Every mark that was ever durable. */
  readonly marks = new Set<string>();
  readonly root: Entry;
  /** The last entry, of those that the store still has. */
  head: Entry;

  constructor(snapshot: string) {
    this.root = this.head = {
      term: 0,
      seq: 0,
      parent: null,
      marks: nothing,
      by: '',
      text: JSON.stringify((JSON.parse(snapshot) as { doc: Doc }).doc),
    };
    this.entries.set('0/0', this.root);
  }

  add(entry: Omit<Entry, 'parent'>): Entry {
    const added = { ...entry, parent: this.head };
    this.entries.set(`${entry.term}/${entry.seq}`, added);
    for (const mark of entry.marks) this.marks.add(mark);
    return (this.head = added);
  }

  /** The entry at a place; its seq alone where that is 0. */
  at(place: Position): Entry | undefined {
    return place[1] === 0 ? this.root : this.entries.get(`${place[0]}/${place[1]}`);
  }

  doc(entry: Entry): Doc {
    const key = `${entry.term}/${entry.seq}`;
    let doc = this.docs.get(key);
    if (!doc) this.docs.set(key, (doc = JSON.parse(entry.text) as Doc));
    return doc;
  }

  /** Whether an entry is still part of what the store has. */
  kept(entry: Entry): boolean {
    return this.leadsTo(entry, this.head);
  }

  /** Whether `later` contains `earlier`. */
  leadsTo(earlier: Entry, later: Entry): boolean {
    let at: Entry | null = later;
    while (at && at.seq > earlier.seq) at = at.parent;
    return at === earlier;
  }

  get length(): number {
    return this.entries.size - 1;
  }
}

import type { DevRoomReply, JournalEntry } from '../../shared/dev-protocol.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { Cell } from '../common/cell.ts';

/** A document as the journal had it after an entry. */
export interface PastDocument {
  seq: number;
  doc: JsonObject | null;
  /** Why there is no document. */
  problem: string | null;
}

/** The entry whose document the page shows instead of the present one. */
export class TimeTravel {
  /** Null: the present. */
  readonly shown = new Cell<PastDocument | null>(null);

  constructor(private readonly room: string) {}

  async show(seq: number): Promise<void> {
    this.shown.set({ seq, doc: this.shown.value?.doc ?? null, problem: null });
    const read = await this.read(seq);
    if (this.shown.value?.seq === seq) this.shown.set({ seq, ...read });
  }

  present(): void {
    this.shown.set(null);
  }

  private async read(seq: number): Promise<Omit<PastDocument, 'seq'>> {
    try {
      // `since` is far ahead: no entries are needed.
      const reply = await fetch(`rooms/${this.room}.json?at=${seq}&since=${Number.MAX_SAFE_INTEGER}`);
      const read = (await reply.json()) as DevRoomReply | { ok: false; detail?: string };
      if (read.ok) return { doc: read.doc, problem: null };
      return { doc: null, problem: read.detail ?? 'the entry cannot be read' };
    } catch {
      return { doc: null, problem: 'the server does not answer' };
    }
  }
}

/** The neighbors of an entry among those that the page has, newest first. Null: there is none. */
export function neighborsOf(
  entries: readonly JournalEntry[],
  seq: number,
): { before: number | null; after: number | null } {
  const i = entries.findIndex(e => e.seq <= seq);
  if (i < 0) return { before: null, after: entries.at(-1)?.seq ?? null };
  const exact = entries[i]!.seq === seq;
  return { before: entries[exact ? i + 1 : i]?.seq ?? null, after: entries[i - 1]?.seq ?? null };
}

/** A document, the game's state first. */
export const inOrder = ({ state, room, hidden }: JsonObject): Json => ({
  state: state ?? null,
  room: room ?? null,
  hidden: hidden ?? null,
});

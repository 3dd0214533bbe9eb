import type { AnyGame } from '../../../shared/contract.ts';
import { copy } from '../../../shared/delta.ts';
import { diffJson } from '../../../shared/diff.ts';
import type { JournalEntry, RerunReport } from '../../../shared/dev-protocol.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { positionOf, type Position } from '../../../shared/position.ts';
import type { StoredRoom } from '../../store/store.ts';
import type { Command } from '../core/commands.ts';
import type { RoomDocument } from '../core/document.ts';
import { applyEntry, readEntry, readSnapshot } from '../core/entry.ts';
import { RoomMachine } from '../core/machine.ts';

/** A command as it was run. `connected`: the players who were known to be connected. */
interface HistoryStep {
  command: Command;
  roomTime: number;
  connected: readonly string[];
  /** It led to no entry, such as a join that resumes a seat. */
  isQuiet: boolean;
}
interface HistoryEntry {
  position: Position;
  text: string;
  /** The commands that led to it; null: they ran on another node, or before this process started. */
  steps: readonly HistoryStep[] | null;
}

/**
 * What happened in a room, for the dev page: its latest entries in their stored text, the document at each of them, and
 * the commands that led to them. Kept only in dev mode, beyond the actor that filled it; bounded by
 * `limits.devHistory`, oldest dropped first.
 */
export class RoomHistory {
  /** Entries before the snapshot, whose documents are not known. */
  private earlier: JournalEntry[] = [];
  private readonly entries: HistoryEntry[] = [];
  /** The document before the oldest entry. */
  private readonly base: RoomDocument;
  private baseSeq: number;
  private steps: HistoryStep[] = [];

  /** @param stored the room as it was claimed: its snapshot and the entries after it are added first */
  constructor({ snapshot, snapshotSeq, entries, firstSeq, terms }: StoredRoom) {
    this.base = readSnapshot(snapshot);
    this.baseSeq = snapshotSeq;
    entries.forEach((text, i) => {
      const position = positionOf(firstSeq + i, terms);
      if (position[1] > snapshotSeq) this.push({ position, text, steps: null });
      else this.earlier.push(journalEntry(position, text));
    });
  }

  get head(): number {
    return this.entries.at(-1)?.position[1] ?? this.baseSeq;
  }

  /** A new actor begins: what an earlier one ran without an entry is forgotten. */
  actorStarted(): void {
    this.steps = [];
  }

  commandRun(command: Command, roomTime: number, connected: readonly string[]): void {
    this.steps.push({ command: structuredClone(command), roomTime, connected, isQuiet: false });
    // Commands without an entry, such as ticks that change nothing, cannot pile up.
    if (this.steps.length > limits.devHistory) this.steps.shift();
  }

  /** The commands since the last entry changed nothing. */
  nothingCommitted(): void {
    for (const step of this.steps) step.isQuiet = true;
  }

  entryCommitted(position: Position, text: string): void {
    this.push({ position, text, steps: this.steps });
    this.steps = [];
  }

  private push(entry: HistoryEntry): void {
    this.entries.push(entry);
    if (this.entries.length <= limits.devHistory) return;
    const oldest = this.entries.shift()!;
    this.baseSeq = oldest.position[1];
    this.earlier = [];
    applyEntry(this.base, readEntry(oldest.text), this.baseSeq);
  }

  entriesSince(seq: number): JournalEntry[] {
    return [
      ...this.earlier.filter(e => e.seq > seq),
      ...this.entries.filter(e => e.position[1] > seq).map(({ position, text }) => journalEntry(position, text)),
    ];
  }

  /** The document after entry `seq`; null if that is not kept. */
  documentAt(seq: number): RoomDocument | null {
    if (seq < this.baseSeq || seq > this.head) return null;
    const doc = copy(this.base);
    for (const { position, text } of this.entries) {
      if (position[1] > seq) break;
      applyEntry(doc, readEntry(text), position[1]);
    }
    return doc;
  }

  /**
   * Runs the kept commands again under these rules, and compares the document and the events after each entry. Begins
   * at the oldest entry whose commands are known and whose state is of the rules' version.
   */
  rerun(game: AnyGame): RerunReport {
    const doc = copy(this.base);
    const version = game.contract.def.version;
    let machine = null as RoomMachine | null;
    let failures: string[] = [];
    let from: number | null = null;
    let connected: readonly string[] = [];
    for (const { position, text, steps } of this.entries) {
      const [term, seq] = position;
      const entry = readEntry(text);
      if (steps === null || doc.hidden.stateVersion !== version) {
        applyEntry(doc, entry, seq);
        machine = null;
        from = null;
        continue;
      }
      if (machine?.term !== term) {
        machine = new RoomMachine(
          game,
          copy(doc),
          term,
          seq - 1,
          (rule, error) => void failures.push(`${rule}: ${error instanceof Error ? error.message : String(error)}`),
        );
        machine.isConnected = player => connected.includes(player);
      }
      from ??= seq;
      failures = [];
      for (const step of steps) {
        ({ connected } = step);
        machine.step(structuredClone(step.command), step.roomTime);
      }
      const events = machine.takeEntry()?.events ?? [];
      applyEntry(doc, entry, seq);
      const changes = diffJson(comparable(doc), comparable(machine.doc));
      const eventChanges = diffJson(entry.e as unknown as Json, events as unknown as Json);
      if (changes || eventChanges)
        return {
          ok: true,
          from,
          to: seq,
          differs: {
            seq,
            commands: steps.filter(step => !step.isQuiet).map(({ command }) => nameOf(command)),
            changes: changes ?? {},
            events: eventChanges ? (events as unknown as Json[]) : null,
            failures,
          },
        };
    }
    return { ok: true, from, to: this.head, differs: null };
  }
}

function journalEntry([term, seq]: Position, text: string): JournalEntry {
  const { c, e } = readEntry(text);
  return { seq, term, bytes: Buffer.byteLength(text), changes: c, events: e };
}

/** A document without its clock, which commands that change nothing advance, too. */
const comparable = ({ room, state, hidden: { clock: _, ...hidden } }: RoomDocument): Json =>
  ({ room, state, hidden }) as unknown as Json;

function nameOf(command: Command): string {
  return command.kind === 'act' || command.kind === 'serve' ? command.name : command.kind;
}

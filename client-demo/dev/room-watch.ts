import type { JournalEntry, RoomReading } from '../../shared/dev.ts';
import type { Refused } from '../../shared/refusals.ts';
import { Cell } from '../cell.ts';

const kept = 400;
/** When nothing is heard of the room, for timers and for what no client sees; and how close together readings may be. */
const pace = { slow: 1_000, quick: 120 };

/** Reads a room as its owner has it, soon after each change that a client hears of. */
export class RoomWatch {
  readonly reading = new Cell<RoomReading | null>(null);
  /** Newest first. */
  readonly entries = new Cell<readonly JournalEntry[]>([]);
  readonly trouble = new Cell<string | null>(null);
  /** The room's clock less this window's. */
  ahead = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Infinity;
  private reads = false;
  private over = false;

  constructor(private readonly id: string) { this.plan(0); }

  /** Something has happened. */
  poke(): void { this.plan(pace.quick); }

  stop(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private plan(ms: number): void {
    const due = performance.now() + ms;
    if (this.over || due >= this.due) return;
    this.due = due;
    clearTimeout(this.timer);
    if (!this.reads) this.timer = setTimeout(() => void this.read(), ms);
  }

  private async read(): Promise<void> {
    this.reads = true;
    this.due = Infinity;
    try {
      const reply = (await (await fetch(`rooms/${this.id}.json?since=${this.entries.value[0]?.seq ?? 0}`, { signal: AbortSignal.timeout(6_000) })).json()) as RoomReading | Refused;
      if (reply.ok) this.take(reply);
      this.trouble.set(reply.ok ? null : reply.detail ?? reply.code);
    } catch {
      this.trouble.set('the server does not answer');
    }
    this.reads = false;
    const wait = Math.min(Math.max(0, this.due - performance.now()), document.hidden ? 10_000 : pace.slow);
    this.due = Infinity;
    this.plan(wait);
  }

  private take(reading: RoomReading): void {
    this.ahead = reading.now - Date.now();
    const last = this.entries.value[0];
    // The store has lost its end: what was read from there on has never been.
    const stay = last && reading.place[1] < last.seq ? [] : this.entries.value;
    if (reading.entries.length > 0 || stay !== this.entries.value) this.entries.set([...[...reading.entries].reverse(), ...stay].slice(0, kept));
    this.reading.set(reading);
  }
}

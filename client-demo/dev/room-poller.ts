import type { JournalEntry, DevRoomReply } from '../../shared/dev-protocol.ts';
import type { Refused } from '../../shared/refusals.ts';
import { Cell } from '../common/cell.ts';

const maxEntries = 400;
/** Polling interval without changes (for timers and hidden state), and minimum interval between two readings, ms. */
const pollIntervals = { slow: 1_000, quick: 120 };

/** Reads a room from its owner soon after each change that a client receives. */
export class RoomPoller {
  readonly snapshot = new Cell<DevRoomReply | null>(null);
  /** Newest first. */
  readonly entries = new Cell<readonly JournalEntry[]>([]);
  readonly problem = new Cell<string | null>(null);
  /** The room's clock minus this window's. */
  clockOffset = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Infinity;
  private isReading = false;
  private isStopped = false;

  constructor(readonly id: string) {
    this.schedule(0);
  }

  /** Schedules a reading after a change. */
  pollSoon(): void {
    this.schedule(pollIntervals.quick);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private schedule(ms: number): void {
    const due = performance.now() + ms;
    if (this.isStopped || due >= this.due) return;
    this.due = due;
    clearTimeout(this.timer);
    if (!this.isReading) this.timer = setTimeout(() => void this.read(), ms);
  }

  private async read(): Promise<void> {
    this.isReading = true;
    this.due = Infinity;
    try {
      const reply = (await (
        await fetch(`rooms/${this.id}.json?since=${this.entries.value[0]?.seq ?? 0}`, {
          signal: AbortSignal.timeout(6_000),
        })
      ).json()) as DevRoomReply | Refused;
      if (reply.ok) this.take(reply);
      this.problem.set(reply.ok ? null : (reply.detail ?? reply.code));
    } catch {
      this.problem.set('the server does not answer');
    }
    this.isReading = false;
    const wait = Math.min(Math.max(0, this.due - performance.now()), document.hidden ? 10_000 : pollIntervals.slow);
    this.due = Infinity;
    this.schedule(wait);
  }

  private take(reading: DevRoomReply): void {
    this.clockOffset = reading.now - Date.now();
    const last = this.entries.value[0];
    // The store lost its last entries: entries read after them are dropped.
    const stay = last && reading.place[1] < last.seq ? [] : this.entries.value;
    if (reading.entries.length > 0 || stay !== this.entries.value)
      this.entries.set([...[...reading.entries].reverse(), ...stay].slice(0, maxEntries));
    this.snapshot.set(reading);
  }
}

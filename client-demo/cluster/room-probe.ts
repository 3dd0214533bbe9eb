import { RoomError, type Client, type Room } from '../../client/index.ts';
import { Cell } from '../common/cell.ts';

export type ClusterInspection = Awaited<ReturnType<Client['inspect']>>;
export interface Disturbance {
  id: number;
  what: string;
  /** Longest time without an answer or change since then, ms. */
  interruptionMs: number;
  done: boolean;
  failed: string | null;
}

/** Intervals between requests, ms: for display and while measuring. */
const pollIntervals = { calm: 1_000, measuring: 50 };
/** Silence up to this time (ms) is only the polling interval. */
export const unnoticeableMs = 120;
const maxDisturbances = 4;

/** Measures a room's responsiveness: polls its owner and records the time without an answer. */
export class RoomProbe {
  readonly inspection = new Cell<ClusterInspection | null>(null);
  readonly disturbances = new Cell<readonly Disturbance[]>([]);
  private answeredAt = performance.now();
  private stopped = false;
  private wake: (() => void) | null = null;
  private ids = 0;

  constructor(
    private readonly client: Client,
    private readonly room: Room,
    /** Called for each request; the function that it returns is called with the answer. */
    private readonly startRequest: () => () => void,
  ) {}

  async run(): Promise<void> {
    let answered: (() => void) | null = null;
    // A change in the room counts as an answer.
    let place = this.room.position.join();
    const deaf = this.room.onChange(() => {
      const now = this.room.position.join();
      if (now !== place) this.recordActivity();
      place = now;
    });
    while (!this.stopped) {
      answered ??= this.startRequest();
      try {
        const seen = await this.client.inspect(this.room);
        if (this.stopped) break;
        this.recordActivity();
        this.inspection.set(seen);
        answered();
        answered = null;
      } catch (error) {
        // Refused temporarily, as during a rejoin: not an answer, so the request is repeated.
        if (!(error instanceof RoomError)) throw error;
      }
      await new Promise<void>(done => {
        const timer = setTimeout(done, this.isMeasuring ? pollIntervals.measuring : pollIntervals.calm);
        this.wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
    deaf();
    answered?.();
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }

  /** Runs a disturbance and measures the room for at least `atLeast` ms and until the disturbance has finished. */
  async runDisturbance(what: string, deed: () => Promise<unknown>, atLeast: number): Promise<void> {
    const id = this.ids++;
    // Poll at once: silence counts from the last answer, which may be a second old.
    this.answeredAt = performance.now();
    this.disturbances.set(
      [{ id, what, interruptionMs: 0, done: false, failed: null }, ...this.disturbances.value].slice(
        0,
        maxDisturbances,
      ),
    );
    this.wake?.();
    const [outcome] = await Promise.all([
      deed().then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      ),
      pause(atLeast),
    ]);
    const since = performance.now();
    while (!this.stopped && this.answeredAt < since) await pause(pollIntervals.measuring);
    this.change(id, { done: true, failed: outcome });
  }

  private get isMeasuring(): boolean {
    return this.disturbances.value.some(d => !d.done);
  }

  private recordActivity(): void {
    const now = performance.now();
    const silence = Math.round(now - this.answeredAt);
    this.answeredAt = now;
    for (const d of this.disturbances.value)
      if (!d.done && silence > d.interruptionMs) this.change(d.id, { interruptionMs: silence });
  }

  private change(id: number, to: Partial<Disturbance>): void {
    this.disturbances.set(this.disturbances.value.map(d => (d.id === id ? { ...d, ...to } : d)));
  }
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

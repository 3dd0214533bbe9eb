import { RoomRefused, type Client, type Room } from '../../client/index.ts';
import { Cell } from '../cell.ts';

export type Seen = Awaited<ReturnType<Client['inspect']>>;
export interface Disturbance {
  id: number;
  what: string;
  /** Longest silence of the room since, between two answers or changes, ms. */
  still: number;
  done: boolean;
  failed: string | null;
}

/** How often the room is asked: to show it, and to measure. */
const pace = { calm: 1_000, measuring: 50 };
/** Silence that is only the distance between two questions. */
export const unnoticed = 120;
const kept = 4;

/** Feels the pulse of a room: asks whoever runs it, again and again, and hears how long there is no answer. */
export class Pulse {
  readonly seen = new Cell<Seen | null>(null);
  readonly disturbances = new Cell<readonly Disturbance[]>([]);
  private answeredAt = performance.now();
  private stopped = false;
  private wake: (() => void) | null = null;
  private ids = 0;

  constructor(private readonly client: Client, private readonly room: Room, /** Hears of each question; what it returns hears of the answer. */ private readonly waiting: () => () => void) {}

  async run(): Promise<void> {
    let answered: (() => void) | null = null;
    // What is told in a room is a sign of life as good as an answer.
    let place = this.room.place.join();
    const deaf = this.room.onChange(() => {
      const now = this.room.place.join();
      if (now !== place) this.heard();
      place = now;
    });
    while (!this.stopped) {
      answered ??= this.waiting();
      try {
        const seen = await this.client.inspect(this.room);
        if (this.stopped) break;
        this.heard();
        this.seen.set(seen);
        answered();
        answered = null;
      } catch (error) {
        // Refused for a moment, as while joining again: that is no answer, the same question is asked again.
        if (!(error instanceof RoomRefused)) throw error;
      }
      await new Promise<void>(done => {
        const timer = setTimeout(done, this.measuring ? pace.measuring : pace.calm);
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

  /** Does something to the cluster, and measures what the room makes of it for `atLeast` ms, and until it is done. */
  async disturb(what: string, deed: () => Promise<unknown>, atLeast: number): Promise<void> {
    const id = this.ids++;
    // Ask at once: silence counts from the last answer, and that shall not be a second ago.
    this.answeredAt = performance.now();
    this.disturbances.set([{ id, what, still: 0, done: false, failed: null }, ...this.disturbances.value].slice(0, kept));
    this.wake?.();
    const [outcome] = await Promise.all([deed().then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error))), pause(atLeast)]);
    const since = performance.now();
    while (!this.stopped && this.answeredAt < since) await pause(pace.measuring);
    this.change(id, { done: true, failed: outcome });
  }

  private get measuring(): boolean { return this.disturbances.value.some(d => !d.done); }

  private heard(): void {
    const now = performance.now();
    const silence = Math.round(now - this.answeredAt);
    this.answeredAt = now;
    for (const d of this.disturbances.value) if (!d.done && silence > d.still) this.change(d.id, { still: silence });
  }

  private change(id: number, to: Partial<Disturbance>): void {
    this.disturbances.set(this.disturbances.value.map(d => (d.id === id ? { ...d, ...to } : d)));
  }
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

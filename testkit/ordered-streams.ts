/**
 * How late each copy of a message between two nodes (by name) arrives, ms: `[0]` at once, `[]` never, `[0, 0]` twice.
 */
export type CopyDelays = (from: string, to: string) => readonly number[];

/** What is sent over one connection arrives in the order in which it was sent, however late some of it is. */
export class OrderedStreams {
  private readonly last = new Map<string, number>();

  /** @returns in how many ms each copy arrives, at `now` on the stream of that name */
  arrivals(stream: string, now: number, late: readonly number[]): readonly number[] {
    const before = this.last.get(stream) ?? 0;
    if (before <= now && late.length === 1 && late[0] === 0) return late;
    let latest = Math.max(before, now);
    const arrivals = late.map(ms => (latest = Math.max(latest, now + ms)) - now);
    this.last.set(stream, latest);
    return arrivals;
  }
}

/**
 * Delay of each copy of a message between two nodes (by name), in ms: `[0]` immediate, `[]` lost, `[0, 0]` duplicated.
 */
export type CopyDelays = (from: string, to: string) => readonly number[];

/** Keeps the order of messages on each connection, whatever their delays. */
export class OrderedStreams {
  private readonly last = new Map<string, number>();

  /** @returns the delay until each copy arrives, for a message sent at `now` on this stream */
  arrivals(stream: string, now: number, late: readonly number[]): readonly number[] {
    const before = this.last.get(stream) ?? 0;
    if (before <= now && late.length === 1 && late[0] === 0) return late;
    let latest = Math.max(before, now);
    const arrivals = late.map(ms => (latest = Math.max(latest, now + ms)) - now);
    this.last.set(stream, latest);
    return arrivals;
  }
}

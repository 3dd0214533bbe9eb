/** Number of round trips that are kept. */
const kept = 8;

/** The last round trips to the node, ms. */
export class RoundTrips {
  private readonly measured: number[] = [];

  add(ms: number): void {
    if (this.measured.push(ms) > kept) this.measured.shift();
  }
  get last(): number | null {
    return this.measured.at(-1) ?? null;
  }
  get shortest(): number | null {
    return this.measured.length > 0 ? Math.min(...this.measured) : null;
  }
}

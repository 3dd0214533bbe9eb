interface Reading {
  readonly connection: object;
  /** The node's clock less the one here. */
  readonly offset: number;
  /** By how much that may be wrong, ms. */
  readonly error: number;
}

/**
 * Notices, by the clock of the node at the other end, that the monotonic clock here has lost time: in some browsers it
 * stops while a device sleeps, and every crystal is a little fast or slow. The time in a heartbeat is never set, so any
 * change of the difference is this side's.
 */
export class ClockDrift {
  private reference: Reading | null = null;

  /**
   * @param line readings of one connection are of one node
   * @returns by how many ms the clock here fell back against the node's since the reference; 0 unless that is beyond
   * doubt
   */
  update(connection: object, nodeTime: number, asked: number, answered: number): number {
    const error = (answered - asked) / 2;
    const now: Reading = { connection, offset: nodeTime + error - answered, error };
    const before = this.reference;
    if (!before || before.connection !== connection) {
      this.reference = now;
      return 0;
    }
    const change = now.offset - before.offset;
    if (Math.abs(change) <= error + before.error + 2) {
      if (error < before.error) this.reference = now;
      return 0;
    }
    this.reference = now;
    return change;
  }
}

interface Reading {
  readonly connection: object;
  /** The node's clock minus the local clock, ms. */
  readonly offset: number;
  /** Maximum error of `offset`, ms. */
  readonly error: number;
}

/**
 * Detects, by the node's clock, that the local monotonic clock lost time. In some browsers it stops while the device
 * sleeps, and clocks run at slightly different rates. The time in a heartbeat is never set, so any change of the
 * difference comes from this side.
 */
export class ClockDrift {
  private reference: Reading | null = null;

  /**
   * @param connection readings of one connection come from one node
   * @returns the ms that the local clock lost against the node's since the reference; 0 within the measurement error
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

import type { Client, Room } from '../../client/index.ts';

/** A sign of life older than this (ms) does not tell when a room stopped. */
const recentMs = 1_500;
/** An interruption up to this time (ms) is not noticeable. */
const unnoticeableMs = 100;
/** Time (ms) after which all nodes have declared a dead node dead, once one has. */
const detectionSpreadMs = 500;

/**
 * Detects takeovers and measures the interruption: from the last sign of life (or the first unanswered request) to the
 * first answer or change under the newer term.
 */
export class TakeoverMonitor {
  private lastProgressAt = performance.now();
  private lastPosition: string;
  private term: number;
  private owner: string | null = null;
  /** Unanswered moves and requests, by the time they were sent. */
  private readonly unanswered = new Set<{ since: number }>();
  private connectionLostAt: number | null = null;
  /** Start of an interruption without an answer yet; Infinity if unknown. */
  private stoppedAt: number | null = null;

  constructor(
    private readonly room: Room,
    private readonly client: Client,
    private readonly showToast: (text: string) => void,
  ) {
    this.term = room.term;
    this.lastPosition = room.position.join();
  }

  /** @returns a function that stops it */
  start(): () => void {
    void this.refreshOwner();
    const stops = [
      this.room.onChange(() => this.changed()),
      this.client.onStatus(({ state }) => {
        if (state !== 'live') this.connectionLostAt ??= performance.now();
        else
          setTimeout(() => {
            if (this.stoppedAt === null) this.connectionLostAt = null;
          }, recentMs);
      }),
    ];
    return () => stops.forEach(stop => stop());
  }

  /** Call when a request is sent to the room; call the result when it is answered. */
  startRequest(): () => void {
    const question = { since: performance.now() };
    this.unanswered.add(question);
    return () => {
      this.unanswered.delete(question);
      this.conclude();
      this.lastProgressAt = performance.now();
    };
  }

  private changed(): void {
    const place = this.room.position.join();
    const moved = place !== this.lastPosition;
    this.lastPosition = place;
    if (this.room.term > this.term) {
      const first = this.term === 0;
      this.term = this.room.term;
      if (!first) this.stoppedAt = this.stopTime();
    }
    if (moved || this.unanswered.size === 0) this.conclude();
    if (moved) this.lastProgressAt = performance.now();
  }

  /**
   * Start of the interruption. The best evidence is an unanswered request, then the last message received, then the
   * lost connection.
   */
  private stopTime(): number {
    if (this.unanswered.size > 0) return Math.min(...[...this.unanswered].map(question => question.since));
    if (performance.now() - this.lastProgressAt < recentMs) return this.lastProgressAt;
    return this.connectionLostAt ?? Infinity;
  }

  private conclude(): void {
    if (this.stoppedAt === null) return;
    const ms = performance.now() - this.stoppedAt;
    const known = this.stoppedAt !== Infinity;
    this.stoppedAt = null;
    this.connectionLostAt = null;
    void this.announce(known ? Math.round(ms) : null);
  }

  /** @param ms the interruption; null if play was not in progress */
  private async announce(ms: number | null): Promise<void> {
    const before = this.owner;
    await this.refreshOwner();
    // A planned move of the room: not an interruption.
    if (
      (ms === null || ms < unnoticeableMs) &&
      before !== null &&
      before !== this.owner &&
      (await this.isNodeUp(before))
    )
      return;
    if (this.room.ended) return;
    const who =
      this.owner === null
        ? 'Another node took over'
        : this.owner === before
          ? `${this.owner} runs this table again`
          : `Another node took over (${this.owner})`;
    this.showToast(`${who}. ${ms === null ? 'You have missed nothing.' : `Play stood still for ${ms} ms.`}`);
  }

  /** Whether the node stays up, and is not merely not yet declared dead. */
  private async isNodeUp(node: string): Promise<boolean> {
    for (const wait of [0, detectionSpreadMs]) {
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      const seen = await this.client.inspect(this.room).catch(() => null);
      if (seen?.nodes.some(({ name, alive, draining }) => name === node && alive && !draining) !== true) return false;
    }
    return true;
  }

  private async refreshOwner(): Promise<void> {
    const seen = await this.client.inspect(this.room).catch(() => null); // refused: then no node is named
    // A node that was frozen may still consider itself the owner: its term is older.
    this.owner = seen && seen.term >= this.room.term ? seen.owner : null;
  }
}

import type { Clock } from '../runtime/ports.ts';
import type { RedisClient } from './redis-client.ts';
import { StoreError } from './store.ts';

/** One round of waiting (ms): no longer, so that the connection is not deaf for long when a replica hangs. */
const WAIT_ROUND_MS = 250;

/**
 * Holds back what was written on one connection until enough replicas have it.
 *
 * WAIT speaks of what its own connection wrote, and of nothing where that wrote nothing: so a gate belongs to a
 * connection, and a write and its WAIT go the same way, in order. One WAIT is under way at a time, for all that was
 * written before it. That too few have confirmed does not undo a write: the gate stays shut and asks again until the
 * deadline; then nobody knows what becomes of the write.
 */
export class ReplicaGate {
  private waiting: { until: number; resolve(): void; reject(error: StoreError): void }[] = [];
  private isRunning = false;

  constructor(
    private readonly client: RedisClient,
    private readonly replicas: number,
    private readonly options: { clock: Clock; deadline: number },
  ) {}

  /** Resolves when `replicas` of them have what was sent on this connection until now. @throws StoreError ('maybe') */
  waitForReplicas(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ until: this.options.clock.mono() + this.options.deadline, resolve, reject });
      if (this.isRunning) return;
      this.isRunning = true;
      // Not at once: what other rooms write in the same turn goes through together.
      this.options.clock.soon(() => void this.run());
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      let confirmed = 0;
      try {
        confirmed = await this.client.wait(this.replicas, WAIT_ROUND_MS);
      } catch (error) {
        for (const one of batch)
          one.reject(
            new StoreError('maybe', true, 'the connection broke before the replicas confirmed', { cause: error }),
          );
        continue;
      }
      if (confirmed >= this.replicas) {
        for (const one of batch) one.resolve();
        continue;
      }
      const now = this.options.clock.mono();
      for (const one of batch) {
        if (one.until > now) this.waiting.push(one);
        else one.reject(new StoreError('maybe', true, `${confirmed} of ${this.replicas} replicas confirmed a write`));
      }
    }
    this.isRunning = false;
  }
}

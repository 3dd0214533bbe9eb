import type { Clock } from '../runtime/ports.ts';
import type { RedisClient } from './redis-client.ts';
import { StoreError } from './store.ts';

/** Timeout of one WAIT, ms. It blocks the connection, so it is short in case a replica hangs. */
const WAIT_ROUND_MS = 250;

/**
 * Holds back the acknowledgement of a connection's writes until enough replicas have them.
 * WAIT covers only writes of its own connection, so each gate belongs to one connection, and a write and its WAIT use
 * the same one, in order. One WAIT is in flight at a time, for all writes before it. Too few confirmations do not undo
 * a write: the gate retries until the deadline, after which the outcome is unknown.
 */
export class ReplicaGate {
  private waiting: { until: number; resolve(): void; reject(error: StoreError): void }[] = [];
  private isRunning = false;

  constructor(
    private readonly client: RedisClient,
    private readonly replicas: number,
    private readonly options: { clock: Clock; deadline: number },
  ) {}

  /** Resolves when `replicas` replicas have everything sent on this connection so far. @throws StoreError ('maybe') */
  waitForReplicas(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ until: this.options.clock.mono() + this.options.deadline, resolve, reject });
      if (this.isRunning) return;
      this.isRunning = true;
      // Deferred, so that writes of the same turn share one WAIT.
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

import type { Clock } from '../ports.ts';
import type { RedisClient } from './redis-client.ts';
import { StoreError } from './contract.ts';

/** One round of waiting (ms): no longer, so that the connection is not deaf for long when a replica hangs. */
const ROUND = 250;

/**
 * Holds back what was written on one connection until enough replicas have it.
 *
 * WAIT speaks of what its own connection wrote, and of nothing where that wrote nothing: so a gate belongs to a connection,
 * and a write and its WAIT go the same way, in order. One WAIT is under way at a time, for all that was written before it.
 * That too few have confirmed does not undo a write: the gate stays shut and asks again until the deadline; then nobody
 * knows what becomes of the write.
 */
export class ReplicaGate {
  private waiting: { until: number; open(): void; shut(error: StoreError): void }[] = [];
  private running = false;

  constructor(private readonly client: RedisClient, private readonly replicas: number, private readonly options: { clock: Clock; deadline: number }) {}

  /** Resolves when `replicas` of them have what was sent on this connection until now. @throws StoreError ('maybe') */
  pass(): Promise<void> {
    return new Promise((open, shut) => {
      this.waiting.push({ until: this.options.clock.mono() + this.options.deadline, open, shut });
      if (this.running) return;
      this.running = true;
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
        confirmed = await this.client.wait(this.replicas, ROUND);
      } catch (error) {
        for (const one of batch) one.shut(new StoreError('maybe', true, 'the connection broke before the replicas confirmed', { cause: error }));
        continue;
      }
      if (confirmed >= this.replicas) {
        for (const one of batch) one.open();
        continue;
      }
      const now = this.options.clock.mono();
      for (const one of batch) {
        if (one.until > now) this.waiting.push(one);
        else one.shut(new StoreError('maybe', true, `${confirmed} of ${this.replicas} replicas confirmed a write`));
      }
    }
    this.running = false;
  }
}

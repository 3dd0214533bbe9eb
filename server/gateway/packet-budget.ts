import { limits } from '../../shared/limits.ts';
import type { Clock } from '../runtime/ports.ts';
import { TokenBucket } from '../sessions/token-bucket.ts';

/** The number of packets that a connection may still send. Calls `onExceeded` once, when it is used up. */
export class PacketBudget {
  private readonly packets = new TokenBucket(limits.packets);
  private exceeded = false;

  /** @param onExceeded may be replaced once the connection is known */
  constructor(
    private readonly clock: Clock,
    public onExceeded: () => void,
  ) {}

  get isExceeded(): boolean {
    return this.exceeded;
  }

  spend(count: number): void {
    const now = this.clock.mono();
    for (let i = 0; i < count && !this.exceeded; i++) {
      if (this.packets.take(now) === 0) continue;
      this.exceeded = true;
      this.onExceeded();
    }
  }
}

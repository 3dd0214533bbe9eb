import { limits } from '../../shared/limits.ts';
import type { Clock } from '../runtime/ports.ts';
import { TokenBucket } from '../sessions/token-bucket.ts';

/** How much one connection may still send, in packets; calls `onExceeded` once, when it has sent too much. */
export class PacketBudget {
  private readonly packets = new TokenBucket(limits.packets);
  private exceeded = false;

  /** @param onExceeded may be replaced when the owner of the connection becomes known */
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

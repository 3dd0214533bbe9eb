import type { RequestName, Requests } from '../shared/protocol.ts';
import { dutyOf, type Refused } from '../shared/refusals.ts';
import type { Connector } from './connector.ts';
import { checkedOrThrow, checkRequest } from './outgoing-checks.ts';
import type { CompleteClock } from './ports.ts';
import { RoomError } from './room-error.ts';
import type { RoundTrips } from './round-trips.ts';

/** Delay (ms) before a request without an answer is repeated, and before one that was refused for now. */
const retryDelayMs = { noAnswer: 150, refused: 300 };

/** Requests that are repeated, over any number of connections, until they are answered or the client is closed. */
export class PersistentRequests {
  constructor(
    private readonly connector: Connector,
    private readonly clock: CompleteClock,
    private readonly roundTrips: RoundTrips,
  ) {}

  /**
   * Repeats a request until it is answered. A refusal with the duty `retry` is repeated.
   * @param onOk called in the turn in which the answer arrives, with the time at which it was asked for
   * @throws RoomError the refusal
   */
  async send<K extends RequestName>(
    name: K,
    given: Requests[K][0],
    onOk: (reply: Requests[K][1] & { ok: true }, asked: number) => void = () => {},
  ): Promise<Requests[K][1] & { ok: true }> {
    const body = checkedOrThrow(checkRequest(name, given)) as Requests[K][0];
    for (;;) {
      await this.waitUntilConnected();
      let reply: Requests[K][1] | Refused;
      const asked = this.clock.mono();
      try {
        reply = await this.connector.request(name, body);
        // the heartbeat will measure it better
        if (this.roundTrips.last === null) this.roundTrips.add(this.clock.mono() - asked);
      } catch {
        await this.sleep(retryDelayMs.noAnswer);
        continue;
      }
      if (this.closedError) throw this.closedError; // closed when the answer arrived
      if (reply.ok) {
        onOk(reply as Requests[K][1] & { ok: true }, asked);
        return reply as Requests[K][1] & { ok: true };
      }
      if (dutyOf(reply.code) !== 'retry') throw new RoomError(reply.code, reply.detail);
      await this.sleep(reply.retryAfter ?? retryDelayMs.refused);
    }
  }

  /** Why no more requests are possible; null while the client is open. */
  get closedError(): RoomError | null {
    const { status } = this.connector;
    if (status.state === 'refused') return new RoomError(status.refusal.code, status.refusal.detail);
    return status.state === 'closed' ? new RoomError('left', 'the client was closed') : null;
  }

  /**
   * Resolves when the condition is true at a welcome or a status change. Rejects when the client is closed or refused.
   */
  waitUntil(condition: (isWelcome: boolean) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        for (const stop of stops) stop();
        settle();
      };
      const check = (isWelcome: boolean) => {
        const { closedError } = this;
        if (closedError) end(() => reject(closedError));
        else if (condition(isWelcome)) end(resolve);
      };
      const stops = [this.connector.onWelcome.add(() => check(true)), this.connector.onStatus.add(() => check(false))];
      check(false);
    });
  }

  /** Waits for about `ms`, not for the same time in every client. */
  sleep(ms: number): Promise<void> {
    return new Promise(done => void this.clock.after(ms * (0.75 + this.clock.random() / 2), done));
  }

  private waitUntilConnected(): Promise<void> {
    const isConnected = () => this.connector.isLive;
    return isConnected() ? Promise.resolve() : this.waitUntil(isConnected);
  }
}

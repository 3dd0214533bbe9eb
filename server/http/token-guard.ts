import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { makeRefusal } from '../../shared/refusals.ts';
import type { AddressReader } from '../identity/address.ts';
import type { Clock, Log, Meter } from '../runtime/ports.ts';
import type { Allowances } from '../sessions/allowances.ts';
import { TokenBucket } from '../sessions/token-bucket.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The address under which requests from this machine are counted. */
const thisMachine = 'loopback';

/**
 * Requires a bearer token. Wrong tokens are counted by address and logged. An address that has sent too many gets 429,
 * even with the right token.
 */
export class TokenGuard {
  private readonly logBudget = new TokenBucket({ burst: 10, perSecond: 0.2 });
  private unloggedCount = 0;

  constructor(
    private readonly parts: { addressOf: AddressReader; allowances: Allowances; clock: Clock; log: Log; meter: Meter },
  ) {}

  /** @param route the protected route, for the log */
  middleware(route: string, token: string): RequestHandler {
    const wanted = digest(`Bearer ${token}`); // equal lengths, and no hint how close a guess was
    return (req, res, next) => {
      const { addressOf, allowances, clock } = this.parts;
      const sent = req.headers.authorization;
      const now = clock.mono();
      const from = addressOf(req) ?? thisMachine;
      const allowance = allowances.address(from, now);
      const wait = sent === undefined ? 0 : allowance.wait('wrongTokens', now);
      res.set('cache-control', 'no-store');
      if (wait > 0)
        return void res
          .status(429)
          .set('retry-after', String(Math.ceil(wait / 1_000)))
          .json(makeRefusal('slow-down', undefined, wait));
      if (timingSafeEqual(digest(sent ?? ''), wanted)) return next();
      if (sent !== undefined) {
        allowance.take('wrongTokens', now);
        this.report(route, from, now);
      }
      res.status(401).set('www-authenticate', 'Bearer').json({ error: 'unauthorized' });
    };
  }

  private report(route: string, address: string, now: number): void {
    const { log, meter } = this.parts;
    meter.count('wrongTokens');
    if (this.logBudget.take(now) > 0) return void (this.unloggedCount += 1);
    log.warn({ route, address, unlogged: this.unloggedCount }, 'wrong token refused');
    this.unloggedCount = 0;
  }
}

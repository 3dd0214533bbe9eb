import { Tokens, type Identity } from '../../../server/identity/tokens.ts';
import { realClock, realEntropy } from '../../../server/runtime/real-ports.ts';

const month = 31 * 24 * 3_600_000;

/**
 * The token of a guest who was last here longer ago than it lives.
 * @param secret the nodes' own
 * @param who as their last token says; nobody in particular without
 */
export function createExpiredToken(secret: string, who?: { sub: string; name: string }): Promise<string> {
  const tokens = new Tokens(secret, { ...realClock, now: () => realClock.now() - month }, realEntropy);
  const guest: Identity = who ? { player: who.sub, name: who.name } : tokens.newGuest('Ada');
  return tokens.issue(guest);
}

import { Tokens } from '../../server/identity/tokens.ts';
import { realClock, realEntropy } from '../../server/real-ports.ts';

const month = 31 * 24 * 3_600_000;

/** The token of a guest who was last here longer ago than it lives. @param secret the nodes' own */
export function oldToken(secret: string): Promise<string> {
  const tokens = new Tokens(secret, { ...realClock, now: () => realClock.now() - month }, realEntropy);
  return tokens.issue(tokens.newGuest('Ada'));
}

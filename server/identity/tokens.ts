import type { webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { RejoinError } from '../../shared/errors.ts';
import { isId, idFromBytes } from '../../shared/ids.ts';
import type { Clock, Entropy } from '../runtime/ports.ts';
import { weaknessOf } from './secret-strength.ts';

/** The player that a connection belongs to. */
export interface Identity {
  player: string;
  name: string;
}

/**
 * The token is forged, expired, or issued for another server. The message tells which and is only logged; the client is
 * sent `bad-token`.
 */
export class BadTokenError extends RejoinError {
  override readonly name = 'BadTokenError';
  override readonly code = 'bad-token';
}

const tokenLifeSeconds = 30 * 24 * 3600; // seconds
const issuer = 'rejoin';

/** Signed guest tokens (JWT, HS256). All nodes of a cluster share the secret. */
export class Tokens {
  private readonly secret: Uint8Array<ArrayBuffer>;
  /** Imported once: importing costs more than a signature. */
  private key: Promise<webcrypto.CryptoKey> | null = null;

  /** @throws RangeError when the secret is shorter than 32 bytes, or easy to guess */
  constructor(
    secret: string,
    private readonly clock: Clock,
    private readonly entropy: Entropy,
  ) {
    this.secret = new TextEncoder().encode(secret);
    const weakness = weaknessOf(secret, 32);
    if (weakness !== null) throw new RangeError(`secret: ${weakness}`);
  }

  newGuest(name: string): Identity {
    return { player: idFromBytes(this.entropy.bytes(16)), name };
  }

  private signingKey(): Promise<webcrypto.CryptoKey> {
    return (this.key ??= crypto.subtle.importKey('raw', this.secret, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]));
  }

  /** When a token issued now is due for renewal, wall ms: after half of its life. */
  get renewAt(): number {
    return this.clock.now() + tokenLifeSeconds * 500;
  }

  async issue(identity: Identity): Promise<string> {
    const now = Math.floor(this.clock.now() / 1000);
    return new SignJWT({ name: identity.name })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setSubject(identity.player)
      .setIssuedAt(now)
      .setExpirationTime(now + tokenLifeSeconds)
      .sign(await this.signingKey());
  }

  /** @throws BadTokenError */
  async verify(token: string): Promise<
    Identity & {
      /** When half of the token's life is over and it is due for renewal, wall ms. */
      renewAt: number;
    }
  > {
    try {
      const { payload } = await jwtVerify(token, await this.signingKey(), {
        issuer,
        algorithms: ['HS256'],
        currentDate: new Date(this.clock.now()),
      });
      if (!isId(payload.sub) || typeof payload.name !== 'string' || payload.exp === undefined)
        throw new BadTokenError('claims are missing');
      return { player: payload.sub, name: payload.name, renewAt: payload.exp * 1000 - tokenLifeSeconds * 500 };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new BadTokenError(error.code, { cause: error });
      throw error;
    }
  }
}

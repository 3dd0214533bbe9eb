import type { IncomingMessage } from 'node:http';
import { limits } from '../../shared/limits.ts';
import { normalizeName } from '../../shared/names.ts';
import { protocolVersion } from '../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import { BadTokenError, type Identity, type Tokens } from '../identity/tokens.ts';
import type { Clock, Entropy, Log } from '../runtime/ports.ts';
import { authSizeKey } from './decoder.ts';
import { jsonSizeOf } from './json-size.ts';
import { mayUseCookies, type OriginPolicy } from './origin-policy.ts';
import type { GameSocket, SocketData } from './socket-types.ts';

/**
 * A connection that is to be authenticated. `request` is its handshake request, including what the host's own
 * middleware has added.
 */
export interface HandshakeSeen {
  readonly auth: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
  readonly request: IncomingMessage;
}
/**
 * Identifies a connection, instead of guest tokens. `auth` holds the client's `token`, `auth` and `name`.
 * Null: not signed in (`not-signed-in`; the client calls its token function once more, then gives up). A throw: unknown
 * for now, and the client retries.
 * @example
 * ```ts
 * // the client: connect(url, { token: ({ refused }) => (refused ? session.refresh() : session.accessToken) })
 * const authenticate: Authenticate = async ({ auth, headers }) => {
 *   const user = await sessions.find(headers.cookie ?? String(auth.token))
 *   return user ? { player: `user:${user.id}`, name: user.name } : null
 * }
 * ```
 */
export type Authenticate = (handshake: HandshakeSeen) => Promise<Identity | null> | Identity | null;

export interface HandshakeParts {
  tokens: Tokens;
  authenticate?: Authenticate | undefined;
  origins: OriginPolicy;
  clock: Clock;
  entropy: Entropy;
  log: Log;
}

/** Finds out who a new client is: by the host's `authenticate`, by its token, or as a new guest. */
export class Handshakes {
  constructor(private readonly parts: HandshakeParts) {}

  /**
   * Identifies the client and stores its identity in `socket.data`. Never throws.
   * @param takeGuest counts a guest token; returns 0, or the ms after which to retry
   * @returns why the client is refused; null if it is not
   */
  async identify(socket: GameSocket, takeGuest: () => number): Promise<Refused | null> {
    try {
      const auth = socket.handshake.auth as Record<string, unknown>;
      if (auth.wire !== undefined && auth.wire !== protocolVersion) return makeRefusal('client-outdated');
      const bytes = typeof auth[authSizeKey] === 'number' ? auth[authSizeKey] : jsonSizeOf(auth);
      if (bytes > limits.authBytes)
        return makeRefusal('too-large', `auth has ${bytes} bytes, at most ${limits.authBytes} (authBytes)`);
      const { authenticate } = this.parts;
      const known = authenticate
        ? await this.askHost(authenticate, socket, auth)
        : auth.token !== undefined && auth.token !== null
          ? await this.readToken(auth.token, normalizeName(auth.name))
          : await this.newGuest(normalizeName(auth.name), takeGuest);
      if ('code' in known) return known;
      socket.data = known;
      return null;
    } catch (error) {
      if (error instanceof BadTokenError) return makeRefusal('bad-token');
      this.parts.log.error({ error }, 'authentication failed');
      return makeRefusal('unavailable', undefined, 1_000);
    }
  }

  private async askHost(
    authenticate: Authenticate,
    socket: GameSocket,
    auth: Record<string, unknown>,
  ): Promise<SocketData | Refused> {
    const identified = await authenticate({ auth, headers: this.headersOf(socket), request: socket.request });
    if (!identified) return makeRefusal('not-signed-in');
    if (!isPlayerId(identified.player))
      throw new TypeError(
        `authenticate: a player's id is a text of 1 to ${limits.playerIdLength} characters that does not begin with $, not ${JSON.stringify(identified.player)?.slice(0, 80)}`,
      );
    return {
      identity: { player: identified.player, name: normalizeName(identified.name) ?? 'Player' },
      token: '',
      renewAt: Infinity,
    };
  }

  /** @param name the name that the client wants; null: the name in the token */
  private async readToken(token: unknown, name: string | null): Promise<SocketData> {
    const { tokens, clock } = this.parts;
    if (typeof token !== 'string' || token.length > limits.tokenLength) throw new BadTokenError('not a token');
    const { renewAt, ...identity } = await tokens.verify(token);
    const renamed = name !== null && name !== identity.name;
    if (renamed) identity.name = name;
    return renamed || renewAt < clock.now()
      ? { identity, token: await tokens.issue(identity), renewAt: tokens.renewAt }
      : { identity, token, renewAt };
  }

  private async newGuest(name: string | null, takeGuest: () => number): Promise<SocketData | Refused> {
    const { tokens, entropy } = this.parts;
    const wait = takeGuest();
    if (wait > 0) return makeRefusal('slow-down', 'too many new guests', wait);
    const identity = tokens.newGuest(name ?? `Guest ${100 + Math.floor(entropy.float() * 900)}`);
    return { identity, token: await tokens.issue(identity), renewAt: tokens.renewAt };
  }

  /** If all origins may connect, a page of another origin gets no cookies: it must not act for its visitor. */
  private headersOf({ handshake: { headers }, request }: GameSocket): IncomingMessage['headers'] {
    const admission = this.parts.origins.admit(request);
    if (admission !== null && mayUseCookies(admission)) return headers;
    const { cookie: _, ...rest } = headers;
    return rest;
  }
}

/** Player ids become part of channel names; ids of bots begin with $. */
const isPlayerId = (id: unknown): boolean =>
  typeof id === 'string' && id.length > 0 && id.length <= limits.playerIdLength && !id.startsWith('$');

import { RefusalError } from '../shared/errors.ts';
import type { JsonObject } from '../shared/json.ts';
import type { Handshake, Welcome } from '../shared/protocol.ts';
import { dutyOf, type Refused } from '../shared/refusals.ts';
import { Listeners } from './listeners.ts';
import { checkAuth } from './outgoing-checks.ts';
import type { ClientClock } from './ports.ts';
import { isPromise, StoredToken, type TokenStorage } from './stored-token.ts';

type Async<T> = T | Promise<T>;
/**
 * A token, or a function that returns one and is called before each connection. `refused`: the server refused the last
 * token, so do not return a cached one.
 * @example
 * ```ts
 * const token: TokenSource = async ({ refused }) => (refused ? await session.refresh() : session.accessToken)
 * const client = connect(url, { token })
 * ```
 */
export type TokenSource =
  | string
  | ((asked: { refused: boolean }) => string | null | undefined | Promise<string | null | undefined>);
/**
 * Further fields of `auth` for the server's `authenticate`, or a function that returns them and is called before each
 * connection.
 */
export type AuthSource = JsonObject | (() => JsonObject | Promise<JsonObject>);

/**
 * The client's `auth` cannot be sent (too large, or not JSON). No attempt is made, because each would fail the same
 * way.
 */
export class UnsendableAuthError extends RefusalError {
  override readonly name = 'UnsendableAuthError';

  constructor(readonly refusal: Refused) {
    super(refusal.code, refusal.detail);
  }
}

/** What to do after a refusal: retry by the usual route, retry by another route, or stop. */
export type AfterRefusal = 'retry' | 'other-route' | 'give-up';

/** Refusals of the client's identity. */
const identityRefused: readonly string[] = ['bad-token', 'not-signed-in'];
/**
 * Consecutive refusals after which a token is discarded. A single one may come from a node with a wrong clock or
 * secret.
 */
const maxRefusals = 2;
/** A token function that has not settled after this many ms counts as failed and is called again. */
const tokenTimeoutMs = 10_000;

/**
 * The client's identity, for each connection that it opens.
 * | Invariants:
 * - at most one handshake calls the token function at a time;
 * - of the handshakes made before a refusal, only the first refusal counts, because connections open in parallel;
 * - a stored token is discarded only after `maxRefusals`; a new identity is reported only after it was welcomed.
 */
export class Credentials {
  /** The stored identity was refused and the server has created another. */
  readonly onNewIdentity = new Listeners<[]>();
  name: string | undefined;
  private readonly stored: StoredToken;
  private readonly tokenOf: Exclude<TokenSource, string> | null;
  /** A token given as a string. It takes precedence over the stored one. */
  private givenToken: string | null;
  private pendingHandshake: Promise<Handshake> | null = null;
  private refusals = 0;
  private isReplaced = false;
  /** Incremented by each refusal that counts. */
  private generation = 0;
  private readonly generations = new WeakMap<Handshake, number>();

  constructor(
    private readonly parts: {
      token?: TokenSource | undefined;
      auth?: AuthSource | undefined;
      name?: string | undefined;
      storage: TokenStorage | null;
      clock: ClientClock;
    },
  ) {
    const { token } = parts;
    this.tokenOf = typeof token === 'function' ? token : null;
    this.givenToken = typeof token === 'string' ? token : null;
    this.name = parts.name;
    this.stored = new StoredToken(this.tokenOf ? null : parts.storage, parts.clock);
  }

  /**
   * @returns a promise only if it has to wait, or to reject: if a function of the app throws or times out, and with
   * UnsendableAuthError if the result cannot be sent
   */
  nextHandshake(): Handshake | Promise<Handshake> {
    if (this.pendingHandshake) return this.pendingHandshake;
    const { generation } = this;
    try {
      const token = this.token();
      const auth = typeof this.parts.auth === 'function' ? this.parts.auth() : this.parts.auth;
      if (!isPromise(token) && !isPromise(auth)) return this.buildHandshake(token, auth, generation);
      this.pendingHandshake = this.withTimeout(Promise.all([token, auth]))
        .then(([token, auth]) => this.buildHandshake(token, auth, generation))
        .finally(() => {
          this.pendingHandshake = null;
        });
      return this.pendingHandshake;
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  handleWelcome(welcome: Welcome): void {
    this.refusals = 0;
    if (welcome.token !== '') this.storeToken(welcome.token);
    if (!this.isReplaced) return;
    this.isReplaced = false;
    this.onNewIdentity.notify();
  }

  /** Stores a token that the server renewed. */
  storeToken(token: string): void {
    if (this.tokenOf) return;
    if (this.givenToken !== null) this.givenToken = token;
    this.stored.write(token);
  }

  /** @param used the handshake of the refused connection; undefined if none was made */
  handleRefusal(refusal: Refused, used: Handshake | undefined): AfterRefusal {
    if (dutyOf(refusal.code) === 'retry') return 'retry';
    if (!identityRefused.includes(refusal.code) || !used) return 'give-up';
    if (this.generations.get(used) !== this.generation) return 'retry'; // an earlier refusal is being handled already
    if (used.token === undefined && !this.tokenOf) return 'give-up';
    this.generation += 1;
    if (++this.refusals < maxRefusals) return this.tokenOf ? 'retry' : 'other-route';
    if (this.tokenOf) return 'give-up';
    this.givenToken = null;
    this.stored.clear();
    this.refusals = 0;
    this.isReplaced = true;
    return 'retry';
  }

  private token(): Async<string | null | undefined> {
    if (this.tokenOf) return this.tokenOf({ refused: this.refusals > 0 });
    return this.givenToken ?? this.stored.read();
  }

  /** @throws UnsendableAuthError */
  private buildHandshake(
    token: string | null | undefined,
    auth: JsonObject | undefined,
    generation: number,
  ): Handshake {
    const checked = checkAuth({
      ...auth,
      ...(token === null || token === undefined ? {} : { token }),
      ...(this.name === undefined ? {} : { name: this.name }),
    });
    if (!checked.ok) throw new UnsendableAuthError(checked);
    const handshake = checked.value as Handshake;
    this.generations.set(handshake, generation);
    return handshake;
  }

  private withTimeout<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.parts.clock.after(tokenTimeoutMs, () =>
        reject(new Error(`token: no answer within ${tokenTimeoutMs / 1_000} s`)),
      );
      work.then(resolve, reject).finally(stop);
    });
  }
}

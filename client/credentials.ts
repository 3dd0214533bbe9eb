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
 * A token, or a function that returns one, asked before each connection is opened. `refused`: the server has just
 * refused the last one, so a cached one is of no use.
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
 * What else `authenticate` on the server reads in `auth`, or a function that returns it, asked before each connection
 * is opened.
 */
export type AuthSource = JsonObject | (() => JsonObject | Promise<JsonObject>);

/** What this client would send as `auth` cannot be sent. It would be refused each time, so it is not tried. */
export class UnsendableAuthError extends RefusalError {
  override readonly name = 'UnsendableAuthError';

  constructor(readonly refusal: Refused) {
    super(refusal.code, refusal.detail);
  }
}

/** What to do after a refusal: try again as usual, by another route, or not at all. */
export type AfterRefusal = 'retry' | 'other-route' | 'give-up';

/** The server does not accept who this client says it is. */
const identityRefused: readonly string[] = ['bad-token', 'not-signed-in'];
/**
 * A token is given up when it was refused this many times in a row. One refusal may come from a node with a wrong clock
 * or secret.
 */
const maxRefusals = 2;
/** A token function that has not settled after this many ms counts as failed, and is asked again. */
const tokenTimeoutMs = 10_000;

/**
 * Who this client says it is, for each connection that it opens.
 *
 * Invariants:
 *  - a token function is asked by one handshake at a time;
 *  - of handshakes that were made before a refusal, only the first refusal counts: connections are opened side by side;
 *  - a stored token is only given up after `maxRefusals`, and a new identity is only reported when the server has
 *    welcomed it.
 */
export class Credentials {
  /** The stored identity was not accepted, and the server has made another. */
  readonly onNewIdentity = new Listeners<[]>();
  name: string | undefined;
  private readonly stored: StoredToken;
  private readonly tokenOf: Exclude<TokenSource, string> | null;
  /** A token that was given as a text; it comes before a stored one. */
  private givenToken: string | null;
  private pendingHandshake: Promise<Handshake> | null = null;
  private refusals = 0;
  private isReplaced = false;
  /** Grows with each refusal that counts. */
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
   * @returns a promise only if something asynchronous has to be asked, or to reject: if a function of the app throws or
   * does not settle, and with UnsendableAuthError if the result cannot be sent
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

  /** The server has renewed the token. */
  storeToken(token: string): void {
    if (this.tokenOf) return;
    if (this.givenToken !== null) this.givenToken = token;
    this.stored.write(token);
  }

  /** @param used what the refused connection said; undefined if it was not opened yet */
  handleRefusal(refusal: Refused, used: Handshake | undefined): AfterRefusal {
    if (dutyOf(refusal.code) === 'retry') return 'retry';
    if (!identityRefused.includes(refusal.code) || !used) return 'give-up';
    if (this.generations.get(used) !== this.generation) return 'retry'; // an earlier refusal is being answered already
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

import { clientLimits as limits } from '../shared/client-limits.ts';
import type { ClientClock } from './ports.ts';

/**
 * Stores a guest's token between visits. localStorage, sessionStorage and React Native's AsyncStorage fit. A
 * storage may throw or reject; the token is then kept in memory.
 * @example
 * ```ts
 * // another guest in each tab, the same one after a reload
 * const client = connect(url, { storage: sessionStorage })
 * // a storage in memory
 * const kept = new Map<string, string>()
 * const storage: TokenStorage = {
 *   getItem: key => kept.get(key) ?? null,
 *   setItem: (key, value) => void kept.set(key, value),
 *   removeItem: key => void kept.delete(key),
 * }
 * ```
 */
export interface TokenStorage {
  /** The stored value, or null. */
  getItem(key: string): string | null | Promise<string | null>;
  /** Stores a value. */
  setItem(key: string, value: string): unknown;
  /** Removes the value. */
  removeItem(key: string): unknown;
}

const storageKey = 'rejoin.token';
/** A storage that has not answered after this many ms is no longer used. */
const readTimeoutMs = 5_000;

/** The guest's token: always in memory, and in the storage if that works. Never throws or rejects. */
export class StoredToken {
  private token: string | null = null;
  private isRead = false;
  private reading: Promise<string | null> | null = null;

  constructor(
    private storage: TokenStorage | null,
    private readonly clock: ClientClock,
  ) {}

  /** @returns a promise only if the storage returns one, until it settles */
  read(): string | null | Promise<string | null> {
    if (this.isRead || !this.storage) return this.token;
    if (this.reading) return this.reading;
    try {
      const found: unknown = this.storage.getItem(storageKey);
      if (!isPromise(found)) return this.take(found);
      return (this.reading = new Promise(resolve => {
        const stop = this.clock.after(readTimeoutMs, () => {
          this.storage = null; // otherwise a late answer and a new token could overwrite each other
          resolve(this.take(null));
        });
        found
          .then(
            value => resolve(this.take(value)),
            () => resolve(this.take(null)),
          )
          .finally(stop);
      }));
    } catch {
      return this.take(null);
    }
  }

  write(token: string): void {
    this.token = token;
    this.isRead = true;
    this.attempt(storage => storage.setItem(storageKey, token));
  }

  clear(): void {
    this.token = null;
    this.isRead = true;
    this.attempt(storage => storage.removeItem(storageKey));
  }

  private take(found: unknown): string | null {
    if (!this.isRead)
      this.token = typeof found === 'string' && found !== '' && found.length <= limits.tokenLength ? found : null;
    this.isRead = true;
    return this.token;
  }

  private attempt(work: (storage: TokenStorage) => unknown): void {
    if (!this.storage) return;
    try {
      const done = work(this.storage);
      if (isPromise(done)) done.then(undefined, () => {});
    } catch {
      // storage is full, forbidden or broken: the token is in memory
    }
  }
}

export const isPromise = <T>(value: T | PromiseLike<T>): value is Promise<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** The browser's localStorage; null if there is none or access is forbidden. */
export function browserStorage(): TokenStorage | null {
  try {
    return typeof localStorage === 'undefined' ? null : localStorage;
  } catch {
    return null;
  }
}

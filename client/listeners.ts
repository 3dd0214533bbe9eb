/** A list of callbacks. One that throws does not keep the others from hearing. */
export class Listeners<A extends unknown[]> {
  private readonly all = new Set<(...args: A) => void>();

  /** @returns what takes it off the list */
  add(fn: (...args: A) => void): () => void {
    this.all.add(fn);
    return () => void this.all.delete(fn);
  }

  tell(...args: A): void {
    for (const fn of [...this.all]) {
      try {
        fn(...args);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** Reports an error of the app's own code as uncaught, without ending what runs now. */
export function reportError(error: unknown): void { queueMicrotask(() => { throw error; }); }

/**
 * A list of callbacks. If one throws, the others are still called. One that is removed during a notification is not
 * called.
 */
export class Listeners<A extends unknown[]> {
  private readonly callbacks = new Set<{ fn: (...args: A) => void }>();

  /** @returns a function that removes this registration only, not others of the same function */
  add(fn: (...args: A) => void): () => void {
    const one = { fn };
    this.callbacks.add(one);
    return () => void this.callbacks.delete(one);
  }

  notify(...args: A): void {
    for (const one of [...this.callbacks]) {
      try {
        if (this.callbacks.has(one)) one.fn(...args);
      } catch (error) {
        rethrowAsync(error);
      }
    }
  }
}

/** Reports an error of the app's own code as uncaught, without interrupting the current call. */
export function rethrowAsync(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

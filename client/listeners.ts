/**
 * A list of callbacks. One that throws does not keep the others from hearing; one that is taken off meanwhile is not
 * called.
 */
export class Listeners<A extends unknown[]> {
  private readonly callbacks = new Set<{ fn: (...args: A) => void }>();

  /** @returns what takes this registration off the list, and no other one of the same function */
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

/** Reports an error of the app's own code as uncaught, without ending what runs now. */
export function rethrowAsync(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

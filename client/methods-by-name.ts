/** Names that JavaScript reads from any object: an `await` or a log of a room must not perform an action. */
const ofJavaScript: ReadonlySet<string> = new Set(['then', 'toJSON']);

/**
 * Fields of every object that are also valid names: they are passed to `make`, and so refused like any unknown name.
 */
const isField = (name: string): boolean => name === 'constructor' || name === '__proto__';

/** An object with a function for every name. It is not a promise, and keeps the methods that every object has. */
export const methodsByName = (make: (name: string) => unknown): object =>
  new Proxy(
    {},
    {
      get: (object, name) =>
        typeof name !== 'string' || (name in object && !isField(name))
          ? Reflect.get(object, name)
          : ofJavaScript.has(name)
            ? undefined
            : make(name),
    },
  );

/** Names that JavaScript itself reads from any object: an `await` or a log of a room must not act in it. */
const ofJavaScript: ReadonlySet<string> = new Set(['then', 'toJSON']);

/** Fields of every object that nobody calls unknowingly: a wrong name is refused like any other. */
const isField = (name: string): boolean => name === 'constructor' || name === '__proto__';

/**
 * An object with a function for every name. It is no promise, and the methods that every object has stay as they are.
 */
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

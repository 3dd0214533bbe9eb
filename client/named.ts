/** Names that JavaScript itself looks up on any object: an `await` or a log of a room must not act in it. */
const ofJavaScript: ReadonlySet<string> = new Set(['then', 'toJSON']);

/** An object with a function for every name. It is no promise, and the fields that every object has stay as they are. */
export const named = (make: (name: string) => unknown): object => new Proxy({}, { get: (object, name) => (typeof name !== 'string' || name in object ? Reflect.get(object, name) : ofJavaScript.has(name) ? undefined : make(name)) });

/** Applies a change in place. Throws if it does not fit. */
export function apply(target, change) {
  for (const first of change['#'] ?? []) {
    if (!Array.isArray(target)) {
      delete target[first];
      continue;
    }
    const [at, remove, ...values] = first;
    if (!(at >= 0 && remove >= 0 && at + remove <= target.length)) throw new Error(`splice beyond the end: ${at}`);
    target.splice(at, remove, ...structuredClone(values));
  }
  for (const [name, inner] of Object.entries(change)) {
    if (name === '#') continue;
    const key = name.startsWith('#') ? name.slice(1) : name;
    if (Array.isArray(inner)) {
      if (inner.length === 0) delete target[key];
      else set(target, key, structuredClone(inner[0]));
    } else if (typeof inner === 'object' && inner !== null) {
      const within = Object.hasOwn(target, key) ? target[key] : null;
      if (typeof within !== 'object' || within === null) throw new Error(`${key} is no object`);
      apply(within, inner);
    } else set(target, key, inner);
  }
}

/** Any text is an ordinary key, `__proto__` too. */
const set = (target, key, value) =>
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });

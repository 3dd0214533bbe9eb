/**
 * Changes applied as somebody would who has only read how they are written (SPEC, the wire): no code of the product's.
 */
export function applyChange(to: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null) return change;
  if (Array.isArray(change)) return structuredClone(change[0]);
  const target = to as Record<string, unknown>;
  const first = ((change as Record<string, unknown>)['#'] ?? []) as unknown[];
  for (const one of first) {
    if (Array.isArray(to)) to.splice(...(structuredClone(one) as [number, number, ...unknown[]]));
    else delete target[one as string];
  }
  for (const [written, inner] of Object.entries(change)) {
    if (written === '#') continue;
    const key = written.startsWith('#') ? written.slice(1) : written;
    if (Array.isArray(inner) && inner.length === 0) delete target[key];
    else
      Object.defineProperty(target, key, {
        value: applyChange(Object.hasOwn(target, key) ? target[key] : undefined, inner),
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  return to;
}

/** The same, and the value stays as it is: what is not changed is part of both. */
export function changed(from: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null) return change;
  if (Array.isArray(change)) return change[0] as unknown;
  if (typeof from !== 'object' || from === null) throw new TypeError('a change inside of what is no object');
  const to = Array.isArray(from) ? [...(from as unknown[])] : { ...(from as object) };
  const first = ((change as Record<string, unknown>)['#'] ?? []) as unknown[];
  for (const one of first) {
    if (Array.isArray(to)) to.splice(...(one as [number, number, ...unknown[]]));
    else delete (to as Record<string, unknown>)[one as string];
  }
  const target = to as Record<string, unknown>;
  for (const [written, inner] of Object.entries(change)) {
    if (written === '#') continue;
    const key = written.startsWith('#') ? written.slice(1) : written;
    if (Array.isArray(inner) && inner.length === 0) delete target[key];
    else
      Object.defineProperty(target, key, {
        value: changed(Object.hasOwn(target, key) ? target[key] : undefined, inner),
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  return to;
}

/** What an entry of the journal changes: [version, visible changes, clock, hidden changes or 0, events]. */
export function entryChanges(entry: string): unknown {
  const [, visible, clock, hidden] = JSON.parse(entry) as [number, object, number, object | 0 | undefined];
  return { ...visible, hidden: { ...(hidden || {}), clock } };
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (
    typeof a !== 'object' ||
    typeof b !== 'object' ||
    a === null ||
    b === null ||
    Array.isArray(a) !== Array.isArray(b)
  )
    return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys)
    if (!Object.hasOwn(b, key) || !isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
      return false;
  return true;
}

/** Whether two JSON values are the same, and the keys of all objects in the same order. */
export function sameInOrder(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (
    typeof a !== 'object' ||
    typeof b !== 'object' ||
    a === null ||
    b === null ||
    Array.isArray(a) !== Array.isArray(b)
  )
    return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return (
    keys.length === others.length &&
    keys.every(
      (key, i) =>
        key === others[i] && sameInOrder((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}

/** Where two JSON values first differ, for a reader. */
export function difference(a: unknown, b: unknown, path = ''): string {
  if (isSame(a, b)) return sameInOrder(a, b) ? '' : disorder(a, b, path);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return `${path || 'all'}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  const key = [...new Set([...Object.keys(a), ...Object.keys(b)])].find(
    k => !isSame((a as never)[k], (b as never)[k]),
  )!;
  return difference((a as never)[key], (b as never)[key], `${path}/${key}`);
}

/** Where the keys of two values that are otherwise the same have another order. */
function disorder(a: unknown, b: unknown, path: string): string {
  const [keys, others] = [Object.keys(a as object), Object.keys(b as object)];
  if (keys.join() !== others.join()) return `${path || 'all'}: the keys ${keys.join(', ')} and ${others.join(', ')}`;
  const key = keys.find(k => !sameInOrder((a as never)[k], (b as never)[k]))!;
  return disorder((a as never)[key], (b as never)[key], `${path}/${key}`);
}

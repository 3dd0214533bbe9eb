/**
 * JSON as the checker sees it, and how a change is applied to it. Written from the rules (SPEC, "W. The wire"), not
 * from the server's code: what both got wrong in the same way would not be found.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Tree = { [key: string]: Json };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** A branch that has to be there. */
export const requireBranch = (value: Json | undefined, ...path: string[]): Tree => {
  let at: Json | undefined = value;
  for (const key of path) at = isTree(at) ? at[key] : undefined;
  return isTree(at) ? at : {};
};
export const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/**
 * Applies a change: a scalar sets, [value] sets an object or array, [] removes, and an object changes within. "#" comes
 * first: on an array a list of splices, on an object the keys that are removed. A key that begins with "#" has one "#"
 * more than is meant.
 * @throws where it does not fit
 */
export function applyChange(target: Json, by: Tree): void {
  if (typeof target !== 'object' || target === null) throw new Error('a change within something that has no inside');
  const slots = target as unknown as Record<string, Json>;
  for (const one of list(by['#'])) {
    if (Array.isArray(target)) {
      const [at, remove, ...put] = one as [number, number, ...Json[]];
      if (at + remove > target.length) throw new Error(`a splice at ${at} of an array of ${target.length}`);
      target.splice(at, remove, ...structuredClone(put));
    } else delete slots[one as string];
  }
  for (const [written, to] of Object.entries(by)) {
    if (written === '#') continue;
    const key = written.startsWith('#') ? written.slice(1) : written;
    const put = (value: Json) =>
      Object.defineProperty(slots, key, { value, writable: true, enumerable: true, configurable: true });
    if (Array.isArray(to)) {
      if (to.length === 0) delete slots[key];
      else put(structuredClone(to[0]!));
    } else if (isTree(to)) {
      if (!Object.hasOwn(slots, key)) throw new Error(`a change within ${key}, which is not there`);
      applyChange(slots[key]!, to);
    } else put(to);
  }
}

/**
 * JSON as the checker sees it, and how a change is applied to it. Written from the rules (SPEC, "W. The wire"), not from the
 * server's code: what both got wrong in the same way would not be found.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Tree = { [key: string]: Json };

export const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
/** A branch that has to be there. */
export const branch = (value: Json | undefined, ...path: string[]): Tree => {
  let at: Json | undefined = value;
  for (const key of path) at = isTree(at) ? at[key] : undefined;
  return isTree(at) ? at : {};
};
export const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/**
 * Applies a change: a scalar sets, [value] sets an object or array, [] removes, and an object changes within; on an array
 * "#" is the new, shorter length and comes first.
 * @throws where it does not fit
 */
export function change(target: Json, by: Tree): void {
  if (typeof target !== 'object' || target === null) throw new Error('a change within something that has no inside');
  const slots = target as unknown as Record<string, Json>;
  if (Array.isArray(target) && '#' in by) target.length = by['#'] as number;
  for (const [key, to] of Object.entries(by)) {
    if (key === '#' && Array.isArray(target)) continue;
    if (Array.isArray(to)) {
      if (to.length === 0) delete slots[key];
      else slots[key] = structuredClone(to[0]!);
    } else if (isTree(to)) {
      if (slots[key] === undefined) throw new Error(`a change within ${key}, which is not there`);
      change(slots[key], to);
    } else slots[key] = to;
  }
}

import { changes } from './changes.ts';
import { masters } from './masters.ts';
import type { Nemesis } from './nemesis.ts';
import { networks } from './networks.ts';
import { processes } from './processes.ts';
import { surroundings } from './surroundings.ts';

/** Every kind of fault that the lab knows, in the order of the report. */
export const nemeses: readonly Nemesis[] = [...processes, ...changes, ...surroundings, ...networks, ...masters];

/** @throws when a kind is not known */
export function chosen(kinds: readonly string[]): readonly Nemesis[] {
  const strange = kinds.filter(kind => !nemeses.some(n => n.kind === kind));
  if (strange.length > 0) throw new Error(`no such kind of fault: ${strange.join(', ')}. There are: ${nemeses.map(n => n.kind).join(', ')}`);
  return kinds.length === 0 ? nemeses : nemeses.filter(n => kinds.includes(n.kind));
}

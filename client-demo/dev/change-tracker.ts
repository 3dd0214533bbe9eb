import type { Change, Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';

const isContainer = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null;

/** Remembers a JSON value and when each part changed, so that a tree can highlight it. */
export class ChangeTracker {
  private before: Json | undefined = undefined;
  private round = 0;
  private readonly changed = new Map<string, number>();

  /** Compares with the last value. The value may be the same object, mutated. */
  update(value: Json): this {
    this.round += 1;
    if (this.before !== undefined) this.compare(this.before, value, '');
    this.before = structuredClone(value);
    return this;
  }

  /** When this path, or something below it, last changed; 0: never. Grows. */
  at(path: string): number {
    return this.changed.get(path) ?? 0;
  }

  private compare(was: Json | undefined, is: Json | undefined, path: string): boolean {
    let differs = was !== is;
    if (isContainer(was) && isContainer(is)) {
      differs = Array.isArray(was) !== Array.isArray(is);
      for (const key of new Set([...Object.keys(was), ...Object.keys(is)]))
        differs = this.compare(was[key], is[key], `${path}/${key}`) || differs;
    }
    if (differs) this.changed.set(path, this.round);
    return differs;
  }
}

/** One path that an entry changed. `to` undefined: removed. */
export interface ChangedPath {
  path: string;
  to: Json | undefined;
}

const order = ['state', 'room', 'hidden'];

/** The paths that an entry changed: the game's state first, the engine's own data last. */
export function changedPaths(changes: Changes): ChangedPath[] {
  const deeds: ChangedPath[] = [];
  const walk = (change: Change, path: string): void => {
    if (Array.isArray(change)) deeds.push({ path, to: change[0] });
    else if (typeof change === 'object' && change !== null) {
      for (const first of (change['#'] ?? []) as Json[])
        if (Array.isArray(first))
          deeds.push({ path: `${path}[${String(first[0])}]`, to: { removed: first[1]!, inserted: first.slice(2) } });
      for (const [key, inner] of Object.entries(change))
        if (key !== '#') walk(inner, `${path}.${key.replace(/^#/, '')}`);
    } else deeds.push({ path, to: change });
  };
  for (const part of order) if (part in changes) walk(changes[part]!, part);
  return deeds;
}

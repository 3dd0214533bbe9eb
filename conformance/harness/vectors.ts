import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../server/runtime/package-root.ts';
import type { Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';

/** `docs/wire/deltas.json`. */
export interface DeltaVectors {
  readonly changes: readonly { name: string; from: Json; change: Changes; to: Json }[];
  /** Changes that do not fit their value. */
  readonly unfit: readonly { name: string; from: Json; change: Changes }[];
}

/** Reads a file of test vectors of docs/wire. */
export const readVectors = (name: 'deltas'): DeltaVectors =>
  JSON.parse(readFileSync(join(packageRoot, `docs/wire/${name}.json`), 'utf8')) as DeltaVectors;

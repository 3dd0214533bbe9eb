import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { apply, type Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { apply as applyRaw } from '../../examples/raw-websocket/delta.mjs';
import { applyChange } from '../simulation/independent-delta.ts';
import { buildVectors, fits } from './wire-vectors.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(join(packageRoot, `docs/wire/${name}.json`), 'utf8'));

describe('the test vectors of docs/wire', () => {
  let built: Record<string, unknown>;
  before(async () => {
    built = JSON.parse(JSON.stringify(await buildVectors())) as Record<string, unknown>;
  });

  it("[W13] [W9] [A5] [C3] are what the product's own code does (test/unit/write-wire-vectors.ts writes them)", () => {
    for (const [name, vectors] of Object.entries(built))
      assert.deepEqual(read(name), vectors, `docs/wire/${name}.json`);
  });

  it('[W13] every change leads to its value, by three implementations; no unfit change fits', () => {
    type Vector = { name: string; from: Json; change: Json; to: Json };
    const { changes, unfit } = read('deltas') as { changes: Vector[]; unfit: Vector[] };
    assert.ok(changes.length >= 40 && unfit.length >= 5);
    for (const { name, from, change, to } of changes)
      for (const one of [
        (value: Json) => apply(value, change as Changes),
        (value: Json) => applyRaw(value, structuredClone(change)),
        (value: Json) => void applyChange(value, structuredClone(change)),
      ]) {
        const value = JSON.parse(JSON.stringify(from)) as Json;
        one(value);
        assert.equal(JSON.stringify(value), JSON.stringify(to), name);
      }
    for (const { name, from, change } of unfit) assert.equal(fits(from, change), false, name);
  });
});

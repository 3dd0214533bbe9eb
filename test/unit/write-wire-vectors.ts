/** Writes the test vectors of the wire protocol, docs/wire/*.json: node --import tsx test/unit/write-wire-vectors.ts */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { buildVectors } from './wire-vectors.ts';

/** One vector a line. */
const lines = (value: unknown): string => {
  if (Array.isArray(value)) return `[\n${value.map(one => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]`;
  return JSON.stringify(value);
};
for (const [name, vectors] of Object.entries(await buildVectors())) {
  const text = Array.isArray(vectors)
    ? lines(vectors).replace(/^ {2}/gm, '')
    : `{\n${Object.entries(vectors as object)
        .map(([key, value]) => `  ${JSON.stringify(key)}: ${lines(value)}`)
        .join(',\n')}\n}`;
  writeFileSync(join(packageRoot, `docs/wire/${name}.json`), `${text}\n`);
}

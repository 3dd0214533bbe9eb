import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { helpOf } from '../../tools/command-line.ts';
import { packageRoot } from '../../server/runtime/package-root.ts';

const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** The files that npm scripts run, from the repository's root. */
const tools = [
  ...new Set(
    Object.values(scripts).flatMap(script => {
      const [, bench] = /bench\/run\.ts (\w+)/.exec(script) ?? [];
      return bench === undefined
        ? [/(\S+\.ts)(?: --embedded.*)?$/.exec(script)?.[1] ?? []].flat()
        : [`bench/${bench}.ts`];
    }),
  ),
];

describe('command lines', () => {
  it('every tool of package.json says what it does, and reads its command line by one function', () => {
    assert.ok(tools.length > 15, tools.join(', '));
    for (const tool of tools) {
      if (/\.test\.ts$/.test(tool)) continue; // run by test/run.ts
      if (/^(server|tools\/local-cluster)\//.test(tool)) continue; // a node and a local cluster have help of their own
      assert.ok(helpOf(tool).length > 40, `${tool} begins with a comment that says what it does`);
      const text = readFileSync(join(packageRoot, tool), 'utf8');
      assert.match(text, new RegExp(`parseCommandLine\\(\\s*'${tool}',`));
      assert.ok(!/parseArgs|process\.argv\[2\]/.test(text), tool);
    }
  });
});

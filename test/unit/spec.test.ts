import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';

const root = join(import.meta.dirname, '../..');
const spec = readFileSync(join(root, 'shared/SPEC.md'), 'utf8');
const rules = [...spec.matchAll(/^\s*- \*\*([A-Z]\d+[a-z]?)\*\*/gm)].map(([, id]) => id!);
const idList = /\[([A-Z]\d+[a-z]?(?:, ?[A-Z]\d+[a-z]?)*)\]/g;

/** The rules that the titles of tests name, with the first file that names each. */
function rulesInTitles(): Map<string, string> {
  const named = new Map<string, string>();
  for (const file of readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(name =>
    /(\.test|-suite)\.ts$/.test(name),
  )) {
    for (const [, title] of readFileSync(join(root, 'test', file), 'utf8').matchAll(
      /\b(?:it|describe)(?:\.\w+)?\(\s*['"`]([^\n]*)/g,
    )) {
      for (const [, ids] of title!.matchAll(idList)) {
        for (const id of ids!.split(/, ?/)) if (!named.has(id)) named.set(id, file);
      }
    }
  }
  return named;
}

describe('the rules of shared/SPEC.md', () => {
  it('each has an id of its own', () => {
    assert.ok(rules.length > 200);
    assert.deepEqual(
      rules.filter((id, i) => rules.indexOf(id) !== i),
      [],
    );
  });

  it('each that a test names exists', () => {
    const unknown = [...rulesInTitles()].filter(([id]) => !rules.includes(id));
    assert.deepEqual(unknown, []);
  });

  it('each is named by a test, itself or one of its parts', () => {
    const named = [...rulesInTitles().keys()];
    const wholeOf = (id: string) => /^[A-Z]\d+/.exec(id)![0];
    const tested = new Set(named.map(wholeOf));
    assert.deepEqual(
      [...new Set(rules.map(wholeOf))].filter(id => !tested.has(id)),
      untested,
    );
  });
});

/** Rules that other tests cover without naming them. This list may only become shorter. */
const untested: readonly string[] = ['O11', 'V2'];

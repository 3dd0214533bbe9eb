import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'mocha';
import { FileWatcher } from '../../server/cli/file-watcher.ts';
import { FreshImporter } from '../../server/cli/fresh-import.ts';

describe('a module that is imported again', () => {
  const importer = new FreshImporter();
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'rejoin-import-')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  after(() => importer.close());
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  for (const type of ['module', 'commonjs'])
    it(`is as its files are now, with all that it imports; an error leaves no trace (${type})`, async () => {
      write('package.json', JSON.stringify({ type }));
      const steps = write('steps.ts', 'export const step: number = 1;');
      const rules = write('rules.ts', "import { step } from './steps.ts';\nexport const double = step * 2;");
      assert.equal((await importer.import(rules)).double, 2);
      write('steps.ts', 'export const step: number = 21;');
      assert.equal((await importer.import(rules)).double, 42);
      write('steps.ts', 'export const step: number = ;');
      await assert.rejects(importer.import(rules), /steps\.ts/);
      write('steps.ts', "export const step = 0;\nthrow new RangeError('as it runs');");
      await assert.rejects(importer.import(rules), RangeError);
      write('steps.ts', 'export const step: number = 3;');
      assert.equal((await importer.import(rules)).double, 6);
      assert.ok([rules, steps].every(file => importer.files.includes(file)));
    });

  it('imports packages once', async () => {
    const file = join(import.meta.dirname, '../../examples/results/contract.ts');
    const [first, second] = [await importer.import(file), await importer.import(file)];
    assert.notEqual(first, second);
    assert.ok(!importer.files.some(name => name.includes('node_modules')));
  });

  it('is watched by its folder: a file that an editor replaces is found again, others do not count', async () => {
    const changes = new EventEmitter();
    let count = 0;
    const watcher = new FileWatcher(() => changes.emit('change', ++count));
    const rules = write('rules.ts', '1');
    watcher.add([rules]);
    for (const text of ['2', '3']) {
      const changed = once(changes, 'change');
      write('beside.ts', text);
      renameSync(write('rules.ts.tmp', text), rules);
      await changed;
    }
    assert.equal(count, 2);
    watcher.close();
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../groups.ts';
import { WorkingCopy, replaced } from './ablate.ts';
import { ablations } from './list.ts';

/** Five; `npm run ablations` takes out all. */
const tried = [
  'the fence is ignored',
  'told before it is written',
  'refusals are not journaled',
  'a loss is not said',
  'nobody looks for silent nodes',
];

describe('rules that are taken out', () => {
  let copy: WorkingCopy;
  before(() => {
    copy = new WorkingCopy();
  });
  after(() => copy.remove());

  it('are all there to be taken out, each once', () => {
    for (const { edits } of ablations)
      for (const file of new Set(edits.map(e => e.file)))
        edits.filter(e => e.file === file).reduce(replaced, readFileSync(join(ROOT, file), 'utf8'));
    assert.ok(ablations.length >= 25);
    assert.equal(new Set(ablations.map(a => a.name)).size, ablations.length);
  });

  it('a text that is not there, or there twice, is an error', () => {
    assert.throws(() => replaced('a b', { file: 'x', find: 'c', replace: '' }), /0 times/);
    assert.throws(() => replaced('a b a', { file: 'x', find: 'a', replace: '' }), /2 times/);
    assert.throws(() => replaced('ab', { file: 'x', find: 'a b', replace: '' }), /0 times/);
  });

  it('a text is found however it is formatted', () => {
    assert.equal(
      replaced('if (x)\n  call(\n    a,\n    b,\n  );\nnext', {
        file: 'x',
        find: 'if (x) call(a, b);',
        replace: 'y();',
      }),
      'y();\nnext',
    );
    assert.equal(replaced('call(a, b); $&', { file: 'x', find: 'call(\n  a,\n  b);', replace: '$&' }), '$& $&');
  });

  it('a named test notices: positions past the end of a term count as ours', async () => {
    const ablation = {
      name: 'x',
      why: '',
      edits: [{ file: 'shared/position.ts', find: 'seq <= end && ', replace: '' }],
    };
    const { seed, violation } = await copy.without({
      ...ablation,
      hunt: { test: 'test/unit/position.test.ts', grep: 'place' },
    });
    assert.equal(seed, 0);
    assert.match(violation, /^\[P2\] stands as/);
    await assert.rejects(
      copy.without({ ...ablation, hunt: { test: 'test/unit/position.test.ts', grep: 'no such title' } }),
      /no test whose title contains/,
    );
    assert.equal(
      (await copy.test({ test: 'test/unit/position.test.ts', grep: 'place' })).seed,
      null,
      'the rule is back',
    );
  }).timeout(60_000);

  it('a file that cannot be loaded is an error', async () => {
    await assert.rejects(
      copy.without({
        name: 'x',
        why: '',
        edits: [{ file: 'shared/position.ts', find: 'export type Position =', replace: 'exports type Position =' }],
        hunt: { test: 'test/unit/position.test.ts', grep: 'place' },
      }),
      /cannot be loaded/,
    );
  }).timeout(60_000);

  for (const name of tried) {
    it(`the simulator notices: ${name}`, async () => {
      const { seed, tried: seeds } = await copy.without(ablations.find(a => a.name === name)!);
      assert.notEqual(seed, null, `not in ${seeds} seeds`);
    }).timeout(240_000);
  }
});

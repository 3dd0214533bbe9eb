import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../groups.ts';
import { Copy, replaced } from './ablate.ts';
import { ablations } from './list.ts';

/** Five; `npm run ablations` takes out all. */
const tried = ['the fence is ignored', 'told before it is written', 'refusals are not journaled', 'a loss is not said', 'nobody looks for silent nodes'];

describe('rules that are taken out', () => {
  let copy: Copy;
  before(() => { copy = new Copy(); });
  after(() => copy.remove());

  it('are all there to be taken out, each once', () => {
    for (const { edits } of ablations) for (const file of new Set(edits.map(e => e.file))) edits.filter(e => e.file === file).reduce(replaced, readFileSync(join(ROOT, file), 'utf8'));
    assert.ok(ablations.length >= 25);
    assert.equal(new Set(ablations.map(a => a.name)).size, ablations.length);
  });

  it('a text that is not there, or there twice, is an error', () => {
    assert.throws(() => replaced('a b', { file: 'x', find: 'c', replace: '' }), /0 times/);
    assert.throws(() => replaced('a b a', { file: 'x', find: 'a', replace: '' }), /2 times/);
  });

  for (const name of tried) {
    it(`the simulator notices: ${name}`, async () => {
      const { seed, tried: seeds } = await copy.without(ablations.find(a => a.name === name)!);
      assert.notEqual(seed, null, `not in ${seeds} seeds`);
    }).timeout(240_000);
  }
});

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { argumentsFor, compileSources } from '../../../tools/compile.ts';

describe('a command line', () => {
  before(() => compileSources());

  const run = (tool: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...argumentsFor(tool), ...args], {
      cwd: packageRoot,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  it('help ends well, and says what there is', () => {
    const { status, stdout, stderr } = run('test/integration/hostile/fuzz.ts', '--help');
    assert.deepEqual([status, stderr], [0, '']);
    for (const word of ['npm run fuzz', '--packets', '(1000000)', '--help']) assert.ok(stdout.includes(word), stdout);
  });

  for (const [tool, args, says] of [
    ['test/integration/hostile/fuzz.ts', ['--nonsense'], /Unknown option '--nonsense'/],
    ['test/integration/hostile/fuzz.ts', ['--packets', 'many'], /--packets: a number, not 'many'/],
    ['test/integration/hostile/fuzz.ts', ['--only'], /argument missing/],
    ['server/cli/main.ts', ['--nonsense'], /--nonsense/],
  ] as const) {
    it(`${tool} ${args.join(' ')} ends with a sentence`, () => {
      const { status, stdout, stderr } = run(tool, ...args);
      assert.notEqual(status, 0);
      assert.equal(stdout, '');
      assert.match(stderr, says);
      assert.ok(!/^ {4}at /m.test(stderr) && stderr.split('\n').length <= 5, stderr);
    });
  }

  it('a node says what it can be started with', () => {
    const { status, stdout } = run('server/cli/main.ts', '--embedded', '--help');
    assert.equal(status, 0);
    assert.match(stdout, /PORT/);
  });
});

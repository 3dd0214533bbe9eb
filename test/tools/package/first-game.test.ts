import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, describe, it } from 'mocha';
import { installedApp, ours, root, type App } from './install.ts';

const page = readFileSync(join(root, 'docs/your-first-game.md'), 'utf8');
const files = [...page.matchAll(/^```ts file=(\S+)\n(.*?)^```$/gms)].map(([, name, text]) => ({
  name: name!,
  text: text!,
}));

/** A match of two clients, as section 5 has them; says how it ended. */
const match = (url: string) => `
import { connect } from 'rejoin/client'
import { oddOrEven } from './game.ts'

const clients = [connect('${url}', { name: 'Ann' }), connect('${url}', { name: 'Bob' })]
const ann = await clients[0]!.quick(oddOrEven)
const bob = await clients[1]!.quick(oddOrEven)
const winners: number[] = []
bob.on('round', ({ winner }) => winners.push(winner))
const early = await ann.act.pick({ number: 2 })
const hidden = structuredClone([ann.state?.picks, bob.state?.picks]) // a state changes in place
const twice = await ann.act.pick({ number: 3 })
await bob.act.pick({ number: 4 })
for (const number of [1, 3]) {
  await ann.act.pick({ number })
  await bob.act.pick({ number: 5 })
}
console.log(JSON.stringify({ early: early.ok, hidden, twice: twice.ok || twice.code, winners, phase: bob.info.phase, result: bob.info.result, score: bob.state?.score }))
for (const client of clients) client.close()
`;
import { freePort } from '../../../tools/free-port.ts';

/** What docs/your-first-game.md tells a stranger to do, done. */
describe('your first game', function () {
  this.timeout(240_000);
  let app: App;
  let port: number;

  before(async () => {
    port = await freePort();
    app = await installedApp();
    for (const { name, text } of files) writeFileSync(join(app.folder, name), text);
    writeFileSync(join(app.folder, 'match.ts'), match(`http://localhost:${port}`));
  });

  it('is a game and a test, of sixty lines at most', () => {
    assert.deepEqual(
      files.map(f => f.name),
      ['game.ts', 'game.test.ts'],
    );
    const lines = files.flatMap(f => f.text.split('\n')).filter(line => line.trim() !== '').length;
    assert.ok(lines <= 60, `${lines} lines`);
  });

  it('its test passes', async () => {
    assert.match(await app.node('--import', 'tsx', '--test', '--test-reporter=tap', 'game.test.ts'), /^# pass 1$/m);
  });

  it('its types hold, as the page says to check them', async () => {
    const [, flags] = page.match(/npx tsc (.+) \*\.ts/) ?? [];
    assert.ok(flags, 'the page says how');
    await app.node(
      join(root, 'node_modules/@typescript/native/bin/tsc'),
      ...flags.split(' '),
      ...files.map(f => f.name),
      'match.ts',
    );
  });

  it('its server lets two clients play a match, and shows the page for authors', async () => {
    const [, file] = page.match(/^npx rejoin dev (\S+)$/m) ?? [];
    assert.ok(file, 'the page says how');
    const server: ChildProcess = spawn(process.execPath, [app.installed(ours.bin['rejoin']!), 'dev', file], {
      cwd: app.folder,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(server.stdout!)[Symbol.asyncIterator]();
    const printed = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const { value, done } = await lines.next();
        assert.ok(!done, `the command ended before it printed ${pattern}`);
        const found = pattern.exec(value);
        if (found) return found[1] ?? '';
      }
    };
    try {
      const address = await printed(/For authors: +(\S+)/);
      assert.equal(address, `http://localhost:${port}/dev/`);
      assert.match(await (await fetch(address)).text(), /<script/);
      assert.deepEqual(JSON.parse(await app.node('--import', 'tsx', 'match.ts')), {
        early: true,
        hidden: [
          [2, null],
          [null, null],
        ],
        twice: 'already-picked',
        winners: [0, 0, 0],
        phase: 'ended',
        result: { ranking: [[0], [1]] },
        score: [3, 0],
      });

      // Saved while the room is still there: two points win now.
      const game = files.find(({ name }) => name === file)!;
      writeFileSync(join(app.folder, file), game.text.replace('=== 3)', '=== ;'));
      await printed(/Not reloaded; the rules before still run/);
      await printed(/game\.ts/);
      writeFileSync(join(app.folder, file), game.text.replace('=== 3)', '=== 2)'));
      await printed(/Rules reloaded in \d+ ms/);
      const again = JSON.parse(await app.node('--import', 'tsx', 'match.ts')) as { score: number[] };
      assert.deepEqual(again.score, [2, 0]);
    } finally {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    }
  });
});

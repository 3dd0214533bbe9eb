import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'mocha';

describe('the watch over rules', () => {
  it('[R8] runs from its sources: a process whose rule never ends is ended, and has said which it was', async function () {
    this.timeout(60_000);
    const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'hanging-process.ts')], { stdio: ['ignore', 'ignore', 'pipe'] });
    // Nothing else would ever end it.
    const tooLate = setTimeout(() => child.kill('SIGTERM'), 30_000);
    let said = '';
    child.stderr.on('data', (text: Buffer) => { said += text.toString(); });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(tooLate);
    assert.equal(signal, 'SIGKILL', said);
    const line = JSON.parse(said.trim().split('\n').at(-1)!) as Record<string, unknown>;
    assert.deepEqual([line['node'], line['room'], line['game'], line['rule'], line['player'], line['n']], ['a-node', 'a-room', 'a-game', 'actions.spin', 'ann', 3]);
  });
});

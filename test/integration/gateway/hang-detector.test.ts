import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

describe('the watch over rules', () => {
  it('[R8] ends a process in which one hangs, from the sources too, and says which', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'hanging-process.ts')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      said += part.toString();
    });
    const patience = setTimeout(() => child.kill('SIGTERM'), 50_000);
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(patience);
    assert.equal(signal, 'SIGKILL', said);
    const { room, game, rule, player, n } = JSON.parse(said) as Record<string, unknown>;
    assert.deepEqual(
      { room, game, rule, player, n },
      { room: 'room', game: 'chess', rule: 'actions.think', player: 'ada', n: 7 },
    );
  }).timeout(60_000);
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readCommands } from './commands.ts';

const command = (...words: string[]): string =>
  `*${words.length}\r\n${words.map(w => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join('')}`;
const read = (text: string) => {
  const { steps, used } = readCommands(Buffer.from(text));
  return { steps: steps.map(step => step.map(words => words.map(String).join(' '))), used };
};

describe('the commands of an append-only file', () => {
  it('are read, what belongs together as one step', () => {
    const text =
      command('SELECT', '0') +
      command('SET', 'a', 'ä\r\n*1') +
      command('MULTI') +
      command('RPUSH', 'j', '1') +
      command('HSET', 'm', 'seq', '1') +
      command('EXEC') +
      command('DEL', 'a');
    assert.deepEqual(read(text), {
      steps: [['SELECT 0'], ['SET a ä\r\n*1'], ['RPUSH j 1', 'HSET m seq 1'], ['DEL a']],
      used: Buffer.byteLength(text),
    });
  });

  it('count only where they are there in whole: at every byte at which a crash may have cut them off', () => {
    const first = command('SET', 'a', '1');
    const second = command('MULTI') + command('RPUSH', 'j', '22') + command('EXEC');
    const whole = first + second;
    for (let cut = 0; cut < whole.length; cut++) {
      const { steps, used } = read(whole.slice(0, cut));
      assert.deepEqual([steps.length, used], cut < first.length ? [0, 0] : [1, first.length], `cut after ${cut}`);
    }
  });

  it('are nothing else', () => assert.throws(() => read('REDIS0010'), /where \* is expected/));
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'mocha';
import { ConfigError, readConfig } from '../../server/config.ts';
import { weaknessOf } from '../../server/identity/secret-strength.ts';
import { Tokens } from '../../server/identity/tokens.ts';
import { noLog } from '../../server/ops/log.ts';
import { createServer } from '../../server/server.ts';
import { fourInARowGame } from '../../shared/games/four-in-a-row/rules.ts';

import { countingEntropy, ManualClock } from './manual-ports.ts';

const weak = [
  's'.repeat(32),
  'secret'.repeat(6),
  'abcd'.repeat(10),
  'operator-'.repeat(4),
  '0123456789abcdefghijklmnopqrstuvwxyz',
  'abcdefghijklmnopqrstuvwxyzABCDEF',
  'aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb',
  '12345678901234567890123456789012',
  'secret1secret2secret3secret4secret5',
  'changemechangemechangemechangeme',
];

describe('secrets', () => {
  const starting = (options: object) =>
    createServer({ store: 'memory', games: [fourInARowGame], log: noLog, effects: {}, ...options } as never);

  it('[W4] that repeat themselves or count up are refused, wherever they are given', async () => {
    for (const secret of weak) {
      assert.match(weaknessOf(secret, 32) ?? '', /repeated or counting pattern/, secret);
      assert.throws(() => new Tokens(secret, new ManualClock(), countingEntropy()), RangeError, secret);
      for (const name of ['REJOIN_SECRET', 'OPERATOR_TOKEN', 'METRICS_TOKEN'])
        assert.throws(() => readConfig({ [name]: secret }), ConfigError, `${name}: ${secret}`);
      for (const name of ['secret', 'operatorToken', 'metricsToken'])
        await assert.rejects(
          starting({ [name]: secret }),
          (error: Error) => error.message.startsWith(name) && !error.message.includes(secret),
          `${name}: ${secret}`,
        );
    }
    for (const [name, short] of [
      ['secret', 31],
      ['operatorToken', 31],
      ['metricsToken', 15],
    ] as const)
      await assert.rejects(starting({ [name]: randomBytes(40).toString('base64').slice(0, short) }), /at least/, name);
  });

  it('[W4] that are random pass, in any alphabet', () => {
    for (let i = 0; i < 2_000; i++) {
      const bytes = randomBytes(32);
      for (const text of [
        bytes.toString('hex'),
        bytes.toString('base64'),
        bytes.toString('base64url'),
        bytes.toString('hex').slice(0, 32),
        Array.from(bytes, b => b % 10).join(''),
      ])
        assert.equal(weaknessOf(text, 32), null, text);
      assert.equal(weaknessOf(bytes.toString('hex').slice(0, 16), 16), null);
    }
    assert.equal(weaknessOf('correct horse battery staple, and a lamp', 32), null);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { TestRedis } from '../../integration/redis/redis-server.ts';
import { runConformance } from './compare.ts';

/** `npm run conformance -- --sequences 100000` runs as many as one likes. */
describe('the memory store answers', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await TestRedis.start();
  });
  after(() => redis.stop());

  it('[J1] [J2] [J3] [J5] as Redis does, in 500 random sequences of all operations of a store', async () => {
    const { sequences, operations } = await runConformance(redis.url, { from: 1, sequences: 500 });
    assert.equal(sequences, 500);
    assert.ok(operations >= 500 * 14);
  });

  it('[J1] [J2] [J3] [J5] as the file store does, which has it all in the next process, in 60 random sequences', async () => {
    const { sequences, operations } = await runConformance('file', { from: 1, sequences: 60 });
    assert.equal(sequences, 60);
    assert.ok(operations >= 60 * 30);
  });
});

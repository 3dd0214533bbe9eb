/**
 * `npm run conformance`: random sequences of everything a store can be asked, to the memory store and to a redis-server
 * that is started for it; every reply is compared.
 *
 *   --sequences N  how many (10000)
 *   --from N       the seed of the first (1)
 */
import { TestRedis } from '../../integration/redis/redis-server.ts';
import { runConformance } from './compare.ts';
import { parseCommandLine } from '../../../tools/command-line.ts';

const { values } = parseCommandLine('test/simulation/conformance/main.ts', {
  options: { sequences: { type: 'string', default: '10000' }, from: { type: 'string', default: '1' } },
});
const redis = await TestRedis.start(['--appendfsync', 'no']);
const started = performance.now();
try {
  const { sequences, operations } = await runConformance(redis.url, {
    from: Number(values.from),
    sequences: Number(values.sequences),
  });
  process.stdout.write(
    `${sequences} sequences, ${operations} operations, every reply the same, in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  );
} finally {
  await redis.stop();
}

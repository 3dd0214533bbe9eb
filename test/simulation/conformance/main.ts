/**
 * `npm run conformance`: random sequences of all operations of a store, to the memory store, to a redis-server that is
 * started for it, and to the file store, which is then opened again; every reply is compared.
 *
 *   --sequences N  how many (10000); for the file store, which opens a file twice in each, a tenth of them
 *   --from N       the seed of the first (1)
 */
import { TestRedis } from '../../integration/redis/redis-server.ts';
import { runConformance } from './compare.ts';
import { parseCommandLine } from '../../../tools/command-line.ts';

const { values } = parseCommandLine('test/simulation/conformance/main.ts', {
  options: { sequences: { type: 'string', default: '10000' }, from: { type: 'string', default: '1' } },
});
const redis = await TestRedis.start(['--appendfsync', 'no']);
try {
  for (const [name, other, count] of [
    ['Redis', redis.url, Number(values.sequences)],
    ['file', 'file', Math.ceil(Number(values.sequences) / 10)],
  ] as const) {
    const started = performance.now();
    const { sequences, operations } = await runConformance(other, {
      from: Number(values.from),
      sequences: count,
    });
    process.stdout.write(
      `memory and ${name}: ${sequences} sequences, ${operations} operations, every reply the same, in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
    );
  }
} finally {
  await redis.stop();
}

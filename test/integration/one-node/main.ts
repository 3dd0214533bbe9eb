/**
 * `npm run kill:embedded`: kills a node without Redis under play, and starts it again on the same file.
 *
 *   --kills N   how often (200)
 *   --rooms N   rooms in which two players play (4)
 *   --seed N    of the times between kills (1)
 *
 * Ends with 1 if an accepted action was lost or executed twice, a client did not resume, or a timer stopped.
 */
import { cpus } from 'node:os';
import { argumentsFor } from '../../../tools/compile.ts';
import { exitWithUsage, parseCommandLine } from '../../../tools/command-line.ts';
import { runKills } from './kills.ts';

const { values } = parseCommandLine('test/integration/one-node/main.ts', {
  options: {
    kills: { type: 'string', default: '200' },
    rooms: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
  },
});
const wanted = (name: keyof typeof values): number => {
  const n = Number(values[name]);
  if (!Number.isSafeInteger(n) || n < 1) exitWithUsage(`--${name} is a whole number above 0, not ${values[name]}`);
  return n;
};
const [kills, rooms, seed] = [wanted('kills'), wanted('rooms'), wanted('seed')];
const { accepted, interruptions } = await runKills({
  kills,
  rooms,
  seed,
  argumentsFor,
  onKill: (kill, ms) => {
    process.stderr.write(`${kill} of ${kills}: ${Math.round(ms)} ms\n`);
  },
});
interruptions.sort((a, b) => a - b);
process.stdout.write(
  [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}`,
    `${kills} kills, ${rooms} rooms: ${accepted} actions accepted, none lost, none executed twice`,
    `until all players had another verdict, ms: median ${Math.round(interruptions[kills >> 1]!)}, maximum ${Math.round(interruptions.at(-1)!)}`,
    '',
  ].join('\n'),
);
process.exit(0);

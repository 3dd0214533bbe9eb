import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCommandLine } from '../tools/command-line.ts';

/**
 * Where the CPU of profiled servers went: `npm run bench -- --contestants rejoin-redis --rounds 1 --profile DIR`, then
 * `npm run bench:profile -- DIR --from 8 --to 28`. Self time of all profiles in a folder that have anything of
 * `server/` in them, by place and by function.
 */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const {
  values,
  positionals: [folder = '.'],
} = parseCommandLine('bench/profile.ts', {
  allowPositionals: true,
  options: {
    most: { type: 'string', default: '30' },
    from: { type: 'string', default: '0' },
    to: { type: 'string', default: 'Infinity' },
  },
});
const { most } = values;
/** Seconds of each process that count: without its start, and the players' sitting down. */
const [from, to] = [Number(values.from), Number(values.to)];
const profiles = readdirSync(folder)
  .filter(name => name.endsWith('.cpuprofile'))
  .map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile)
  .filter(p =>
    p.nodes.some(n => n.callFrame.url.includes('dist/run/server/') || n.callFrame.url.includes('bench/peers/')),
  );
const [byModule, byFunction] = [new Map<string, number>(), new Map<string, number>()];
const add = (into: Map<string, number>, key: string, ms: number) => void into.set(key, (into.get(key) ?? 0) + ms);

/** A file of ours, a package, or a part of Node. */
function moduleOf(url: string, name: string): string {
  if (url === '') return name.startsWith('(') ? name : '(native)';
  const [, own] = /dist\/run\/(.+)$/.exec(url) ?? [];
  const [, pack] = /node_modules\/(?!.*node_modules\/)((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  return own ?? pack ?? url.replace(/^file:.*\/bench\//, 'bench/');
}

let busy = 0;
for (const { nodes, samples, timeDeltas } of profiles) {
  const frames = new Map(nodes.map(n => [n.id, n.callFrame]));
  let at = 0;
  samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = frames.get(id)!;
    const ms = timeDeltas[i]! / 1_000;
    at += ms / 1_000;
    if (at < from || at > to) return;
    const place = moduleOf(url, functionName);
    if (place === '(idle)') return;
    busy += ms;
    add(byModule, place, ms);
    add(byFunction, `${functionName || '(anonymous)'} ${url === '' ? '' : `${place}:${lineNumber + 1}`}`, ms);
  });
}
if (profiles.length === 0) throw new Error(`no profile of a server in ${folder}`);
const table = (title: string, of: Map<string, number>) => [
  `| ${title} | % of ${(busy / 1_000).toFixed(1)} s |`,
  '|---|---|',
  ...[...of]
    .sort((a, b) => b[1] - a[1])
    .slice(0, Number(most))
    .map(([name, ms]) => `| ${name} | ${((100 * ms) / busy).toFixed(1)} |`),
  '',
];
process.stdout.write(
  [`${profiles.length} processes`, '', ...table('place', byModule), ...table('function', byFunction)].join('\n'),
);

/**
 * `npm run faults -- --minutes 5`: does faults to a real cluster under play, and checks that every promise was kept.
 *
 *   --minutes N              for how long (default 5)
 *   --kinds a,b              only these; `--kinds help` lists them
 *   --seed N                 the order of the faults and what is drawn in them (default 1)
 *   --actions-per-second N   how much is played (default 300)
 *   --replicas N so many replicas of Redis, and three sentinels (default 0: one Redis, and a proxy for each node)
 *   --wait N                 how many replicas must have an entry before anybody is told (default 1 with replicas)
 *   --json FILE              the numbers of the run
 *   --append                 adds the run to docs/benchmarks/faults.md and docs/benchmarks/faults.json, and draws docs/benchmarks/faults.svg
 *   --folder PATH where everything is written down; kept (default: .run/faults-…, kept when something is wrong)
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { nemeses } from './nemesis/all.ts';
import type { Need } from './nemesis/nemesis.ts';
import { namespaceCommand } from './network/firewall.ts';
import { emptyResults, readResults, addRun } from './report/fault-results.ts';
import { renderReport } from './report/markdown.ts';
import { renderTimeline } from './report/timeline.ts';
import { runFaults } from './run-faults.ts';
import { parseCommandLine, exitWithUsage } from '../../../tools/command-line.ts';

const root = resolve(import.meta.dirname, '../../..');
const docs = join(root, 'docs/benchmarks');
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const { values } = parseCommandLine('test/integration/faults/run.ts', {
  options: {
    minutes: { type: 'string', default: '5' },
    kinds: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    'actions-per-second': { type: 'string', default: '300' },
    replicas: { type: 'string', default: '0' },
    wait: { type: 'string' },
    json: { type: 'string' },
    append: { type: 'boolean', default: false },
    folder: { type: 'string' },
  },
});

async function main(): Promise<void> {
  if (values.kinds === 'help') return print(nemeses.map(n => `${n.kind.padEnd(20)} ${n.says}`).join('\n'));
  await requireSystem(['redis-server', 'nginx'], print);
  const within = namespaceCommand([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  if (within) return runAgain(within);
  const folder = resolve(
    root,
    values.folder ?? `.run/faults-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`,
  );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const minutes = positive('minutes');
  const from = performance.now();
  const say = (text: string) => print(`${((performance.now() - from) / 1000).toFixed(1).padStart(7)} s  ${text}`);
  const replicas = whole(values.replicas);
  const waitReplicas = values.wait === undefined ? Math.min(1, replicas) : whole(values.wait);
  const result = await runFaults({
    minutes,
    replicas,
    waitReplicas,
    folder,
    say,
    seed: positive('seed'),
    actionsPerSecond: positive('actions-per-second'),
    kinds: values.kinds.split(',').filter(kind => kind !== ''),
  });
  const command = `npm run faults -- --minutes ${values.minutes}${values.kinds === '' ? '' : ` --kinds ${values.kinds}`} --seed ${values.seed}${replicas === 0 ? '' : ` --replicas ${replicas} --wait ${waitReplicas}`} --actions-per-second ${values['actions-per-second']}`;
  const alone = addRun(emptyResults(), result, command);
  const picture = renderTimeline(result);
  writeFileSync(join(folder, 'report.md'), renderReport(alone));
  writeFileSync(join(folder, 'timeline.svg'), picture);
  writeFileSync(
    values.json ?? join(folder, 'report.json'),
    `${JSON.stringify({ ...alone, struck: result.struck, longest: result.measured.longest, perSecond: result.measured.perSecond, violations: result.checked.findings }, null, 1)}\n`,
  );
  if (values.append) {
    const book = addRun(readResults(join(docs, 'faults.json')), result, `${command} --append`);
    writeFileSync(join(docs, 'faults.json'), `${JSON.stringify(book)}\n`);
    writeFileSync(join(docs, 'faults.md'), renderReport(book));
    writeFileSync(join(docs, 'faults.svg'), picture);
  }
  print(`\n${renderReport(alone).split('\n## So far\n')[1]!.split('\n## What is checked')[0]!}`);
  if (result.left.length > 0) print(`left out, for this machine or this Redis cannot do them: ${leftBy(result.left)}`);
  for (const { wrong, room, says } of result.checked.findings.slice(0, 40))
    print(`VIOLATION ${wrong} ${room}: ${says}`);
  const bad = result.checked.findings.length > 0;
  print(
    bad
      ? `${result.checked.findings.length} violations; everything is in ${folder}`
      : `no violations; report in ${folder}`,
  );
  if (!bad && values.folder === undefined)
    for (const bulk of ['cluster', 'rooms', 'effects.jsonl'])
      rmSync(join(folder, bulk), { recursive: true, force: true });
  process.exitCode = bad ? 1 : 0;
}

const needs: Record<Need, string> = {
  firewall: 'packets to be dropped: iptables, a network namespace, no replicas',
  'one-redis': 'no replicas',
  replicas: '--replicas',
};
const leftBy = (kinds: readonly string[]): string =>
  kinds.map(kind => `${kind} (needs ${needs[nemeses.find(n => n.kind === kind)!.needs!]})`).join(', ');

function whole(text: string): number {
  if (!/^\d$/.test(text)) exitWithUsage(`--replicas and --wait: a digit, not '${text}'`);
  return Number(text);
}

function positive(name: 'minutes' | 'seed' | 'actions-per-second'): number {
  const n = Number(values[name]);
  if (!(n > 0)) exitWithUsage(`--${name}: a number above 0, not '${values[name]}'`);
  return n;
}

/** The same, where packets can be dropped. Signals to this process end the other, which ends its own. */
async function runAgain({
  command,
  args,
  env,
}: {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise<number>(done => child.once('exit', code => done(code ?? 1)));
}

await main();

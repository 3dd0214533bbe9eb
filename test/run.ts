/**
 * `npm test`: format, type check, lint, the API reference (all that is public is documented), and every group of tests
 * in a process of its own, three at a time: most of them wait for processes that start, end or are frozen. Ends with one
 * line, `N passed, N failed`.
 *
 *   --fast           only what needs nothing installed; no type check, no lint
 *   --only PATH      only test files at or below PATH (again for more); no type check, no lint
 *   --grep PATTERN   only tests whose title matches; no type check, no lint
 *   --thorough       also what is too slow for every change
 *   --record-times   write the times of each group into times.json; later runs print theirs beside them
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireSystem } from '../tools/local-cluster/system.ts';
import { LEAK_EXIT, LEAK_MS, type GroupOrder, type GroupReport } from './group-report.ts';
import { findGroups, ROOT, type Group } from './groups.ts';
import { parseCommandLine } from '../tools/command-line.ts';
import { childCpuMeter, longestFirst, recordedTimes, recordTimes, timesTable, type GroupTimes } from './times.ts';

/** Groups that run at a time, on two cores: they wait for about half of their time. */
const CONCURRENT_GROUPS = 3;

/** Read whenever a child has ended. */
const cpuSinceLast = childCpuMeter();

type Tally = { passed: number; failed: number; skipped: number };

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { typecheck: string } };
const { values, positionals } = parseCommandLine('test/run.ts', {
  allowPositionals: true,
  options: {
    fast: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    grep: { type: 'string' },
    thorough: { type: 'boolean', default: false },
    'record-times': { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const only = [...values.only, ...positionals];
  const groups = findGroups({ fastOnly: values.fast, only });
  const everything = !values.fast && only.length === 0 && values.grep === undefined;
  const total: Tally = { passed: 0, failed: 0, skipped: 0 };
  const problems: string[] = [];
  const last = recordedTimes();
  const times: Record<string, GroupTimes> = {};

  const check = async (name: string, script: string, ...args: string[]): Promise<void> => {
    const { output, ok, times: taken } = await runCheck(name, script, ...args);
    times[name] = taken;
    if (ok) return void total.passed++;
    total.failed++;
    problems.push(`${name} failed`);
    print(output);
  };
  const checks = async (): Promise<void> => {
    await check('format (npm run format)', 'oxfmt/bin/oxfmt', '--check');
    const [, ...projects] = scripts.typecheck.split(' ');
    await check('type check', '@typescript/native/bin/tsc', ...projects);
    await check('lint', 'oxlint/bin/oxlint', '--type-aware', '--report-unused-disable-directives-severity', 'error');
    await check(
      'API reference',
      'typedoc/bin/typedoc',
      '--emit',
      'none',
      '--treatWarningsAsErrors',
      '--treatValidationWarningsAsErrors',
    );
  };

  let ran = 0;
  // They need nothing of the system: a machine on which the programs are installed first checks meanwhile.
  const checked = everything ? checks() : Promise.resolve();
  try {
    await requireSystem([...new Set(groups.flatMap(group => group.needs))], print);
    const waiting = longestFirst(groups, last);
    // Browsers fill both cores: one group of them at a time, beside others that wait more than they work, as long as
    // there are such.
    let browsing = 0;
    const browses = (group: Group) => group.needs.includes('chromium-headless-shell');
    const next = (): Group | undefined =>
      waiting.splice(
        Math.max(
          0,
          waiting.findIndex(group => browsing === 0 || !browses(group)),
        ),
        1,
      )[0];
    const concurrent = Math.min(CONCURRENT_GROUPS, groups.length);
    const runInTurn = async (number: number) => {
      // Beside the first groups, which wait more than they work.
      if (number === 0) await checked;
      for (let group = next(); group !== undefined; group = next()) {
        if (browses(group)) browsing++;
        const { tally, failures, problem, times: taken } = await runGroup(group, concurrent > 1);
        times[group.name] = taken;
        if (browses(group)) browsing--;
        ran += tally.passed + tally.failed;
        for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += tally[key];
        for (const { title, how } of failures) problems.push(`${group.name}: ${title}\n${how.replace(/^/gm, '    ')}`);
        if (problem !== undefined) {
          total.failed++;
          problems.push(`${group.name}: ${problem}`);
        }
      }
    };
    await Promise.all(Array.from({ length: concurrent }, (_, number) => runInTurn(number)));
    if (ran === 0 && total.failed === 0) {
      total.failed++;
      problems.push('no test ran');
    }
  } catch (error) {
    total.failed++;
    problems.push(error instanceof Error ? error.message : String(error));
  }
  await checked;

  if (Object.keys(times).length > 0) print(timesTable(times, last));
  if (values['record-times']) recordTimes({ ...last, ...times });
  for (const problem of problems) print(`✗ ${problem}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  print(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
}

/** A check says something only when it fails. */
function runCheck(
  name: string,
  script: string,
  ...args: string[]
): Promise<{ output: string; ok: boolean; times: GroupTimes }> {
  const started = performance.now();
  return new Promise(resolve => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (part: Buffer) => void (output += part.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    let times: GroupTimes = { wall: 0, cpu: null };
    child.once('exit', () => (times = { wall: (performance.now() - started) / 1000, cpu: cpuSinceLast() }));
    child.once('close', code => {
      print(`${code === 0 ? '✓' : '✗'} ${name} (${seconds(started)})`);
      resolve({ output, ok: code === 0, times });
    });
  });
}

/** @param beside others run at the same time: what it prints is kept together, and shown when it is over */
function runGroup(
  group: Group,
  beside: boolean,
): Promise<{ tally: Tally; failures: GroupReport['failures']; times: GroupTimes; problem?: string }> {
  print(`${beside ? '' : '\n'}=== ${group.name} (${group.files.length} files)${beside ? ' begins' : ''}`);
  const started = performance.now();
  const order: GroupOrder = {
    files: group.files,
    timeout: group.timeout,
    ...(values.grep === undefined ? {} : { grep: values.grep }),
  };
  return new Promise(resolve => {
    const child = fork(join(ROOT, 'test/group.ts'), [JSON.stringify(order)], {
      cwd: ROOT,
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, ...(values.thorough ? { REJOIN_THOROUGH: '1' } : {}) },
      stdio: ['ignore', beside ? 'pipe' : 'inherit', beside ? 'pipe' : 'inherit', 'ipc'],
      detached: true, // A group of processes of its own, so that a hung one can be ended with all it started.
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => void (output += part.toString()));
    const killAll = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const interrupted = (signal: NodeJS.Signals) => {
      killAll();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    let last: GroupReport = {
      passed: 0,
      failed: 0,
      skipped: 0,
      done: false,
      running: 'loading the files',
      failures: [],
    };
    let hung = false;
    const tooLong = () => {
      hung = true;
      killAll();
    };
    let bound = setTimeout(tooLong, group.bound);
    child.on('message', (report: GroupReport) => {
      last = report;
      if (!report.done) return;
      // It should notice by itself what it has left open; this is for one that cannot even do that.
      clearTimeout(bound);
      bound = setTimeout(tooLong, LEAK_MS + 5_000);
    });
    const over = async (code: number | null, signal: NodeJS.Signals | null) => {
      const times = { wall: (performance.now() - started) / 1000, cpu: cpuSinceLast() };
      clearTimeout(bound);
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      // What it wrote last may still be on its way; something that it left behind may hold the pipe open for ever.
      if (beside) await Promise.race([once(child, 'close'), sleep(1_000)]);
      if (output !== '') print(output);
      const { passed, failed, skipped, failures } = last;
      print(`=== ${group.name}: ${passed} passed, ${failed} failed in ${seconds(started)}`);
      const problem = problemOf(last, { code, signal, hung }, group);
      resolve({ tally: { passed, failed, skipped }, failures, times, ...(problem === undefined ? {} : { problem }) });
    };
    child.once('exit', (code, signal) => void over(code, signal));
  });
}

/** What went wrong with a group beside its failed tests. */
function problemOf(
  last: GroupReport,
  end: { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly hung: boolean },
  group: Group,
): string | undefined {
  const how = end.signal ?? `exit code ${end.code}`;
  if (end.code === LEAK_EXIT || (end.hung && last.done)) {
    return `did not exit by itself within ${LEAK_MS / 1000} s of its last test: something is left open`;
  }
  if (end.hung) return `did not end within ${group.bound / 1000} s; last begun: ${last.running}`;
  if (!last.done) return `ended before its tests did (${how}); last begun: ${last.running}`;
  if (end.code !== 0 && last.failed === 0) return `failed after its last test (${how})`;
  return undefined;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main();

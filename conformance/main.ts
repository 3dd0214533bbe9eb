#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { runConformance, scenarios, type ScenarioResult } from './run.ts';

const help = `Checks a client of the Rejoin wire protocol.

  rejoin-conformance [options] -- <command> [arguments]

The command starts an adapter: a program that drives the client under test. It reads commands as JSON lines on
stdin and answers as JSON lines on stdout. docs/wire.md describes the protocol and the adapter.

  --only NAME   only this scenario (again for more)
  --jobs N      scenarios at a time, each with a process of its own (default 1)
  --list        prints the scenarios and what each checks
  --json        prints the results as one JSON value
  --verbose     prints the last packets of failed scenarios

Exit code: 0 if no scenario failed, 1 if one failed, 2 if the command line is wrong.
`;

function readCommandLine() {
  const args = process.argv.slice(2);
  const split = args.indexOf('--');
  const command = split < 0 ? [] : args.slice(split + 1);
  const { values } = parseArgs({
    args: split < 0 ? args : args.slice(0, split),
    options: {
      only: { type: 'string', multiple: true, default: [] },
      jobs: { type: 'string', default: '1' },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const jobs = Number(values.jobs);
  if (!(Number.isInteger(jobs) && jobs >= 1 && jobs <= 16))
    throw new Error(`--jobs: a number from 1 to 16, not '${values.jobs}'`);
  const unknown = values.only.find(name => !scenarios.some(scenario => scenario.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no scenario '${unknown}'; --list prints them`);
  if (command.length === 0 && !values.list && !values.help)
    throw new Error('the command of the adapter is missing: rejoin-conformance -- <command>');
  return { ...values, jobs, command };
}

const indent = (text: string, by: string): string => text.replace(/^/gm, by);

function print({ name, verdict, ms, complaints, transcript, stderr }: ScenarioResult, verbose: boolean): void {
  const mark = { passed: '✓', failed: '✗', skipped: '–' }[verdict];
  process.stdout.write(
    `${mark} ${name}${verdict === 'skipped' ? ' (the adapter does not name this feature)' : ` (${(ms / 1000).toFixed(1)} s)`}\n`,
  );
  for (const complaint of complaints) process.stdout.write(`${indent(complaint, '    ')}\n`);
  if (verbose && transcript.length > 0)
    process.stdout.write(`    last packets:\n${indent(transcript.join('\n'), '      ')}\n`);
  if (stderr !== '') process.stdout.write(`    stderr of the adapter:\n${indent(stderr, '      ')}\n`);
}

async function main(): Promise<number> {
  let options;
  try {
    options = readCommandLine();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nSee --help.\n`);
    return 2;
  }
  if (options.help) return (process.stdout.write(help), 0);
  if (options.list) {
    for (const { name, checks, rules, feature } of scenarios)
      process.stdout.write(`${name}${feature ? ` (feature: ${feature})` : ''}\n    ${checks} [${rules.join(', ')}]\n`);
    return 0;
  }
  const results = await runConformance(options.command, {
    only: options.only,
    jobs: options.jobs,
    onResult: result => {
      if (!options.json) print(result, options.verbose);
    },
  });
  const count = (verdict: ScenarioResult['verdict']) => results.filter(result => result.verdict === verdict).length;
  process.stdout.write(
    options.json
      ? `${JSON.stringify(results)}\n`
      : `\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`,
  );
  return count('failed') > 0 ? 1 : 0;
}

process.exitCode = await main();

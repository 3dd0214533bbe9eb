#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../server/runtime/package-root.ts';
import { UsageError, type CommandSpec } from '../server/cli/command-line.ts';

/** A module of a command: its description, and what it does. */
interface Command {
  readonly spec: CommandSpec;
  readonly run: (args: readonly string[]) => Promise<void>;
}

// Loaded when asked for: a production server needs neither the client nor the local cluster.
const commands = new Map<string, () => Promise<Command>>([
  ['start', () => import('../server/cli/start.ts')],
  ['dev', () => import('../server/cli/dev.ts')],
  ['cluster', () => import('./cluster.ts')],
  ['load', () => import('./load.ts')],
  ['check', () => import('../server/cli/check.ts')],
]);

/** The `rejoin` command. */
async function main([name, ...args]: readonly string[]): Promise<void> {
  const names = [...commands.keys()].join(', ');
  if (name === undefined) throw new UsageError(`a command is needed: ${names}`);
  if (name === '--help' || name === '-h' || name === 'help') return void process.stdout.write(await help());
  if (name === '--version' || name === '-v') return void process.stdout.write(`${version()}\n`);
  const load = commands.get(name);
  if (load === undefined) throw new UsageError(`there is no command '${name}', only ${names}`);
  await (await load()).run(args);
}

const version = (): string =>
  (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;

async function help(): Promise<string> {
  const all = await Promise.all([...commands.values()].map(load => load()));
  const rows = all.map(({ spec }) => [`rejoin ${spec.name} ${spec.file}`, spec.summary] as const);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    'Multiplayer rooms that outlive the server that runs them.',
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    '',
    '  rejoin COMMAND --help, rejoin --version',
    '',
  ].join('\n');
}

await main(process.argv.slice(2)).catch(async (error: unknown) =>
  (await import('../server/cli/exit-on-error.ts')).exitOnError(error),
);

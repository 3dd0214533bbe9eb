#!/usr/bin/env node
import { runCommand } from './command.ts';
import { CreateError } from './create-error.ts';

try {
  await runCommand(process.argv.slice(2), {
    cwd: process.cwd(),
    isTerminal: process.stdin.isTTY === true,
    print: text => void process.stdout.write(text),
  });
} catch (error) {
  if (!(error instanceof CreateError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

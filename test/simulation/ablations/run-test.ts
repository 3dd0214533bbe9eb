/**
 * Runs the tests of one file whose full titles contain a text, and prints the result as one line of JSON.
 * First argument: a TestHunt as JSON. Made to be run in a copy of the sources.
 */
import Mocha from 'mocha';
import { join } from 'node:path';
import type { TestHunt } from './ablation.ts';

/** What became of the tests: how many ran, and the first failure. */
export interface TestResult {
  ran: number;
  failure: string | null;
}

const { test, grep } = JSON.parse(process.argv[2]!) as TestHunt;
const mocha = new Mocha({ reporter: class {} as unknown as Mocha.ReporterConstructor, timeout: 60_000 }).fgrep(grep);
mocha.addFile(join(process.cwd(), test));
// A file that cannot be loaded is a fault of the edit, not a failed test.
await mocha.loadFilesAsync();
process.stderr.write('loaded\n');
const result: TestResult = { ran: 0, failure: null };
mocha
  .run()
  .on('pass', () => {
    result.ran += 1;
  })
  .on('fail', (failed, error: Error) => {
    result.ran += 1;
    result.failure ??= `${failed.title}: ${error.name}: ${error.message}`;
  })
  .on('end', () => {
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  });

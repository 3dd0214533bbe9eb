/**
 * Runs the test files of one group in this process, and reports to the process that forked it (run.ts).
 * First argument: what to run, as JSON.
 */
import Mocha from 'mocha';
import { LEAK_EXIT, LEAK_MS, type GroupOrder, type GroupReport } from './group-report.ts';

const order = JSON.parse(process.argv[2] ?? '') as GroupOrder;
const mocha = new Mocha({
  reporter: 'spec',
  timeout: order.timeout,
  slow: 4_000, // what takes half of it is shown with its time
  color: process.stdout.isTTY === true,
  forbidOnly: process.env['CI'] === 'true',
  ...(order.grep === undefined ? {} : { grep: new RegExp(order.grep) }),
});
order.files.forEach(file => mocha.addFile(file));
await mocha.loadFilesAsync();

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures: { title: string; how: string }[] = [];
const report = (more: Partial<GroupReport>) =>
  process.send?.({ ...counts, failures, done: false, running: '', ...more } satisfies GroupReport);

mocha
  .run()
  .on('test', test => report({ running: test.fullTitle() }))
  .on('pass', () => counts.passed++)
  .on('fail', (test, error: Error) => {
    counts.failed++;
    failures.push({ title: test.fullTitle(), how: (error.stack ?? String(error)).slice(0, 2_000) });
  })
  .on('pending', () => counts.skipped++)
  .on('end', () => {
    report({ done: true });
    process.disconnect();
    process.exitCode = counts.failed > 0 ? 1 : 0;
    // Fires only if something keeps this process alive: a socket, a timer or a child that a test has left behind.
    setTimeout(() => {
      process.stderr.write(
        `still open ${LEAK_MS / 1000} s after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`,
      );
      process.exit(LEAK_EXIT);
    }, LEAK_MS).unref();
  });

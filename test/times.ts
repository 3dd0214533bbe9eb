import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Seconds that each group took when they were last recorded, by `npm test -- --record-times` on the machine that CI
 * uses.
 */
const file = join(import.meta.dirname, 'times.json');
export type Times = Readonly<Record<string, number>>;

export const recordedTimes = (): Times => JSON.parse(readFileSync(file, 'utf8')) as Times;

export function recordTimes(times: Times): void {
  const sorted = Object.fromEntries(
    Object.entries(times)
      .sort(([, a], [, b]) => b - a)
      .map(([name, seconds]) => [name, Math.round(seconds)]),
  );
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}

/** The longest first, so that all lanes end at about the same time; a group that was never timed may be the longest. */
export const longestFirst = <G extends { readonly name: string }>(groups: readonly G[], last: Times): G[] => {
  const of = ({ name }: G) => last[name] ?? Infinity;
  return [...groups].sort((a, b) => (of(a) === of(b) ? 0 : of(b) - of(a)));
};

/** What each group took, beside what it took when times were last recorded. */
export function timesTable(times: Times, last: Times): string {
  const rows = Object.entries(times).sort(([, a], [, b]) => b - a);
  const width = Math.max(...rows.map(([name]) => name.length));
  const seconds = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(0)).padStart(6);
  return [
    '',
    `${'seconds'.padEnd(width)}   this   last`,
    ...rows.map(([name, value]) => `${name.padEnd(width)} ${seconds(value)} ${seconds(last[name])}`),
  ].join('\n');
}

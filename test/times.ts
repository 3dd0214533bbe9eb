import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds that a group took: on the clock, and of all its processes' CPU. */
export interface GroupTimes {
  readonly wall: number;
  /** Null if it was not measured. */
  readonly cpu: number | null;
}

/** The times of each group when they were last recorded, by `npm test -- --record-times` on the machine that CI uses. */
const file = join(import.meta.dirname, 'times.json');
export type Times = Readonly<Record<string, GroupTimes>>;

export const recordedTimes = (): Times => JSON.parse(readFileSync(file, 'utf8')) as Times;

export function recordTimes(times: Times): void {
  const rounded = Object.fromEntries(
    slowestFirst(times).map(([name, { wall, cpu }]) => [
      name,
      { wall: Math.round(wall), cpu: cpu === null ? null : Math.round(cpu) },
    ]),
  );
  writeFileSync(file, `${JSON.stringify(rounded, null, 2)}\n`);
}

const slowestFirst = (times: Times) => Object.entries(times).sort(([, a], [, b]) => b.wall - a.wall);

/** The longest first, so that the last ones end at about the same time. A group never timed may be the longest. */
export const longestFirst = <G extends { readonly name: string }>(groups: readonly G[], last: Times): G[] => {
  const of = ({ name }: G) => last[name]?.wall ?? Infinity;
  return [...groups].sort((a, b) => (of(a) === of(b) ? 0 : of(b) - of(a)));
};

/**
 * Seconds of CPU that children of this process used which have ended since the last call. It includes their own
 * children, if they waited for them. Null where the system has no /proc.
 */
export function childCpuMeter(): () => number | null {
  const ticksPerSecond = 100; // USER_HZ, on all architectures that Node runs on
  const total = (): number | null => {
    try {
      // After the name, which may contain spaces: the fields from the third on; cutime and cstime are 16 and 17.
      const fields = readFileSync('/proc/self/stat', 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
    } catch {
      return null;
    }
  };
  let before = total();
  return () => {
    const now = total();
    const used = now === null || before === null ? null : now - before;
    before = now;
    return used;
  };
}

/** What each group took, beside what it took when times were last recorded. */
export function timesTable(times: Times, last: Times): string {
  const rows = [
    ...slowestFirst(times),
    ['all', { wall: sum(times, 'wall'), cpu: sum(times, 'cpu') }] as [string, GroupTimes],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const seconds = (value: number | null | undefined) => (value?.toFixed(0) ?? '-').padStart(6);
  return [
    '',
    `${'seconds'.padEnd(width)}   this   last    CPU   last`,
    ...rows.map(([name, { wall, cpu }]) =>
      [name.padEnd(width), seconds(wall), seconds(last[name]?.wall), seconds(cpu), seconds(last[name]?.cpu)].join(' '),
    ),
  ].join('\n');
}

const sum = (times: Times, key: keyof GroupTimes): number =>
  Object.values(times).reduce((total, group) => total + (group[key] ?? 0), 0);

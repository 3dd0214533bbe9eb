import { readFileSync } from 'node:fs';

/** CPU time (s) and memory (bytes) of a process as the kernel has counted it, over all its threads. */
export interface ProcessUsage {
  user: number;
  system: number;
  rss: number;
}

/** Linux counts in hundredths of a second, on every machine that Node runs on. */
const ticks = 100;
const page = 4_096;

/**
 * Reads /proc/<pid>/stat. The name in brackets may hold anything, brackets and blanks too.
 * @throws when it has no such form
 */
export function parseStat(text: string): ProcessUsage {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (i: number) => Number(fields[i]);
  const used = { user: number(11) / ticks, system: number(12) / ticks, rss: number(21) * page };
  if (fields.length < 22 || Object.values(used).some(Number.isNaN))
    throw new Error(`not a line of /proc/<pid>/stat: ${text.slice(0, 80)}`);
  return used;
}
/** @throws when there is no such process */
export const readUsage = (pid: number): ProcessUsage => parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));

/**
 * How long (s, summed over cores) the machine was busy, by the first line of /proc/stat. What guests used is part of
 * user time there; what the hypervisor took is not ours to know.
 */
export function parseBusy(text: string): number {
  const [user, nice, system, , , irq, softirq] = text
    .slice(0, text.indexOf('\n'))
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq!) / ticks;
}
export const readBusySeconds = (): number => parseBusy(readFileSync('/proc/stat', 'latin1'));

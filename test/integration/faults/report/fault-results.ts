import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Counts } from '../checker/findings.ts';
import { noCounts } from '../checker/findings.ts';
import type { RunResult } from '../run-faults.ts';
import { mergeHistograms, emptyHistogram, type Histogram } from './histogram.ts';

export interface KindTotals {
  faults: number;
  /** Of each room around each fault. */
  still: Histogram;
  /** Actions accepted from its beginning until all rooms went on. */
  accepted: number;
  violations: number;
}
export interface RunLine {
  date: string;
  machine: string;
  command: string;
  minutes: number;
  faults: number;
  accepted: number;
  violations: number;
  left: string[];
}
/** All runs so far, added up: what the tables in docs/benchmarks/faults.md are made from. */
export interface FaultResults {
  runs: RunLine[];
  kinds: Record<string, KindTotals>;
  counts: Counts;
  findings: string[];
  /** What became of findings, once somebody has looked into them: sentences, by hand. */
  became?: string[];
}

export const emptyResults = (): FaultResults => ({ runs: [], kinds: {}, counts: noCounts(), findings: [] });
export const readResults = (file: string): FaultResults =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as FaultResults) : emptyResults();

export const machine = (): string => `${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}`;

/** The book with one run more. */
export function addRun(book: FaultResults, result: RunResult, command: string): FaultResults {
  const { struck, measured, checked } = result;
  const kinds = { ...book.kinds };
  for (const fault of struck) {
    const old = kinds[fault.kind] ?? { faults: 0, still: emptyHistogram(), accepted: 0, violations: 0 };
    const seconds = measured.perSecond.slice(
      Math.floor((fault.at - result.began) / 1000),
      Math.ceil((fault.over - result.began) / 1000),
    );
    const violations = checked.findings.filter(
      f => f.at !== undefined && f.at >= fault.at && f.at < fault.over + 1_500,
    ).length;
    kinds[fault.kind] = {
      ...old,
      faults: old.faults + 1,
      accepted: old.accepted + seconds.reduce((a, b) => a + b, 0),
      violations: old.violations + violations,
    };
  }
  for (const [kind, spread] of Object.entries(measured.spreads))
    kinds[kind] = { ...kinds[kind]!, still: mergeHistograms(kinds[kind]!.still, spread) };
  const counts = Object.fromEntries(
    Object.entries(checked.counts).map(([key, n]) => [key, n + (book.counts[key as keyof Counts] ?? 0)]),
  ) as unknown as Counts;
  const line: RunLine = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    command,
    minutes: Math.round((result.ended - result.began) / 6_000) / 10,
    faults: struck.filter(s => s.kind !== 'nothing').length,
    accepted: checked.counts.accepted,
    violations: checked.findings.length,
    left: result.left,
  };
  return {
    ...book,
    runs: [...book.runs, line],
    kinds,
    counts,
    findings: [...book.findings, ...checked.findings.map(f => `${line.date} ${f.wrong} ${f.room}: ${f.says}`)],
  };
}

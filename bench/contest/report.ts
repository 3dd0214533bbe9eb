import { pairedDifferences, pairedRatios, summarize, type Summary } from './figures.ts';
import type { Contestant } from './contestant.ts';
import type { Figure, Result } from './round.ts';
import { targets, tolerance } from './targets.ts';
import type { Workload } from './workloads.ts';

/** Three digits that count, or a dash for what does not apply. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size >= 1_000
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
const withRange = ({ median, q1, q3 }: Summary): string =>
  Number.isFinite(median) ? `${formatNumber(median)} (${formatNumber(q1)}–${formatNumber(q3)})` : '–';

const of = (results: readonly Result[], contestant: string) => results.filter(r => r.contestant === contestant);
/** One contestant's figure in each of its rounds. */
const byRound = (results: readonly Result[], contestant: string, figure: Figure): Map<number, number> =>
  new Map(of(results, contestant).map(r => [r.round, r.figures[figure]]));

interface Column {
  figure: Figure;
  head: string;
}
function columnsOf({ per }: Workload): Column[] {
  const common: Column[] = [
    { figure: 'cpu', head: `CPU, ${per.unit}` },
    { figure: 'redisCpu', head: "Redis's, the same" },
  ];
  const delivery: Column[] = [
    { figure: 'bytes', head: 'bytes per delivery' },
    { figure: 'bytesOut', head: 'bytes per input' },
    { figure: 'deliveries', head: 'deliveries/s' },
    { figure: 'jitter', head: 'jitter p99, ms' },
  ];
  const move: Column[] = [
    { figure: 'moves', head: `${per.word ?? 'move'}s/s` },
    { figure: 'p50', head: per.word === undefined ? 'move → verdict p50, ms' : `${per.word}, p50, ms` },
    { figure: 'p99', head: 'p99, ms' },
    { figure: 'bytes', head: 'bytes per delivery' },
  ];
  const client: Column[] = [
    { figure: 'memory', head: 'memory, KiB per client' },
    { figure: 'bytes', head: 'bytes per client and second' },
  ];
  return [...common, ...{ delivery, move, client }[per.what], { figure: 'load', head: 'load generator, cores' }];
}

/**
 * One workload as Markdown: figures, ratios round by round, targets, what was not as it must be, and what is to be said
 * about fairness. `all`: also of other workloads, where a target is about two of them.
 */
export function report(
  workload: Workload,
  results: readonly Result[],
  { contestants, all }: { contestants: readonly Contestant[]; all: readonly Result[] },
): string {
  const taking = contestants.filter(c => of(results, c.name).length > 0);
  const columns = columnsOf(workload);
  const rounds = new Set(results.map(r => r.round)).size;
  const clients = results[0]?.clients ?? workload.clients;
  const rows = taking.map(
    c =>
      `| ${c.what}${faultMark(results, c.name)} | ${columns.map(({ figure }) => withRange(summarize([...byRound(results, c.name, figure).values()]))).join(' | ')} |`,
  );
  const lines = [
    `## ${workload.title}, ${clients} clients`,
    '',
    `Median of ${rounds} rounds (and quartiles).`,
    '',
    `| | ${columns.map(c => c.head).join(' | ')} |`,
    `|---${'|---'.repeat(columns.length)}|`,
    ...rows,
    '',
    ...ratios(results, taking),
    ...targetRows(workload, clients, { results, all }),
  ];
  const faults = results.filter(r => r.faults.length > 0);
  if (faults.length > 0)
    lines.push(
      '\\* Not as it must be:',
      '',
      ...faults.map(r => `- ${r.contestant}, round ${r.round}: ${r.faults.join('; ')}`),
      '',
    );
  return [...lines, ...workload.remarks.map(remark => `- ${remark}`), ''].join('\n');
}

const faultMark = (results: readonly Result[], contestant: string): string =>
  of(results, contestant).some(r => r.faults.length > 0) ? ' \\*' : '';

/** Rejoin's CPU over that of each peer. */
function ratios(results: readonly Result[], taking: readonly Contestant[]): string[] {
  const [mine, peers] = [taking.filter(c => !c.isPeer), taking.filter(c => c.isPeer)];
  if (mine.length === 0 || peers.length === 0) return [];
  const ratio = (a: Contestant, b: Contestant) =>
    withRange(pairedRatios(byRound(results, a.name, 'cpu'), byRound(results, b.name, 'cpu')));
  return [
    `| CPU, ratio in the same round, to | ${peers.map(p => p.name).join(' | ')} |`,
    `|---${'|---'.repeat(peers.length)}|`,
    ...mine.map(c => `| ${c.name} | ${peers.map(p => ratio(c, p)).join(' | ')} |`),
    '',
  ];
}

function targetRows(
  workload: Workload,
  clients: number,
  { results, all }: { results: readonly Result[]; all: readonly Result[] },
): string[] {
  const rows = targets
    .filter(t => t.workload === workload.name && (t.clients ?? clients) === clients)
    .flatMap(t => {
      const mine = byRound(results, t.of, t.figure);
      const beside = t.than === undefined ? results : all.filter(r => r.workload === t.than && r.clients === clients);
      const compared = t.less ? pairedDifferences : pairedRatios;
      const found = t.to === null ? summarize([...mine.values()]) : compared(mine, byRound(beside, t.to, t.figure));
      if (found.n === 0) return [];
      const verdict =
        found.median <= t.most ? 'met' : found.median <= t.most * tolerance ? 'met, within a tenth' : 'missed';
      const other = t.to === null ? '' : ` ${t.less ? '−' : '/'} ${t.to}${t.than === undefined ? '' : `, ${t.than}`}`;
      return [`| ${t.figure}: ${t.of}${other} | ≤ ${t.most} | ${withRange(found)} | ${verdict} |`];
    });
  return rows.length === 0 ? [] : ['| target | | found | |', '|---|---|---|---|', ...rows, ''];
}

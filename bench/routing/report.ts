import type { Routing } from '../../tools/local-cluster/nginx-conf.ts';
import { summarize } from '../contest/figures.ts';
import type { Figure, Found } from './round.ts';

const names: Record<Routing, string> = {
  address: 'by address (`ip_hash`)',
  room: "by room (`hash` of the room's id)",
  least_conn: '`least_conn`',
  random: '`random two least_conn`',
};

/**
 * Figures of all rounds as Markdown: medians, and in brackets the least and the most where there are several rounds.
 */
export function report(found: readonly Found[]): string {
  const routings = [...new Set(found.map(f => f.routing))];
  const table = (title: string, columns: readonly [head: string, figure: Figure, show: (n: number) => string][]) => [
    title,
    '',
    `| | ${columns.map(([head]) => head).join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...routings.map(
      routing =>
        `| ${names[routing]} | ${columns
          .map(([, figure, show]) =>
            cell(
              found.filter(f => f.routing === routing).map(f => f.figures[figure]),
              show,
            ),
          )
          .join(' | ')} |`,
    ),
    '',
  ];
  const [whole, tenth, part] = [
    (n: number) => n.toFixed(0),
    (n: number) => n.toFixed(1),
    (n: number) => `${(n * 100).toFixed(0)} %`,
  ];
  const faults = found.flatMap(f => f.faults.map(fault => `- round ${f.round}, ${names[f.routing]}: ${fault}`));
  return [
    ...table('While nothing happens:', [
      ['CPU of the nodes, µs per action', 'cpu', whole],
      ['Redis', 'redis', whole],
      ['nginx', 'nginx', whole],
      ['actions a second', 'actions', whole],
      ['action → verdict, p50, ms', 'p50', tenth],
      ['p99', 'p99', tenth],
      ['forwarded between nodes', 'forwarded', part],
      ['players at the node of their room', 'beside', part],
      ['sockets, fullest node over the mean', 'sockets', n => n.toFixed(2)],
      ['rooms, the same', 'rooms', n => n.toFixed(2)],
    ]),
    ...table('The node with most players is killed:', [
      ['players connected to it', 'killLines', part],
      ['players interrupted for more than 0.5 s', 'killNoticed', part],
      ['for how long, p50, ms', 'killP50', whole],
      ['the longest, ms', 'killLongest', whole],
    ]),
    ...table('Long-polling, from several addresses:', [
      ['stock clients that get in and stay', 'pollStock', part],
      ['players by the SDK: moves accepted', 'pollMoves', part],
      ['until one has a seat, ms', 'pollSeat', whole],
    ]),
    ...(faults.length > 0 ? ['What was not as it must be:', '', ...faults, ''] : []),
  ].join('\n');
}

function cell(values: readonly number[], show: (n: number) => string): string {
  const { n, min, median, max } = summarize(values);
  if (n === 0) return '–';
  return n === 1 ? show(median) : `${show(median)} (${show(min)}–${show(max)})`;
}

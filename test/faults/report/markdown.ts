import { violationKinds } from '../checker/findings.ts';
import { nemeses } from '../nemesis/all.ts';
import { control } from '../nemesis/nemesis.ts';
import type { FaultResults } from './fault-results.ts';
import { quantile } from './histogram.ts';

const number = (n: number): string => n.toLocaleString('en-US');
const ms = (n: number | null): string => (n === null ? '–' : number(n));

/** The page of the fault lab: written anew from all runs each time one is added. */
export function renderReport(book: FaultResults): string {
  const { counts } = book;
  const faults = Object.entries(book.kinds)
    .filter(([kind]) => kind !== control)
    .reduce((n, [, k]) => n + k.faults, 0);
  return [
    '# The fault lab',
    '',
    'Real processes: Redis with an append-only file, nginx, three nodes, and players of the SDK from a network (/24) each, who play Four',
    "in a Row, Liar's Dice, Arena and a ledger whose every action has an id of its own, match after match, while one fault after the",
    'other is done to them. Everything asked, answered and seen is written down; the journal is read from the append-only file as it grows;',
    'then a checker that shares no code with the server holds one against the other.',
    '',
    '    npm run faults -- --minutes 5',
    '    npm run faults -- --minutes 2 --kinds kill-owner,freeze --seed 7',
    '    npm run faults -- --minutes 2 --replicas 2 --wait 0',
    '',
    '`--append` adds the run to this page (its numbers are in [faults.json](faults.json)) and draws [the timeline](faults.svg) of the run anew.',
    'Without it the report goes into the folder of the run. Node, redis-server and nginx are needed; what needs packets to be dropped also',
    'iptables, and root or unprivileged namespaces: the lab then runs in a network namespace of its own.',
    '',
    '## So far',
    '',
    `${number(faults)} faults of ${Object.entries(book.kinds).filter(([kind, k]) => kind !== control && k.faults > 0).length} kinds; ${number(counts.accepted)} actions accepted, ${number(counts.refused)} refused, ${number(counts.unknown)} of which nobody was told the outcome;`,
    `${number(counts.entries)} entries by ${number(counts.claims)} owners in ${number(counts.rooms)} rooms; ${number(counts.views)} views compared; ${number(counts.timers)} timers; ${number(counts.effects)} effects, ${number(counts.effectsAgain)} of them done more than once, with the same key.`,
    `**${number(book.findings.length)} violations.** What was lost by Redis and announced as lost: ${number(counts.lostAnnounced)}.`,
    '',
    '| kind | what happens | faults | accepted meanwhile | longest standstill, ms | p50 | p99 | violations |',
    '|---|---|---|---|---|---|---|---|',
    ...nemeses.flatMap(({ kind, says }) => {
      const sum = book.kinds[kind];
      return sum
        ? [
            `| ${kind} | ${says} | ${kind === control ? '–' : sum.faults} | ${number(sum.accepted)} | ${ms(sum.still.n === 0 ? null : sum.still.most)} | ${ms(quantile(sum.still, 0.5))} | ${ms(quantile(sum.still, 0.99))} | ${sum.violations} |`,
          ]
        : [];
    }),
    '',
    'Standstill: in a room, the longest time between two verdicts (in Arena: between two ticks that were seen) that overlaps the fault, from',
    'its beginning until all rooms went on. p50 and p99 are over all rooms around all faults of the kind; most of them are not hit. The row',
    "of no fault says what the same measure finds in calm play. Liar's Dice is left out: its hands lie open for four seconds.",
    '',
    '## The runs',
    '',
    '| date | machine | command | minutes | faults | accepted | violations | left out |',
    '|---|---|---|---|---|---|---|---|',
    ...book.runs.map(
      r =>
        `| ${r.date} | ${r.machine} | \`${r.command}\` | ${r.minutes} | ${r.faults} | ${number(r.accepted)} | ${r.violations} | ${r.left.join(', ') || '–'} |`,
    ),
    '',
    '## What is checked',
    '',
    ...Object.entries(violationKinds).map(([wrong, says]) => `- **${wrong}**: ${says}`),
    '',
    ...(book.findings.length > 0
      ? [
          '## Violations',
          '',
          ...book.findings.slice(0, 100).map(f => `- ${f}`),
          '',
          ...(book.became ?? []).flatMap(text => [text, '']),
        ]
      : []),
    '## How it is done, and why so',
    '',
    '- **The journal is read from the append-only file.** Journals are trimmed behind their snapshots, so somebody has to keep what passes by. To',
    '  ask Redis would load the part under test and miss what is written and trimmed while the lab is starved; the file has all of it, in the',
    '  order in which it took effect, and exactly what a crash of Redis leaves behind.',
    '- **A proxy for each node towards Redis, and one for nginx towards each node**, in a process of their own, can be silent, slow, narrow, deaf',
    '  one way, refuse, or lose one answer. Silence through a proxy leaves connections open, which is the worse half of a partition.',
    '- **A host that vanishes** needs more: a proxy would go on answering for it. There packets are dropped by port, in a network namespace of',
    '  the lab: no FIN, no reset, no answer to a SYN.',
    '- **A wrong clock** replaces Date in the process of the node. A time namespace does not move the wall clock, and a preloaded library would',
    '  move the monotonic one as well.',
    '- **The checker is tested on forged histories** (test/faults/checker): a loss, a double, a leak, a reordering, a divergence, a timer twice.',
    '',
  ].join('\n');
}

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
    'Faults are done to real processes while people play, and a checker compares everything that was asked, answered and seen with the journal.',
    '',
    '    npm run faults -- --minutes 5',
    '    npm run faults -- --minutes 2 --kinds kill-owner,freeze --seed 7',
    '    npm run faults -- --minutes 2 --replicas 2 --wait 0',
    '',
    'The lab runs Redis with an append-only file, nginx, three nodes, and players with the SDK, each from a network (/24) of its own. They play',
    "Four in a Row, Liar's Dice, Arena and a ledger whose every action has an id of its own, match after match. The journal is read from the",
    'append-only file as it grows. The checker shares no code with the server.',
    '',
    '`--append` adds the run to this page (its numbers are in [faults.json](faults.json)) and draws [the timeline](faults.svg) of the run again.',
    'Without it, the report goes into the folder of the run. The lab needs Node, redis-server and nginx. Faults that drop packets also need',
    'iptables, and root or unprivileged namespaces: the lab then runs in a network namespace of its own.',
    '',
    '## So far',
    '',
    `${number(faults)} faults of ${Object.entries(book.kinds).filter(([kind, k]) => kind !== control && k.faults > 0).length} kinds; ${number(counts.accepted)} actions accepted, ${number(counts.refused)} refused, ${number(counts.unknown)} with an unknown outcome;`,
    `${number(counts.entries)} entries by ${number(counts.claims)} owners in ${number(counts.rooms)} rooms; ${number(counts.views)} views compared; ${number(counts.timers)} timers; ${number(counts.effects)} effects, ${number(counts.effectsAgain)} of them done more than once, with the same key.`,
    `**${number(book.findings.length)} violations.** What was lost by Redis and announced as lost: ${number(counts.lostAnnounced)}.`,
    '',
    '| kind | what happens | faults | accepted meanwhile | longest interruption, ms | p50 | p99 | violations |',
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
    'Interruption: in a room, the longest time between two verdicts that overlaps the fault, from its beginning until all rooms continued (in',
    'Arena: between two ticks that were seen). p50 and p99 are over all rooms around all faults of the kind; most rooms are not hit. The row',
    "of no fault is the same measure in calm play. Liar's Dice is left out, because its hands stay open for four seconds.",
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
    '## How it is done, and why',
    '',
    '- **The journal is read from the append-only file.** Journals are trimmed behind their snapshots, so the lab must keep the entries. Reading',
    '  Redis would load the part under test, and would miss entries while the lab is slow. The file has all of them, in the order in which',
    '  they took effect, and exactly what a crash of Redis leaves behind.',
    '- **Proxies**, in a process of their own, are between each node and Redis, and between nginx and each node. They can be silent, slow,',
    '  narrow, one-way, refuse, or lose one answer. Silence through a proxy leaves connections open, which is the worse half of a partition.',
    '- **A host that vanishes** needs more, because a proxy would go on answering for it. Packets are dropped by port, in a network namespace of',
    '  the lab: no FIN, no reset, no answer to a SYN.',
    '- **A wrong clock** replaces Date in the process of the node. A time namespace does not move the wall clock, and a preloaded library would',
    '  move the monotonic clock as well.',
    '- **The checker is tested on forged histories** (test/integration/faults/checker): a loss, a double, a leak, a reordering, a divergence, a timer twice.',
    '',
  ].join('\n');
}

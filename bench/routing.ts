import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { ROUTINGS, type Routing } from '../tools/local-cluster/nginx-conf.ts';
import { report } from './routing/report.ts';
import { runRound, type Found } from './routing/round.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * What the ways cost by which nginx can lead players to nodes: real parts, rooms of 4 whose players come from networks
 * of their own, round after round (address, room, least_conn, random, address, …), so that what disturbs one disturbs
 * all. Players, proxy, nodes and Redis share the machine. `npm run bench:routing -- --rounds 5 --seconds 15 --clients
 * 160 --think 250 --house 1 --json routing.json`
 */
const { values } = parseCommandLine('bench/routing.ts', {
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '15' },
    clients: { type: 'string', default: '160' },
    think: { type: 'string', default: '250' },
    nodes: { type: 'string', default: '3' },
    house: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const { rounds, ...setting } = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  clients: Number(values.clients),
  think: Number(values.think),
  nodes: Number(values.nodes),
  house: Number(values.house),
};
if (![rounds, ...Object.values(setting)].every(n => n > 0))
  exitWithUsage(
    '--rounds, --seconds, --clients, --think (ms), --nodes and --house (players with one address) are numbers above 0',
  );
const wanted = values.only?.split(',') ?? ROUTINGS;
const routings = ROUTINGS.filter(routing => wanted.includes(routing));
if (routings.length !== wanted.length) exitWithUsage(`--only: of ${ROUTINGS.join(', ')}`);

// nginx says its version where others say what went wrong.
const versionOf = (command: string, flag: string): string =>
  /[\d.]{5,}/.exec(execFileSync('sh', ['-c', `${command} ${flag} 2>&1`], { encoding: 'utf8' }))?.[0] ?? '?';
const about = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]!.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  node: process.version,
  redis: versionOf('redis-server', '--version'),
  nginx: versionOf('nginx', '-v'),
  rounds,
  ...setting,
  command: `npm run bench:routing -- ${process.argv.slice(2).join(' ')}`.trim(),
};
const found: Found[] = [];
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true;
    process.stderr.write('\nends after this one\n');
  });
for (let round = 1; round <= rounds; round++)
  for (const routing of routings) if (!interrupted) await once(routing, round);
process.stdout.write(
  `\n    ${about.command}\n\n${about.date}, ${about.machine}, Node ${about.node}, Redis ${about.redis}, nginx ${about.nginx}: ${setting.nodes} nodes, ${setting.clients} players in rooms of 4, ${setting.house === 1 ? 'each from a network of its own' : `${setting.house} in a row from one address`}, ${setting.think} ms between verdict and move; ${rounds} × ${setting.seconds} s each\n\n${report(found)}`,
);
const json = `${JSON.stringify({ about, found }, null, 1)}\n`;
if (values.json === undefined) process.stdout.write(`\n${json}`);
else {
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, json);
}

async function once(routing: Routing, round: number): Promise<void> {
  const began = performance.now();
  const one = await runRound(routing, round, setting);
  found.push(one);
  const { cpu, p50, p99, forwarded, beside, killNoticed, killLongest, pollStock, pollSeat } = one.figures;
  process.stderr.write(
    `${round}. ${routing}: ${cpu.toFixed(0)} µs per action, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms, forwarded ${(100 * forwarded).toFixed(0)} %, beside ${(100 * beside).toFixed(0)} %; kill: ${(100 * killNoticed).toFixed(0)} % up to ${killLongest.toFixed(0)} ms; polling: ${(100 * pollStock).toFixed(0)} %, a seat after ${pollSeat.toFixed(0)} ms; ${((performance.now() - began) / 1_000).toFixed(0)} s${one.faults.map(fault => `\n   ! ${fault}`).join('')}\n`,
  );
}

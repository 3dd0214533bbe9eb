import { cpus } from 'node:os';
import { startCluster } from '../tools/local-cluster/cluster.ts';
import { readUsage } from './contest/processes.ts';
import { parseCommandLine } from '../tools/command-line.ts';

/**
 * How long a node takes from the start of its process until it takes players (`/readyz`), in a cluster that is there,
 * and what it has used by then. `npm run bench:start -- --times 10`
 */
const { values } = parseCommandLine('bench/start.ts', { options: { times: { type: 'string', default: '10' } } });
const cluster = await startCluster({ nodes: 3, quiet: true, env: { LOG_LEVEL: 'warn' } });
try {
  const { name } = cluster.nodes[0]!;
  const took: number[] = [];
  const used: number[] = [];
  const resident: number[] = [];
  for (let i = 0; i < Number(values.times); i++) {
    await cluster.kill(name);
    const from = performance.now();
    await cluster.restart(name);
    took.push(performance.now() - from);
    const { user, system, rss } = readUsage(cluster.nodes.find(node => node.name === name)!.pid!);
    used.push((user + system) * 1_000);
    resident.push(rss / 1_048_576);
  }
  process.stdout.write(
    [
      `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}: ${took.length} starts`,
      '',
      '| | median | lowest | highest |',
      '|---|---|---|---|',
      row('ready after, ms', took),
      row('CPU until then, ms', used),
      row('resident then, MiB', resident),
      '',
    ].join('\n'),
  );
} finally {
  await cluster.stop();
}

function row(what: string, numbers: number[]): string {
  const sorted = numbers.sort((a, b) => a - b);
  return `| ${what} | ${[sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!].map(n => n.toFixed(0)).join(' | ')} |`;
}

import { resolve } from 'node:path';
import {
  helpOf,
  parseCommand,
  readNumber,
  UsageError,
  type CommandLine,
  type CommandSpec,
} from '../server/cli/command-line.ts';
import { loadGamesFile } from '../server/cli/games-file.ts';
import { ConfigError } from '../server/config.ts';
import { pageFolderOf } from '../server/cli/start.ts';
import { ROUTINGS, type Routing } from '../tools/local-cluster/nginx-conf.ts';
import { commonSummary, runCluster, type TerminalCluster } from '../tools/local-cluster/run-cluster.ts';
import { findSystem } from '../tools/local-cluster/system.ts';

export const spec: CommandSpec = {
  name: 'cluster',
  summary: 'Runs Redis, nginx and several nodes with your games on this machine, to see what a failure does.',
  file: './games.js',
  options: {
    nodes: { value: 'N', default: '3', help: 'number of nodes' },
    replicas: { value: 'N', default: '0', help: 'number of Redis replicas, with three sentinels' },
    routing: { value: 'HOW', default: 'address', help: `how nginx routes players: ${ROUTINGS.join(', ')}` },
    port: { value: 'P', default: '8080', help: 'port for players; 0: a free one' },
    page: { value: 'FOLDER', help: 'serve the files of this folder at /' },
    'run-dir': { value: 'FOLDER', default: '.rejoin/cluster', help: "Redis's data; reuse it to keep the rooms" },
    'no-dev': { help: 'without the page for authors at /dev/' },
  },
  notes: [
    'It needs nginx and redis-server. Commands at its terminal: kill 1, freeze 1, drain 1, restart 1, add.',
    'Effects without a handler are only logged. Other settings of the nodes come from the environment.',
  ],
};

/** `rejoin cluster` */
export async function run(args: readonly string[]): Promise<void> {
  const line = parseCommand(spec, args);
  if (line === 'help') return void process.stdout.write(helpOf(spec));
  const options = {
    nodes: readNumber(line, 'nodes', { min: 1, max: 24 }),
    replicas: readNumber(line, 'replicas', { min: 0, max: 5 }),
    port: readNumber(line, 'port', { min: 0, max: 65_535 }),
    routing: readRouting(line),
    runDir: resolve(line.text('run-dir')!),
  };
  const page = pageFolderOf(line.text('page'));
  const dev = !line.isSet('no-dev') && process.env['NODE_ENV'] !== 'production';
  await loadGamesFile(line.file); // says what is wrong before anything is started
  const file = resolve(line.file);
  const cluster: TerminalCluster = {
    prepare: async () => void findSystem(['redis-server', 'nginx']),
    options: {
      ...options,
      env: { DEV: dev ? '1' : '0' },
      devPage: dev,
      command: {
        cwd: process.cwd(),
        args: label => [
          '--max-semi-space-size=16',
          ...process.execArgv,
          process.argv[1]!,
          'start',
          file,
          ...(page === null ? [] : ['--page', page]),
          '--local-cluster',
          label,
        ],
      },
    },
    summary: (cluster, lan) => [
      `Clients:  http://localhost:${cluster.port}${lan === null ? '' : `, in your network ${lan}`}`,
      ...(dev ? [`Authors:  http://localhost:${cluster.port}/dev/  (shows what games hide)`] : []),
      ...commonSummary(cluster, options),
    ],
  };
  await runCluster(cluster).catch((error: unknown) => {
    // A missing program, a port or a folder that is taken, a node that ended while it started: the message says all.
    throw error instanceof Error ? new ConfigError(error.message) : error;
  });
}

/** @throws UsageError */
function readRouting(line: CommandLine): Routing {
  const text = line.text('routing');
  const found = ROUTINGS.find(routing => routing === text);
  if (found === undefined) throw new UsageError(`--routing: one of ${ROUTINGS.join(', ')}, not '${text ?? ''}'`);
  return found;
}

import { parseArgs } from 'node:util';
import { ROUTINGS, type Routing } from './nginx-conf.ts';

export interface RunOptions {
  readonly nodes: number;
  readonly replicas: number;
  readonly routing: Routing;
  readonly port: number;
  readonly controlPort: number;
  readonly runDir: string;
  readonly script: string;
  readonly build: boolean;
}

export const USAGE = `npm run cluster -- [options]

  --nodes N          number of nodes (3)
  --replicas N       number of Redis replicas, with three sentinels; one replica confirms each entry (0: a single Redis)
  --routing HOW      how nginx routes players to nodes: address, room, least_conn or random; see docs/routing.md (address)
  --port P           port for players (8080; 0: a free port)
  --control-port P   port of the control API, on 127.0.0.1 only (8079, or a free one)
  --run-dir FOLDER   folder for Redis's data; reuse it to keep the rooms (.run/cluster)
  --script FILE      script that a node runs (server/cli/main.ts)
  --no-build         do not build the page; serve the last build
  --help
`;

/** Parses the command line; undefined: print the help. Throws an error with a message for the user. */
export function readOptions(argv: readonly string[]): RunOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      nodes: { type: 'string', default: '3' },
      replicas: { type: 'string', default: '0' },
      routing: { type: 'string', default: 'address' },
      port: { type: 'string', default: '8080' },
      'control-port': { type: 'string', default: '8079' },
      'run-dir': { type: 'string', default: '.run/cluster' },
      script: { type: 'string', default: 'server/cli/main.ts' },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    nodes: parseInteger('--nodes', values.nodes, 1, 24),
    replicas: parseInteger('--replicas', values.replicas, 0, 5),
    routing: parseChoice('--routing', values.routing, ROUTINGS),
    port: parseInteger('--port', values.port, 0, 65535),
    controlPort: parseInteger('--control-port', values['control-port'], 0, 65535),
    runDir: values['run-dir'],
    script: values.script,
    build: !values['no-build'],
  };
}

function parseChoice<T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find(one => one === text);
  if (found === undefined) throw new Error(`${option}: one of ${known.join(', ')}, not "${text}"`);
  return found;
}

function parseInteger(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < min || number > max) {
    throw new Error(`${option}: a whole number from ${min} to ${max}, not "${text}"`);
  }
  return number;
}

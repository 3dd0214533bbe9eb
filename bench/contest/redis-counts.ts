import { connect } from 'node:net';
import { askRedis } from '../../tools/local-cluster/ask-redis.ts';

/** Commands that clients sent to a Redis, by name; and how many more its scripts ran, which no client waits for. */
export interface CommandCounts {
  sent: Map<string, number>;
  inScripts: number;
}
/** What went through a Redis: bytes from and to clients, and into its append-only file (NaN without one). */
export interface ByteCounts {
  input: number;
  output: number;
  journal: number;
}
/** What a Redis has counted, up to the question; the answer to it is `own` bytes, which the next one will count. */
export interface ByteTotals extends ByteCounts {
  own: number;
}

/** What went through between two looks, without the looks themselves. */
export const bytesBetween = (before: ByteTotals, after: ByteTotals): ByteCounts => ({
  input: after.input - before.input,
  output: after.output - before.output - before.own,
  journal: after.journal - before.journal,
});

/**
 * Takes one line of MONITOR in: `1700000000.1 [0 127.0.0.1:5000] "GET" "key"`, or `[0 lua]` for what a script did.
 * Anything else is left out.
 */
export function countLine(line: string, into: CommandCounts): void {
  const [, who, name] = /^\+[\d.]+ \[\d+ (\S+)\] "([^"]+)"/.exec(line) ?? [];
  if (who === undefined || name === undefined) return;
  if (who === 'lua') into.inScripts += 1;
  else into.sent.set(name.toLowerCase(), (into.sent.get(name.toLowerCase()) ?? 0) + 1);
}

/**
 * Counts every command that a Redis gets for so many ms, by MONITOR, which slows it down: never while times are taken.
 * (INFO's own counters count what scripts run as if clients had sent it.)
 */
export function countCommands(url: string, ms: number): Promise<CommandCounts> {
  const { hostname, port, username, password } = new URL(url);
  const login = [username, password].filter(word => word !== '').map(decodeURIComponent);
  return new Promise((resolve, reject) => {
    const counted: CommandCounts = { sent: new Map(), inScripts: 0 };
    let rest = '';
    let counting = false;
    const socket = connect({ port: Number(port), host: hostname }, () =>
      socket.write(`${login.length === 0 ? '' : `AUTH ${login.join(' ')}\r\n`}MONITOR\r\n`),
    );
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop()!;
      for (const line of lines) if (counting) countLine(line, counted);
      if (counting) return;
      counting = true;
      setTimeout(() => {
        socket.destroy();
        resolve(counted);
      }, ms);
    });
    socket.once('error', reject);
  });
}

/** @throws when Redis does not answer */
export async function readByteTotals(url: string): Promise<ByteTotals> {
  const said = await askRedis(url, ['INFO', 'stats', 'persistence']);
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(said)?.[1] ?? NaN);
  return {
    input: number('total_net_input_bytes'),
    output: number('total_net_output_bytes'),
    journal: number('aof_current_size'),
    own: said.length,
  };
}

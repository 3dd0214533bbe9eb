import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Set for the process that runs inside. */
const mark = 'REJOIN_LAB_INSIDE';

/**
 * Drops packets by port, for the host that vanishes: no FIN, no reset, no answer to a SYN, and the kernels of both ends
 * go on sending again and later. A proxy cannot do that: it answers for the host that is gone, so that connecting to it
 * succeeds and keep-alives are acknowledged. The rules live in a network namespace of the lab's own, and end with it
 * whatever becomes of the lab; nothing of the machine's own network is touched.
 */
export class Firewall {
  /** Null where packets cannot be dropped: not inside a namespace of one's own, or iptables is not installed. */
  static here(): Firewall | null {
    return process.env[mark] === '1' && works('iptables', ['-L', '-n']) ? new Firewall() : null;
  }

  /** From now on no packet comes from or gets to these ports. */
  async drop(ports: readonly number[]): Promise<void> {
    await this.rules('-A', ports);
  }
  async pass(ports: readonly number[]): Promise<void> {
    await this.rules('-D', ports);
  }

  private async rules(verb: '-A' | '-D', ports: readonly number[]): Promise<void> {
    for (const port of ports)
      for (const end of ['--dport', '--sport'])
        await run('iptables', [verb, 'INPUT', '-p', 'tcp', end, String(port), '-j', 'DROP']);
  }
}

const works = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/**
 * The command that runs this very process again in a network namespace of its own, with nothing but a loopback; null
 * where it runs in one already, or that cannot be had (no root, no unprivileged namespaces).
 */
export function namespaceCommand(
  argv: readonly string[],
): { command: string; args: string[]; env: NodeJS.ProcessEnv } | null {
  if (process.env[mark] === '1' || process.platform !== 'linux') return null;
  const unshare = process.getuid?.() === 0 ? ['-n'] : ['-rn'];
  if (!works('unshare', [...unshare, 'sh', '-c', 'ip link set lo up'])) return null;
  return {
    command: 'unshare',
    args: [...unshare, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...argv],
    env: { ...process.env, [mark]: '1' },
  };
}

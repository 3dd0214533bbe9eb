import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from './until.ts';

const POLITELY = 5_000;

export interface Recorded {
  readonly name: string;
  readonly pid: number;
}

/**
 * Ends what an earlier launcher in this folder left running: above all, two Redis must never write to one folder.
 * A process id may long belong to somebody else; it is touched only if its command line names this folder, which all that a
 * launcher starts does.
 */
export async function endLeftovers(folder: string, children: readonly Recorded[]): Promise<void> {
  await Promise.all(
    children.map(async ({ name, pid }) => {
      if (!(await isOurs(folder, pid))) return;
      send(pid, 'SIGTERM');
      send(pid, 'SIGCONT');
      const gone = async () => ((await isOurs(folder, pid)) ? undefined : true);
      await until(`${name} ends`, gone, { within: POLITELY }).catch(async () => {
        send(-pid, 'SIGKILL');
        await until(`${name}, left over from an earlier run, ends`, gone, { within: POLITELY });
      });
    }),
  );
}

async function isOurs(folder: string, pid: number): Promise<boolean> {
  return Number.isInteger(pid) && pid > 1 && (await commandLine(pid)).includes(`${folder}/`);
}

/** The words a process was started with; empty when it is gone, also if nobody has collected it yet. */
export async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8'); // `ps` is not everywhere.
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes('<defunct>') ? '' : stdout;
  } catch {
    return '';
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the same moment.
  }
}

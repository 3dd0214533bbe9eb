import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from '../until.ts';

const GRACEFUL_TIMEOUT_MS = 5_000;

export interface RecordedProcess {
  readonly name: string;
  readonly pid: number;
}

/**
 * Stops processes that an earlier run in this folder has left behind: two Redis servers must never write to one folder.
 * A process id may have been reused, so a process is signalled only if its command line contains this folder, as those
 * of all cluster processes do.
 */
export async function stopLeftovers(folder: string, children: readonly RecordedProcess[]): Promise<void> {
  await Promise.all(
    children.map(async ({ name, pid }) => {
      if (!(await belongsToFolder(folder, pid))) return;
      sendSignal(pid, 'SIGTERM');
      sendSignal(pid, 'SIGCONT');
      const gone = async () => ((await belongsToFolder(folder, pid)) ? undefined : true);
      await until(`${name} ends`, gone, { timeoutMs: GRACEFUL_TIMEOUT_MS }).catch(async () => {
        sendSignal(-pid, 'SIGKILL');
        await until(`${name}, left over from an earlier run, ends`, gone, { timeoutMs: GRACEFUL_TIMEOUT_MS });
      });
    }),
  );
}

async function belongsToFolder(folder: string, pid: number): Promise<boolean> {
  return Number.isInteger(pid) && pid > 1 && (await readProcessArguments(pid)).includes(`${folder}/`);
}

/** The command line of a process; empty if it has ended, even as a zombie. */
export async function readProcessArguments(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8'); // `ps` may be missing
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes('<defunct>') ? '' : stdout;
  } catch {
    return '';
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

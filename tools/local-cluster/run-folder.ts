import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { claimPorts, type PortBlock } from './port-block.ts';
import { stopLeftovers, type RecordedProcess } from './leftovers.ts';

/**
 * A cluster's files: Redis data, nginx configuration, token secret, list of processes. Reusing the folder continues the
 * same cluster with its rooms. Only one cluster can use a folder at a time.
 */
export interface RunFolder {
  readonly path: string;
  readonly ports: PortBlock;
  /** Signs players' tokens; kept, so that tokens stay valid after a restart. */
  readonly secret: string;
  /** Records a process, so that the next start in this folder can stop it if this run crashes. */
  recordProcess(child: RecordedProcess): void;
  close(): Promise<void>;
}

/** Opens the given folder, or creates a temporary one below `.run/` that is removed when closed. */
export async function openRunFolder(wanted?: string): Promise<RunFolder> {
  const path = wanted === undefined ? await makeTemporaryFolder() : resolve(packageRoot, wanted);
  await mkdir(path, { recursive: true });
  const ports = await claimPorts(path);
  try {
    await lockFolder(path, ports.lockPort);
    await stopLeftovers(path, await readRecordedProcesses(path));
    const secret = await readOrCreate(join(path, 'secret'), () => randomBytes(32).toString('base64url'));
    const children: RecordedProcess[] = [];
    let writing = Promise.resolve();
    return {
      path,
      ports,
      secret,
      recordProcess(child) {
        children.push(child);
        const list = JSON.stringify(children);
        writing = writing.then(() => writeFile(join(path, 'children.json'), list)).catch(() => {});
      },
      async close() {
        await writing;
        await rm(join(path, 'children.json'), { force: true });
        await rm(join(path, 'lock'), { force: true });
        if (wanted === undefined) await rm(path, { recursive: true, force: true, maxRetries: 3 });
        await ports.release();
      },
    };
  } catch (error) {
    await ports.release();
    throw error;
  }
}

async function makeTemporaryFolder(): Promise<string> {
  await mkdir(join(packageRoot, '.run'), { recursive: true });
  return await mkdtemp(join(packageRoot, '.run', 'cluster-'));
}

/** The lock is a file that names a port. It is valid while a process on that port sends this folder as its greeting. */
async function lockFolder(path: string, port: number): Promise<void> {
  const file = join(path, 'lock');
  for (let tries = 0; tries < 3; tries++) {
    try {
      await writeFile(file, String(port), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && (await readGreeting(holder)) === path) break;
    await rm(file, { force: true });
  }
  throw new Error(`${path} is in use by another cluster; stop that one, or use another folder (--run-dir)`);
}

async function readGreeting(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
  return await text(socket).catch(() => undefined);
}

async function readOrCreate(file: string, make: () => string): Promise<string> {
  const old = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (old !== '') return old;
  const made = make();
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

async function readRecordedProcesses(path: string): Promise<RecordedProcess[]> {
  const json = await readFile(join(path, 'children.json'), 'utf8').catch(() => '[]');
  try {
    return JSON.parse(json) as RecordedProcess[];
  } catch {
    return []; // incomplete after a crash of the machine, which has ended the processes, too
  }
}

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const root = resolve(import.meta.dirname, '../../..');
/** The package's own description. */
export const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  exports: Record<string, string | { types: string; default: string }>;
};

let tarball: Promise<string> | null = null;

/** Packs once for all tests of the process: packing builds. */
const packed = (): Promise<string> =>
  (tarball ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rejoin-tarball-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    await run('npm', ['pack', '--pack-destination', folder], { cwd: root });
    return join(
      folder,
      readdirSync(folder).find(name => name.endsWith('.tgz'))!,
    );
  })());

/** Somebody's folder, far from here, that has the package installed. */
export interface App {
  readonly folder: string;
  /** A path inside the package, as it is installed. */
  readonly installed: (...path: string[]) => string;
  /** Runs Node in the folder. @returns what it says on stdout @throws with all it said */
  readonly node: (...args: string[]) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** Makes such a folder. @param beside what else is installed, in the versions that are used here */
export async function installApp(beside: readonly string[]): Promise<App> {
  const outer = await mkdtemp(join(tmpdir(), 'rejoin-package-'));
  const folder = join(outer, 'app');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'somebody-elses', private: true, type: 'module' }),
  );
  const others = beside.map(name => `${name}@${ours.dependencies[name] ?? ours.devDependencies[name]}`);
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', await packed(), ...others], {
    cwd: folder,
  });
  return {
    folder,
    installed: (...path) => join(folder, 'node_modules', ours.name, ...path),
    node: async (...args) => {
      try {
        return (await run(process.execPath, args, { cwd: folder })).stdout;
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`node ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
      }
    },
    remove: () => rm(outer, { recursive: true, force: true }),
  };
}

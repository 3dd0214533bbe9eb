import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { after } from 'mocha';

const run = promisify(execFile);

export const root = resolve(import.meta.dirname, '../../..');
/** The package's own description. */
export const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  exports: Record<string, string | { types: string; default: string }>;
};

/** Somebody's folder, far from here, that has the package installed. */
export interface App {
  readonly folder: string;
  readonly tarball: string;
  /** A path inside the package, as it is installed. */
  readonly installed: (...path: string[]) => string;
  /** Runs Node in the folder. @returns stdout @throws with all of the output */
  readonly node: (...args: string[]) => Promise<string>;
  /** The same app, with a folder in it in which Node runs. Modules are found as from the app's own folder. */
  readonly within: (name: string) => App;
  /** Runs npm in the folder. */
  readonly npm: (...args: string[]) => Promise<unknown>;
}

const made: { app?: Promise<App>; folder?: string } = {};

after(async function () {
  this.timeout(120_000); // thousands of files
  if (made.folder !== undefined) await rm(made.folder, { recursive: true, force: true });
});

/** The one app of all tests of this process: packing builds, and an install takes long. Removed after the last test. */
export const installedApp = (): Promise<App> => (made.app ??= install());

async function install(): Promise<App> {
  const outer = mkdtempSync(join(tmpdir(), 'rejoin-package-'));
  made.folder = outer;
  const folder = join(outer, 'app');
  mkdirSync(folder);
  await run('npm', ['pack', '--pack-destination', outer], { cwd: root });
  const tarball = join(
    outer,
    readdirSync(outer).find(name => name.endsWith('.tgz'))!,
  );
  const inOurVersions = (names: readonly string[]) =>
    Object.fromEntries(names.map(name => [name, ours.dependencies[name] ?? ours.devDependencies[name]]));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      name: 'somebody-elses',
      private: true,
      type: 'module',
      dependencies: { [ours.name]: `file:${tarball}`, ...inOurVersions(['socket.io', 'zod']) },
      devDependencies: inOurVersions(['tsx', '@typescript/native', '@types/node']),
    }),
  );
  const npm = (...args: string[]) =>
    run('npm', [...args, '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder });
  await npm('install');
  const appIn = (cwd: string): App => ({
    folder: cwd,
    tarball,
    npm,
    installed: (...path) => join(folder, 'node_modules', ours.name, ...path),
    node: async (...args) => {
      try {
        return (await run(process.execPath, args, { cwd })).stdout;
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`node ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
      }
    },
    within: name => {
      // Without a package.json of its own, npm runs for the app.
      mkdirSync(join(cwd, name));
      return appIn(join(cwd, name));
    },
  });
  return appIn(folder);
}

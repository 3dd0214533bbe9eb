import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../server/runtime/package-root.ts';

/** What nodes are made of: what may be a node's script, and what those import. */
const FOLDERS = ['server', 'shared', 'client', 'testkit', 'tools', 'bench', 'examples', 'test'];
const OUT = join(packageRoot, 'dist/run');

/**
 * How to start a script of this repository: as arguments of node. Compiled ahead of time a node is up with less work
 * than with a loader, and a machine that is busy taking over its rooms has better use for that.
 */
export function argumentsFor(script: string): string[] {
  const file = join(OUT, script.replace(/\.ts$/, '.js'));
  return existsSync(file) ? [file] : ['--import', 'tsx', script];
}

/**
 * The same for a node. On a large machine the V8 of Node 24 lets the young generation grow to 100 MB in the rush in
 * which players come, and it stays as large; half of it costs no more time. What was measured is in
 * docs/benchmarks/performance-history.md.
 */
export function argumentsForNode(script: string): string[] {
  return ['--max-semi-space-size=16', ...argumentsFor(script)];
}

/** Of this process. */
const compilation: { once?: Promise<void> } = {};

/** Compiles all sources into dist/run, in folders as theirs are; once in a process. @throws what is wrong with them */
export function compileSources(): Promise<void> {
  return (compilation.once ??= compile());
}

async function compile(): Promise<void> {
  const { build } = await import('esbuild');
  const all = await Promise.all(
    FOLDERS.map(folder =>
      readdir(join(packageRoot, folder), { recursive: true }).then(files => files.map(file => join(folder, file))),
    ),
  );
  const { outputFiles } = await build({
    absWorkingDir: packageRoot,
    entryPoints: all.flat().filter(file => /\.ts$/.test(file) && !/\.(d|test)\.ts$|(^|\/)node_modules\//.test(file)),
    outdir: OUT,
    outbase: packageRoot,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    logLevel: 'silent',
    bundle: true,
    packages: 'external',
    // A file for each file, so that what lies beside them is found as from the sources.
    plugins: [
      {
        name: 'as they are',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^\./ }, ({ path, kind }) =>
            kind === 'entry-point' ? null : { path: path.replace(/\.ts$/, '.js'), external: true },
          ),
      },
    ],
  });
  // What is found beside them: for Redis (lua) and for the shell (the watchdog, without which a launcher that is killed
  // leaves all it started).
  const beside = all.flat().filter(file => /^(server|tools)\/.*\.(lua|sh)$/.test(file));
  const scripts = await Promise.all(
    beside.map(async file => ({ path: join(OUT, file), contents: await readFile(join(packageRoot, file)) })),
  );
  await Promise.all([...outputFiles, ...scripts].map(({ path, contents }) => writeIfChanged(path, contents)));
}

/** Only what is new, and each file at once: nodes of other clusters may be reading it. */
async function writeIfChanged(path: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

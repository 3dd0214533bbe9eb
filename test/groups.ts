import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { SystemPart } from '../tools/local-cluster/system.ts';

export const ROOT = resolve(import.meta.dirname, '..');

/** Test files that run in one process, one after the other. */
export interface Group {
  readonly name: string;
  readonly files: readonly string[];
  readonly needs: readonly SystemPart[];
  /** Milliseconds for one test, where it does not say otherwise. */
  readonly timeout: number;
  /** Milliseconds after which the whole group is taken for hung. */
  readonly bound: number;
}

/**
 * Folders whose tests use real parts, or take longer than a developer waits. Every other folder of test/ needs nothing
 * installed and is quick.
 */
const REAL: Readonly<Record<string, readonly SystemPart[]>> = {
  browser: ['redis-server', 'nginx', 'chromium'],
  screens: ['redis-server', 'nginx', 'chromium'],
  cluster: ['redis-server', 'nginx'],
  package: ['redis-server'],
  faults: ['redis-server', 'nginx'],
  sentinel: ['redis-server', 'nginx'],
  feel: ['redis-server', 'nginx'],
  hostile: ['redis-server', 'nginx'],
  reference: [],
  redis: ['redis-server'],
  'local-cluster': ['redis-server', 'nginx'],
  examples: ['redis-server'],
  seeds: [],
  ablations: ['nginx'],
  bench: ['redis-server', 'nginx'],
  conformance: ['redis-server'],
  embedding: [],
  moves: [],
};

/**
 * The groups to run: all quick folders in two halves, then each real folder by itself. `only` are paths from the
 * repository.
 */
export function findGroups(choice: { readonly fastOnly: boolean; readonly only: readonly string[] }): Group[] {
  const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true }).filter(entry => entry.isDirectory());
  const wanted = choice.only.map(path => resolve(ROOT, path));
  const filesOf = (folder: string) =>
    testFiles(join(ROOT, 'test', folder)).filter(
      file => wanted.length === 0 || wanted.some(path => isWithin(file, path)),
    );
  const quick = folders.map(({ name }) => name).filter(name => !(name in REAL));
  // In halves, a process for each core.
  const names = ['fast, one half', 'fast, the other'];
  const groups: Group[] = halves(quick.flatMap(filesOf)).map((files, i) => ({
    name: names[i]!,
    files,
    needs: [],
    timeout: 30_000,
    bound: 400_000,
  }));
  if (!choice.fastOnly) {
    for (const [name, needs] of Object.entries(REAL)) {
      if (folders.some(folder => folder.name === name)) {
        // Whole matches of three games, each with a failure in it, at the pace of people.
        groups.push({ name, files: filesOf(name), needs, timeout: 60_000, bound: 1_800_000 });
      }
    }
  }
  return groups.filter(group => group.files.length > 0);
}

/** About as much to do in each, as far as the length of files tells. */
function halves(files: readonly string[]): [string[], string[]] {
  const both: [string[], string[]] = [[], []];
  const bytes = [0, 0];
  for (const file of [...files].sort((a, b) => statSync(b).size - statSync(a).size)) {
    const lighter = bytes[0]! <= bytes[1]! ? 0 : 1;
    both[lighter].push(file);
    bytes[lighter]! += statSync(file).size;
  }
  return both;
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.test\.tsx?$/.test(name))
    .map(name => join(folder, name))
    .filter(file => statSync(file).isFile())
    .sort();
}

function isWithin(file: string, path: string): boolean {
  return !relative(path, file).startsWith('..');
}

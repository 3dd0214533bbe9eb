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
 * Folders that are a group of their own: their tests use real parts, or take longer than a developer waits. All other
 * tests are fast and need nothing installed.
 */
const OWN_GROUPS: Readonly<Record<string, readonly SystemPart[]>> = {
  'e2e/browser': ['redis-server', 'nginx', 'chromium-headless-shell', 'chromium', 'python3-socketio'],
  'e2e/screens': ['redis-server', 'nginx', 'chromium-headless-shell'],
  'integration/cluster': ['redis-server', 'nginx'],
  'integration/embedding': [],
  'integration/examples': ['redis-server'],
  'integration/faults': ['redis-server', 'nginx'],
  'integration/hostile': ['redis-server', 'nginx'],
  'integration/one-node': [],
  'integration/redis': ['redis-server'],
  'integration/sentinel': ['redis-server', 'nginx'],
  'integration/wire': ['python3-socketio'],
  'integration/smoothness': ['redis-server', 'nginx'],
  'simulation/ablations': ['nginx'],
  'simulation/conformance': ['redis-server'],
  'simulation/seeds': [],
  'tools/bench': ['redis-server', 'nginx'],
  'tools/local-cluster': ['redis-server', 'nginx'],
  'tools/package': ['redis-server', 'nginx'],
  'tools/reference': [],
  'unit/handover': [],
};

/**
 * The groups to run: all fast tests in two halves, then each folder that is a group of its own. `only` are paths from
 * the repository.
 */
export function findGroups(choice: { readonly fastOnly: boolean; readonly only: readonly string[] }): Group[] {
  const wanted = choice.only.map(path => resolve(ROOT, path));
  const files = testFiles(join(ROOT, 'test')).filter(
    file => wanted.length === 0 || wanted.some(path => isWithin(file, path)),
  );
  const isIn = (folder: string) => (file: string) => isWithin(file, join(ROOT, 'test', folder));
  const folders = Object.keys(OWN_GROUPS);
  // In halves, a process for each core.
  const names = ['fast, one half', 'fast, the other'];
  const groups: Group[] = halves(files.filter(file => !folders.some(folder => isIn(folder)(file)))).map((files, i) => ({
    name: names[i]!,
    files,
    needs: [],
    timeout: 30_000,
    bound: 900_000,
  }));
  if (!choice.fastOnly) {
    for (const [name, needs] of Object.entries(OWN_GROUPS)) {
      // Whole matches of three games, each with a failure in it, at the pace of people.
      groups.push({ name, files: files.filter(isIn(name)), needs, timeout: 60_000, bound: 1_800_000 });
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

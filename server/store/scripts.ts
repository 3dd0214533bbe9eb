import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Script {
  name: string;
  text: string;
  sha: string;
  keys: number;
}

const names = [
  'create',
  'claim',
  'pass',
  'append',
  'renew',
  'snapshot',
  'keep',
  'release',
  'remove',
  'blame',
  'find-or-create',
  'withdraw',
  'discard',
  'sweep',
  'unindex',
] as const;
export type ScriptName = (typeof names)[number];

/** Loads the scripts; the number of keys comes from each script's header. @throws when a header names no keys */
export function loadScripts(): Record<ScriptName, Script> {
  const read = (name: string) => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
  const scripts = names.map(name => {
    const own = read(name);
    // A header line `-- with index.lua` prepends that file.
    const text = [...own.matchAll(/^-- with +(\w+)\.lua$/gm)]
      .map(m => read(m[1]!))
      .concat(own)
      .join('\n');
    const header = /^-- keys +((?:.|\n-- {3,})*)/m.exec(own)?.[1] ?? '';
    const keys = Math.max(0, ...[...header.matchAll(/(?:^|\s)(\d+) [a-z]/g)].map(m => Number(m[1])));
    if (keys === 0) throw new Error(`lua/${name}.lua: the header names no keys`);
    return [name, { name, text, sha: createHash('sha1').update(text).digest('hex'), keys }] as const;
  });
  return Object.fromEntries(scripts) as Record<ScriptName, Script>;
}

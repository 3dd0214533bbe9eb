import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../groups.ts';
import type { HuntResult, HuntOptions } from '../hunt.ts';
import { isTestHunt, type Ablation, type Edit, type TestHunt } from './ablation.ts';
import type { TestResult } from './run-test.ts';

/** What the simulator and the tests need of the repository. */
const parts = [
  'server',
  'client',
  'client-demo',
  'shared',
  'testkit',
  'test',
  'examples',
  'tools',
  'bench',
  'docs',
  'README.md',
  'nginx.conf',
  'nginx.nodes.conf',
  'package.json',
  'tsconfig.json',
];
const isCopied = (path: string): boolean => !/\/(node_modules|dist|pictures)$/.test(path);

/**
 * How an ablation was noticed: by a seed, or by a test (`seed` is 0 then, as for a process that ended). `seed` null:
 * not at all.
 */
export type TimedResult = HuntResult & { seconds: number };

/** A copy of the sources in a folder of its own, to be changed one rule at a time. */
export class WorkingCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'rejoin-ablation-'));

  constructor() {
    for (const part of parts) cpSync(join(ROOT, part), join(this.folder, part), { recursive: true, filter: isCopied });
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /**
   * Removes a rule, hunts, and puts the rule back.
   * @throws where a text to be replaced is not there exactly once, or the hunt itself fails
   */
  async without(ablation: Ablation): Promise<TimedResult> {
    const { hunt } = ablation;
    const files = [...new Set(ablation.edits.map(e => e.file))];
    const restore = () => {
      for (const file of files) cpSync(join(ROOT, file), join(this.folder, file));
    };
    try {
      for (const file of files)
        writeFileSync(
          join(this.folder, file),
          ablation.edits.filter(e => e.file === file).reduce(replaced, readFileSync(join(ROOT, file), 'utf8')),
        );
      if (isTestHunt(hunt)) {
        const caught = await this.test(hunt);
        if (caught.seed === null) return caught;
        restore();
        const anyhow = await this.test(hunt);
        if (anyhow.seed !== null) throw new Error(`${hunt.test} fails with all rules in place: ${anyhow.violation}`);
        return caught;
      }
      const caught = await this.hunt(hunt);
      if (caught.seed === null || caught.seed === 0) return caught;
      // A seed that fails with all rules in place has caught nothing, and is a matter of its own.
      restore();
      const anyhow = await this.hunt({ ...hunt, from: caught.seed, most: caught.seed });
      if (anyhow.seed !== null)
        throw new Error(`seed ${caught.seed} fails with all rules in place: ${anyhow.violation}`);
      return caught;
    } finally {
      restore();
    }
  }

  async hunt(hunt: HuntOptions): Promise<TimedResult> {
    const { code, out, err, seconds } = await this.run('test/simulation/hunt.ts', hunt, 300_000);
    if (code === 0) return { ...(JSON.parse(out) as HuntResult), seconds };
    // A crash is noticed by anybody; what is of interest is that it was not the harness that failed.
    if (/rooms|store|cluster|client|sessions|ownership/.test(err))
      return {
        seed: 0,
        violation: `the process ended: ${err.split('\n').find(l => /^\w+( \[\w+\])?: /.test(l)) ?? 'no word'}`,
        tried: 0,
        seconds,
      };
    throw new Error(err || 'the hunt did not end');
  }

  /** Runs tests in the copy. @throws where no title matches, or the file cannot be loaded */
  async test(hunt: TestHunt): Promise<TimedResult> {
    const { code, out, err, seconds } = await this.run('test/simulation/ablations/run-test.ts', hunt, 120_000);
    if (!err.includes('loaded\n')) throw new Error(`${hunt.test} cannot be loaded: ${err}`);
    if (code !== 0)
      return {
        seed: 0,
        violation:
          code === null
            ? 'the tests did not end within 120 s'
            : `the process ended: ${err.split('\n').find(l => /^\w+( \[\w+\])?: /.test(l)) ?? 'no word'}`,
        tried: 0,
        seconds,
      };
    const { ran, failure } = JSON.parse(out.trim().split('\n').at(-1)!) as TestResult;
    if (ran === 0) throw new Error(`${hunt.test} has no test whose title contains: ${hunt.grep}`);
    // An edit that leaves out a name has broken the program, not a rule.
    if (failure?.includes('ReferenceError')) throw new Error(`the edit is broken: ${failure}`);
    return { seed: failure === null ? null : 0, violation: failure ?? '', tried: ran, seconds };
  }

  private run(
    script: string,
    order: object,
    timeout: number,
  ): Promise<{ code: number | null; out: string; err: string; seconds: number }> {
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', join(this.folder, script), JSON.stringify(order)], {
        cwd: this.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout,
        killSignal: 'SIGKILL',
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (text: Buffer) => {
        out += text.toString();
      });
      child.stderr.on('data', (text: Buffer) => {
        err += text.toString();
      });
      child.once('error', reject);
      child.once('close', code => resolve({ code, out, err, seconds: (performance.now() - started) / 1000 }));
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Replaces a text of a source file. Texts are compared token by token: line breaks, spaces and trailing commas are the
 * formatter's.
 * @throws where the text to be replaced is not there exactly once
 */
export function replaced(text: string, { file, find, replace }: Edit): string {
  const found = [...text.matchAll(patternOf(find))];
  if (found.length !== 1) throw new Error(`${file} has ${found.length} times, not once: ${find}`);
  const { 0: old, index } = found[0]!;
  return `${text.slice(0, index)}${replace}${text.slice(index + old.length)}`;
}

/** Matches the tokens of a source text, however they are formatted. */
function patternOf(source: string): RegExp {
  const tokens = source.match(/[\w$]+|[^\w$\s]/g) ?? [];
  const isWord = (token: string | undefined) => token !== undefined && /[\w$]/.test(token);
  let pattern = '';
  for (const [i, token] of tokens.entries()) {
    if (i > 0) pattern += isWord(token) && isWord(tokens[i - 1]) ? '\\s+' : '\\s*';
    if (i > 0 && /[)\]}]/.test(token)) pattern += '(?:,\\s*)?';
    pattern += token.replace(/[^\w]/g, '\\$&');
  }
  const [first, last] = [tokens[0], tokens.at(-1)];
  return new RegExp(
    `${isWord(first) && /^\s/.test(source) ? '\\b' : ''}${pattern}${isWord(last) && /\s$/.test(source) ? '\\b' : ''}`,
    'g',
  );
}

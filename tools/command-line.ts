import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { packageRoot } from '../server/runtime/package-root.ts';

/** What a tool says of itself: the first comment in its file. @param tool its file, from the repository's root */
export function helpOf(tool: string): string {
  const [, comment = ''] = /\/\*\*\s*([\s\S]*?)\s*\*\//.exec(readFileSync(join(packageRoot, tool), 'utf8')) ?? [];
  return comment
    .split('\n')
    .map(line => line.replace(/^ ?\* ?/, ''))
    .join('\n')
    .trim();
}

/** Ends the process with a sentence about its command line. */
export function exitWithUsage(sentence: string): never {
  process.stderr.write(`${sentence}\nSee --help.\n`);
  process.exit(2);
}

/**
 * Reads the command line of a tool. `--help` prints what its file says of it, and the options with their defaults; an
 * option that there is not, or a number that is none, ends the process with a sentence.
 * @param numbers options without a default that are numbers; those whose default is one are known
 */
export function parseCommandLine<T extends ParseArgsConfig>(
  tool: string,
  config: T,
  numbers: readonly string[] = [],
): ReturnType<typeof parseArgs<T>> {
  const args = config.args ?? process.argv.slice(2);
  const options = Object.entries(config.options ?? {});
  if (args.includes('--help') || args.includes('-h')) {
    const lines = options.map(
      ([name, { type, default: defaultValue }]) =>
        `  --${name}${type === 'boolean' ? '' : ' …'}${typeof defaultValue === 'string' && defaultValue !== '' ? ` (${defaultValue})` : ''}`,
    );
    process.stdout.write(`${helpOf(tool)}\n\nOptions and defaults:\n${[...lines, '  --help'].join('\n')}\n`);
    process.exit(0);
  }
  try {
    const read = parseArgs(config);
    const values = read.values as Record<string, unknown>;
    for (const [name, { default: defaultValue }] of options) {
      const isNumber =
        numbers.includes(name) || (typeof defaultValue === 'string' && /^\d+(\.\d+)?$/.test(defaultValue));
      const text = values[name];
      if (isNumber && typeof text === 'string' && !(text.trim() !== '' && Number(text) >= 0))
        exitWithUsage(`--${name}: a number, not '${text}'.`);
    }
    return read;
  } catch (error) {
    if (error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS'))
      exitWithUsage(error.message);
    throw error;
  }
}

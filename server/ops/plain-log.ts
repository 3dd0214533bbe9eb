import { fileURLToPath } from 'node:url';
import type { Log } from '../runtime/ports.ts';

type Fields = Record<string, unknown>;

const ownFolders = ['..', '../../shared'].flatMap(path => {
  const { href } = new URL(`${path}/`, import.meta.url);
  return [href, fileURLToPath(href)];
});
/** Whether a line of a stack is the engine's, or Node's: no author looks for a mistake there. */
const isOurs = (line: string): boolean =>
  line.includes('node:') || (ownFolders.some(folder => line.includes(folder)) && !/shared[\\/]games/.test(line));

/** An error as its author wants it: the message, and where in the author's own code it came from. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const at = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line) && !isOurs(line));
  return [`${error.name}: ${error.message}`, ...at.map(line => `  ${line.trim()}`)].join('\n  ');
}

/** What a client sent may be in it: no control character reaches the terminal, and no line that is not ours. */
const printable = (text: string, keepsNewlines = false): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, c =>
    c === '\n' && keepsNewlines ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** For the author of a game, at a terminal: warnings and worse, in words. */
export function createPlainLog(write: (text: string) => void = text => void process.stderr.write(text)): Log {
  const log = ({ error, ...fields }: Fields, text: string): void => {
    const fieldsText = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key} ${String(value)}`)
      .join(', ');
    write(
      `rejoin: ${printable(text)}${fieldsText ? ` (${printable(fieldsText)})` : ''}\n${error === undefined ? '' : `  ${printable(describeError(error), true)}\n`}`,
    );
  };
  return { error: log, warn: log, info: () => {}, debug: () => {} };
}

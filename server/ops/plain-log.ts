import { fileURLToPath } from 'node:url';
import type { Log } from '../runtime/ports.ts';

type Fields = Record<string, unknown>;

const ownFolders = ['..', '../../shared'].flatMap(path => {
  const { href } = new URL(`${path}/`, import.meta.url);
  return [href, fileURLToPath(href)];
});
/** Whether a line of a stack trace belongs to the engine or to Node, which an author does not debug. */
const isOurs = (line: string): boolean =>
  line.includes('node:') || (ownFolders.some(folder => line.includes(folder)) && !/shared[\\/]games/.test(line));

/** The message of an error, and its stack lines in the author's own code. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const at = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line) && !isOurs(line));
  return [`${error.name}: ${error.message}`, ...at.map(line => `  ${line.trim()}`)].join('\n  ');
}

/**
 * Escapes control characters: fields may contain text from clients, which must not control the terminal or forge lines.
 */
const printable = (text: string, keepsNewlines = false): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, c =>
    c === '\n' && keepsNewlines ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Logs warnings and errors as plain text, for a game's author at a terminal. */
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

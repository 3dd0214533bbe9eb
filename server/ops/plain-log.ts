import { fileURLToPath } from 'node:url';
import type { Log } from '../ports.ts';

type Fields = Record<string, unknown>;

const inside = ['..', '../../shared'].flatMap(path => {
  const { href } = new URL(`${path}/`, import.meta.url);
  return [href, fileURLToPath(href)];
});
/** Whether a line of a stack is the engine's, or Node's: no author looks for a mistake there. */
const isOurs = (line: string): boolean => line.includes('node:') || (inside.some(folder => line.includes(folder)) && !/shared[\\/]games/.test(line));

/** An error as its author wants it: the message, and where in the author's own code it came from. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const at = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line) && !isOurs(line));
  return [`${error.name}: ${error.message}`, ...at.map(line => `  ${line.trim()}`)].join('\n  ');
}

/** What a client sent may be in it: no control character reaches the terminal, and no line that is not ours. */
const printable = (text: string, mayHaveLines = false): string => text.replace(/[\p{Cc}\p{Cf}]/gu, c => (c === '\n' && mayHaveLines ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));

/** For the author of a game, at a terminal: warnings and worse, in words. */
export function createPlainLog(write: (text: string) => void = text => void process.stderr.write(text)): Log {
  const say = ({ error, ...fields }: Fields, text: string): void => {
    const about = Object.entries(fields).filter(([, value]) => value !== undefined).map(([key, value]) => `${key} ${String(value)}`).join(', ');
    write(`rejoin: ${printable(text)}${about ? ` (${printable(about)})` : ''}\n${error === undefined ? '' : `  ${printable(inWords(error), true)}\n`}`);
  };
  return { error: say, warn: say, info: () => {}, debug: () => {} };
}

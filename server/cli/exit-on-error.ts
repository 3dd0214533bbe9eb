import { ConfigError } from '../config.ts';
import { DataFolderError } from '../store/file/data-folder.ts';
import { RedisUnusableError } from '../store/redis-unusable-error.ts';
import { UsageError } from './command-line.ts';
import { exitCodes } from './exit-codes.ts';

/** Ends the process with the message of an error that the user can fix, or with the stack of any other. */
export function exitOnError(error: unknown): never {
  process.stderr.write(`${textOf(error)}\n`);
  process.exit(codeOf(error));
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof RedisUnusableError && error.reason === 'unreachable') return exitCodes.unavailable;
  if (error instanceof DataFolderError && error.reason === 'in-use') return exitCodes.unavailable;
  return isUserError(error) ? exitCodes.config : exitCodes.uncaught;
}

/** TypeError: what `createServer` throws for options that contradict each other. */
const isUserError = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof RedisUnusableError ||
  error instanceof DataFolderError ||
  error instanceof TypeError ||
  ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(String((error as NodeJS.ErrnoException | null)?.code));

function textOf(error: unknown): string {
  if (error instanceof UsageError) return `rejoin: ${error.message}\nSee rejoin --help.`;
  if (!(error instanceof Error)) return String(error);
  if (!isUserError(error)) return error.stack ?? error.message;
  return error instanceof TypeError ? errorOf(error) : error.message;
}

/** A TypeError of our own checks names an option; any other is a mistake in code, whose stack is needed. */
const errorOf = (error: TypeError): string =>
  /^[a-zA-Z.]+: /.test(error.message) ? error.message : (error.stack ?? error.message);

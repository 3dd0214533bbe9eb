import { isRefusalCode, makeRefusal, explainCode, type RefusalCode, type Refused } from '../shared/refusals.ts';

const messages: Readonly<Record<Exclude<ConnectProblem, RefusalCode>, string>> = {
  offline: 'This device is offline.',
  unreachable: 'The server cannot be reached.',
  'no-answer': 'The server does not answer.',
  'wrong-path': 'No Rejoin server answers at this url and path.',
  'wrong-namespace': 'The server does not know the namespace in the url.',
  'origin-refused': 'The server does not accept connections from pages of this origin.',
  'token-failed': 'The token could not be obtained.',
};

/**
 * Why there is no connection, as far as a client can know. Browsers hide most reasons from pages; then it is
 * `unreachable`.
 */
export type ConnectProblem =
  | 'offline'
  | 'unreachable'
  | 'no-answer'
  | 'wrong-path'
  | 'wrong-namespace'
  | 'origin-refused'
  | 'token-failed'
  | RefusalCode;

const isProblem = (code: unknown): code is ConnectProblem =>
  typeof code === 'string' && (Object.hasOwn(messages, code) || isRefusalCode(code));

/** Explains a problem in one English sentence. */
export const problemInWords = (problem: ConnectProblem): string =>
  isRefusalCode(problem) ? explainCode(problem) : messages[problem];

/** The error that Socket.IO reports if a connection could not be opened. */
interface ConnectError {
  readonly message: string;
  readonly data?: unknown;
  readonly description?: unknown;
  readonly context?: unknown;
}

/** Derives the problem from a `connect_error` of socket.io-client. */
export function problemOf(error: ConnectError): ConnectProblem {
  const named = (error.data as { problem?: unknown } | undefined)?.problem;
  if (isProblem(named)) return named;
  switch (error.message) {
    case 'Invalid namespace':
      return 'wrong-namespace';
    case 'timeout':
      return 'no-answer';
    case 'server error':
      return 'wrong-path'; // an HTTP 200 that does not speak Engine.IO
  }
  const status = statusOf(error);
  if (status === 0) return typeof navigator !== 'undefined' && navigator.onLine === false ? 'offline' : 'unreachable';
  if (status === 429) return 'slow-down';
  if (status >= 500) return 'unavailable';
  const body = bodyOf(error.context);
  return isProblem(body) ? body : 'wrong-path';
}

/** The refusal in an HTTP answer with a Retry-After header; null for any other answer. */
export function busyOf(error: ConnectError): Refused | null {
  const problem = problemOf(error);
  if (problem !== 'slow-down' && problem !== 'unavailable') return null;
  const seconds = Number(headerOf(error.context, 'Retry-After') ?? NaN);
  return seconds >= 0 ? makeRefusal(problem, undefined, seconds * 1_000) : null;
}

/**
 * A header of an HTTP answer, if it is readable: long-polling requests only, and in browsers only on pages of the
 * server's origin.
 */
function headerOf(request: unknown, name: string): string | null {
  try {
    return (request as { getResponseHeader(name: string): string | null }).getResponseHeader(name);
  } catch {
    return null;
  }
}

/** Status of an HTTP answer to a connection attempt; 0 if there is none or the browser hides it. */
function statusOf({ description }: ConnectError): number {
  if (typeof description === 'number') return description;
  const { message } = (description ?? {}) as { message?: unknown };
  return typeof message === 'string' ? Number(/^Unexpected server response: (\d{3})$/.exec(message)?.[1] ?? 0) : 0;
}

/** The `message` in the JSON of an HTTP answer. */
function bodyOf(request: unknown): unknown {
  try {
    return (JSON.parse((request as { responseText: string }).responseText) as { message?: unknown }).message;
  } catch {
    return undefined;
  }
}

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
 * Why there is no connection, as far as a client can know. A browser tells a page little: what it hides is
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

/** The problem in one English sentence. */
export const problemInWords = (problem: ConnectProblem): string =>
  isRefusalCode(problem) ? explainCode(problem) : messages[problem];

/** What Socket.IO reports of a connection that could not be opened. */
interface ConnectError {
  readonly message: string;
  readonly data?: unknown;
  readonly description?: unknown;
  readonly context?: unknown;
}

/** Reads the reason out of a `connect_error` of socket.io-client. */
export function problemOf(error: ConnectError): ConnectProblem {
  const named = (error.data as { problem?: unknown } | undefined)?.problem;
  if (isProblem(named)) return named;
  switch (error.message) {
    case 'Invalid namespace':
      return 'wrong-namespace';
    case 'timeout':
      return 'no-answer';
    case 'server error':
      return 'wrong-path'; // something answered 200, and not in Engine.IO's words
  }
  const status = statusOf(error);
  if (status === 0) return typeof navigator !== 'undefined' && navigator.onLine === false ? 'offline' : 'unreachable';
  if (status === 429) return 'slow-down';
  if (status >= 500) return 'unavailable';
  const body = bodyOf(error.context);
  return isProblem(body) ? body : 'wrong-path';
}

/** The refusal in an HTTP answer that says when to try again; null for any other answer. */
export function busyOf(error: ConnectError): Refused | null {
  const problem = problemOf(error);
  if (problem !== 'slow-down' && problem !== 'unavailable') return null;
  const seconds = Number(headerOf(error.context, 'Retry-After') ?? NaN);
  return seconds >= 0 ? makeRefusal(problem, undefined, seconds * 1_000) : null;
}

/**
 * A header of an HTTP answer, where the request shows it: of a long-polling request, and in browsers only to pages of
 * the server's own.
 */
function headerOf(request: unknown, name: string): string | null {
  try {
    return (request as { getResponseHeader(name: string): string | null }).getResponseHeader(name);
  } catch {
    return null;
  }
}

/** The HTTP status that answered instead of a connection; 0: none, or the browser hides it. */
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

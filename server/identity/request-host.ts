import type { IncomingMessage } from 'node:http';
import { parseTrustProxy } from './address.ts';

/** The host name and port that the client requested; undefined: unknown. */
export type HostReader = (request: IncomingMessage) => string | undefined;

/**
 * Reads the Host header, or X-Forwarded-Host if a trusted proxy has sent it.
 * @param trustProxy Express's `trust proxy`. Undefined: no proxy is trusted
 * @throws TypeError when the setting is invalid
 */
export function createHostReader(trustProxy: string | undefined): HostReader {
  const isTrusted = parseTrustProxy(trustProxy);
  return ({ headers, socket }) => {
    const forwarded = headers['x-forwarded-host'];
    const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',')[0]!.trim();
    return first && isTrusted(socket.remoteAddress ?? '', 0) ? first : headers.host;
  };
}

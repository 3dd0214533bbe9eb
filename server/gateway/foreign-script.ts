import type { IncomingMessage } from 'node:http';

/**
 * Whether a handshake without an origin may come from a script element of a foreign page: browsers send no Origin with
 * it. Engine.IO answers `?j=` with a script (JSONP), which any page can run and read. Newer browsers say in
 * Sec-Fetch-Site where a request comes from.
 */
export function mayBeForeignScript({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  return new URLSearchParams(url.slice(url.indexOf('?') + 1)).has('j') || site === 'cross-site' || site === 'same-site';
}

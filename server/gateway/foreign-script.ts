import type { IncomingMessage } from 'node:http';

/**
 * Whether a handshake without an Origin header may come from a script element of a foreign page. Browsers send no
 * Origin with those, and Engine.IO answers `?j=` with a script (JSONP), which any page can run and read. Newer browsers
 * send Sec-Fetch-Site.
 */
export function mayBeForeignScript({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  return new URLSearchParams(url.slice(url.indexOf('?') + 1)).has('j') || site === 'cross-site' || site === 'same-site';
}

import { hostname } from 'node:os';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';

/**
 * Creates a check whether a Host header names this machine. Any site can resolve its own name to this machine (DNS
 * rebinding), and its page could then read hidden state as if it were the server's own. It cannot do that with an
 * address.
 * @param urls other URLs of the server; only their hosts count
 */
export function createHostCheck(urls: readonly string[]): (host: string | undefined) => boolean {
  const own = hostname().toLowerCase();
  const known = new Set([
    'localhost',
    own,
    own.split('.')[0]!,
    `${own.split('.')[0]}.local`,
    ...urls.map(url => hostNameOf(url)).filter(name => name !== null),
  ]);
  return host => {
    const name = hostNameOf(`http://${host ?? ''}`);
    return name !== null && (isIP(name) > 0 || known.has(name) || name.endsWith('.localhost'));
  };
}

/** Refuses requests with an unknown Host header. */
export function requireKnownHost(isKnown: (host: string | undefined) => boolean): RequestHandler {
  return (req, res, next) => {
    if (isKnown(req.headers.host)) return next();
    res.status(421).json({ error: 'unknown-host' });
  };
}

/** The host of a URL, without port and brackets. */
function hostNameOf(url: string): string | null {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return null;
  }
}

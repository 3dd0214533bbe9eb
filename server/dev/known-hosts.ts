import { hostname } from 'node:os';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';

/**
 * Refuses requests whose Host is a name that is not this machine's. A page of any site can have its own name lead to this
 * machine (DNS rebinding), and would read what games hide as if it were the server's own page. It cannot do so with an address.
 * @param urls further places where the server is found; only their hosts count
 */
export function knownHosts(urls: readonly string[]): RequestHandler {
  const own = hostname().toLowerCase();
  const known = new Set(['localhost', own, own.split('.')[0]!, `${own.split('.')[0]}.local`, ...urls.map(url => nameOf(url)).filter(name => name !== null)]);
  return (req, res, next) => {
    const name = nameOf(`http://${req.headers.host ?? ''}`);
    if (name !== null && (isIP(name) > 0 || known.has(name) || name.endsWith('.localhost'))) return next();
    res.status(421).json({ error: 'unknown-host' });
  };
}

/** The host of a url, without port and brackets. */
function nameOf(url: string): string | null {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return null;
  }
}

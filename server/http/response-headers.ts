import type { RequestHandler } from 'express';

/**
 * Headers of every response: content types are not sniffed, and only pages that may connect may frame it (against
 * clickjacking).
 * @param origins origins of pages that may connect, besides the server's own; `*`: all
 */
export function responseHeaders(origins: readonly string[]): RequestHandler {
  const isOpen = origins.includes('*');
  const headers = {
    'x-content-type-options': 'nosniff',
    'content-security-policy': `frame-ancestors ${isOpen ? '*' : ["'self'", ...origins].join(' ')}`,
    // For browsers without frame-ancestors; it cannot name other origins.
    ...(origins.length === 0 ? { 'x-frame-options': 'SAMEORIGIN' } : {}),
  };
  return (_req, res, next) => {
    res.set(headers);
    next();
  };
}

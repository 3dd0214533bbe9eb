import type { RequestHandler } from 'express';

/**
 * Headers of every response: its type is not guessed, and only pages that may connect may show it in a frame (a page of
 * somebody else's could lay it under its own buttons).
 * @param origins of pages that may connect, besides the server's own; `*`: all
 */
export function responseHeaders(origins: readonly string[]): RequestHandler {
  const isOpen = origins.includes('*');
  const headers = {
    'x-content-type-options': 'nosniff',
    'content-security-policy': `frame-ancestors ${isOpen ? '*' : ["'self'", ...origins].join(' ')}`,
    // For browsers that do not know frame-ancestors. It cannot name other origins.
    ...(origins.length === 0 ? { 'x-frame-options': 'SAMEORIGIN' } : {}),
  };
  return (_req, res, next) => {
    res.set(headers);
    next();
  };
}

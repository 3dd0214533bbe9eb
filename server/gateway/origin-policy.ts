import type { IncomingMessage } from 'node:http';
import type { HostReader } from '../identity/request-host.ts';
import { mayBeForeignScript } from './foreign-script.ts';

/**
 * Why a connection is admitted: it has no Origin; its page belongs to this server; its origin is listed; in dev mode,
 * its page is on this machine; or all origins are allowed.
 */
export type Admission = 'no-browser' | 'own' | 'named' | 'dev' | 'any';

/**
 * Decides which pages may connect. CORS does not apply to WebSockets, so each handshake is checked.
 * Only pages of this server and of listed origins may send cookies: with `*`, any page could act for its visitor.
 */
export class OriginPolicy {
  /** @param parts.knowsHost in dev mode: whether this Host header belongs to the server */
  constructor(
    private readonly parts: {
      origins: readonly string[];
      hostOf: HostReader;
      dev: boolean;
      knowsHost?: ((host: string | undefined) => boolean) | undefined;
    },
  ) {}

  /** @returns null if the page may not connect */
  admit(request: IncomingMessage): Admission | null {
    const { origin } = request.headers;
    const { origins, hostOf, dev } = this.parts;
    if (this.isForeignHost(request)) return null;
    if (origin === undefined) return origins.includes('*') || !mayBeForeignScript(request) ? 'no-browser' : null;
    if (hostOfOrigin(origin) === withoutPort(hostOf(request), origin)) return 'own';
    if (origins.includes(origin)) return 'named';
    if (dev && isThisMachine(origin)) return 'dev';
    return origins.includes('*') ? 'any' : null;
  }

  /** In dev mode: whether the Host header names a host that is not this server, for example after DNS rebinding. */
  isForeignHost({ headers: { host } }: IncomingMessage): boolean {
    return this.parts.knowsHost?.(host) === false;
  }

  /**
   * The `cors` option: long-polling uses plain requests, whose responses a browser shows to other origins only with
   * these headers.
   */
  readonly cors = (
    request: object,
    done: (error: null, options: { origin: boolean; credentials: boolean }) => void,
  ): void => {
    const admission = this.admit(request as IncomingMessage);
    done(null, { origin: admission !== null, credentials: admission !== null && mayUseCookies(admission) });
  };
}

export const mayUseCookies = (admission: Admission): boolean => admission !== 'any';

/** The host of an origin, with its port, as in a Host header. */
function hostOfOrigin(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null; // "null", or malformed
  }
}

/** Removes the default port, which some proxies add and browsers omit. */
function withoutPort(host: string | undefined, origin: string): string | undefined {
  return host?.replace(origin.startsWith('https:') ? /:443$/ : /:80$/, '');
}

function isThisMachine(origin: string): boolean {
  try {
    const { hostname } = new URL(origin);
    return ['localhost', '127.0.0.1', '[::1]'].includes(hostname) || hostname.endsWith('.localhost');
  } catch {
    return false;
  }
}

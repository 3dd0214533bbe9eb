import type { IncomingMessage } from 'node:http';
import type { HostReader } from '../identity/request-host.ts';
import { mayBeForeignScript } from './foreign-script.ts';

/**
 * Why a connection may be opened: by no browser, by a page of this server, by one whose origin is named, by one of this
 * machine in dev mode, or by any page, since all origins are.
 */
export type Admission = 'no-browser' | 'own' | 'named' | 'dev' | 'any';

/**
 * Which pages may connect. CORS does not guard WebSockets, so each handshake is checked.
 * Only pages of this server and of named origins may send cookies: with `*`, any page could act for the user who visits
 * it.
 */
export class OriginPolicy {
  /** @param parts.knowsHost in dev mode, whether the server is found by this Host */
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

  /**
   * In dev mode: the request names a host that is not this server, such as one that a foreign site lets lead here (DNS
   * rebinding).
   */
  isForeignHost({ headers: { host } }: IncomingMessage): boolean {
    return this.parts.knowsHost?.(host) === false;
  }

  /**
   * What `cors` takes: long-polling is plain requests, and a browser shows a page of another origin no answer without
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

/** The host with its port, as browsers write it in a Host header. */
function hostOfOrigin(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null; // "null", or nonsense: no host of ours
  }
}

/** Some proxies write the default port, which browsers leave out. */
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

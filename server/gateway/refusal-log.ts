import type { IncomingMessage } from 'node:http';
import type { Clock, Log } from '../runtime/ports.ts';

/** Misconfigurations by which clients cannot connect. */
export type MisconfigurationKind = 'origin' | 'host' | 'namespace' | 'path' | 'protocol';

const advice: Record<MisconfigurationKind, string> = {
  origin:
    "add the page to ORIGINS (`origins`); for the server's own page, let the proxy keep the Host header, or send X-Forwarded-Host and trust the proxy (TRUST_PROXY)",
  host: "in dev mode, open the server as localhost, by address or by the machine's name, or add its URL to ORIGINS (`origins`)",
  namespace: "the namespace in the client's URL differs from the server's (`namespace`)",
  path: "the client's `path` differs from the server's (BASE_PATH, `path`)",
  protocol: 'the client is older than Socket.IO 3: use socket.io-client 4',
};
/** Minimum interval between two warnings of a kind, ms. */
const warningIntervalMs = 10_000;

/**
 * Warns of clients that are refused because of a setting, with what was received and what to set. At most one message
 * per kind and interval.
 */
export class RefusalLog {
  private readonly kinds = new Map<MisconfigurationKind, { at: number; omitted: number }>();

  constructor(private readonly parts: { log: Log; clock: Clock }) {}

  report(kind: MisconfigurationKind, fields: Record<string, string | undefined>): void {
    const now = this.parts.clock.mono();
    const last = this.kinds.get(kind);
    if (last && now - last.at < warningIntervalMs) return void (last.omitted += 1);
    this.kinds.set(kind, { at: now, omitted: 0 });
    const shortFields = Object.fromEntries(
      Object.entries(fields)
        .filter(([, text]) => text !== undefined)
        .map(([name, text]) => [name, text!.slice(0, 200)]),
    );
    this.parts.log.warn(
      {
        reason: kind,
        ...shortFields,
        ...(last && last.omitted > 0 ? { omitted: last.omitted } : {}),
        set: advice[kind],
      },
      'connection refused',
    );
  }
}

/** Whether a request belongs to Engine.IO, on any path. */
export const isEngineIoRequest = ({ url = '' }: Pick<IncomingMessage, 'url'>): boolean => /[?&]EIO=\d/.test(url);

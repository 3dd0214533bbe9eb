import type { IncomingMessage } from 'node:http';
import type { Clock, Log } from '../ports.ts';

/** What keeps a client from connecting that its author or operator can set right. */
export type Misfit = 'origin' | 'host' | 'namespace' | 'path' | 'protocol';

const advice: Record<Misfit, string> = {
  origin: 'allow the page by ORIGINS (`origins`); if the page is this server\'s own, have the proxy keep the Host header, or send X-Forwarded-Host and be trusted (TRUST_PROXY)',
  host: 'in dev mode open the server by localhost, an address or the machine\'s name; or name its url in ORIGINS (`origins`)',
  namespace: 'the client\'s url ends with another namespace than the server has (`namespace`)',
  path: 'the client\'s `path` is not the server\'s (BASE_PATH, `path`)',
  protocol: 'the client is older than Socket.IO 3: use socket.io-client 4',
};
/** One warning of a kind in this time (ms). */
const pause = 10_000;

/** Warns of clients that are refused because of a setting, with what was seen and what to set. A flood of them writes one line in 10 s. */
export class RefusalLog {
  private readonly kinds = new Map<Misfit, { at: number; omitted: number }>();

  constructor(private readonly parts: { log: Log; clock: Clock }) {}

  note(kind: Misfit, seen: Record<string, string | undefined>): void {
    const now = this.parts.clock.mono();
    const last = this.kinds.get(kind);
    if (last && now - last.at < pause) return void (last.omitted += 1);
    this.kinds.set(kind, { at: now, omitted: 0 });
    const fields = Object.fromEntries(Object.entries(seen).filter(([, text]) => text !== undefined).map(([name, text]) => [name, text!.slice(0, 200)]));
    this.parts.log.warn({ reason: kind, ...fields, ...(last && last.omitted > 0 ? { omitted: last.omitted } : {}), set: advice[kind] }, 'connection refused');
  }
}

/** Whether a request is one of Engine.IO, by whatever path. */
export const isSocketRequest = ({ url = '' }: Pick<IncomingMessage, 'url'>): boolean => /[?&]EIO=\d/.test(url);

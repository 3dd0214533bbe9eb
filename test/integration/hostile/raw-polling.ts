import { Agent, request } from 'node:http';
import type { Target } from './raw-socket.ts';

export interface Answer {
  status: number;
  text: string;
}

/** One HTTP request with any path and body. Status 0: no answer. */
export function ask(
  target: Target,
  how: {
    path: string;
    method?: string;
    body?: string | Buffer;
    headers?: Record<string, string>;
    agent?: Agent;
    within?: number;
  },
): Promise<Answer> {
  return new Promise(resolve => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: target.port,
        path: how.path,
        method: how.method ?? 'GET',
        agent: how.agent ?? false,
        timeout: how.within ?? 3_000,
        headers: {
          'x-forwarded-for': target.address,
          ...(how.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(how.body)) }),
          ...how.headers,
        },
      },
      response => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('close', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
        );
      },
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve({ status: 0, text: '' }));
    asked.end(how.body);
  });
}

/** A long-polling session without a library: bodies go out as they are. */
export class RawPolling {
  private constructor(
    private readonly target: Target,
    readonly sid: string,
    private readonly agent: Agent,
  ) {}

  static async open(target: Target): Promise<RawPolling | null> {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    const { status, text } = await ask(target, { path: '/socket.io/?EIO=4&transport=polling', agent });
    const sid = /"sid":"([^"]+)"/.exec(text)?.[1];
    if (status === 200 && sid !== undefined) return new RawPolling(target, sid, agent);
    agent.destroy();
    return null;
  }

  private get path(): string {
    return `/socket.io/?EIO=4&transport=polling&sid=${this.sid}`;
  }
  post(body: string | Buffer): Promise<Answer> {
    return ask(this.target, {
      path: this.path,
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      agent: this.agent,
    });
  }
  /** What waits for this client. */
  poll(within = 3_000): Promise<Answer> {
    return ask(this.target, { path: this.path, agent: this.agent, within });
  }
  close(): void {
    this.agent.destroy();
  }
}

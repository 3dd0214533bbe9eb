import { onThisMachine } from '../session/config.ts';
import { controlToken, forgetControlToken } from './control-token.ts';

export type NodeCommand = 'kill' | 'freeze' | 'restart' | 'drain';
export interface ControlledNode {
  name: string;
  port: number;
  state: string;
  pid: number | null;
}

/** Client of the cluster control that `npm run cluster` serves to pages on the same machine with its token. */
export class ClusterControl {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** @returns null if there is no control, or this page may not use it */
  static async find(port: number | null): Promise<ClusterControl | null> {
    const token = controlToken();
    if (port === null || token === null || !onThisMachine()) return null;
    const url = `http://127.0.0.1:${port}`;
    try {
      const { ok, status } = await fetch(`${url}/nodes`, { headers: { 'x-control-token': token } });
      if (status === 401) forgetControlToken();
      return ok ? new ClusterControl(url, token) : null;
    } catch {
      return null;
    }
  }

  nodes(): Promise<ControlledNode[]> {
    return this.ask('GET', '/nodes');
  }
  addNode(): Promise<ControlledNode> {
    return this.ask('POST', '/nodes');
  }
  disturb(node: string, deed: NodeCommand): Promise<ControlledNode> {
    return this.ask('POST', `/nodes/${node}/${deed}`);
  }

  private async ask<T>(method: string, path: string): Promise<T> {
    const reply = await fetch(this.url + path, { method, headers: { 'x-control-token': this.token } });
    const body = (await reply.json()) as T & { error?: { message: string } };
    if (!reply.ok) throw new Error(body.error?.message ?? `the control answered ${reply.status}`);
    return body;
  }
}

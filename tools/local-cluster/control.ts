import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LocalClusterError, type LocalClusterErrorCode } from './local-cluster-error.ts';

const FREEZE_MS = 5_000;
const LONGEST_FREEZE_MS = 30_000;
const HTTP_STATUS: Readonly<Record<LocalClusterErrorCode, number>> = {
  'no-such-node': 404,
  'not-running': 409,
  'already-running': 409,
  busy: 409,
  'too-many-nodes': 409,
  'bad-request': 400,
};

/** The parts of a cluster that the control API uses. */
export interface ControlledCluster {
  readonly nodes: readonly { name: string; port: number; pid: number | undefined; state: string }[];
  kill(name: string): Promise<unknown>;
  freeze(name: string, ms: number): void;
  resume(name: string): void;
  restart(name: string): Promise<unknown>;
  drain(name: string): Promise<unknown>;
  addNode(): Promise<{ readonly name: string }>;
}

export interface Control {
  readonly port: number;
  readonly url: string;
  /** Random for each run; grants access to the whole API. */
  readonly token: string;
  close(): Promise<void>;
}

type Answer = { readonly status: number; readonly body?: unknown };

/**
 * Serves an API that kills and freezes nodes, for the page's cluster panel only:
 * - It listens on 127.0.0.1 only.
 * - The Host header must name this machine, which defeats DNS rebinding.
 * - Pages of other origins are refused: browsers always send the Origin.
 * - Every request needs the token, in a header that requires a CORS preflight. The API never returns the token, because
 *   any program can send any Origin. The command line prints it, in a link, for the user who started the cluster.
 */
export async function startControl(
  cluster: ControlledCluster,
  ports: { readonly port: number; readonly pagePort: number },
): Promise<Control> {
  const token = randomBytes(32).toString('base64url');
  const hosts = new Set([`127.0.0.1:${ports.port}`, `localhost:${ports.port}`]);
  const origins = new Set([`http://127.0.0.1:${ports.pagePort}`, `http://localhost:${ports.pagePort}`]);

  const handle = async (request: IncomingMessage): Promise<Answer> => {
    const { origin } = request.headers;
    if (!hosts.has(request.headers.host ?? '')) return errorAnswer(403, 'wrong-host', 'use 127.0.0.1 or localhost');
    if (origin !== undefined && !origins.has(origin))
      return errorAnswer(403, 'wrong-origin', 'only the page of this cluster may send requests');
    if (request.method === 'OPTIONS') return { status: 204 };
    const url = new URL(request.url ?? '/', 'http://control');
    if (!sameToken(request.headers['x-control-token'], token))
      return errorAnswer(401, 'wrong-token', 'send the x-control-token of this run');
    return await runCommand(cluster, request.method ?? '', url);
  };

  const server = createServer((request, response) => {
    request.resume(); // No request has a body.
    handle(request)
      .catch((error: unknown): Answer =>
        error instanceof LocalClusterError
          ? errorAnswer(HTTP_STATUS[error.code], error.code, error.message)
          : errorAnswer(500, 'failed', error instanceof Error ? error.message : String(error)),
      )
      .then(reply => send(request, response, reply, origins))
      .catch(() => response.destroy());
  });
  await listen(server, ports.port);
  return {
    port: ports.port,
    url: `http://127.0.0.1:${ports.port}`,
    token,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function runCommand(cluster: ControlledCluster, method: string, url: URL): Promise<Answer> {
  const [first, name = '', verb = '', ...more] = url.pathname.split('/').slice(1);
  if (first !== 'nodes' || more.length > 0) return errorAnswer(404, 'no-such-path', `there is no ${url.pathname}`);
  if (name === '') {
    if (method === 'GET') return { status: 200, body: nodeStates(cluster) };
    if (method !== 'POST') return errorAnswer(405, 'wrong-method', 'GET or POST');
    const added = await cluster.addNode();
    return { status: 201, body: nodeState(cluster, added.name) };
  }
  if (method !== 'POST') return errorAnswer(405, 'wrong-method', 'POST');
  switch (verb) {
    case 'kill':
      await cluster.kill(name);
      break;
    case 'freeze':
      cluster.freeze(name, freezeTime(url.searchParams.get('ms')));
      break;
    case 'resume':
      cluster.resume(name);
      break;
    case 'restart':
      await cluster.restart(name);
      break;
    case 'drain':
      await cluster.drain(name);
      break;
    default:
      return errorAnswer(404, 'no-such-path', `there is no ${url.pathname}`);
  }
  return { status: 200, body: nodeState(cluster, name) };
}

function nodeStates(cluster: ControlledCluster): { name: string; port: number; state: string; pid: number | null }[] {
  return cluster.nodes.map(({ name, port, state, pid }) => ({ name, port, state, pid: pid ?? null }));
}

function nodeState(cluster: ControlledCluster, name: string): unknown {
  return nodeStates(cluster).find(node => node.name === name);
}

function freezeTime(text: string | null): number {
  if (text === null) return FREEZE_MS;
  const ms = Number(text);
  if (text.trim() === '' || !Number.isInteger(ms) || ms < 1 || ms > LONGEST_FREEZE_MS) {
    throw new LocalClusterError('bad-request', `ms: a whole number from 1 to ${LONGEST_FREEZE_MS}`);
  }
  return ms;
}

/** Compares in constant time. */
function sameToken(sent: string | string[] | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(typeof sent === 'string' ? sent : ''), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function errorAnswer(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

function send(request: IncomingMessage, response: ServerResponse, reply: Answer, origins: ReadonlySet<string>): void {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (origin !== undefined && origins.has(origin)) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    if (reply.status === 204) {
      response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
      response.setHeader('Access-Control-Allow-Headers', 'x-control-token');
      response.setHeader('Access-Control-Max-Age', '600');
      // Chromium requires this before a page may reach a more private address than its own.
      response.setHeader('Access-Control-Allow-Private-Network', 'true');
    }
  }
  if (reply.body === undefined) {
    response.writeHead(reply.status).end();
    return;
  }
  response.writeHead(reply.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply.body));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
}

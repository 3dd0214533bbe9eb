import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodesConf } from '../../../tools/local-cluster/nginx-conf.ts';
import { findSystem } from '../../../tools/local-cluster/system.ts';
import { until } from '../../../tools/until.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { freePort } from '../../../tools/free-port.ts';

const conf = readFileSync(join(packageRoot, 'nginx.conf'), 'utf8');
const nodes = readFileSync(join(packageRoot, 'nginx.nodes.conf'), 'utf8');

/** The shipped settings with some of them changed. @throws where one is not there exactly once */
function changed(edits: readonly (readonly [find: string, by: string])[]): string {
  return edits.reduce((text, [find, by]) => {
    assert.equal(text.split(find).length, 2, `nginx.conf has '${find}' once`);
    return text.replace(find, by);
  }, conf);
}

describe('nginx with the shipped settings', () => {
  let upstream: Server;
  const endings: (() => unknown)[] = [];
  before(async () => {
    upstream = createServer((_request, response) => response.end('a node')).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
  });
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
  after(() => {
    upstream.close();
  });

  /** @returns the port of an nginx whose one node answers everything */
  const running = async (
    edits: readonly (readonly [string, string])[],
    listen = (port: number) => `listen 127.0.0.1:${port}`,
  ): Promise<number> => {
    const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const port = await freePort();
    writeFileSync(join(folder, 'nginx.nodes.conf'), nodesConf(nodes, [(upstream.address() as AddressInfo).port]));
    writeFileSync(
      join(folder, 'nginx.conf'),
      changed([['listen 8080', listen(port)], ['worker_processes auto', 'worker_processes 1'], ...edits]),
    );
    const nginx: ChildProcess = spawn(
      findSystem(['nginx']).nginx,
      ['-g', 'daemon off;', '-e', 'stderr', '-c', join(folder, 'nginx.conf'), '-p', folder],
      { stdio: 'ignore' },
    );
    endings.push(async () => {
      nginx.kill('SIGTERM');
      await once(nginx, 'exit');
    });
    await until('nginx answers', async () => ((await get(port, '/').catch(() => 0)) === 200 ? true : undefined), {
      timeoutMs: 20_000,
    });
    return port;
  };
  const get = (port: number, path: string, how: { from?: string; localAddress?: string } = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          port,
          path,
          agent: false,
          ...(how.localAddress === undefined ? {} : { localAddress: how.localAddress }),
          headers: how.from === undefined ? {} : { 'x-forwarded-for': how.from },
        },
        response => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      )
        .on('error', reject)
        .end();
    });
  /** How many of so many requests, each from another address, are let in. */
  const letIn = async (port: number, count: number, from: (i: number) => string): Promise<number> => {
    let passed = 0;
    for (let i = 0; i < count; i++) if ((await get(port, '/', { from: from(i) })) === 200) passed += 1;
    return passed;
  };
  const few = [
    ['rate=2000r/s', 'rate=1r/m'],
    ['rate=8000r/s', 'rate=1r/m'],
    ['rate=32000r/s', 'rate=1r/m'],
    ['requests burst=5000', 'requests burst=3'],
    ['requests56 burst=20000', 'requests56 burst=7'],
    ['requests48 burst=80000', 'requests48 burst=15'],
  ] as const;

  it('[W19] counts an IPv6 address as its /64, all of a /56 and of a /48 together, and an IPv4 address as itself', async () => {
    const port = await running(few);
    const hex = (i: number) => i.toString(16);
    assert.equal(await letIn(port, 10, i => `2001:db8:1:2::${hex(i + 1)}`), 4, 'a /64');
    assert.equal(await letIn(port, 10, i => `2001:db8:1:${hex(i + 16)}::1`), 4, 'what its /56 has left');
    assert.equal(await letIn(port, 20, i => `2001:db8:1:${hex(256 * (i + 1))}::1`), 8, 'what its /48 has left');
    assert.equal(
      await letIn(port, 10, i => `2001:db8:2:${hex(10 * i)}:a:a:a:a`),
      8,
      'another /48, whose /64s are all of one /56',
    );
    // A byte that is a line feed is a byte like others.
    assert.equal(await letIn(port, 10, i => `2001:0a0a:a0a:a0a:a0a:a0a:0a0a:${hex(i + 1)}`), 4, 'line feeds');
    assert.equal(await letIn(port, 10, () => '203.0.113.5'), 4, 'an IPv4 address');
    assert.equal(await letIn(port, 10, i => `203.0.113.${100 + i}`), 10, 'ten IPv4 addresses');
  });

  it('[W19] tells IPv4 addresses apart where it listens to both kinds', async () => {
    const port = await running(few, port => `listen [::]:${port} ipv6only=off`);
    const passed = async (localAddress: string) => {
      let count = 0;
      for (let i = 0; i < 6; i++) if ((await get(port, '/', { localAddress })) === 200) count += 1;
      return count;
    };
    assert.deepEqual([await passed('127.0.0.2'), await passed('127.0.0.3'), await passed('127.0.0.4')], [4, 4, 4]);
  });

  it("[W22] keeps metrics, the operator's routes and the page for authors from the public, in any spelling", async () => {
    const port = await running([]);
    for (const path of [
      '/metrics',
      '/metrics/',
      '/Metrics',
      '/METRICS?x=1',
      '//metrics',
      '/./metrics',
      '/a/../metrics',
      '/%6detrics',
      '/rejoin/metrics',
      '/Rejoin/Metrics/',
      '/a/b/metrics',
      '/rejoin%2fmetrics',
      '/operator',
      '/operator/quarantined',
      '/Operator/rooms/x/release',
      '/rejoin/operator/quarantined',
      '/dev',
      '/dev/',
      '/Dev/games.json',
      '/rejoin/dev/rooms/x.json',
    ]) {
      assert.equal(await get(port, path), 404, path);
    }
    for (const path of [
      '/',
      '/rooms.json',
      '/replays/abc/1',
      '/metricsfoo',
      '/device',
      '/developers',
      '/socket.io/?EIO=4',
      '/assets/operator.js',
      '/healthz',
    ])
      assert.equal(await get(port, path), 200, path);
  });

  it('[W22e] shows a page that tries again while no node answers, and keeps the status for clients', async () => {
    const port = await running([]);
    const { port: nodePort } = upstream.address() as AddressInfo;
    upstream.closeAllConnections();
    upstream.close();
    try {
      for (const path of ['/', '/socket.io/?EIO=4&transport=polling']) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        assert.deepEqual(
          [response.status, response.headers.get('content-type'), response.headers.get('cache-control')],
          [502, 'text/html', 'no-store'],
        );
        const text = await response.text();
        assert.match(text, /<meta http-equiv="refresh" content="2">/);
        assert.match(text, /tries again/);
      }
    } finally {
      upstream.listen(nodePort, '127.0.0.1');
      await once(upstream, 'listening');
    }
  });

  it('[W8] lets go of a request whose headers do not end', async () => {
    const port = await running([['client_header_timeout 8s', 'client_header_timeout 1s']]);
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise(resolve => socket.once('close', resolve));
    socket
      .on('error', () => {})
      .resume()
      .write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    await closed;
  });
});

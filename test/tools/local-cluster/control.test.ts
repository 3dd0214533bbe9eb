import { strict as assert } from 'node:assert';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { startControl, type Control, type ControlledCluster } from '../../../tools/local-cluster/control.ts';
import { claimPorts, type PortBlock } from '../../../tools/local-cluster/port-block.ts';
import { LocalClusterError } from '../../../tools/local-cluster/local-cluster-error.ts';

const PAGE = 'http://localhost:8080';

type Reply = { status: number; headers: Record<string, unknown>; body: unknown };

describe('the control', () => {
  let ports: PortBlock;
  let control: Control;
  let done: string[];

  beforeEach(async () => {
    done = [];
    const note = (text: string) => void done.push(text);
    const mustExist = (name: string) => {
      if (name !== 'node-1') throw new LocalClusterError('no-such-node', `there is no ${name}`);
    };
    const cluster: ControlledCluster = {
      nodes: [{ name: 'node-1', port: 3001, pid: 17, state: 'up' }],
      kill: async name => (mustExist(name), note(`kill ${name}`)),
      freeze: (name, ms) => note(`freeze ${name} ${ms}`),
      resume: name => note(`resume ${name}`),
      restart: async name => note(`restart ${name}`),
      drain: async () => {
        throw new Error('it broke');
      },
      addNode: async () => (note('add'), { name: 'node-1' }),
    };
    ports = await claimPorts('test');
    control = await startControl(cluster, { port: await ports.take(), pagePort: 8080 });
  });

  afterEach(async () => {
    await control.close();
    await ports.release();
  });

  function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: control.port, method, path, headers, agent: false }, response => {
        json(response)
          .catch(() => undefined)
          .then(body => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject);
      })
        .on('error', reject)
        .end();
    });
  }

  const withToken = (more: Record<string, string> = {}) => ({ 'x-control-token': control.token, ...more });
  const code = (reply: Reply) => (reply.body as { error: { code: string } }).error.code;

  it('gives its token to nobody, whatever they claim to be: it is printed', async () => {
    for (const origin of [
      PAGE,
      'http://127.0.0.1:8080',
      'http://localhost:8081',
      'https://localhost:8080',
      'http://evil.example',
      'null',
      undefined,
    ]) {
      for (const path of ['/session', '/', '/nodes', '/token']) {
        const reply = await ask('GET', path, origin === undefined ? {} : { origin });
        assert.ok(reply.status === 401 || reply.status === 403, `${origin} ${path}: ${reply.status}`);
        assert.ok(!JSON.stringify(reply).includes(control.token));
      }
    }
  });

  it('lets the page read its answers, by both names of this machine, and no other origin', async () => {
    for (const origin of [PAGE, 'http://127.0.0.1:8080']) {
      const reply = await ask('GET', '/nodes', withToken({ origin }));
      assert.deepEqual(
        [reply.status, reply.headers['access-control-allow-origin'], reply.headers['cache-control']],
        [200, origin, 'no-store'],
      );
    }
    for (const origin of [
      'http://localhost:8081',
      'https://localhost:8080',
      'http://localhost:8080.evil.example',
      'http://evil.example',
      'null',
      '',
    ]) {
      const reply = await ask('GET', '/nodes', withToken({ origin }));
      assert.deepEqual([reply.status, code(reply)], [403, 'wrong-origin'], origin);
      assert.equal(reply.headers['access-control-allow-origin'], undefined);
    }
  });

  it('answers only to names of this machine (DNS rebinding)', async () => {
    for (const host of ['evil.example', `evil.example:${control.port}`, '127.0.0.1', `127.0.0.1:8080`]) {
      const reply = await ask('GET', '/nodes', withToken({ origin: PAGE, host }));
      assert.deepEqual([reply.status, code(reply)], [403, 'wrong-host'], host);
    }
    assert.equal((await ask('GET', '/nodes', withToken({ host: `localhost:${control.port}` }))).status, 200);
  });

  it('does nothing without the token, or with a wrong one, or for a foreign page that has it', async () => {
    for (const headers of [{}, { 'x-control-token': '' }, { 'x-control-token': 'x'.repeat(control.token.length) }]) {
      assert.equal((await ask('POST', '/nodes/node-1/kill', headers)).status, 401);
      assert.equal((await ask('GET', '/nodes', headers)).status, 401);
    }
    assert.equal((await ask('POST', '/nodes/node-1/kill', withToken({ origin: 'http://evil.example' }))).status, 403);
    assert.deepEqual(done, []);
  });

  it('lists the nodes', async () => {
    const reply = await ask('GET', '/nodes', withToken({ origin: PAGE }));
    assert.deepEqual([reply.status, reply.body], [200, [{ name: 'node-1', port: 3001, state: 'up', pid: 17 }]]);
  });

  it('does what it is asked to, and answers with the node', async () => {
    for (const path of [
      '/nodes/node-1/kill',
      '/nodes/node-1/freeze',
      '/nodes/node-1/freeze?ms=30000',
      '/nodes/node-1/resume',
      '/nodes/node-1/restart',
    ]) {
      const reply = await ask('POST', path, withToken({ origin: PAGE }));
      assert.deepEqual([reply.status, (reply.body as { name: string }).name], [200, 'node-1'], path);
    }
    assert.equal((await ask('POST', '/nodes', withToken())).status, 201);
    assert.deepEqual(done, [
      'kill node-1',
      'freeze node-1 5000',
      'freeze node-1 30000',
      'resume node-1',
      'restart node-1',
      'add',
    ]);
  });

  it('refuses in JSON', async () => {
    const cases = [
      ['POST', '/nodes/node-9/kill', 404, 'no-such-node'],
      ['POST', '/nodes/node-1/explode', 404, 'no-such-path'],
      ['POST', '/nodes/node-1/kill/twice', 404, 'no-such-path'],
      ['GET', '/nodes/node-1/kill', 405, 'wrong-method'],
      ['GET', '/', 404, 'no-such-path'],
      ['POST', '/nodes/node-1/freeze?ms=30001', 400, 'bad-request'],
      ['POST', '/nodes/node-1/freeze?ms=-1', 400, 'bad-request'],
      ['POST', '/nodes/node-1/freeze?ms=', 400, 'bad-request'],
      ['POST', '/nodes/node-1/drain', 500, 'failed'],
    ] as const;
    for (const [method, path, status, expected] of cases) {
      const reply = await ask(method, path, withToken());
      assert.deepEqual([reply.status, code(reply)], [status, expected], path);
    }
    assert.deepEqual(done, []);
  });

  it('answers the preflight of the page, and of nobody else', async () => {
    const reply = await ask('OPTIONS', '/nodes/node-1/kill', {
      origin: PAGE,
      'access-control-request-private-network': 'true',
    });
    assert.equal(reply.status, 204);
    assert.equal(reply.headers['access-control-allow-origin'], PAGE);
    assert.equal(reply.headers['access-control-allow-headers'], 'x-control-token');
    assert.equal(reply.headers['access-control-allow-private-network'], 'true');
    const foreign = await ask('OPTIONS', '/nodes/node-1/kill', { origin: 'http://evil.example' });
    assert.equal(foreign.status, 403);
    assert.equal(foreign.headers['access-control-allow-origin'], undefined);
  });
});

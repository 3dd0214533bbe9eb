import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodesConf, ROUTINGS, withListenPort, withRouting } from '../../../tools/local-cluster/nginx-conf.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { findSystem } from '../../../tools/local-cluster/system.ts';

const conf = readFileSync(join(packageRoot, 'nginx.conf'), 'utf8');
const nodes = readFileSync(join(packageRoot, 'nginx.nodes.conf'), 'utf8');

describe('nginx.conf', () => {
  /** @throws what nginx has against it */
  const passes = (path: (folder: string) => string) => {
    const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    try {
      const { nginx } = findSystem(['nginx']);
      execFileSync(nginx, ['-t', '-e', 'stderr', '-c', path(folder), '-p', folder], { stdio: 'pipe' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('passes nginx -t as shipped', () => passes(() => join(packageRoot, 'nginx.conf')));

  for (const routing of ROUTINGS) {
    it(`passes nginx -t switched to routing by ${routing}, and nothing else is changed`, () => {
      const switched = withRouting(conf, routing);
      passes(folder => {
        writeFileSync(join(folder, 'nginx.nodes.conf'), nodes);
        writeFileSync(join(folder, 'nginx.conf'), switched);
        return join(folder, 'nginx.conf');
      });
      const before = conf.split('\n');
      const differing = switched.split('\n').filter((line, i) => line !== before[i]);
      assert.equal(differing.length, { address: 0, room: 2, least_conn: 1, random: 1 }[routing]);
      assert.equal(switched.split('\n').length, before.length);
    });
  }

  it('is not switched by guessing: a line that is gone, or there twice, is told', () => {
    assert.throws(() => withRouting(conf.replaceAll('ip_hash;', 'least_conn;'), 'random'), /found 0/);
    assert.throws(() => withRouting(`${conf}\n    ip_hash;\n`, 'least_conn'), /found 2/);
    assert.throws(() => withRouting(withRouting(conf, 'room'), 'room'), /found 0/);
  });

  it('lists the nodes on 3001, 3002 and 3003', () => {
    assert.deepEqual(nodes.match(/127\.0\.0\.1:\d+/g), ['127.0.0.1:3001', '127.0.0.1:3002', '127.0.0.1:3003']);
  });

  it('is changed by the launcher in the listen port only', () => {
    const changed = withListenPort(conf, 12345).split('\n');
    const differing = conf.split('\n').filter((line, i) => line !== changed[i]);
    assert.equal(differing.length, 1);
    assert.match(differing[0] ?? '', /listen 8080/);
    assert.equal(changed.filter(line => line.includes('listen 12345')).length, 1);
  });

  it('is refused if the line for the port is gone, or there twice', () => {
    assert.throws(() => withListenPort('listen 80;\n', 1), /expected one line "listen 8080 …", found 0/);
    assert.throws(() => withListenPort('listen 8080;\nlisten 8080;\n', 1), /found 2/);
    assert.throws(() => withListenPort('# listen 8080;\nlisten 80800;\n', 1), /found 0/);
  });

  it('gives nodes on other ports the settings of the shipped list', () => {
    assert.equal(
      nodesConf('# x\nserver 127.0.0.1:3001 max_fails=9;\n', [5, 6]),
      'server 127.0.0.1:5 max_fails=9;\nserver 127.0.0.1:6 max_fails=9;\n',
    );
    assert.throws(() => nodesConf('', [1]), /nginx.nodes.conf/);
  });
});

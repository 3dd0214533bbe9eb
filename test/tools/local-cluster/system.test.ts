import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { findSystem, installCommand } from '../../../tools/local-cluster/system.ts';

describe('system parts', () => {
  it('are found', () => {
    const paths = findSystem(['redis-server', 'nginx']);
    assert.match(paths.nginx, /\/nginx$/);
    assert.match(paths['redis-server'], /\/redis-server$/);
  });

  it('are named with the command that installs them', () => {
    assert.equal(installCommand(['redis-server', 'nginx'], 'linux'), 'sudo apt-get install -y redis-server nginx');
    assert.equal(
      installCommand(['redis-server', 'nginx', 'chromium'], 'darwin'),
      'brew install redis nginx && brew install --cask chromium',
    );
  });

  it("may be a browser of one's own choice", () => {
    const before = process.env['CHROMIUM'];
    try {
      process.env['CHROMIUM'] = process.execPath;
      assert.equal(findSystem(['chromium']).chromium, process.execPath);
      process.env['CHROMIUM'] = '/no/such/browser';
      assert.throws(() => findSystem(['chromium']), /missing on this system: chromium[^]*install/);
    } finally {
      if (before === undefined) delete process.env['CHROMIUM'];
      else process.env['CHROMIUM'] = before;
    }
  });
});

describe('install.sh', () => {
  let folder: string;
  let policy: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'install-'));
    policy = join(folder, 'policy-rc.d');
    // Each writes down how it was called, and apt-get what the policy said meanwhile.
    tool(
      'apt-get',
      `echo "apt-get $*" >> ${folder}/calls; sh ${policy} || echo "policy $?" >> ${folder}/calls; exit "\${APT_EXIT:-0}"`,
    );
    tool('update-rc.d', `echo "update-rc.d $*" >> ${folder}/calls`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function tool(name: string, script: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  function install(env: Record<string, string> = {}): number | null {
    return spawnSync('/bin/sh', [join(packageRoot, 'tools/local-cluster/install.sh'), 'nginx', 'chromium'], {
      env: { PATH: `${folder}:${process.env['PATH']}`, POLICY_RC_D: policy, ...env },
    }).status;
  }

  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

  it('starts no service, leaves none enabled, and takes its policy away again', () => {
    assert.equal(install(), 0);
    assert.deepEqual(calls(), [
      'apt-get update',
      'policy 101',
      'apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 nginx chromium',
      'policy 101',
      'update-rc.d nginx disable',
    ]);
    assert.equal(existsSync(policy), false);
  });

  it('puts back a policy that was there, also when apt-get fails', () => {
    writeFileSync(policy, 'exit 7\n');
    assert.equal(install({ APT_EXIT: '100' }), 100);
    assert.equal(readFileSync(policy, 'utf8'), 'exit 7\n');
  });
});

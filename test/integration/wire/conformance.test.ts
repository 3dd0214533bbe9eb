import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { runConformance, scenarios, type ScenarioResult } from '../../../conformance/run.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { findSystem } from '../../../tools/local-cluster/system.ts';
import { BrokenClientFolder, brokenClients } from './broken-clients.ts';
import { sdkAdapter } from './sdk-adapter.ts';

const complaintsOf = (results: readonly ScenarioResult[]): string =>
  results
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ name, complaints, transcript }) => [`${name}: ${complaints.join('\n')}`, ...transcript].join('\n'))
    .join('\n\n');

describe('clients of the wire protocol', function () {
  this.timeout(300_000);

  const file = (path: string) => join(packageRoot, path);
  const clients: { name: string; adapter: () => Parameters<typeof runConformance>[0]; skipped: number }[] = [
    {
      name: 'the example on a raw WebSocket',
      adapter: () => [process.execPath, file('examples/raw-websocket/adapter.mjs')],
      skipped: 0,
    },
    {
      name: "the example on Debian's python3-socketio",
      adapter: () => [findSystem(['python3-socketio'])['python3-socketio'], file('examples/python/adapter.py')],
      skipped: 2,
    },
    { name: 'the SDK', adapter: () => sdkAdapter, skipped: 0 },
  ];
  for (const { name, adapter, skipped } of clients)
    it(`[W3] [W6] ${name} passes every scenario`, async () => {
      const results = await runConformance(adapter(), { jobs: 4 });
      assert.equal(complaintsOf(results), '');
      assert.equal(results.length, scenarios.length);
      assert.equal(results.filter(({ verdict }) => verdict === 'skipped').length, skipped);
    });
});

/** The runner must fail for each of them, and say what to fix. */
describe('the conformance runner notices a client that', function () {
  this.timeout(120_000);
  const folder = new BrokenClientFolder();
  after(() => folder.remove());

  for (const [index, broken] of brokenClients.entries())
    it(`${broken.mistake} (scenario: ${broken.scenario})`, async () => {
      const [result] = await runConformance(folder.command(broken, index), {
        only: [broken.scenario],
        patienceMs: 4_000,
      });
      assert.equal(result?.verdict, 'failed');
      assert.match(result.complaints.join('\n'), broken.complaint);
    });
});

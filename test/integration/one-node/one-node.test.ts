import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../client/index.ts';
import { argumentsForNode, compileSources } from '../../../tools/compile.ts';
import { hanging } from './hanging.ts';
import { runKills } from './kills.ts';
import { freePort } from '../../../tools/free-port.ts';
import { startNode } from './start-node.ts';

describe('a node without Redis', function () {
  this.timeout(180_000);
  before(() => compileSources());

  it('[J20] is killed under play and started again: no accepted action is lost or repeated, timers go on', async () => {
    const { accepted } = await runKills({ kills: 4, rooms: 2, seed: 1, argumentsFor: argumentsForNode });
    assert.ok(accepted > 0);
  });

  it('[J20] [R8] ends when a rule hangs; after a restart the room continues, and the rule is not run again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rejoin-hang-'));
    const port = await freePort();
    let node = await startNode(argumentsForNode, folder, port);
    const client = connect(`http://127.0.0.1:${port}`, { storage: null });
    try {
      const room = await client.create(hanging);
      assert.ok((await room.act.step({ hangs: false })).ok);
      const ended = once(node, 'exit');
      const verdict = room.act.step({ hangs: true });
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      node = await startNode(argumentsForNode, folder, port);
      const refused = await verdict;
      assert.equal(refused.ok || refused.code, 'rule-failed');
      assert.ok((await room.act.step({ hangs: false })).ok);
      assert.equal(room.state!.steps, 2);
    } finally {
      client.close();
      node.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ClientProxy } from '../../../conformance/harness/client-proxy.ts';
import { Cluster } from '../../../conformance/harness/cluster.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import type { AnyGame } from '../../../shared/contract.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { fourInARowGame } from '../../../shared/games/four-in-a-row/rules.ts';
import { findSystem } from '../../../tools/local-cluster/system.ts';

interface Played {
  seat: number;
  result: unknown;
  term: number;
}

describe('a client in Python and one on a raw WebSocket', function () {
  this.timeout(120_000);

  it('[W6] [O8] [A3] play a whole match against each other; the owner is killed in the middle', async () => {
    const cluster = new Cluster([fourInARowGame as unknown as AnyGame]);
    await cluster.start(3);
    const proxies: ClientProxy[] = [];
    const play = async (program: string, file: string, room: string): Promise<Played> => {
      const proxy = await ClientProxy.start(() => cluster.nodes.find(({ node }) => node.isReady) ?? null);
      proxies.push(proxy);
      const child = spawn(program, [join(packageRoot, file), proxy.url, room], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (part: Buffer) => void (out += part.toString()));
      await once(child, 'close');
      return JSON.parse(out) as Played;
    };
    try {
      const { id } = await cluster.nodes[0]!.rooms.create(fourInARow, {});
      const players = Promise.all([
        play(findSystem(['python3-socketio'])['python3-socketio'], 'examples/python/four_in_a_row.py', id),
        play(process.execPath, 'examples/raw-websocket/four-in-a-row.mjs', id),
      ]);
      const moves = () => (cluster.truth(id, null)?.state as { moves: number } | null)?.moves ?? 0;
      const deadline = performance.now() + 60_000;
      while (moves() < 3 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 1));
      const { term } = cluster.truth(id, null)!;
      await cluster.ownerOf(id)!.kill();
      const [python, raw] = await players;
      assert.deepEqual(python.result, raw.result);
      assert.notEqual(python.result, null);
      assert.notEqual(python.seat, raw.seat);
      assert.ok(python.term > term && python.term === raw.term, 'the match ended under another owner');
    } finally {
      for (const proxy of proxies) proxy.close();
      await cluster.close();
    }
  });
});

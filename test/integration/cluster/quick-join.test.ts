import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { connect, type Client } from '../../../client/index.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { eventually } from '../../../tools/until.ts';
import { onSharedCluster } from './shared.ts';

/** Real Redis, nginx and nodes; players who all want the same at one instant. */
describe('quick join on a cluster', () => {
  const on = onSharedCluster();

  /** So many players, connected, by turns to each of `urls`. */
  async function players(count: number, urls: readonly string[]): Promise<Client[]> {
    const clients = Array.from({ length: count }, (_x, i) =>
      connect(urls[i % urls.length]!, { storage: null, name: `Player ${i}` }),
    );
    on.clients.push(...clients);
    await eventually('all are connected', () => clients.every(client => client.status.state === 'live'));
    return clients;
  }

  for (const [count, rooms] of [
    [20, 10],
    [7, 4],
  ] as const) {
    it(`[Q1] ${count} players on two nodes at one instant make exactly ${rooms} rooms`, async () => {
      const all = await players(
        count,
        on.cluster.nodes.slice(0, 2).map(node => node.url),
      );
      const options = { turnSeconds: 10 + count };
      const joined = await Promise.all(all.map(client => client.quick(fourInARow, { options })));
      assert.equal(new Set(joined.map(room => room.id)).size, rooms);
      await eventually(
        'all pairs play',
        () => joined.filter(room => room.info.phase === 'playing').length === count - (count % 2),
      );
    });
  }

  it('[Q1] two through nginx, at one instant, meet every time', async () => {
    for (let time = 0; time < 20; time++) {
      const both = await players(2, [on.cluster.url]);
      const [one, two] = await Promise.all(
        both.map(client => client.quick(fourInARow, { options: { turnSeconds: 60 } })),
      );
      assert.equal(one!.id, two!.id);
      for (const client of both) client.close();
    }
  });
});

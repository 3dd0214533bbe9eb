import assert from 'node:assert/strict';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { eventually, until } from '../../../tools/until.ts';
import { onSharedCluster } from './shared.ts';

/** Four in a Row through nginx, on three nodes with Redis. */
describe('Four in a Row on a cluster', () => {
  const on = onSharedCluster();

  it('[T3][O8] a turn clock that runs out while its owner is dead decides the game, once, with nobody connected: the due index finds the room', async () => {
    const a = await on.client().create(fourInARow, { options: { turnSeconds: 3 } });
    const b = await on.client().join(fourInARow, { code: a.code });
    await eventually('the match is on', () => a.info.phase === 'playing' && b.info.phase === 'playing');
    const loser = a.state!.turn;
    const victim = (await on.clients[0]!.inspect(a as never)).owner!;
    for (const client of on.clients.splice(0)) client.close();
    await on.cluster.kill(victim);
    // The list is read from the store: unlike a spectator, it wakes nobody.
    const listed = async () =>
      (
        (await (await fetch(`${on.cluster.url}/rooms.json`)).json()) as { rooms: { id: string; phase: string }[] }
      ).rooms.find(r => r.id === a.id)?.phase;
    await until('the list says that it is over', async () => ((await listed()) === 'ended' ? true : undefined), {
      timeoutMs: 20_000,
    });
    const seen = await on.client().watch(fourInARow, { id: a.id });
    assert.deepEqual(seen.info.result, { ranking: [[1 - loser], [loser]] });
  });

  it('[W4] a client with a forged token becomes a new guest', async () => {
    const client = on.client({ token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA' });
    let renewed = 0;
    client.onNewIdentity(() => {
      renewed += 1;
    });
    assert.ok((await client.create(fourInARow, { private: true })).code);
    assert.equal(renewed, 1);
  });
});

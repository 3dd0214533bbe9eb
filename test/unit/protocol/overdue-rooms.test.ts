import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { ledger, type Ledger } from './games.ts';
import { ledgerDocument, openLedgerRoom } from './ledger-fixture.ts';
import type { TestCluster } from '../../../testkit/test-cluster.ts';

/**
 * Rooms that are overdue, and that no node can run: of a version of the game that nobody has, or with a snapshot that
 * nobody can read.
 */
async function stuck(world: TestCluster, how: { unknown: number; unreadable: number }): Promise<void> {
  const { memory } = world;
  for (const [kind, game, count] of [
    ['unknown', 'ledger@9', how.unknown],
    ['unreadable', 'ledger@1', how.unreadable],
  ] as const) {
    for (let i = 0; i < count; i++) {
      const id = `${kind}-${i}`;
      assert.equal(await memory.create({ id, code: id, game, snapshot: 'x', life: limits.roomTtl }), 'ok');
      await memory.claim(id, { token: 't', node: 'gone', expected: null, floor: 0, games: [game] });
      assert.equal(
        await memory.append(id, { token: 't', seq: 1, entry: 'x', due: world.clock.now() - 3_600_000 + i }),
        'ok',
      );
      await memory.release(id, 't');
    }
  }
}

/** How late (ms) a sleeping room's timer fires beside those. */
async function lateBeside(how: { unknown: number; unreadable: number }): Promise<{ late: number; world: TestCluster }> {
  const table = await openLedgerRoom(['a', 'b']);
  const { world, id, ada, bob, adas } = table;
  await world.clock.run(adas.act.arm({ ms: 30_000 }));
  const due = world.clock.now() + 30_000;
  ada.client.close();
  bob.client.close();
  await world.clock.advance(10);
  await world.clock.run(world.owner(id)!.node.ownedRooms.get(id)!.release());
  await stuck(world, how);
  await world.clock.waitUntil(
    'it strikes',
    () => (ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length === 1,
    60_000,
  );
  return { late: world.clock.now() - due, world };
}

describe('rooms that are overdue', () => {
  it('[T9] [K1] 250 that no node can run hold up none that sleeps, and are asked seldom', async () => {
    const { late, world } = await lateBeside({ unknown: 250, unreadable: 0 });
    assert.ok(late < 2_000, `${late} ms late`);
    const claims = () =>
      world.storeCalls.filter(call => call.op === 'claim' && call.room?.startsWith('unknown-')).length;
    const before = claims();
    await world.clock.advance(60_000);
    const each = (claims() - before) / 250;
    assert.ok(each >= 4 && each < 30, `${each} claims of each in a minute, by two nodes`);
  });

  it('[T9] [J6] nor do those that nobody can read', async () => {
    const { late } = await lateBeside({ unknown: 110, unreadable: 150 });
    assert.ok(late < 2_000, `${late} ms late`);
  });

  it('[T9] more than a scan reads are read by the next one', async () => {
    const { late } = await lateBeside({ unknown: 2_500, unreadable: 0 });
    assert.ok(late < 7_000, `${late} ms late`);
  });

  it('[T9] [K1] what nobody could run is run as soon as a node comes that can', async () => {
    const { world } = await lateBeside({ unknown: 120, unreadable: 0 });
    const { contract } = await import('../../../shared/contract.ts');
    const grown = contract('ledger', { ...ledger.def, version: 9, clientsFrom: 1 } as unknown as typeof ledger.def);
    const { ledgerGame } = await import('./games.ts');
    await world.bootNode('c', [grown.rules({ ...ledgerGame.rules })]);
    const claimed = () =>
      new Set(
        world.storeCalls
          .filter(
            call => call.op === 'claim' && call.room?.startsWith('unknown-') && (call.result as { ok: boolean }).ok,
          )
          .map(call => call.room),
      ).size;
    await world.clock.waitUntil('it has taken them', () => claimed() === 120, 10_000);
  });
});

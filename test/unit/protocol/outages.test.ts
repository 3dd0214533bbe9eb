import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import type { Ledger } from './games.ts';
import { ledgerDocument, openLedgerRoom, type LedgerFixture } from './ledger-fixture.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

const grace = limits.deadlineGrace;
const fired = ({ world, id }: LedgerFixture): number[] =>
  (ledgerDocument(world, id)?.state as Ledger | undefined)?.fired ?? [];

/** How the store is away: for everything, or for writes of rooms alone, while heartbeats go through. */
const kinds = {
  everything: {
    begin: ({ world }: LedgerFixture) => {
      for (const host of world.nodes.values()) world.isolate(host);
    },
    end: ({ world }: LedgerFixture) => {
      for (const host of world.nodes.values()) world.heal(host);
    },
  },
  rooms: {
    begin: ({ world }: LedgerFixture) => {
      world.faultFor = call =>
        ['append', 'claim', 'owner', 'snapshot', 'release'].includes(call.op) ? { lose: 'request' } : undefined;
    },
    end: ({ world }: LedgerFixture) => {
      world.faultFor = () => undefined;
    },
  },
  'after a restart': {
    begin: ({ world }: LedgerFixture) => kinds.everything.begin({ world } as LedgerFixture),
    end: ({ world }: LedgerFixture) => {
      kinds.everything.end({ world } as LedgerFixture);
      world.replaceStore();
    },
  },
  'heartbeats come back first': {
    begin: ({ world }: LedgerFixture) => kinds.everything.begin({ world } as LedgerFixture),
    end: ({ world }: LedgerFixture) => {
      kinds.everything.end({ world } as LedgerFixture);
      world.faultFor = call => (['append', 'claim', 'owner'].includes(call.op) ? { lose: 'request' } : undefined);
      world.clock.after(700, () => {
        world.faultFor = () => undefined;
      });
    },
  },
} satisfies Record<string, { begin(table: LedgerFixture): void; end(table: LedgerFixture): void }>;

/**
 * When (ms after it was set) a deadline of `deadline` ms strikes, if the store is away for `outage` ms from the start
 * on.
 */
async function strikes(
  kind: keyof typeof kinds,
  deadline: number,
  outage: number,
  how: { nodes?: string[]; tried?: boolean; seed?: number } = {},
): Promise<number> {
  const table = await openLedgerRoom(how.nodes ?? ['a', 'b', 'c'], how.seed === undefined ? {} : { seed: how.seed });
  const { world, adas, bobs } = table;
  await world.clock.advance(2_000);
  await world.clock.run(adas.act.arm({ ms: deadline }));
  const from = world.clock.now();
  kinds[kind].begin(table);
  // In some rooms somebody tries to act meanwhile; in others nobody finds out before it is over.
  if (how.tried) void bobs.act.add({ id: 'x' }).catch(() => {});
  await world.clock.advance(outage);
  kinds[kind].end(table);
  await world.clock.waitUntil('it strikes', () => fired(table).length === 1, deadline + outage + 30_000);
  const took = world.clock.now() - from;
  await world.clock.advance(2_000);
  assert.equal(fired(table).length, 1, 'once');
  return took;
}

describe('an outage of the store', () => {
  for (const kind of ['everything', 'rooms', 'after a restart'] as const) {
    const lengths = [
      [1_000, 3_000],
      [4_600, 6_000],
      [8_000, 7_900],
      [20_000, 6_000],
      [20_000, 30_000],
      [60_000, 15_000],
    ] as const;
    for (const [outage, deadline] of kind === 'everything' ? lengths : lengths.slice(2)) {
      it(`[T2] [T5] of ${outage / 1_000} s (${kind}): a deadline in ${deadline / 1_000} s moves by what exceeds ${grace / 1_000} s`, async () => {
        for (const tried of [false, true]) {
          // Where writes alone fail, a quiet room notices it when its deadline is there.
          const noticed = kind === 'rooms' && !tried ? deadline : 0;
          const [took, right] = [
            await strikes(kind, deadline, outage, { tried }),
            Math.max(outage, deadline + Math.max(0, outage - noticed - grace)),
          ];
          assert.ok(
            took >= right - 400 && took <= right + 3_000,
            `${tried ? 'tried' : 'quiet'}: after ${took} ms, not ${right}`,
          );
        }
      });
    }
  }

  it('[T2] [T5] longer than every deadline, whichever node takes the room: every time', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const took = await strikes('heartbeats come back first', 6_000, 14_000, { seed, tried: seed % 3 === 0 });
      assert.ok(took >= 15_000 && took < 17_500, `seed ${seed}: after ${took} ms, not 15,700`);
    }
  });

  it('[T2] [T6] a node that stood still alone moves the deadlines of its rooms before it acts on them', async () => {
    const table = await openLedgerRoom(['a']);
    const { world, adas, owner } = table;
    await world.clock.run(adas.act.arm({ ms: 6_000 }));
    const from = world.clock.now();
    world.freeze(owner);
    await world.clock.advance(12_000);
    world.thaw(owner);
    await world.clock.waitUntil('it strikes', () => fired(table).length === 1, 20_000);
    const took = world.clock.now() - from;
    assert.ok(took > 12_500 && took < 14_000, `after ${took} ms, not 13,000`);
  });

  it('[T5] is counted once: two in a row, and an owner that dies after each', async () => {
    const table = await openLedgerRoom();
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 30_000 }));
    const from = world.clock.now();
    for (const outage of [9_000, 11_000]) {
      kinds.everything.begin(table);
      await world.clock.advance(outage);
      kinds.everything.end(table);
      await world.clock.waitUntil('somebody runs it', () => world.owner(id) !== undefined && adas.live);
      await world.clock.advance(1_000);
      world.kill(world.owner(id)!);
      await world.bootNode(`spare-${outage}`);
      await world.clock.waitUntil('somebody else does', () => world.owner(id) !== undefined && adas.live);
    }
    await world.clock.waitUntil('it strikes', () => fired(table).length === 1, 60_000);
    const took = world.clock.now() - from;
    assert.ok(Math.abs(took - 40_000) < 1_500, `after ${took} ms, not 40,000`);
  });

  it('[T5] a verdict of an entry whose answer was lost is no reason to count an outage twice', async () => {
    const table = await openLedgerRoom(['a']);
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 20_000 }));
    const from = world.clock.now();
    kinds.everything.begin(table);
    await world.clock.advance(10_000);
    // The entry that moves the deadlines is written, its answer is lost, and the store is away once more.
    let lost = false;
    world.faultFor = call =>
      call.op === 'append' && call.room === id && !lost && (lost = true) ? { lose: 'reply' } : undefined;
    kinds.everything.end(table);
    await world.clock.waitUntil('the answer is lost', () => lost);
    await world.clock.waitUntil('it strikes', () => fired(table).length === 1, 60_000);
    const took = world.clock.now() - from;
    assert.ok(Math.abs(took - 25_000) < 1_000, `after ${took} ms, not 25,000`);
  });
});

describe('a room that nobody had to wait for', () => {
  /** Hours without an entry, then its owner goes: the deadline stays where it was. */
  async function quiet(hours: number, go: (table: LedgerFixture, owner: TestNode) => Promise<void>): Promise<number> {
    const table = await openLedgerRoom();
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: hours * 3_600_000 + 60_000 }));
    const from = world.clock.now();
    await world.clock.advance(hours * 3_600_000);
    await go(table, world.owner(id)!);
    await world.clock.waitUntil('it strikes', () => fired(table).length === 1, 90_000);
    return world.clock.now() - from - hours * 3_600_000;
  }

  it('[T5] a death after a quiet hour costs what the death lasted, and no more', async () => {
    const took = await quiet(0.3, async ({ world }, owner) => world.kill(owner));
    assert.ok(Math.abs(took - 60_000) < 1_500, `${took} ms`);
  });

  it('[T7] an owner that stopped without a word, whose record is gone, has not been away since its last entry', async () => {
    const took = await quiet(0.3, async ({ world }, owner) => {
      await world.clock.run(owner.node.stop());
      world.kill(owner);
    });
    assert.ok(Math.abs(took - 60_000) < 1_500, `${took} ms`);
  });

  it("[T5] an outage of its owner's node that was over before the room came there is none of its own", async () => {
    const table = await openLedgerRoom();
    const { world, id, ada, bob, adas, owner } = table;
    await world.clock.run(adas.act.arm({ ms: 50_000 }));
    const from = world.clock.now();
    ada.client.close();
    bob.client.close();
    await world.clock.advance(10);
    await world.clock.run(owner.node.ownedRooms.get(id)!.release());
    kinds.everything.begin(table);
    await world.clock.advance(20_000);
    kinds.everything.end(table);
    await world.clock.advance(2_000);
    // Somebody comes to watch, which writes nothing; then the node dies.
    const eve = world.client('eve', 'b');
    const { ledger } = await import('./games.ts');
    await world.clock.run(eve.client.watch(ledger, { id }));
    await world.clock.advance(5_000);
    world.kill(world.owner(id)!);
    await world.clock.waitUntil('it strikes', () => fired(table).length === 1, 60_000);
    const took = world.clock.now() - from;
    assert.ok(Math.abs(took - 50_000) < 1_500, `after ${took} ms, not 50,000`);
  });
});

import assert from 'node:assert/strict';
import {
  waitUntilConverged,
  ledgerDocument,
  doneIds,
  openLedgerRoom,
  type LedgerFixture,
} from '../protocol/ledger-fixture.ts';
import { ledger } from '../protocol/games.ts';
import type { StoreCall, StoreFault } from '../../../testkit/faulty-store.ts';
import { latch } from '../../../testkit/latch.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** Two players who act, are answered, think for 40 ms (no faster than they may), and act again, until told to stop. */
function atPlay({ world, adas, bobs }: LedgerFixture) {
  const said: Promise<{ ok: boolean }>[] = [];
  let slowest = 0;
  let stop = false;
  const play = async (room: typeof adas, who: string) => {
    for (let i = 0; !stop; i++) {
      const from = world.clock.mono();
      const one = room.act.add({ id: `${who}${i}` });
      said.push(one);
      await one;
      slowest = Math.max(slowest, world.clock.mono() - from);
      await world.clock.sleep(40);
    }
  };
  const playing = Promise.all([play(adas, 'a'), play(bobs, 'b')]);
  return {
    get slowest() {
      return slowest;
    },
    get count() {
      return said.length;
    },
    /** Everything was accepted, and is there once, in each player's order, everywhere. */
    async audit(table: LedgerFixture): Promise<void> {
      stop = true;
      await world.clock.run(playing, 'the last verdicts');
      await waitUntilConverged(table);
      assert.ok((await Promise.all(said)).every(s => s.ok));
      const there = doneIds(table.adas);
      assert.equal(there.length, said.length, 'nothing lost');
      for (const who of ['a', 'b']) {
        const own = there.filter(x => x.startsWith(who)).map(x => Number(x.slice(1)));
        assert.deepEqual(
          own,
          own.map((_x, i) => i),
          `${who}: nothing twice, in order`,
        );
      }
      assert.equal([...world.nodes.values()].filter(h => h.owns(table.id)).length, 1, 'one owner');
    },
  };
}

/** The table, with the owner c and the target d, which has no connection of a player. */
async function inheriting(seed = 1): Promise<LedgerFixture & { target: TestNode; ops(from?: number): string[] }> {
  const table = await openLedgerRoom(['a', 'b', 'd', 'c'], { seed });
  const { world, id } = table;
  return {
    ...table,
    target: world.node('d'),
    ops: (from = 0) =>
      world.storeCalls
        .slice(from)
        .filter(c => c.room === id && c.op !== 'append')
        .map(c => `${c.node} ${c.op}`),
  };
}

/** What becomes of the first call of that kind. */
const first = (op: StoreCall['op'], fate: (call: StoreCall) => StoreFault | undefined) => {
  let done = false;
  return (call: StoreCall): StoreFault | undefined => {
    if (done || call.op !== op) return undefined;
    done = true;
    return fate(call);
  };
};

describe('a room on the move', () => {
  it('[O13] goes to a node that has it ready: play pauses for about a round trip, nothing is claimed, nothing lost', async () => {
    const table = await inheriting();
    const { world, id, owner, target, adas, bobs, ops } = table;
    const play = atPlay(table);
    await world.clock.advance(300);
    const calm = play.slowest;
    const { term } = adas;
    const from = world.storeCalls.length;
    assert.equal(await world.handover(owner, id, target), true);
    assert.equal(world.owner(id), target);
    assert.ok(!owner.owns(id));
    await world.clock.advance(300);
    await play.audit(table);
    assert.ok(adas.term > term && bobs.term > term);
    assert.deepEqual(
      ops(from).filter(o => !/ (snapshot|owner)$/.test(o)),
      ['d peek', 'c pass'],
    );
    assert.ok(play.slowest < calm + 5, `${play.slowest} ms, ${calm} ms without`);
    assert.equal(world.counters.get('handovers:asked'), 1);
    assert.equal(world.counters.get('takeovers') ?? 0, 0);
  });

  it('[O13] [A7] what has no number and waits at the old owner is done by the new one, not answered unknown', async () => {
    const table = await inheriting(2);
    const { world, id, owner, target, adas } = table;
    const { opened, open } = latch();
    world.faultFor = first('pass', () => ({ hold: opened }));
    const moving = owner.node.handOver(id, target.node.id);
    await world.clock.advance(20);
    // Straight to the node of the owner, which is busy handing over.
    const asked = ['x', 'y'].map(x =>
      owner.node.router.request(id, {
        k: 'act',
        player: 'ada',
        session: ledgerDocument(world, id)!.hidden.seats[adas.seat!]!.session,
        name: 'add',
        data: { id: x },
        number: null,
      }),
    );
    await world.clock.advance(5);
    open();
    assert.equal(await world.clock.run(moving), true);
    assert.deepEqual(
      (await world.clock.run(Promise.all(asked))).map(r => r.ok),
      [true, true],
    );
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas), ['x', 'y']);
  });

  it('[O13] what is appended while the target reads is sent to it; it need not read again', async () => {
    const table = await inheriting(3);
    const { world, id, owner, target, ops } = table;
    const play = atPlay(table);
    const { opened, open } = latch();
    world.faultFor = first('peek', () => ({ holdReply: opened }));
    const from = world.storeCalls.length;
    const moving = owner.node.handOver(id, target.node.id);
    await world.clock.advance(100);
    const before = play.count;
    open();
    assert.equal(await world.clock.run(moving), true);
    assert.ok(before > 4);
    await play.audit(table);
    assert.ok(!ops(from).some(o => o.endsWith(' claim')));
  });

  it('[O13] many times, to and fro; what members missed meanwhile is caught up by changes', async () => {
    const table = await inheriting(4);
    const { world, id, target, owner, bob, bobs } = table;
    const play = atPlay(table);
    const resumed: string[] = [];
    bobs.onResume(r => resumed.push(r.with));
    for (let i = 0; i < 12; i++) {
      const [from, to] = i % 2 === 0 ? [owner, target] : [target, owner];
      if (i === 6) world.disconnect(bob);
      assert.equal(await world.handover(from, id, to), true);
      if (i === 6) bob.isOffline = false;
      await world.clock.advance(40);
    }
    await play.audit(table);
    assert.ok(!resumed.includes('snapshot'), resumed.join());
    assert.equal(world.counters.get('handovers:asked'), 12);
  });

  it('[O13] who is here is known to the new owner at once, and nobody counts as away', async () => {
    const table = await inheriting(5);
    const { world, id, owner, target, adas } = table;
    assert.ok(await world.handover(owner, id, target));
    assert.deepEqual(
      target.node.ownedRooms
        .get(id)!
        .members.list()
        .map(m => m.player)
        .sort(),
      ['ada', 'bob'],
    );
    await world.clock.advance(6_000);
    assert.ok(adas.players.every(p => p!.here));
  });

  const step: Record<string, (t: LedgerFixture & { target: TestNode }) => void> = {
    'the target is asked, and the question is lost': ({ world }) => lose(world, '"prepare"'),
    'the target is ready, and its answer is lost': ({ world, target }) => lose(world, '"token"', target.node.id),
    'the target cannot read the room': ({ world }) => {
      world.faultFor = first('peek', () => ({ lose: 'reply' }));
    },
    'the owner dies before the step of the store': ({ world, owner }) => {
      world.faultFor = first('pass', () => {
        world.kill(owner);
        return { lose: 'request' };
      });
    },
    'the owner dies after it, and says nothing': ({ world, owner }) => {
      world.faultFor = first('pass', () => {
        world.clock.after(0.1, () => world.kill(owner));
        return undefined;
      });
    },
    'the owner freezes after it, for long': ({ world, owner }) => {
      world.faultFor = first('pass', () => {
        world.clock.after(0.1, () => world.freeze(owner));
        world.clock.after(4_000, () => world.thaw(owner));
        return undefined;
      });
    },
    'the target dies before the step': ({ world, target }) => {
      world.faultFor = first('pass', () => {
        world.kill(target);
        return undefined;
      });
    },
    'the target dies after it': ({ world, target }) => {
      world.faultFor = first('pass', () => {
        world.clock.after(0.5, () => world.kill(target));
        return undefined;
      });
    },
    'the target freezes before the step, for a moment': ({ world, target }) => frozen(world, target, 400),
    'the target freezes before the step, until it is declared dead': ({ world, target }) =>
      frozen(world, target, 4_000),
    'the request of the step is lost': ({ world }) => {
      world.faultFor = first('pass', () => ({ lose: 'request' }));
    },
    'the reply of the step is lost': ({ world }) => {
      world.faultFor = first('pass', () => ({ lose: 'reply' }));
    },
    'the step is refused': ({ world }) => {
      world.faultFor = first('pass', () => ({ lose: 'refused' }));
    },
    'the target is not notified': ({ world }) => lose(world, '"yours"'),
    'the target is not notified, and cannot check': ({ world }) => {
      lose(world, '"yours"');
      world.faultFor = first('owner', () => ({ lose: 'request' }));
    },
    'the target runs it, and its answer is lost': ({ world, target }) => {
      world.faultFor = first('pass', () => {
        world.dropsMessage = from => from === target.node.id;
        world.clock.after(40, () => {
          world.dropsMessage = () => false;
        });
        return undefined;
      });
    },
    'an append hangs for so long that what the target has ready may be stale': ({ world }) => {
      const { opened, open } = latch();
      world.faultFor = first('append', () => ({ hold: opened }));
      world.clock.after(1_400, open);
    },
  };
  type W = LedgerFixture['world'];
  function lose(world: W, what: string, by?: string): void {
    let left = 1;
    world.dropsMessage = (from, _to, text) =>
      left > 0 && (by === undefined || from === by) && text.includes(what) && left-- > 0;
  }
  function frozen(world: W, target: TestNode, ms: number): void {
    world.faultFor = first('pass', () => {
      world.freeze(target);
      world.clock.after(ms, () => world.thaw(target));
      return undefined;
    });
  }
  let seed = 10;
  for (const [what, goesWrong] of Object.entries(step)) {
    it(`[O13] [O14] ${what}: play goes on, nothing is lost or done twice`, async () => {
      const table = await inheriting(seed++);
      const { world, id, owner, target } = table;
      const play = atPlay(table);
      await world.clock.advance(100);
      goesWrong(table);
      const moving = owner.node.handOver(id, target.node.id).catch(() => false);
      await world.clock.advance(5_000);
      world.faultFor = () => undefined;
      world.dropsMessage = () => false;
      void moving;
      const counted = play.count;
      await world.clock.advance(300);
      assert.ok(play.count > counted + 5, 'play is on');
      await play.audit(table);
      assert.ok(play.slowest < 3_500, `${play.slowest} ms`);
    });
  }

  it('[O14] a target that froze while it was given the room, and lost it, answers nothing of what it has ready', async () => {
    const table = await inheriting(40);
    const { world, id, owner, target, adas } = table;
    world.faultFor = first('pass', () => {
      world.freeze(target);
      return undefined;
    });
    void owner.node.handOver(id, target.node.id);
    await world.clock.waitUntil(
      'another has it',
      () => world.owner(id) !== undefined && world.owner(id) !== owner,
      5_000,
    );
    const { term } = world.owner(id)!.node.ownedRooms.get(id)!;
    assert.ok((await world.clock.run(adas.act.add({ id: 'later' }))).ok);
    world.thaw(target);
    const eve = world.client('eve', 'd');
    const seen = await world.clock.run(eve.client.watch(ledger, { id }));
    assert.ok(seen.term >= term, 'of the new owner');
    assert.deepEqual(doneIds(seen), ['later']);
  });

  it('[O14] a snapshot written meanwhile, or a gap, and the target claims the room itself instead', async () => {
    for (const spoil of ['"snapshotSeq":', '"entries":['] as const) {
      const table = await inheriting(41);
      const { world, id, owner, target, ops } = table;
      const play = atPlay(table);
      await world.clock.advance(50);
      // As if the owner knew of another snapshot, or had forgotten an entry.
      const { rpc } = owner.node as unknown as {
        rpc: { call(node: string, kind: string, body: Record<string, unknown>, ...more: unknown[]): Promise<unknown> };
      };
      const ask = rpc.call.bind(rpc);
      rpc.call = (node, kind, body, ...more) => {
        if (kind === 'activate')
          body =
            spoil === '"snapshotSeq":'
              ? { ...body, snapshotSeq: 99_999 }
              : { ...body, seq: (body['seq'] as number) + 1 };
        return ask(node, kind, body, ...more);
      };
      const from = world.storeCalls.length;
      assert.equal(await world.handover(owner, id, target), true);
      await world.clock.advance(100);
      assert.ok(ops(from).includes('d claim'));
      assert.equal(world.owner(id), target);
      await play.audit(table);
    }
  });

  it('[O13] two handovers requested at once, and a target that has it already: one of them does', async () => {
    const table = await inheriting(42);
    const { world, id, owner, target } = table;
    const play = atPlay(table);
    const both = await world.clock.run(
      Promise.all([owner.node.handOver(id, target.node.id), owner.node.handOver(id, world.node('b').node.id)]),
    );
    assert.deepEqual(both.filter(Boolean).length, 1);
    assert.equal(await world.handover(owner, id, target), false, 'it is not here any more');
    await play.audit(table);
  });
});

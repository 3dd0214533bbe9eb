import assert from 'node:assert/strict';
import FakeTimers from '@sinonjs/fake-timers';
import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';
import { RefusalError } from '../../../shared/errors.ts';
import { RuleFailedError, table } from '../../../testkit/index.ts';

const counter = contract('counter', {
  version: 1,
  seats: { min: 2, max: 4 },
  late: true,
  start: 'ready',
  state: state<{ at: number[]; secret: number }>(),
  view: view<{ at: number[] }>(),
  profile: z.object({ hat: z.string() }),
  actions: { step: z.object({ by: z.int() }), fail: z.object({}), report: z.object({}), arm: z.object({}) },
  effects: { report: z.object({}) },
  timers: { bomb: z.object({}) },
});
const game = counter.rules({
  setup: ctx => ({ at: ctx.players.map(() => 0), secret: 7 }),
  joined: (s, ctx) => {
    if (ctx.players[ctx.seat]!.name === 'Rude') throw new Error('not here');
    if (s) s.at[ctx.seat] = 0;
  },
  view: s => ({ at: s.at }),
  actions: {
    step: (s, { by }, ctx) => {
      s.at[ctx.seat]! += by;
    },
    fail: s => {
      s.at[0] = 99;
      throw new TypeError('no such card');
    },
    report: (_s, _d, ctx) => ctx.effects.report({}),
    arm: (_s, _d, ctx) => ctx.timers.bomb.set(1_000, {}),
  },
  timers: {
    bomb: () => {
      throw new TypeError('bang');
    },
  },
});
const setUp = async (failures: 'throw' | 'collect' = 'throw') => {
  const t = await table(game, { failures, players: 3 });
  const [ann, bob, cid] = t.seats;
  return { t, ann: ann!, bob: bob!, cid: cid! };
};

describe('the test kit: seats, failures, networks', () => {
  it('all others show the outcome when an action returns, spectators too, whatever their latency', async () => {
    const { t, ann, bob, cid } = await setUp();
    const watcher = await t.watch();
    t.lag(700, bob);
    await ann.act.step({ by: 2 });
    for (const seat of [ann, bob, cid, watcher]) assert.deepEqual(seat.state.at, [2, 0, 0], seat.name);
    await Promise.all([ann.act.step({ by: 1 }), bob.act.step({ by: 1 })]);
    for (const seat of [ann, bob, cid, watcher]) assert.deepEqual(seat.state.at, [3, 1, 0], seat.name);
    t.disconnect(bob); // who is offline is not waited for
    await ann.act.step({ by: 1 });
    assert.deepEqual([bob.state.at[0], cid.state.at[0]], [3, 4]);
  });

  it('the state at the owner has its type, and what views hide', async () => {
    const { t } = await setUp();
    const { secret }: { secret: number } = t.state;
    assert.equal(secret, 7);
    t.state.secret = 8;
    assert.equal(t.state.secret, 7, 'a copy');
    const waiting = await table(game, { start: false });
    assert.throws(() => waiting.state, /no match has begun/);
  });

  it('seats a late joiner; one who left comes again; a refusal is thrown', async () => {
    const { t, ann, bob } = await setUp();
    const dee = await t.sit('Dee', { profile: { hat: 'top' } });
    assert.deepEqual([dee.seat, dee.id, t.seats.at(-1)], [3, 'user:dee', dee]);
    assert.deepEqual(ann.room.players[3]?.profile, { hat: 'top' });
    await dee.act.step({ by: 5 });
    assert.deepEqual(ann.state.at, [0, 0, 0, 5]);
    await assert.rejects(t.sit('Eve'), (error: unknown) => error instanceof RefusalError && error.code === 'room-full');
    await bob.leave();
    assert.equal((await t.sit('Bob')).seat, 1);
    await dee.leave();
    await assert.rejects(t.sit('Rude'), { rule: 'joined' });
  });

  it('a rule that fails ends the call of the test with what it threw', async () => {
    const { t, ann, bob } = await setUp();
    const thrown = await ann.act.fail().catch((error: unknown) => error);
    assert.ok(thrown instanceof RuleFailedError);
    assert.equal(thrown.message, 'the rule actions.fail failed: TypeError: no such card');
    assert.ok(thrown.cause instanceof TypeError && thrown.cause.stack?.includes('disturb.test.ts'));
    assert.ok((await bob.act.step({ by: 1 })).ok, 'the table is still of use');
    await ann.act.arm();
    await assert.rejects(t.advance(2_000), { rule: 'timers.bomb' });
    const faulty = contract('faulty', {
      version: 1,
      seats: { min: 1, max: 1 },
      state: state<object>(),
      actions: { go: z.object({}) },
    }).rules({ setup: () => assert.fail('no deck'), actions: { go: () => {} } });
    await assert.rejects(table(faulty), { rule: 'setup' });
  });

  it('failures are listed apart from logs', async () => {
    const { t, ann } = await setUp('collect');
    t.onEffect = () => {
      t.onEffect = () => {};
      throw new Error('the database is away');
    };
    for (let i = 0; i < 2; i++) {
      const refused = await ann.act.fail();
      assert.equal(refused.ok || refused.code, 'rule-failed');
    }
    await ann.act.report();
    await t.advance(10_000);
    await t.killOwner();
    assert.equal(t.effects.length, 1);
    assert.throws(() => t.neverLeaks(s => s.at), { code: 'secret-leaked' });
    assert.deepEqual(
      t.failures.map(f => [
        f.kind,
        f.kind === 'leak' ? f.error.code : f.name,
        f.kind === 'leak' || `${String(f.error)}`,
      ]),
      [
        ['rule', 'actions.fail', 'TypeError: no such card'],
        ['rule', 'actions.fail', 'TypeError: no such card'],
        ['effect', 'report', 'Error: the database is away'],
        ['leak', 'secret-leaked', true],
      ],
    );
  });

  it('latency: of one, of all, of those who come later', async () => {
    const { t, ann, bob } = await setUp();
    const took = async (act: () => Promise<unknown>) => {
      const from = t.world.clock.mono();
      await act();
      return t.world.clock.mono() - from;
    };
    t.lag(100);
    assert.ok((await took(() => ann.act.step({ by: 1 }))) >= 200);
    const late = await t.sit('Dee');
    assert.ok((await took(() => late.act.step({ by: 1 }))) >= 200);
    t.lag(0);
    assert.ok((await took(() => ann.act.step({ by: 1 }))) < 50);
    t.lag(300, bob);
    assert.ok((await took(() => bob.act.step({ by: 1 }))) >= 600);
    for (const ms of [-1, NaN, 5_001]) assert.throws(() => t.lag(ms), RangeError);
  });

  it('a connection that is cut in the middle of an action: it is done once', async () => {
    const { t, ann, bob, cid } = await setUp();
    const acted = ann.act.step({ by: 2 });
    await t.cut(ann);
    assert.equal((await acted).ok, true);
    assert.deepEqual(bob.state.at, [2, 0, 0]);
    const statuses: boolean[] = [];
    cid.room.onStatus(() => statuses.push(cid.room.live));
    await t.cut(cid);
    assert.deepEqual([statuses[0], cid.room.live], [false, true]);
    await t.cut();
    const away: (boolean | undefined)[] = [];
    ann.room.onChange(() => away.push(ann.info.seats[1]!.here));
    await t.cut(bob, 5_000);
    assert.ok(away.includes(false) && ann.info.seats[1]!.here);
  });
});

describe('the test kit beside fake timers', () => {
  it('plays while all timers of the process are faked', async () => {
    const fake = FakeTimers.install();
    try {
      const t = await table(game);
      const [ann, bob] = t.seats;
      await ann!.act.step({ by: 2 });
      await t.killOwner();
      await t.cut(bob);
      assert.deepEqual(bob!.state.at, [2, 0]);
    } finally {
      fake.uninstall();
    }
  });

  it('also where it is loaded after they are faked', async () => {
    const fake = FakeTimers.install();
    try {
      const { VirtualClock } = (await import(
        `../../../testkit/virtual-clock.ts?${Math.random()}`
      )) as typeof import('../../../testkit/virtual-clock.ts');
      const clock = new VirtualClock();
      await clock.run(clock.sleep(1_000));
      assert.equal(clock.mono(), 1_000);
    } finally {
      fake.uninstall();
    }
  });
});

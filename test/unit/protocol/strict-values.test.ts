import assert from 'node:assert/strict';
import { contract, schema, state, view } from '../../../shared/contract.ts';
import { openRoom, openRawConnection, viewOf } from './cluster-room-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

/** Values by name: the data of an action are JSON. */
const values: Record<string, () => unknown> = {
  'a Map': () => ({ deep: [new Map()] }),
  'a Set': () => ({ deep: [new Set()] }),
  NaN: () => ({ deep: [NaN] }),
  'a Date': () => ({ deep: [new Date(0)] }),
  'undefined (use null)': () => ({ deep: [undefined] }),
  'a bigint': () => ({ deep: [1n] }),
};
const anything = schema<never>(() => true);
/** A schema that makes of a name the value of that name. */
const making = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => ({
      value:
        typeof value === 'string'
          ? values[value]!()
          : typeof value === 'object' && value !== null && 'as' in value
            ? values[(value as { as: string }).as]!()
            : value,
    }),
  },
} as never;

const odd = contract('odd', {
  version: 1,
  seats: { min: 1, max: 2 },
  start: 'host',
  state: state<{ show: string }>(),
  view: view<unknown>(),
  refusals: ['no'],
  options: making,
  profile: making,
  actions: { emit: anything, arm: anything, ask: anything, refuse: anything, whisper: anything, show: anything },
  events: { said: making },
  timers: { turn: making },
  effects: { save: making },
  signals: { wave: making },
});
const oddGame = odd.rules({
  setup: () => ({ show: '' }),
  view: s => (s.show === '' ? {} : values[s.show]!()),
  actions: {
    emit: (_s, what, ctx) => ctx.emit('said', values[what]!() as never),
    whisper: (_s, to, ctx) => ctx.emit('said', 1 as never, to),
    arm: (_s, what, ctx) => ctx.timers.turn.set(1_000, values[what]!() as never),
    ask: (_s, what, ctx) => ctx.effects.save(values[what]!() as never),
    refuse: (_s, what, ctx) => ctx.refuse('no', values[what]!() as never),
    show: (s, what) => {
      s.show = what;
    },
  },
  timers: { turn: () => {} },
});

describe('what JSON would change silently', () => {
  it('[R10] is refused with its path in events, timers, effects and details of refusals', async () => {
    const {
      world,
      rooms: [adas],
    } = await openRoom(odd, oddGame, ['ada'], { seed: 2 });
    world.effects = { odd: { save: () => {} } };
    await world.clock.run(adas!.start());
    const log = () => [...world.nodes.values()].flatMap(host => host.warnings).join('\n');
    for (const what of Object.keys(values)) {
      for (const [name, path] of [
        ['emit', 'events.said'],
        ['arm', 'timers.turn'],
        ['ask', 'effects.save'],
      ] as const) {
        const said = await world.clock.run(adas!.act[name](what as never));
        assert.ok(!said.ok && said.code === 'rule-failed', `${name} ${what}`);
        assert.ok(log().includes(`${path}.deep[0] is ${what}`), `${name} ${what}: ${log()}`);
        await world.clock.advance(1_100);
      }
      const said = await world.clock.run(adas!.act.refuse(what as never));
      assert.ok(!said.ok && said.code === 'rule-failed', what);
    }
    for (const to of [[NaN], [5], ['0'], [-1]]) assert.ok(!(await world.clock.run(adas!.act.whisper(to as never))).ok);
    assert.ok((await world.clock.run(adas!.act.whisper([0] as never))).ok);
  });

  it('[R10] is refused with its path in options and profiles', async () => {
    const world = new TestCluster([oddGame], 4);
    await world.start('a');
    const { client } = world.client('ada', 'a');
    for (const what of Object.keys(values)) {
      await assert.rejects(
        world.clock.run(client.create(odd, { options: { as: what } as never })),
        (error: unknown) =>
          (error as { code: string }).code === 'bad-options' &&
          (error as Error).message.includes(`options.deep[0] is ${what}`),
      );
      await assert.rejects(
        world.clock.run(client.create(odd, { profile: what as never })),
        (error: unknown) =>
          (error as { code: string }).code === 'bad-profile' &&
          (error as Error).message.includes(`profile.deep[0] is ${what}`),
      );
    }
  });

  it("[R10] is not passed on in a signal, and is not the sender's fault", async () => {
    const {
      world,
      id,
      rooms: [adas],
    } = await openRoom(odd, oddGame, ['ada', 'bob'], { seed: 6 });
    const heard: unknown[] = [];
    adas!.onSignal('wave', data => heard.push(data));
    const bob = openRawConnection(world, world.node('b'), 'bob');
    assert.ok((await bob.ask('join', { room: id })).ok);
    for (const data of [...Object.keys(values), { fine: 1 }])
      assert.equal(bob.say('signal', { room: id, name: 'wave', data }), true);
    await world.clock.advance(20);
    assert.deepEqual([heard, world.counters.get('badPackets') ?? 0], [[{ fine: 1 }], 0]);
  });

  it('[R10] [R5] is an error of the view that shows it', async () => {
    const {
      world,
      rooms: [adas],
    } = await openRoom(odd, oddGame, ['ada'], { seed: 8 });
    await world.clock.run(adas!.start());
    const before = JSON.stringify(adas!.state);
    for (const what of Object.keys(values)) {
      assert.ok((await world.clock.run(adas!.act.show(what as never))).ok);
      assert.deepEqual([viewOf(adas!).error, JSON.stringify(adas!.state)], ['view-failed', before], what);
    }
    assert.ok((await world.clock.run(adas!.act.show('' as never))).ok);
    assert.equal(viewOf(adas!).error, undefined);
  });
});

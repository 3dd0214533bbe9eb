import assert from 'node:assert/strict';
import { z } from 'zod';
import { RoomError } from '../../../client/room-error.ts';
import { contract, held, pressed, schema, state } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { openRoom } from './cluster-room-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

const anything = schema<unknown>(() => true);
const notes = contract('notes', {
  version: 1,
  seats: { min: 1, max: 4 },
  start: 'host',
  state: state<{ said: unknown[] }>(),
  options: anything,
  profile: anything,
  actions: { say: anything, count: z.object({}) },
  signals: { wave: anything, emote: z.enum(['hi']) },
  inputs: { aim: held(anything), other: held(anything), fire: pressed() },
  tick: { hz: 10 },
});
const notesGame = notes.rules({
  setup: () => ({ said: [] }),
  actions: {
    say: (s, data) => {
      s.said.push(data);
    },
    count: s => {
      s.said.push('counted');
    },
  },
  tick: () => {},
});

class Ship {
  x = 1;
}
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
const hole: unknown[] = [1];
hole[2] = 3;
const match: unknown = /b/.exec('abc');
let deep: unknown = 1;
for (let i = 0; i <= limits.payloadDepth; i++) deep = [deep];

/** What JSON does not keep as it is, and what the refusal says of it. */
const bad: [what: string, value: unknown, says: RegExp][] = [
  ['a bigint', { n: 1n }, /\.n is a bigint/],
  ['a cycle', cyclic, /\.self is a cycle/],
  ['a function', { f: () => 1 }, /\.f is a function/],
  ['a symbol', [Symbol('x')], /\[0\] is a symbol/],
  ['a blob', { file: new Blob(['x']) }, /\.file is a Blob/],
  ['bytes', { b: new Uint8Array(3) }, /\.b is a Uint8Array/],
  ['a buffer', new ArrayBuffer(3), /is a ArrayBuffer/],
  ['a map', { m: new Map([[1, 2]]) }, /\.m is a Map/],
  ['a set', [new Set([1])], /\[0\] is a Set/],
  ['a date', { at: new Date(0) }, /\.at is a Date/],
  ['NaN', { x: NaN }, /\.x is NaN/],
  ['Infinity', [Infinity], /\[0\] is Infinity/],
  ['undefined in a list', [1, undefined], /\[1\] is undefined/],
  ['a hole', hole, /\[1\] is undefined/],
  ['a class', { s: new Ship() }, /\.s is a Ship/],
  ['a match of a pattern', match, /property/],
  ['a symbol as a key', { [Symbol('k')]: 1 }, /Symbol\(k\)/],
  ['the key __proto__', JSON.parse('{"a":{"__proto__":{"x":1}}}'), /__proto__/],
  [
    'what throws when it is read',
    {
      get x() {
        throw new Error('no');
      },
    },
    /no/,
  ],
];
const large: [what: string, value: unknown, limit: string][] = [
  ['too long', 'x'.repeat(limits.dataBytes), 'dataBytes'],
  ['too long in bytes, not in characters', 'ß'.repeat(limits.dataBytes / 2), 'dataBytes'],
  ['a megabyte', 'x'.repeat(1_000_000), 'dataBytes'],
  ['too many values', Array(limits.payloadValues).fill(0), 'payloadValues'],
  ['too deep', deep, 'payloadDepth'],
];

async function seated() {
  const party = await openRoom(notes, notesGame, ['ada', 'bob'], { seed: 5 });
  const [adas, bobs] = party.rooms as [(typeof party.rooms)[0], (typeof party.rooms)[0]];
  await party.world.clock.run(adas.start());
  const { connector } = party.clients[0]!.client as unknown as { connector: { connection: unknown } };
  const { connection } = connector;
  return { ...party, adas, bobs, isOnSameLine: () => connector.connection === connection };
}

describe('a client sends only what arrives', () => {
  it('[W11] an action that JSON does not keep is refused at once, and what comes after it is not held up', async () => {
    const { world, adas, isOnSameLine } = await seated();
    for (const [what, value, says] of bad) {
      const before = world.clock.mono();
      const [said, next] = await world.clock.run(Promise.all([adas.act.say(value), adas.act.count({})]), what);
      assert.equal(said.ok, false, what);
      assert.ok(!said.ok && said.code === 'bad-data' && says.test(said.detail!), `${what}: ${JSON.stringify(said)}`);
      assert.ok(next.ok, what);
      assert.ok(world.clock.mono() - before < 50, `${what}: ${world.clock.mono() - before} ms`);
    }
    assert.deepEqual([adas.pending, isOnSameLine()], [0, true]);
    assert.equal(adas.state!.said.length, bad.length);
  });

  it('[W11] an action above a limit is refused at once, and the refusal names the limit', async () => {
    const { world, adas, isOnSameLine } = await seated();
    for (const [what, value, limit] of large) {
      const [said, next] = await world.clock.run(Promise.all([adas.act.say(value), adas.act.count({})]), what);
      assert.ok(
        !said.ok && said.code === 'too-large' && said.detail!.includes(`(${limit})`),
        `${what}: ${JSON.stringify(said)}`,
      );
      assert.ok(next.ok, what);
    }
    assert.deepEqual([adas.pending, isOnSameLine()], [0, true]);
    const fits = 'x'.repeat(limits.dataBytes - 2);
    assert.ok((await world.clock.run(adas.act.say(fits))).ok, 'what is just within the limit is done');
    assert.equal(adas.state!.said.at(-1), fits);
    assert.ok(
      (
        await world.clock.run(
          (adas.act as unknown as Record<string, () => Promise<{ ok: boolean; code?: string }>>)['n'.repeat(20_000)]!(),
        )
      ).code === 'no-such-action',
    );
  });

  it('[W11] what the caller changes after the call is not sent', async () => {
    const { world, adas } = await seated();
    const data = { list: [1] };
    const said = adas.act.say(data);
    data.list.push(2);
    assert.ok((await world.clock.run(said)).ok);
    assert.deepEqual(adas.state!.said, [{ list: [1] }]);
  });

  it('[W11] create, quick and join reject with the reason, and no room is made', async () => {
    const {
      world,
      clients: [ada],
      id,
    } = await seated();
    const { client } = ada!;
    const rooms = world.storeCalls.filter(c => c.op === 'create').length;
    const longOptions = { text: 'ß'.repeat(limits.optionsBytes / 2) };
    const cases: [what: string, promise: () => Promise<unknown>, code: string][] = [
      ['create: options that are no JSON', () => client.create(notes, { options: { n: 1n } }), 'bad-options'],
      ['create: long options', () => client.create(notes, { options: longOptions }), 'too-large'],
      ['quick: options that are no JSON', () => client.quick(notes, { options: { at: new Date(0) } }), 'bad-options'],
      ['quick: long options', () => client.quick(notes, { options: longOptions }), 'too-large'],
      ['create: a profile that is no JSON', () => client.create(notes, { profile: cyclic }), 'bad-profile'],
      [
        'quick: a long profile',
        () => client.quick(notes, { profile: 'ß'.repeat(limits.profileBytes / 2) }),
        'too-large',
      ],
      ['join: a profile that is no JSON', () => client.join(notes, { id, profile: new Map() }), 'bad-profile'],
      ['join: a code that is no text', () => client.join(notes, { code: 5n as never }), 'bad-request'],
      ['join: a long id', () => client.join(notes, { id: 'x'.repeat(20_000) }), 'too-large'],
      ['create: a number that is none', () => client.create(notes, { bots: 1n as never }), 'bad-request'],
    ];
    for (const [what, promise, code] of cases) {
      await assert.rejects(
        world.clock.run(promise(), what),
        (error: unknown) => error instanceof RoomError && error.code === code && error.detail !== undefined,
        what,
      );
    }
    assert.equal(world.storeCalls.filter(c => c.op === 'create').length, rooms);
    assert.ok(
      await world.clock.run(client.create(notes, { options: { fine: true }, profile: { colour: 'mint' } })),
      'the client goes on',
    );
  });

  it('[W11] a profile that cannot be sent is refused, and the next join says the one before it', async () => {
    const {
      world,
      adas,
      bobs,
      clients: [ada],
    } = await seated();
    assert.ok((await world.clock.run(adas.setProfile({ colour: 'mint' }))).ok);
    for (const [value, code] of [
      [cyclic, 'bad-data'],
      ['x'.repeat(limits.profileBytes), 'too-large'],
      [new Blob(['x']), 'bad-data'],
    ] as const) {
      const said = await world.clock.run(adas.setProfile(value));
      assert.ok(!said.ok && said.code === code);
    }
    for (const wire of ada!.connections) wire.breakConnection();
    await world.clock.waitUntil('ada is back', () => adas.live);
    assert.deepEqual(bobs.players[0]!.profile, { colour: 'mint' });
  });

  it('[W11] signals and inputs that cannot be sent throw a TypeError, and the client goes on', async () => {
    const { world, adas, bobs, isOnSameLine } = await seated();
    const heard: unknown[] = [];
    bobs.onSignal('wave', data => heard.push(data));
    const signal = adas.signal as unknown as Record<string, (data?: unknown) => void>;
    const input = adas.input as unknown as Record<string, (data?: unknown) => void>;
    for (const [what, value] of [...bad, ...large]) {
      assert.throws(() => signal.wave!(value), TypeError, what);
      assert.throws(() => input.aim!(value), TypeError, what);
    }
    assert.throws(() => signal.emote!('no such one'), TypeError);
    for (const name of ['nothing', 'constructor', '__proto__', 'n'.repeat(20_000)]) {
      assert.throws(() => signal[name]!(1), TypeError);
      assert.throws(() => input[name]!(1), TypeError);
    }
    input.aim!('x'.repeat(limits.heldBytes / 2));
    assert.throws(
      () => input.other!('x'.repeat(limits.heldBytes / 2)),
      /heldBytes/,
      'all that is held goes into one message',
    );
    signal.wave!({ fine: true });
    input.fire!();
    await world.clock.advance(500);
    assert.deepEqual([heard, isOnSameLine(), world.counters.get('badPackets') ?? 0], [[{ fine: true }], true, 0]);
    assert.ok((await world.clock.run(adas.act.count({}))).ok);
  });

  it('[W11] a long name connects, and only its beginning is looked at; what is no text is a TypeError', async () => {
    const world = new TestCluster([notesGame], 3);
    await world.start('a');
    const ada = world.client('ada', 'a');
    await world.clock.waitUntil('ada is connected', () => ada.client.player !== null);
    const handshakes: number[] = [];
    const { connector } = ada.client as unknown as { connector: { handshake(): { name?: string } } };
    await world.clock.run(ada.client.rename('Ada'.repeat(100_000)));
    handshakes.push(connector.handshake().name!.length);
    assert.deepEqual(handshakes, [limits.nameUnits]);
    await assert.rejects(ada.client.rename(5n as never), TypeError);
  });

  it('[W12] without the SDK: an action that is too large is answered with its size, and its number is not used up', async () => {
    const {
      world,
      clients: [ada],
      id,
      adas,
    } = await seated();
    const [wire] = ada!.connections;
    const ask = (data: unknown) =>
      world.clock.run(wire!.request('act', { room: id, name: 'say', data: data as never }, 1_000)) as Promise<{
        ok: boolean;
        code?: string;
        detail?: string;
      }>;
    const said = await ask('x'.repeat(20_000));
    assert.equal(said.code, 'too-large');
    assert.match(said.detail!, /^the message has 200\d\d bytes, at most 16384/);
    assert.ok((await ask('short')).ok);
    assert.ok((await world.clock.run(adas.act.count({}))).ok);
    await assert.rejects(ask('x'.repeat(100_000)), 'one that is far too large ends the connection');
  });
});

import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { turns, turnsGame } from '../bot-games.ts';
import { openRoom, openRawConnection } from './cluster-room-fixture.ts';

async function talking(seed = 41) {
  const party = await openRoom(turns, turnsGame(), ['ada', 'bob'], { seed });
  const { world, id, rooms } = party;
  const eve = world.client('eve', 'c');
  const eves = await world.clock.run(eve.client.watch(turns, { id }));
  const heard: string[] = [];
  for (const [who, room] of [
    ['ada', rooms[0]!],
    ['bob', rooms[1]!],
    ['eve', eves],
  ] as const) {
    room.onSignal('emote', (data, from) => heard.push(`${who}: ${data} from ${String(from)}`));
    room.onSignal('point', (data, from) => heard.push(`${who}: ${JSON.stringify(data)} from ${String(from)}`));
  }
  return { ...party, adas: rooms[0]!, bobs: rooms[1]!, eves, heard: () => heard.splice(0).sort() };
}

describe('signals', () => {
  it("[G1] reach all but who says it, players and spectators, on all nodes; the room's history knows nothing of them", async () => {
    const { world, adas, bobs, heard } = await talking();
    const { position } = adas;
    adas.signal.emote('hi');
    bobs.signal.point({ x: 3 });
    await world.clock.advance(10);
    assert.deepEqual(
      heard(),
      ['ada: {"x":3} from 1', 'bob: "hi" from 0', 'eve: "hi" from 0', 'eve: {"x":3} from 1'].map(s =>
        s.replace('"hi"', 'hi'),
      ),
    );
    assert.deepEqual(adas.position, position);
  });

  it('[G1] go past the owner: also while it is dead', async () => {
    const { world, owner, adas, heard } = await talking();
    world.kill(owner);
    adas.signal.emote('gg');
    await world.clock.advance(5);
    assert.deepEqual(heard(), ['bob: gg from 0']);
  });

  it('[G1] do not reach another room, nor anybody after he has gone', async () => {
    const { world, adas, bobs, heard } = await talking();
    const zoe = world.client('zoe', 'a');
    const other = await world.clock.run(zoe.client.create(turns));
    const strange: unknown[] = [];
    other.onSignal('emote', said => strange.push(said));
    await world.clock.run(bobs.leave());
    adas.signal.emote('hi');
    other.signal.emote('gg');
    await world.clock.advance(10);
    assert.deepEqual([heard(), strange], [['eve: hi from 0'], []]);
  });

  it('[G2] spectators and strangers say nothing; nor does who was thrown out', async () => {
    const { world, id, adas, bobs, eves, heard } = await talking();
    eves.signal.emote('hi');
    const eve = openRawConnection(world, world.node('a'), 'eva');
    await eve.ask('join', { room: id, watch: true });
    const raw = openRawConnection(world, world.node('b'), 'bob');
    for (const line of [eve, raw]) assert.equal(line.say('signal', { room: id, name: 'emote', data: 'hi' }), true);
    assert.ok((await raw.ask('join', { room: id })).ok);
    await world.clock.run(adas.kick(1));
    await world.clock.advance(10);
    assert.equal(raw.say('signal', { room: id, name: 'emote', data: 'hi' }), true);
    bobs.signal.emote('hi');
    await world.clock.advance(10);
    assert.deepEqual(heard(), []);
    assert.ok(raw.heard.some(([name, notice]) => name === 'notice' && (notice as { code: string }).code === 'kicked'));
  });

  it('[G2] what the contract does not have reaches nobody, and closes no connection: only malformed packets do', async () => {
    const { world, id, heard } = await talking();
    const raw = openRawConnection(world, world.node('b'), 'bob');
    await raw.ask('join', { room: id });
    const bad = [
      { name: 'emote', data: 'no' },
      { name: 'nothing', data: 1 },
      { name: 'constructor', data: 1 },
      { name: 'toString' },
      { name: 'emote' },
      { name: 'point', data: { x: '1' } },
      { name: '' },
      {},
    ];
    for (let i = 0; i < 40; i++) {
      assert.equal(raw.say('signal', { room: id, ...bad[i % bad.length] }), true);
      await world.clock.advance(300);
    }
    assert.deepEqual(heard(), []);
  });

  it('[W1] [W14] the 20th malformed packet closes the connection, unless some were long ago', async () => {
    const { world, id } = await talking();
    const raw = openRawConnection(world, world.node('b'), 'bob');
    await raw.ask('join', { room: id });
    const malformed = async (times: number) => {
      const heard: boolean[] = [];
      for (let i = 0; i < times; i++) {
        heard.push(raw.say('signal', 5));
        await world.clock.advance(260);
      }
      return heard;
    };
    assert.ok((await malformed(19)).every(heard => heard));
    await world.clock.advance(120_000);
    assert.ok(
      (await malformed(10)).every(heard => heard),
      'two minutes later',
    );
    assert.ok((await malformed(20)).includes(false), 'but not for ever');
  });

  it('[G2] the client refuses a signal that the contract does not have, and sends nothing', async () => {
    const { world, bobs, heard } = await talking();
    const signal = bobs.signal as unknown as Record<string, (data: unknown) => void>;
    assert.throws(() => signal.point!({ x: NaN }), { name: 'TypeError', message: /^signal 'point'/ });
    assert.throws(() => signal.wave!(1), { name: 'TypeError', message: /no signal 'wave'/ });
    await world.clock.advance(10);
    assert.deepEqual(heard(), []);
  });

  it('[G2] so many at once, and so many a second; the rest is dropped', async () => {
    const { world, bobs, heard } = await talking();
    for (let i = 0; i < 50; i++) bobs.signal.emote('hi');
    await world.clock.advance(10);
    assert.equal(heard().length, 2 * limits.signals.burst);
    await world.clock.advance(1_000);
    for (let i = 0; i < 50; i++) bobs.signal.emote('hi');
    await world.clock.advance(10);
    assert.equal(heard().length, 2 * limits.signals.perSecond);
  });
});

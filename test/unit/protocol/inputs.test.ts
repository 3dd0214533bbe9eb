import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { stick, stickGame, type StickState } from '../bot-games.ts';
import { documentOf, openRoom, openRawConnection } from './cluster-room-fixture.ts';

const shown = (room: { state: unknown }): StickState => room.state as StickState;

async function playing(seed = 21, players: readonly string[] = ['ada', 'bob']) {
  const party = await openRoom(stick, stickGame(null), players, { seed });
  assert.ok((await party.world.clock.run(party.rooms[0]!.start())).ok);
  await party.world.clock.waitUntil('it ticks', () => party.rooms.every(room => shown(room)?.ticks > 2));
  return { ...party, adas: party.rooms[0]!, bobs: party.rooms[1]!, ada: party.clients[0]!, bob: party.clients[1]! };
}

describe('inputs on a cluster', () => {
  it('[I1] what is held counts at every tick, the last wins; presses are counted; all see whose', async () => {
    const { world, adas, bobs } = await playing();
    for (let x = 1; x < 6; x++) bobs.input.steer({ x });
    for (let i = 0; i < 3; i++) bobs.input.fire();
    await world.clock.waitUntil('it has counted', () => shown(adas).fired[1] === 3 && shown(adas).steer[1]?.x === 5);
    await world.clock.advance(1_000);
    assert.deepEqual(
      [shown(adas).fired, shown(adas).steer],
      [
        [0, 3],
        [null, { x: 5 }],
      ],
    );
    assert.ok(adas.info.inputs[1]! >= 1 && adas.info.inputs[0] === 0);
    const before = adas.info.inputs[1]!;
    bobs.input.steer({ x: 5 });
    await world.clock.advance(200);
    assert.equal(adas.info.inputs[1], before, 'the same again is not sent');
    bobs.input.steer({ x: 6 });
    await world.clock.waitUntil('the number grows', () => adas.info.inputs[1]! > before);
  });

  // From before the press arrives to after its change has been heard, and on until another owner is there.
  for (const delay of [0, 1, 1.5, 2, 20, 50, 52, 400]) {
    it(`[I2] [I3] presses all along, and the owner dies after ${delay} ms: each counts once`, async () => {
      const { world, owner, adas, bobs } = await playing(200 + delay);
      let pressed = 0;
      const press = () => {
        bobs.input.fire();
        pressed += 1;
      };
      press();
      await world.clock.advance(delay);
      world.kill(owner);
      for (let i = 0; i < 12; i++) {
        press();
        if (i % 3 === 0) bobs.input.steer({ x: i % 9 });
        await world.clock.advance(delay === 400 ? 100 : 17);
      }
      await world.clock.waitUntil('all have counted', () => shown(adas).fired[1]! >= pressed, 8_000);
      await world.clock.advance(3_000);
      assert.equal(shown(adas).fired[1], pressed);
      assert.deepEqual(shown(adas).steer[1], { x: 0 });
    });
  }

  // Losses may last until more presses wait than a client keeps, which depends on the seed: then the player pauses.
  for (const seed of [1, 3, 6, 21]) {
    it(`[I3] messages between the nodes are lost for a while: of the presses that a client keeps each counts once (seed ${seed})`, async () => {
      const { world, adas, bobs } = await playing(seed);
      let lost = 0;
      world.dropsMessage = (_from, _to, text) =>
        text.includes('"room-input"') && world.random() < 0.6 && (lost += 1) > 0;
      for (let pressed = 0; pressed < 40; pressed++) {
        await world.clock.waitUntil(
          'there is room for another press',
          () => pressed - shown(bobs).fired[1]! < limits.inputsResent,
        );
        bobs.input.fire();
        await world.clock.advance(160);
      }
      world.dropsMessage = () => false;
      assert.ok(lost > 10);
      await world.clock.waitUntil('all have counted', () => shown(adas).fired[1] === 40, 5_000);
      await world.clock.advance(3_000);
      assert.equal(shown(adas).fired[1], 40);
    });
  }

  it('[I2] [I3] the line breaks again and again, and he comes back by other nodes: each press counts once', async () => {
    const { world, adas, bob, bobs } = await playing();
    let pressed = 0;
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 4; i++) {
        bobs.input.fire();
        pressed += 1;
        await world.clock.advance((23 * (round + 1)) % 70);
      }
      if (round % 2 === 0) for (const line of [...bob.connections]) line.breakConnection();
      else bob.client.move();
      await world.clock.waitUntil('he is back', () => bobs.live);
    }
    await world.clock.waitUntil('all have counted', () => shown(adas).fired[1]! >= pressed, 8_000);
    await world.clock.advance(2_000);
    assert.equal(shown(adas).fired[1], pressed);
  });

  it('[I3a] presses without a connection all count, once; those above what is kept are reported', async () => {
    const { world, adas, bob, bobs } = await playing();
    const dropped: [name: string, times: number][] = [];
    bobs.onPressDropped((...what) => dropped.push(what));
    world.disconnect(bob);
    for (let pressed = 0; pressed < 30; pressed++) {
      bobs.input.fire();
      await world.clock.advance(110);
    }
    bob.isOffline = false;
    await world.clock.waitUntil('he is back', () => bobs.live, 10_000);
    await world.clock.advance(3_000);
    assert.deepEqual([shown(adas).fired[1], dropped], [30, []]);
    world.disconnect(bob);
    for (let pressed = 0; pressed < 600; pressed++) {
      bobs.input.fire();
      if (pressed % 20 === 0) await world.clock.advance(110);
    }
    bob.isOffline = false;
    await world.clock.waitUntil('he is back', () => bobs.live, 10_000);
    await world.clock.advance(4_000);
    const lost = dropped.reduce((sum, [, times]) => sum + times, 0);
    assert.ok(lost > 0);
    assert.equal(shown(adas).fired[1]! + lost, 630);
  });

  it('[I4] a new owner learns what is held, of those on its own node and of others, though nobody touches anything', async () => {
    for (const how of ['dies', 'drains', 'announcement lost'] as const) {
      const { world, id, owner, adas, bobs } = await playing();
      adas.input.steer({ x: 1 });
      bobs.input.steer({ x: 2 });
      const both = () => shown(adas).steer[0]?.x === 1 && shown(adas).steer[1]?.x === 2;
      await world.clock.waitUntil('both are held', both);
      if (how === 'drains') await world.drain(owner);
      else {
        world.kill(owner);
        if (how === 'announcement lost') world.dropsBroadcast = () => true;
      }
      await world.clock.waitUntil(
        'somebody else has it',
        () => world.owner(id) !== undefined && world.owner(id) !== owner,
      );
      await world.clock.advance(100);
      world.dropsBroadcast = () => false;
      const { ticks } = documentOf(world, id).state as unknown as StickState;
      await world.clock.waitUntil('both are held again', () => shown(adas).ticks > ticks + 2 && both(), 5_000);
    }
  });

  it('[I5] a second tab takes over with hands that hold nothing; what the first says is not heard', async () => {
    const { world, id, adas, bobs } = await playing();
    bobs.input.steer({ x: 7 });
    for (let i = 0; i < 30; i++) {
      bobs.input.fire();
      await world.clock.advance(50);
    }
    await world.clock.waitUntil('it counts', () => adas.info.inputs[1]! >= 20 && shown(adas).steer[1]?.x === 7);
    const tab = world.client('bob', 'a');
    const again = await world.clock.run(tab.client.join(stick, { id }));
    await world.clock.advance(500);
    assert.deepEqual([shown(adas).steer[1], adas.info.inputs[1]], [null, 0]);
    const fired = shown(adas).fired[1]!;
    bobs.input.fire();
    bobs.input.steer({ x: 8 });
    await world.clock.advance(500);
    assert.deepEqual([shown(adas).steer[1], shown(adas).fired[1]], [null, fired]);
    again.input.fire();
    again.input.steer({ x: -3 });
    await world.clock.waitUntil(
      'the new one counts at once',
      () => shown(adas).fired[1] === fired + 1 && shown(adas).steer[1]?.x === -3,
      300,
    );
  });

  it('[I5] a player who is gone lets go; who is back holds it again', async () => {
    const { world, adas, bob, bobs } = await playing();
    bobs.input.steer({ x: 4 });
    await world.clock.waitUntil('held', () => shown(adas).steer[1]?.x === 4);
    world.disconnect(bob);
    await world.clock.waitUntil('let go', () => shown(adas).steer[1] === null, 1_000);
    bob.isOffline = false;
    await world.clock.waitUntil('held again', () => shown(adas).steer[1]?.x === 4, 5_000);
  });

  it('[I5] also where his node dies with him', async () => {
    const { world, adas, bob, bobs } = await playing();
    bobs.input.steer({ x: 4 });
    await world.clock.waitUntil('held', () => shown(adas).steer[1]?.x === 4);
    bob.isOffline = true;
    world.kill(world.node('b'));
    await world.clock.waitUntil('let go', () => shown(adas).steer[1] === null, limits.presenceTimeout + 3_000);
  });

  it("[I6] what is malformed, unknown, a spectator's or a stranger's does nothing; only packets that cannot be read count against a line", async () => {
    const { world, id, owner, adas } = await playing(22, ['ada']);
    const at = world.node('b');
    const raw = openRawConnection(world, at, 'bob');
    assert.ok((await raw.ask('join', { room: id })).ok);
    const eve = openRawConnection(world, at, 'eve');
    assert.ok((await eve.ask('join', { room: id, watch: true })).ok);
    const stranger = openRawConnection(world, at, 'sam');
    for (const line of [eve, stranger])
      line.say('input', { room: id, n: 1, hold: { steer: { x: 1 } }, press: { fire: 9 } });
    for (const body of [
      { n: 1, hold: { steer: { x: 99 } } },
      { n: 2, hold: { jump: true } },
      { n: 3, press: { steer: 1 } },
      { n: 4, press: { jump: 1 } },
      { n: 5, hold: { steer: { x: 1 } }, press: { nothing: 1 } },
    ])
      assert.equal(raw.say('input', { room: id, ...body }), true);
    await world.clock.advance(300);
    assert.deepEqual(
      [shown(adas).steer, shown(adas).fired, adas.info.inputs],
      [
        [null, null],
        [0, 0],
        [0, 0],
      ],
    );
    assert.equal(owner.warnings.length, 0);
    for (let i = 0; i < limits.malformedPackets.burst; i++) assert.equal(raw.say('input', i), true);
    raw.say('input', { room: id, n: 1, press: { fire: 1 } });
    await world.clock.waitUntil('what is right counts', () => shown(adas).fired[1] === 1, 500);
    assert.equal(raw.say('input', { room: id }), false, 'the 20th');
  });

  it('[W9] [I6] inputs in their short form count as whole ones do, by numbers of this connection alone', async () => {
    const { world, id, adas } = await playing(25, ['ada']);
    const raw = openRawConnection(world, world.node('b'), 'bob');
    const joined = (await raw.ask('join', { room: id, short: true })) as unknown as {
      number: number;
      shortInputs: boolean;
    };
    assert.equal(joined.shortInputs, true);
    const { number } = joined;
    assert.equal('shortInputs' in (await raw.ask('join', { room: id })), false, 'only where it was asked for');
    raw.say('i', [number, 1, { steer: { x: 3 } }]);
    await world.clock.waitUntil('held', () => shown(adas).steer[1]?.x === 3, 500);
    raw.say('i', [number, 2, 0, { fire: 2 }]);
    // 3 is missing: what is held counts, the press waits for it
    raw.say('i', [number, 4, { steer: { x: 5 } }, { fire: 1 }, 3]);
    await world.clock.waitUntil('pressed', () => shown(adas).fired[1] === 2 && shown(adas).steer[1]?.x === 5, 500);
    await world.clock.advance(300);
    assert.equal(shown(adas).fired[1], 2);
    const before = JSON.stringify(shown(adas).steer);
    for (const other of [number + 1, 0]) assert.equal(raw.say('i', [other, 9, { steer: { x: 1 } }]), true);
    for (const malformed of [
      {},
      7,
      [],
      [number],
      [number, -1],
      [number, 9, 7],
      [number, 9, 0, { fire: 'x' }],
      [number, 9, 0, 0, 1.5],
      [number, 9, 0, 0, 0, 0],
      [String(number), 9, 0],
    ])
      assert.equal(raw.say('i', malformed), true);
    await world.clock.advance(300);
    assert.equal(JSON.stringify(shown(adas).steer), before);
    for (let i = 10; i < limits.malformedPackets.burst; i++) raw.say('i', null);
    assert.equal(raw.say('i', null), false, 'each malformed one was counted');
  });

  it('[I6] more than the rate is dropped, and what comes after the flood counts', async () => {
    const { world, id, adas } = await playing(23, ['ada']);
    const raw = openRawConnection(world, world.node('b'), 'bob');
    await raw.ask('join', { room: id });
    for (let n = 1; n <= 1_000; n++) raw.say('input', { room: id, n, hold: { steer: { x: n % 9 } } });
    await world.clock.advance(limits.inputNumberInterval + 200);
    assert.equal(adas.info.inputs[1], limits.inputs.burst);
    raw.say('input', { room: id, n: 2_000, press: { fire: 1 } });
    await world.clock.waitUntil('it counts', () => shown(adas).fired[1] === 1, 500);
  });

  it('[I5] who is thrown out holds nothing more', async () => {
    const { world, adas, bobs } = await playing(24);
    bobs.input.steer({ x: 4 });
    await world.clock.waitUntil('held', () => shown(adas).steer[1]?.x === 4);
    assert.ok((await world.clock.run(adas.kick(1))).ok);
    bobs.input.steer({ x: 5 });
    await world.clock.advance(500);
    assert.equal(bobs.ended?.code, 'kicked');
  });
});

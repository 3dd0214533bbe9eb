import assert from 'node:assert/strict';
import { moveTimer } from '../../../server/rooms/core/document.ts';
import { limits } from '../../../shared/limits.ts';
import { turnBot, turns, turnsGame, type TurnState } from '../bot-games.ts';
import { documentOf, memoryStoreRoom, openRoom } from './cluster-room-fixture.ts';

const moves = (room: { state: unknown }): number[] => (room.state as TurnState).moves;

async function against(players: readonly string[], bots: number, how: { bot?: typeof turnBot; seed?: number } = {}) {
  const party = await openRoom(turns, turnsGame(how.bot ?? turnBot), players, {
    request: { bots },
    ...(how.seed === undefined ? {} : { seed: how.seed }),
  });
  assert.ok((await party.world.clock.run(party.rooms[0]!.start())).ok);
  return { ...party, adas: party.rooms[0]!, ada: party.clients[0]! };
}

describe('bots on a cluster', () => {
  it('[B1] come with the room, as its creator asked', async () => {
    const { adas } = await against(['ada'], 3);
    assert.deepEqual(
      adas.players.map(s => s && [s.name, s.bot, s.here]),
      [
        ['ada', false, true],
        ['Bot 1', true, true],
        ['Bot 2', true, true],
        ['Bot 3', true, true],
      ],
    );
  });

  for (const when of ['before it is due', 'as it is written', 'when it is written and not told'] as const) {
    it(`[B3] [T3] a move survives the owner's death ${when}, and is made once`, async () => {
      const { world, id, owner, adas } = await against(['ada'], 1, { seed: 11 });
      assert.ok((await world.clock.run(adas.act.play({ n: 0 }))).ok);
      assert.ok(documentOf(world, id).hidden.timers[moveTimer(1)]);
      if (when === 'before it is due') await world.clock.advance(300);
      else {
        const never = new Promise<void>(() => {});
        let entries = 0;
        world.faultFor = call =>
          call.op === 'append' && call.node === owner.name && ++entries > 0
            ? when === 'as it is written'
              ? { hold: never }
              : { holdReply: never }
            : undefined;
        await world.clock.waitUntil('the owner moves', () => entries > 0);
        await world.clock.advance(5);
      }
      world.kill(owner);
      await world.clock.waitUntil('the bot has moved', () => moves(adas).length === 2, 6_000);
      await world.clock.advance(5_000);
      assert.deepEqual(moves(adas), [0, 1]);
      assert.notEqual(world.owner(id), owner);
      assert.ok((await world.clock.run(adas.act.play({ n: 2 }))).ok);
      await world.clock.waitUntil('the bot goes on', () => moves(adas).length === 4);
    });
  }

  it('[B3] one owner after the other dies, and every move of three bots is made once', async () => {
    const { world, id, adas } = await against(['ada'], 3, { seed: 12 });
    for (let round = 0; round < 3; round++) {
      const n = moves(adas).length;
      assert.ok((await world.clock.run(adas.act.play({ n }))).ok);
      await world.clock.advance(250 + 350 * round);
      const owner = world.owner(id)!;
      if (owner.name !== 'a') {
        world.kill(owner);
        await world.bootNode(owner.name);
      }
      await world.clock.waitUntil('it is her turn again', () => moves(adas).length === n + 4, 8_000);
    }
    assert.deepEqual(moves(adas), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it('[B4] [O9] with nobody here they rest, the room sleeps, and all goes on when somebody is back', async () => {
    const { world, id, ada, adas } = await against(['ada'], 3);
    assert.ok((await world.clock.run(adas.act.play({ n: 0 }))).ok);
    world.disconnect(ada);
    await world.clock.advance(1_000);
    const rested = documentOf(world, id).state as unknown as TurnState;
    assert.ok(rested.moves.length <= 2, 'at most the move that was under way');
    await world.clock.advance(limits.sleepAfter + 5_000);
    assert.equal(world.owner(id), undefined, 'it sleeps');
    const entries = memoryStoreRoom(world, id)!.seq;
    await world.clock.advance(30_000);
    assert.equal(memoryStoreRoom(world, id)!.seq, entries);
    ada.isOffline = false;
    await world.clock.waitUntil('it is her turn', () => adas.live && moves(adas).length === 4, 10_000);
  });

  it('[B5] away → bot → back, with an owner that dies in between', async () => {
    const {
      world,
      owner,
      clients,
      rooms: [adas, bobs],
    } = await against(['ada', 'bob'], 0);
    assert.ok(adas && bobs);
    world.disconnect(clients[1]!);
    assert.ok((await world.clock.run(adas.act.play({ n: 0 }))).ok);
    await world.clock.waitUntil('Bob is away', () => !adas.players[1]!.here);
    world.kill(owner);
    await world.clock.waitUntil(
      'the bot plays for him',
      () => adas.players[1]!.bot && moves(adas).length === 2,
      12_000,
    );
    clients[1]!.isOffline = false;
    await world.clock.waitUntil('Bob is back', () => bobs.live && !adas.players[1]!.bot && adas.players[1]!.here);
    assert.ok((await world.clock.run(adas.act.play({ n: 2 }))).ok);
    await world.clock.advance(5_000);
    assert.deepEqual(moves(adas), [0, 1, 0], 'nobody plays for him now');
    assert.ok((await world.clock.run(bobs.act.play({ n: 3 }))).ok);
  });

  it('[B2] one that fails harms nobody, on any owner, and does not fill the journal', async () => {
    const { world, id, owner, adas } = await against(['ada'], 2, {
      bot: (s, seat, random) => {
        if (seat === 1) throw new Error('the bot fails');
        return turnBot(s, seat, random);
      },
    });
    assert.ok((await world.clock.run(adas.act.play({ n: 0 }))).ok);
    await world.clock.advance(10_000);
    const { seq } = memoryStoreRoom(world, id)!;
    await world.clock.advance(20_000);
    assert.equal(memoryStoreRoom(world, id)!.seq, seq);
    world.kill(owner);
    await world.clock.run(adas.ready()); // whatever it says, it finds the next owner
    await world.clock.advance(10_000);
    assert.ok(memoryStoreRoom(world, id)!.seq - seq < 12);
    assert.deepEqual(moves(adas), [0]);
    assert.equal(world.owner(id)!.warnings.filter(s => s.startsWith('room abandoned')).length, 0);
  });

  it('[B6] when the last player leaves, the match ends, and the room goes', async () => {
    const { world, id, adas } = await against(['ada'], 3);
    assert.ok((await world.clock.run(adas.act.play({ n: 0 }))).ok);
    await world.clock.run(adas.leave());
    assert.equal(documentOf(world, id).room.phase, 'ended');
    await world.clock.advance(limits.sleepAfter + 5_000);
    assert.equal(memoryStoreRoom(world, id), undefined);
  });
});

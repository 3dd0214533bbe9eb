import assert from 'node:assert/strict';
import type { Room } from '../../../client/room.ts';
import type { ActionResult } from '../../../client/outbox.ts';
import { documentOf } from './cluster-room-fixture.ts';
import { openLatecomersRoom, latecomers, type LatecomersDef } from './latecomers-fixture.ts';

/** Draws numbers below `n` from a seed. */
function drawer(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return n => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % n;
  };
}

type Live = Room<LatecomersDef>;

/**
 * One player with two windows, doing whatever a person can do to a room in whatever state it is: joining, leaving,
 * closing, acting, losing the network for a moment or for longer than the seat is held, while owners die and messages
 * are late.
 */
async function story(seed: number): Promise<void> {
  const { world, id, adas, bobs } = await openLatecomersRoom(seed, 'swift');
  const draw = drawer(seed * 7 + 1);
  const eve = world.client('eve', 'b');
  const eves = await world.clock.run(eve.client.join(latecomers, { id })); // with Ada, so that somebody is always here
  const windows = [world.client('zoe', 'a'), world.client('zoe', 'b')];
  const rooms: (Live | null)[] = [null, null];
  const open: { what: string; settled: boolean }[] = [];
  const verdicts = new Map<string, ActionResult>();
  const log: string[] = [];
  const follow = <T>(what: string, promise: Promise<T>): Promise<T | undefined> => {
    const one = { what, settled: false };
    open.push(one);
    return promise.then(
      value => {
        one.settled = true;
        return value;
      },
      () => {
        one.settled = true;
        return undefined;
      },
    );
  };
  let deeds = 0;
  for (let i = 0; i < 40; i++) {
    const w = draw(2);
    const window = windows[w]!;
    const room = rooms[w];
    const what = draw(12);
    log.push(`${Math.round(world.clock.mono())}: window ${w} ${what}`);
    if (what <= 2)
      void follow(`join ${i}`, window.client.join(latecomers, { id })).then(made => {
        if (made) rooms[w] = made;
      });
    else if (what === 3 && room) void follow(`leave ${i}`, room.leave());
    else if (what === 4 && room) room.close();
    else if (what <= 7 && room)
      for (let n = draw(3); n >= 0; n--) {
        const deed = `d${deeds++}`;
        void follow(`act ${deed}`, room.act.add({ id: deed })).then(said => {
          if (said) verdicts.set(deed, said as ActionResult);
        });
      }
    else if (what === 8) for (const line of [...window.connections]) line.breakConnection();
    else if (what === 9) {
      world.disconnect(window);
      const ms = draw(3) === 0 ? 65_000 : draw(4_000);
      world.clock.after(ms, () => {
        window.isOffline = false;
      });
    } else if (what === 10 && draw(3) === 0) {
      const owner = world.owner(id);
      if (owner && world.nodes.size < 6) {
        world.kill(owner);
        world.startNode(`${owner.name}${i}`);
      }
    } else if (what === 11) {
      const late = draw(300);
      world.copyDelays = () => [Math.floor(world.random() * late)];
      world.clock.after(3_000, () => {
        world.copyDelays = () => [0];
      });
    }
    await world.clock.advance(draw(4) === 0 ? 0 : draw(2_500));
    if (draw(15) === 0) await world.clock.advance(70_000);
  }
  for (const window of windows) window.isOffline = false;
  world.copyDelays = () => [0];
  try {
    await world.clock
      .waitUntil('all settle', () => open.every(one => one.settled) && world.owner(id) !== undefined, 90_000)
      .catch((error: Error) => {
        throw new Error(
          `${error.message}: ${open
            .filter(o => !o.settled)
            .map(o => o.what)
            .join()}`,
        );
      });
    await world.clock.advance(75_000);
    const { hidden, state } = documentOf(world, id);
    const done = (state as unknown as { done: { seat: number; id: string }[] }).done.map(d => d.id);
    assert.equal(new Set(done).size, done.length, `nothing is done twice: ${done.join()}`);
    for (const [deed, said] of verdicts) {
      if (said.ok) assert.ok(done.includes(deed), `${deed} was accepted`);
      else if (said.code !== 'unknown') assert.ok(!done.includes(deed), `${deed} was refused: ${said.code}`);
    }
    const seats = hidden.seats.filter(s => s?.player === 'zoe');
    assert.ok(seats.length <= 1, 'one seat');
    // Who has a room that is not over is in it, with the seat that the owner says; who has none holds nothing but a
    // seat that is kept.
    const members = world
      .owner(id)!
      .node.ownedRooms.get(id)!
      .members.list()
      .filter(m => m.player === 'zoe');
    const living = rooms.filter((room): room is Live => room !== null && room.ended === null);
    assert.ok(living.length <= 1, 'one window has the seat');
    assert.equal(
      members.length,
      living.length,
      `members ${JSON.stringify(members)}, ${living.length} rooms; ended ${rooms.map(r => r?.ended?.code).join()}`,
    );
    for (const room of living) {
      assert.equal(room.live, true);
      assert.equal(hidden.seats[room.seat!]?.player, 'zoe');
      const said = await world.clock.run(room.act.add({ id: `last of ${seed}` }));
      assert.ok(said.ok, JSON.stringify(said));
    }
    for (const room of [adas, bobs, eves]) assert.equal(room.ended, null);
    assert.equal(adas.players.filter(p => p?.player === 'zoe').length, seats.length);
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${log.join('\n')}`, { cause: error });
  }
}

describe('coming and going', () => {
  // Found by seed 201: an action given while another join was on its way was done under the session of that join.
  for (const seed of [201, 2]) it(`[A10] [A11] [A14] [S10] [S13] seed ${seed}`, () => story(seed));
  // COUNT=200 FROM=1000: more of them.
  const [from, count] = [Number(process.env.FROM ?? 0), Number(process.env.COUNT ?? 0)];
  for (let seed = from; seed < from + count; seed++) it(`seed ${seed}`, () => story(seed));
});

import assert from 'node:assert/strict';
import { stick, stickGame } from '../unit/parlour.ts';
import { partyAt } from './guests.ts';

/** How often a client asked for heads within so many ms. */
async function asked({ world, clients }: Awaited<ReturnType<typeof partyAt>>, ms: number): Promise<number> {
  let times = 0;
  world.spy.sent = (client, name) => { if (client === clients[0] && name === 'place!') times += 1; };
  await world.clock.pass(ms);
  delete world.spy.sent;
  return times;
}

describe('the keep-alive', () => {
  it('[C4] asks about once a second where nothing happens, and every third second where changes come all the time', async () => {
    const party = await partyAt(stick, stickGame(null), ['ada', 'bob'], { seed: 31 });
    const quiet = await asked(party, 9_000);
    assert.ok(quiet >= 8 && quiet <= 10, `${quiet} times in 9 s, before the match`);
    assert.ok((await party.world.clock.run(party.rooms[0]!.start())).ok);
    await party.world.clock.pass(3_000);
    const flowing = await asked(party, 9_000);
    assert.ok(flowing >= 2 && flowing <= 4, `${flowing} times in 9 s of the match`);
  });

  it('[C4] notices as soon as ever that nothing comes any more', async () => {
    const { world, clients, rooms } = await partyAt(stick, stickGame(null), ['ada', 'bob'], { seed: 32, nodes: ['a', 'b'] });
    assert.ok((await world.clock.run(rooms[0]!.start())).ok);
    await world.clock.pass(4_000);
    const [line] = clients[0]!.lines;
    world.freeze(line!.host);
    // A beat that has just been left out, the next one a second later, and the time for its answer.
    await world.clock.until('another line', () => [...clients[0]!.lines].some(one => one !== line), 2_700);
  });
});

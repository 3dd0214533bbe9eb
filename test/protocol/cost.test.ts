import assert from 'node:assert/strict';
import { limits } from '../../shared/limits.ts';
import { tally, tallyGame } from '../../bench/tally.ts';
import { partyAt } from './guests.ts';
import type { World } from './world.ts';

/** What leaves nodes while something happens: appends, messages from node to node, broadcasts to all. */
async function sent(world: World, during: () => Promise<unknown>): Promise<{ appends: number; messages: number; broadcasts: number }> {
  const counts = { appends: 0, messages: 0, broadcasts: 0 };
  const calls = world.calls.length;
  const { spy } = world;
  // Besides, once a second, nodes tell each other who is where.
  const ofAnAction = (text: string) => /"room"|"change"|"answer":\[\[/.test(text) && !/"heads"/.test(text);
  world.spy = { ...spy, published: (_host, text) => { if (ofAnAction(text)) counts.messages += 1; }, broadcast: () => { counts.broadcasts += 1; } };
  await during();
  world.spy = spy;
  counts.appends = world.calls.slice(calls).filter(call => call.op === 'append').length;
  return counts;
}

/** Counts, not times: what an action costs Redis is the same on every machine. */
describe('what an action costs', () => {
  const actions = 20;
  const at = (nodes: string[]) => partyAt(tally, tallyGame, ['ada', 'bob'], { nodes });
  const act = async ({ world, rooms }: Awaited<ReturnType<typeof at>>) => {
    for (let i = 0; i < actions; i++) assert.ok((await world.clock.run(rooms[0]!.act.add({ k: i + 1 }))).ok);
  };

  it('[O21] one command where all members are on the owner\'s node: its append', async () => {
    const party = await at(['a']);
    assert.deepEqual(await sent(party.world, () => act(party)), { appends: actions, messages: 0, broadcasts: 0 });
  });

  it('[O21] three where they are on another: the question, the append, the answer together with what is new', async () => {
    const party = await at(['a', 'z']);
    assert.deepEqual(await sent(party.world, () => act(party)), { appends: actions, messages: 2 * actions, broadcasts: 0 });
  });

  for (const nodes of [['a', 'b', 'z'], ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'z']]) {
    it(`[O21] one more for each other node that has members, of ${nodes.length} nodes`, async () => {
      const party = await at(nodes);
      assert.deepEqual(await sent(party.world, () => act(party)), { appends: actions, messages: 3 * actions, broadcasts: 0 });
    });
  }

  it('[O21] after a takeover everything goes to everybody, until all nodes have said who is there', async () => {
    const party = await at(['a', 'b', 'c']);
    const { world, id, rooms } = party;
    world.kill(party.owner);
    const first = await sent(world, () => act(party));
    assert.ok(first.broadcasts >= actions, JSON.stringify(first));
    await world.clock.pass(limits.membersKnown + 100);
    assert.ok(world.owner(id));
    const later = await sent(world, () => world.clock.run(rooms[1]!.act.add({ k: 1 })));
    assert.equal(later.broadcasts, 0);
    assert.deepEqual(rooms[0]!.state, rooms[1]!.state);
  });
});

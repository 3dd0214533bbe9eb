import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { openRoom } from './cluster-room-fixture.ts';

interface Cards {
  deck: { id: number; text: string }[];
  hand: unknown[];
  notes: string[];
}
const cards = (kind: 'plain' | 'late' = 'plain') =>
  contract('cards', {
    version: 1,
    seats: { min: 1, max: 3 },
    start: 'host',
    late: kind === 'late',
    replay: true,
    options: z.object({ cards: z.int().default(1_000), width: z.int().default(10) }),
    state: state<Cards>(),
    actions: { draw: z.object({}), grow: z.object({ by: z.int() }), end: z.object({}) },
  });
const cardsGame = cards().rules({
  setup: ctx => ({
    deck: Array.from({ length: ctx.options.cards }, (_x, id) => ({ id, text: 'x'.repeat(ctx.options.width) })),
    hand: [],
    notes: [],
  }),
  actions: {
    draw: s => {
      s.hand = [s.deck.shift()!];
    },
    grow: (s, { by }) => {
      s.notes.push('y'.repeat(by));
    },
    end: (_s, _d, ctx) => ctx.end({ ranking: [[0]] }),
  },
});

async function dealt(options: { cards: number; width: number }) {
  const party = await openRoom(cards(), cardsGame, ['ada', 'bob'], { seed: 3, request: { options } });
  const said = await party.world.clock.run(party.rooms[0]!.start());
  return { ...party, said, adas: party.rooms[0]!, bobs: party.rooms[1]! };
}

describe('a large state', () => {
  it('[J11] a match may begin with a state of nearly a megabyte, and goes on: changes, late members, another owner, a recording', async () => {
    const {
      world,
      id,
      said,
      adas,
      bobs,
      clients: [ada],
    } = await dealt({ cards: 1_000, width: 950 });
    assert.ok(said.ok);
    await world.clock.waitUntil(
      'both have it',
      () => adas.state?.deck.length === 1_000 && bobs.state?.deck.length === 1_000,
    );
    const before = ada!.bytes.length;
    assert.ok((await world.clock.run(adas.act.draw({}))).ok);
    const told = ada!.bytes.slice(before).join('');
    assert.ok(told.length < 3_000, `drawing one card of a thousand takes ${told.length} bytes`);
    assert.deepEqual([adas.state!.deck.length, adas.state!.hand], [999, [{ id: 0, text: 'x'.repeat(950) }]]);
    const eve = await world.clock.run(world.client('eve', 'b').client.watch(cards(), { id }));
    assert.deepEqual(eve.state, adas.state);
    world.kill(world.owner(id)!);
    await world.clock.waitUntil('another node runs it', () => world.owner(id) !== undefined && adas.live);
    assert.ok((await world.clock.run(bobs.act.draw({}))).ok);
    await world.clock.waitUntil('all see the same', () =>
      [adas, bobs, eve].every(room => room.state!.deck.length === 998),
    );
    for (let i = 0; i < 70; i++) assert.ok((await world.clock.run(bobs.act.draw({}))).ok); // past a snapshot
    assert.ok((await world.clock.run(adas.act.end({}))).ok);
    await world.clock.advance(3_000);
    const replay = await world.clock.run(world.owner(id)!.node.replays.read(id, 1));
    assert.ok(replay.ok && (replay.view.state as unknown as Cards).deck.length === 1_000);
    assert.equal(adas.ended, null);
  });

  it('[J11] one that would make the document larger than a document may be is refused, and the room goes on', async () => {
    const { world, said, adas } = await dealt({ cards: 1_000, width: 1_100 });
    assert.ok(!said.ok && said.code === 'rule-failed');
    assert.equal(adas.info.phase, 'waiting');
    assert.ok(
      [...world.nodes.values()].some(host =>
        host.warnings.some(line => /a document of \d+ bytes; at most 1048576/.test(line)),
      ),
    );
  });

  it('[J11] a change of more than 64 KiB is refused', async () => {
    const { world, adas, said } = await dealt({ cards: 10, width: 10 });
    assert.ok(said.ok);
    const large = await world.clock.run(adas.act.grow({ by: limits.entryBytes }));
    assert.ok(!large.ok && large.code === 'rule-failed');
    const bytes = await world.clock.run(adas.act.grow({ by: limits.entryBytes - 100 }));
    assert.ok(bytes.ok);
  });
});

import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, schema, state } from '../../../shared/contract.ts';
import { JournalMismatchError } from '../../../testkit/journal-verifier.ts';
import { documentOf, openRoom, type ClusterRoomFixture } from './cluster-room-fixture.ts';

interface Shelf {
  deck: { name: string; n: number }[];
  words: Record<string, unknown>;
  log: string[];
}
const shelf = contract('shelf', {
  version: 1,
  seats: { min: 1, max: 2 },
  start: 'host',
  state: state<Shelf>(),
  refusals: ['no'],
  actions: {
    take: z.object({}),
    again: z.object({ word: z.string() }),
    say: z.object({ word: z.string() }),
    spoil: z.object({ how: z.string() }),
    deal: schema<object>(() => true),
  },
  timers: { one: z.object({}), two: z.object({}) },
});
/** Constants of the module of a game, as authors write them. */
const constants = () => ({
  deck: [
    { name: 'ace', n: 1 },
    { name: 'king', n: 13 },
  ],
  words: { first: { count: 0 } },
});
const stash: { of: Shelf | null } = { of: null };

const shelfGame = (own: ReturnType<typeof constants>) =>
  shelf.rules({
    setup: () => ({ deck: own.deck, words: own.words, log: [] }),
    actions: {
      take: (s, _data, ctx) => {
        s.deck[0]!.n += 1;
        s.deck.push(s.deck.shift()!);
        s.log.push(`took ${ctx.seat}`);
      },
      deal: s => {
        s.deck = own.deck;
      },
      again(s, { word }) {
        const was = s.words[word];
        delete s.words[word];
        s.words[word] = was ?? 0;
      },
      say(s, { word }) {
        const count = Object.hasOwn(s.words, word) ? (s.words[word] as number) + 1 : 1;
        Object.defineProperty(s.words, word, { value: count, writable: true, enumerable: true, configurable: true });
      },
      spoil(s, { how }, ctx) {
        if (how === 'order') {
          delete s.words['first'];
          s.words['first'] = 1;
          ctx.refuse('no');
        }
        if (how === 'constant') {
          s.deck = own.deck;
          ctx.refuse('no');
        }
        if (how === 'negative') (s.log as unknown as Record<string, string>)[-1] = 'lost';
        if (how === 'named') Object.assign(s.log, { last: 'lost' });
        if (how === 'stash') stash.of = s;
      },
    },
    timers: {
      one: s => {
        s.log.push('one');
      },
      two: s => {
        s.log.push('two');
      },
    },
  });

async function played(own = constants()) {
  const party = await openRoom(shelf, shelfGame(own), ['ada', 'bob'], { seed: 11 });
  const [adas, bobs] = party.rooms as [
    ClusterRoomFixture<(typeof shelf)['def']>['rooms'][0],
    ClusterRoomFixture<(typeof shelf)['def']>['rooms'][0],
  ];
  assert.ok((await party.world.clock.run(adas.start())).ok);
  const act = async (name: 'take' | 'again' | 'say' | 'spoil' | 'deal', data: object = {}) =>
    party.world.clock.run(
      (adas.act[name] as (data: object) => Promise<{ ok: boolean; code?: string; detail?: string }>)(data),
    );
  const same = async () => {
    await party.world.clock.waitUntil('all have it', () =>
      [adas, bobs].every(
        room => room.position.join() === party.world.owner(party.id)?.node.ownedRooms.get(party.id)?.head.head.join(),
      ),
    );
    const text = JSON.stringify(documentOf(party.world, party.id).state);
    for (const room of [adas, bobs]) assert.equal(JSON.stringify(room.state), text, 'the same keys in the same order');
    return JSON.parse(text) as Shelf;
  };
  return { ...party, adas, bobs, act, same };
}

describe('the state is what the journal says', () => {
  it('[J14] a constant that is put into the state is copied: rooms do not share it, and it stays as it is', async () => {
    const own = constants();
    const {
      world,
      clients: [ada],
      act,
      same,
    } = await played(own);
    for (let i = 0; i < 3; i++) assert.ok((await act('take')).ok);
    assert.ok((await act('deal')).ok);
    assert.ok((await act('take')).ok);
    assert.deepEqual(own, constants());
    assert.deepEqual((await same()).deck, [
      { name: 'king', n: 13 },
      { name: 'ace', n: 2 },
    ]);
    const other = await world.clock.run(ada!.client.create(shelf));
    await world.clock.run(other.start());
    assert.deepEqual(other.state!.deck, constants().deck);
    assert.deepEqual((await act('spoil', { how: 'constant' })).code, 'no');
    assert.deepEqual(own, constants(), 'nor does a refusal change it');
  });

  it('[J10] a key that is removed and set again comes last for the owner, the clients and the next owner', async () => {
    const { world, id, adas, act, same } = await played();
    for (const word of ['b', 'a', '7', 'c']) await act('say', { word });
    await act('again', { word: 'b' });
    assert.deepEqual(Object.keys((await same()).words), ['7', 'first', 'a', 'c', 'b']);
    assert.equal((await act('spoil', { how: 'order' })).code, 'no');
    await world.clock.run(Promise.all(['a', 'first', 'a'].map(word => adas.act.again({ word })))); // in one entry
    assert.deepEqual(Object.keys((await same()).words), ['7', 'c', 'b', 'first', 'a']);
    world.kill(world.owner(id)!);
    await world.clock.waitUntil('another node runs it', () => world.owner(id) !== undefined && adas.live);
    assert.ok((await act('say', { word: 'c' })).ok);
    assert.deepEqual(Object.keys((await same()).words), ['7', 'c', 'b', 'first', 'a']);
  });

  it('[R11] any word is a key', async () => {
    const { world, id, adas, act, same } = await played();
    const words = ['constructor', 'prototype', '#', '##', '#a', '__proto__', 'toString', '', 'a.b', '✓'];
    for (const word of [...words, ...words]) assert.ok((await act('say', { word })).ok, word);
    world.kill(world.owner(id)!);
    await world.clock.waitUntil('another node runs it', () => world.owner(id) !== undefined && adas.live);
    for (const word of words) assert.ok((await act('say', { word })).ok, word);
    const state = await same();
    for (const word of words) assert.equal(Object.getOwnPropertyDescriptor(state.words, word)?.value, 3, word);
    assert.equal(({} as Record<string, unknown>)['count'], undefined);
  });

  it('[R12] what an array keeps besides its elements is refused with its path', async () => {
    const { world, act, same } = await played();
    for (const [how, path] of [
      ['negative', /state\.log\.-1 is a field of an array/],
      ['named', /state\.log\.last is a field of an array/],
    ] as const) {
      assert.equal((await act('spoil', { how })).code, 'rule-failed');
      assert.ok(
        [...world.nodes.values()].some(host => host.warnings.some(line => path.test(line))),
        how,
      );
      assert.ok((await act('take')).ok);
      await world.clock.advance(2_000); // a rule that fails is logged once a second
    }
    assert.deepEqual((await same()).log, ['took 0', 'took 0']);
  });

  it('[R12] a rule that keeps the state and spoils it later fails at the next step', async () => {
    for (const spoil of [
      (s: Shelf) => Object.setPrototypeOf(s.words, { inherited: 1 }),
      (s: Shelf) => {
        s.log.toString = () => '';
      },
    ]) {
      const { act } = await played();
      await act('spoil', { how: 'stash' });
      spoil(stash.of!);
      assert.equal((await act('take')).code, 'rule-failed');
    }
  });

  it('[J13] a comparison says where owner and journal differ, in a value or in the order of keys', async () => {
    const { world, id, act } = await played();
    const doc = documentOf(world, id);
    (doc.room as { code: string }).code = 'other';
    await assert.rejects(
      act('take'),
      (error: unknown) =>
        error instanceof JournalMismatchError && /room\.code is "other" at the owner/.test(error.message),
    );
  });
});

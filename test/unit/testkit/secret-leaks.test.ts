import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';
import { LeakError, table } from '../../../testkit/index.ts';

type Fault = 'event' | 'refusal' | 'log' | 'view';
interface Spies {
  words: string[];
  round: number;
  turn: number;
}

/** Everybody has a word that nobody else may see. It can be made to give it away in every way there is. */
const spies = contract('spies', {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<Spies>(),
  view: view<{ word: string | null; round: number; turn: number; words: string[] | null }>(),
  actions: { next: z.object({}), ask: z.object({ seat: z.int() }), fail: z.object({}), end: z.object({}) },
  events: {
    went: z.object({ seat: z.int(), word: z.string().optional() }),
    own: z.object({ word: z.string() }),
    opened: z.object({ words: z.array(z.string()) }),
  },
  signals: { emote: z.enum(['hi']) },
  refusals: ['no'],
  start: 'ready',
  late: true,
  replay: true,
});
const spiesGame = (fault: Fault | null) => {
  const word = (random: { int(a: number, b: number): number }) => `agent-${random.int(100_000, 999_999)}`;
  return spies.rules({
    setup: ctx => ({ words: ctx.players.map(() => word(ctx.random)), round: 0, turn: 0 }),
    actions: {
      next(s, _data, ctx) {
        s.words[ctx.seat] = word(ctx.random);
        s.round += 1;
        ctx.emit('went', { seat: ctx.seat, ...(fault === 'event' ? { word: s.words[ctx.seat]! } : {}) });
        ctx.emit('own', { word: s.words[ctx.seat]! }, [ctx.seat]);
      },
      ask: (s, { seat }, ctx) => ctx.refuse('no', fault === 'refusal' ? `it is ${s.words[seat]}` : 'nobody says'),
      fail(s, _data, ctx) {
        throw new Error(fault === 'log' ? `cannot use ${s.words[ctx.seat]}` : 'as told');
      },
      end(s, _data, ctx) {
        ctx.end({ ranking: [ctx.players.map((_p, i) => i)] });
        ctx.emit('opened', { words: [...s.words] });
      },
    },
    joined(s, ctx) {
      s?.words.push(word(ctx.random));
    },
    view: (s, { seat, ended }) => ({
      word: seat === null ? null : (s.words[seat] ?? null),
      round: s.round,
      turn: s.turn,
      words: ended || (fault === 'view' && s.round > 2) ? s.words : null,
    }),
  });
};

/** Everything a table can go through, with everybody's bytes on record. */
async function throughAll(seed: number, fault: Fault | null) {
  const t = await table(spiesGame(fault), { players: 3, seed, failures: 'collect' });
  const watcher = await t.watch();
  for (let round = 0; round < 3; round++) {
    for (const seat of t.seats) await seat.act.next();
    assert.equal((await t.seats[1]!.act.ask({ seat: 0 })).ok, false);
    assert.equal((await t.seats[2]!.act.fail()).ok, false);
    t.seats[0]!.signal.emote('hi');
    if (round === 0) await t.killOwner();
    if (round === 1) {
      t.disconnect(t.seats[2]!);
      await t.seats[0]!.act.next();
      await t.advance(700);
      await t.reconnect(t.seats[2]!);
      await t.drainOwner();
    }
    if (round === 2) await t.freezeOwner();
  }
  await t.watch('Late'); // by a snapshot
  // One is thrown out while the others play on: what is said after that is not for it.
  await t.world.clock.run(t.seats[0]!.room.kick(2));
  await t.seats[0]!.act.next();
  await t.seats[1]!.act.next();
  await t.advance(1_500);
  return { t, watcher };
}

describe('secrets', () => {
  for (const seed of [1, 2, 3]) {
    it(`[V1] [H1] are in nobody else's bytes and in no log: live, resumed, refused, watched, thrown out, after a kill, a freeze and a drain (${seed})`, async () => {
      const { t, watcher } = await throughAll(seed, null);
      t.neverLeaks((s, seat) => s.words[seat]);
      // By hand, too: whatever the function looks at, these bytes hold none of these words.
      const words = new Map<number, Set<string>>();
      for (const { state: s, room } of t.history())
        if (s !== null && room.phase === 'playing')
          (s as unknown as Spies).words.forEach((word, seat) =>
            words.set(seat, (words.get(seat) ?? new Set()).add(word)),
          );
      let looked = 0;
      for (const [owner, list] of words) {
        for (const word of list) {
          for (const reader of [...t.seats.filter(seat => seat.name !== t.seats[owner]!.name), watcher])
            for (const text of reader.bytes) {
              looked += 1;
              assert.ok(!text.includes(word), `${reader.name}: ${word}`);
            }
          for (const line of t.world.logLines) assert.ok(!line.includes(word), line);
        }
      }
      assert.ok(looked > 1_000 && t.world.logLines.length > 3, `${looked} texts, ${t.world.logLines.length} lines`);
      await t.seats[0]!.act.end();
      t.neverLeaks((s, seat) => s.words[seat]); // what lies open at the end is no leak
    });
  }

  for (const fault of ['event', 'refusal', 'log', 'view'] as const) {
    it(
      `[V1] a game that gives one away by ${fault === 'event' || fault === 'refusal' ? 'an' : 'a'} ${fault} is found out`.replace(
        'an refusal',
        'a refusal',
      ),
      async () => {
        const { t } = await throughAll(5, fault);
        assert.throws(() => t.neverLeaks((s, seat) => s.words[seat]), LeakError);
      },
    );
  }
});

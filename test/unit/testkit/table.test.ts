import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';
import { arenaGame } from '../../../shared/games/arena/rules.ts';
import { fourInARowGame } from '../../../shared/games/four-in-a-row/rules.ts';
import { liarsDiceGame } from '../../../shared/games/liars-dice/rules.ts';
import { LeakError, table } from '../../../testkit/index.ts';

describe('the test kit', () => {
  it('plays a game whose owner is killed in the middle', async () => {
    const t = await table(fourInARowGame, { seed: 3 });
    const [ann, bob] = t.seats as [(typeof t.seats)[0], (typeof t.seats)[0]];
    for (let i = 0; i < 4; i++) {
      const first = ann.state.turn === ann.seat ? ann : bob;
      const said = await first.act.drop({ column: first === ann ? 0 : 1 });
      assert.ok(said.ok, JSON.stringify(said));
      const before = t.owner;
      const stood = await t.killOwner();
      assert.notEqual(t.owner, before);
      assert.ok(stood < 2_000, `stood still for ${stood} ms`);
    }
    assert.equal(ann.state.moves, 4);
    assert.deepEqual(ann.state, bob.state);
    const refused = await (ann.state.turn === ann.seat ? bob : ann).act.drop({ column: 3 });
    assert.ok(!refused.ok && refused.code === 'not-your-turn');
    await t.advance(61_000);
    assert.equal(ann.info.phase, 'ended', 'the turn clock decides');
    assert.deepEqual(
      t.warnings.filter(s => s.includes('rule')),
      [],
    );
  });

  it('[X5] [X6] performs server actions, sends events, ends matches and kicks, as server code does', async () => {
    const game = contract('bank', {
      version: 1,
      seats: { min: 2, max: 2 },
      state: state<{ money: number }>(),
      actions: {},
      serverActions: { pay: z.object({ by: z.int() }) },
      events: { paid: z.object({ by: z.int() }) },
      refusals: ['too-much'],
    }).rules({
      setup: () => ({ money: 0 }),
      actions: {},
      serverActions: {
        pay: (s, { by }, ctx) => {
          if (by > 9) ctx.refuse('too-much', `${by}`);
          s.money += by;
        },
      },
    });
    const t = await table(game, { seed: 6 });
    const [ann, bob] = t.seats as [(typeof t.seats)[0], (typeof t.seats)[0]];
    assert.deepEqual(await t.server.act('pay', { by: 5 }, { key: 'order' }), { repeated: false });
    await t.killOwner();
    assert.deepEqual(await t.server.act('pay', { by: 5 }, { key: 'order' }), { repeated: true });
    assert.deepEqual([ann.state, bob.state], [{ money: 5 }, { money: 5 }]);
    await assert.rejects(t.server.act('pay', { by: 10 }), { name: 'ServerRoomError', code: 'too-much', detail: '10' });
    await t.server.send('paid', { by: 5 });
    assert.deepEqual(bob.events, [{ name: 'paid', data: { by: 5 }, replayed: false }]);
    await t.server.end({ ranking: [[1], [0]] });
    assert.deepEqual(ann.info.result, { ranking: [[1], [0]] });
    await t.server.kick(bob.id);
    assert.equal(bob.room.ended?.code, 'kicked');
    const alone = await table(game, { nodes: 1 });
    await alone.server.act('pay', { by: 1 });
    assert.equal(alone.seats[0]!.state.money, 1);
  });

  it('a frozen owner wakes up and changes nothing; a drain is not felt', async () => {
    const t = await table(fourInARowGame, { seed: 4 });
    const turn = () => t.seats.find(s => s.seat === s.state.turn)!;
    await turn().act.drop({ column: 3 });
    await t.freezeOwner();
    await turn().act.drop({ column: 3 });
    await t.drainOwner();
    await turn().act.drop({ column: 3 });
    assert.equal(t.seats[0]!.state.moves, 3);
    assert.equal(t.history().at(-1)!.room.phase, 'playing');
  });

  it('a player whose network is gone comes back to where they were', async () => {
    const t = await table(fourInARowGame, { seed: 5 });
    const [away, other] = t.seats[0]!.state.turn === 0 ? [t.seats[1]!, t.seats[0]!] : [t.seats[0]!, t.seats[1]!];
    t.disconnect(away);
    await other.act.drop({ column: 2 });
    await t.until('it shows', () => other.info.seats[away.seat!]!.here === false);
    await t.advance(20_000);
    await t.reconnect(away);
    assert.equal(away.state.moves, 1);
    assert.ok((await away.act.drop({ column: 2 })).ok);
  });

  it("hands stay hidden in Liar's Dice, whatever dies; the whole match is recorded", async () => {
    const t = await table(liarsDiceGame, { players: 3, seed: 6, options: { dice: 2 } });
    const watcher = await t.watch();
    for (let i = 0; i < 200 && t.seats[0]!.info.phase === 'playing'; i++) {
      await t.settle(); // all see the same
      const turn = t.seats.find(s => s.seat === s.state.turn)!;
      const said = turn.state.bid === null ? await turn.act.bid({ count: 1, face: 6 }) : await turn.act.challenge();
      if (!said.ok) await t.advance(1_000);
      if (i % 5 === 2) await t.killOwner();
    }
    assert.equal(t.seats[0]!.info.phase, 'ended');
    t.neverLeaks((s, seat) => s.hands[seat], { reveals: ['challenge'] });
    const recording = await t.replay();
    assert.deepEqual((recording.at(recording.duration).state as { fallen: unknown }).fallen, watcher.state.fallen);
    const folder = mkdtempSync(join(tmpdir(), 'rejoin-replay-'));
    writeFileSync(join(folder, 'match.json'), JSON.stringify(recording.data));
    const saved = await t.replay(join(folder, 'match.json'));
    rmSync(folder, { recursive: true });
    assert.deepEqual(saved.at(saved.duration), recording.at(recording.duration));
    assert.ok(saved.events(-1, saved.duration).length > 2);
    assert.equal(saved.at(0).room.phase, 'playing', 'and back to the beginning');
    assert.equal(t.effects.filter(e => e.name === 'report').length, 1);
    assert.equal(new Set(t.effects.map(e => e.key)).size, 1);
  });

  it('a game in real time: what is held goes on across a killed owner', async () => {
    const t = await table(arenaGame, { players: 2, seed: 8, options: { rounds: 1, seconds: 20 } });
    const [ann] = t.seats as [(typeof t.seats)[0]];
    await t.advance(5_000);
    ann.input.steer({ x: 100, y: 0 });
    await t.advance(300);
    await t.killOwner();
    const applied = ann.info.inputs[ann.seat!]!;
    await t.advance(1_500);
    assert.ok(applied > 0 && ann.info.inputs[ann.seat!]! >= applied);
    assert.equal(ann.info.phase, 'playing');
    await t.advance(40_000);
    assert.equal(ann.info.phase, 'ended');
  });

  const cards = contract('cards', {
    version: 1,
    seats: { min: 2, max: 2 },
    state: state<{ hands: number[][] }>(),
    view: view<{ hands: (number[] | number)[]; hint?: number }>(),
    actions: { draw: z.object({}) },
  });
  const setup = () => ({ hands: [[1], [2]] });
  const draw = (
    s: { hands: number[][] },
    _d: object,
    ctx: { seat: number; random: { int(a: number, b: number): number } },
  ) => {
    s.hands[ctx.seat]!.push(ctx.random.int(1, 50));
  };
  it('finds a leak, also one that shows only now and then', async () => {
    const tight = cards.rules({
      setup,
      actions: { draw },
      view: (s, who) => ({ hands: s.hands.map((h, i) => (i === who.seat ? h : h.length)) }),
    });
    const leaky = cards.rules({
      setup,
      actions: { draw },
      view: (s, who) => ({
        hands: s.hands.map((h, i) => (i === who.seat ? h : h.length)),
        ...(s.hands[0]!.length > 2 ? { hint: s.hands[0]![1]! % 2 } : {}),
      }),
    });
    for (const [game, leaks] of [
      [tight, false],
      [leaky, true],
    ] as const) {
      const t = await table(game, { nodes: 1 });
      for (let i = 0; i < 3; i++) await t.seats[0]!.act.draw();
      for (const look of [
        () => t.neverLeaks((s, seat) => s.hands[seat]),
        () => t.neverLeaks((s, seat) => s.hands[seat]![1]),
      ]) {
        if (leaks) assert.throws(look, LeakError);
        else look();
      }
      assert.throws(() => t.neverLeaks((s, seat) => s.hands[seat]!.map(card => card * 2)), TypeError);
    }
  });
});

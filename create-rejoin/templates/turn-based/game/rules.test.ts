import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from 'rejoin/testkit';
import { size } from './contract.ts';
import { game } from './rules.ts';

test('five in a row win, although the server is killed in between', async () => {
  const t = await table(game, { nodes: 3, seed: 1 });
  const [ann, bob] = t.seats;
  for (let i = 0; i < 4; i++) {
    await ann!.act.place({ cell: i });
    await bob!.act.place({ cell: size + i });
  }
  await t.killOwner(); // as with kill -9: another node continues, and nothing is lost
  await ann!.act.place({ cell: 4 });
  await t.settle();
  assert.deepEqual(bob!.state.row, [0, 1, 2, 3, 4]);
  assert.deepEqual(bob!.info.result?.ranking, [[0], [1]]);
});

test('a refused move changes nothing', async () => {
  const t = await table(game);
  const [ann, bob] = t.seats;
  const early = await bob!.act.place({ cell: 0 });
  assert.equal(early.ok || early.code, 'not-your-turn');
  await ann!.act.place({ cell: 0 });
  const taken = await bob!.act.place({ cell: 0 });
  assert.equal(taken.ok || taken.code, 'taken');
  assert.equal(bob!.state.cells[0], 0);
});

test('a player who takes too long loses, also on another server', async () => {
  const t = await table(game);
  await t.advance(20_000);
  await t.killOwner();
  await t.advance(11_000);
  assert.deepEqual(t.seats[0]!.info.result?.ranking, [[1], [0]]);
});

test('a bot plays', async () => {
  const t = await table(game, { players: 1, bots: 1 });
  await t.seats[0]!.act.place({ cell: 40 });
  await t.until('the bot has placed a stone', () => t.seats[0]!.state.turn === 0);
  assert.equal(t.seats[0]!.state.cells.filter(seat => seat === 1).length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from 'rejoin/testkit';
import { field, gemsToWin } from './contract.ts';
import { game } from './rules.ts';

test('what is held counts on, although the server is killed', async () => {
  const t = await table(game, { nodes: 3, seed: 1 });
  const [ann] = t.seats;
  const start = ann!.state.runners[0]!.y;
  ann!.input.steer({ x: 0, y: -100 });
  await t.advance(1_000);
  const before = ann!.state.runners[0]!.y;
  assert.ok(before < start);
  await t.killOwner(); // as with kill -9: another node continues
  await t.advance(2_000);
  assert.ok(ann!.state.runners[0]!.y < before);
});

test('nobody leaves the field', async () => {
  const t = await table(game);
  t.seats[0]!.input.steer({ x: 100, y: 100 });
  await t.advance(10_000);
  const { x, y } = t.seats[0]!.state.runners[0]!;
  assert.deepEqual([x, y], [field.side - field.runner, field.side - field.runner]);
});

test('bots collect gems until one has won', async () => {
  const t = await table(game, { players: 1, bots: 2, seed: 3 });
  for (let second = 0; second < 120 && t.seats[0]!.info.phase === 'playing'; second++) await t.advance(1_000);
  assert.equal(t.seats[0]!.info.phase, 'ended');
  assert.ok(t.seats[0]!.state.runners.some(runner => runner?.gems === gemsToWin));
});

test('a player joins a running match', async () => {
  const t = await table(game, { players: 2 });
  await t.advance(1_000);
  assert.equal(t.seats[0]!.state.runners.length, 2);
  await t.seats[1]!.leave();
  assert.equal(t.seats[0]!.info.phase, 'ended');
});

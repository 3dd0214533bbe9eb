import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from 'rejoin/testkit';
import { playableOf, suitOf } from './cards.ts';
import { handSize } from './contract.ts';
import { game } from './rules.ts';

/** A table of three, and a function with which the player whose turn it is plays a card. */
async function threePlayers(seed: number) {
  const t = await table(game, { players: 3, nodes: 3, seed });
  const playNext = async () => {
    const { turn, trick } = t.seats[0]!.state;
    const seat = t.seats[turn]!;
    await t.settle();
    const result = await seat.act.play({ card: playableOf(seat.state.hand, trick[0]?.card)[0]! });
    assert.ok(result.ok);
    await t.settle();
  };
  return { t, playNext };
}

test('a hand stays secret, although the server is killed in the middle of a trick', async () => {
  const { t, playNext } = await threePlayers(7);
  await playNext();
  const before = t.seats[1]!.state.hand.slice();
  await t.killOwner(); // as with kill -9: another node continues, and nothing is lost
  assert.deepEqual(t.seats[1]!.state.hand, before);
  await playNext();
  await playNext();
  assert.deepEqual(t.seats[0]!.state.counts, [5, 5, 5]);
  // Runs the match again with other hands, and compares everything that the others received.
  t.neverLeaks((s, seat) => s.hands[seat]);
});

test('all tricks are won by somebody', async () => {
  const { t, playNext } = await threePlayers(2);
  for (let i = 0; i < handSize * 3; i++) await playNext();
  const { info, state } = t.seats[0]!;
  assert.equal(info.phase, 'ended');
  assert.equal(
    state.won.reduce((sum, won) => sum + won),
    handSize,
  );
});

test('who can follow suit, must', async () => {
  // A seed with which the second player has the suit that is led, and another one.
  for (let seed = 1; ; seed++) {
    const t = await table(game, { players: 2, seed });
    const [ann, bob] = t.seats;
    const lead = ann!.state.hand[0]!;
    await ann!.act.play({ card: lead });
    await t.settle();
    const wrong = bob!.state.hand.find(card => suitOf(card) !== suitOf(lead));
    const follows = bob!.state.hand.some(card => suitOf(card) === suitOf(lead));
    if (wrong === undefined || !follows) continue;
    const refused = await bob!.act.play({ card: wrong });
    assert.equal(refused.ok || refused.code, 'follow-suit');
    return;
  }
});

test('the match goes on when a player of three leaves', async () => {
  const { t, playNext } = await threePlayers(3);
  await playNext();
  await t.seats[1]!.leave();
  await t.settle();
  assert.equal(t.seats[0]!.state.turn, 2);
  assert.equal(t.seats[0]!.info.phase, 'playing');
});

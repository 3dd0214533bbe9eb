import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import { ledgerGame } from './protocol/games.ts';
import { seatedRoom } from './room-machine.ts';

const base = { version: 1, seats: { min: 1, max: 2 }, state: state<object>(), actions: { go: z.object({}) } } as const;

describe('times that an author sets', () => {
  it('[T8] a timer is a whole number of ms, at most 366 days', () => {
    const played = seatedRoom(ledgerGame, 2);
    assert.equal(played.act(0, 'arm', { ms: 8.2 * 60_000 }), 'ok');
    assert.ok(Number.isSafeInteger(played.room.doc.hidden.timers['turn']!.at));
    assert.equal(played.act(0, 'arm', { ms: limits.longestTimer }), 'ok');
    for (const ms of [limits.longestTimer + 1, -1]) assert.equal(played.act(0, 'arm', { ms }), 'rule-failed');
    assert.match(played.failures.join(), /timers\.turn\.set\(31622400001\): a time in ms, at most 366 days/);
  });

  it('[T8] a hold is at most 366 days, and counts in whole ms', () => {
    for (const hold of [limits.longestTimer + 1, Infinity, NaN, -1])
      assert.throws(() => contract('x', { ...base, away: { hold, then: 'leave' } }), /hold.*at most 366 days/);
    const played = seatedRoom(
      contract('x', { ...base, away: { hold: 8.2 * 60_000, then: 'leave' } }).rules({
        setup: () => ({}),
        actions: { go: () => {} },
      }),
      2,
    );
    played.step({ kind: 'away', player: 'player-1', session: 'session-of-player-1' });
    assert.ok(Number.isSafeInteger(played.room.doc.room.seats[1]!.until));
  });
});

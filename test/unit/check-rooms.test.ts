import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { checkStoredRoom, startProblems } from '../../server/cli/check-rooms.ts';
import { newDocument } from '../../server/rooms/core/document.ts';
import { encodeSnapshot } from '../../server/rooms/core/entry.ts';
import { contract, state, view, type AnyGame } from '../../shared/contract.ts';
import { arenaGame } from '../../shared/games/arena/rules.ts';
import { fourInARowGame } from '../../shared/games/four-in-a-row/rules.ts';
import { liarsDiceGame } from '../../shared/games/liars-dice/rules.ts';

const seats = { min: 1, max: 2 };

describe('`rejoin check`', () => {
  it('starts a match of each game, with the fewest and the most players', () => {
    for (const game of [fourInARowGame, liarsDiceGame, arenaGame]) assert.deepEqual(startProblems(game), []);
    const failing = contract('failing', { version: 1, seats, state: state<{ at: number }>(), actions: {} }).rules({
      setup(ctx) {
        if (ctx.players.length === 2) throw new Error('two are too many');
        return { at: 0 };
      },
      actions: {},
    });
    assert.deepEqual(startProblems(failing), ['setup, 2 players: two are too many']);
    const blind = contract('blind', {
      version: 1,
      seats,
      state: state<{ at: number }>(),
      view: view<{ at: Map<string, number> }>(),
      actions: {},
    }).rules({ setup: () => ({ at: 0 }), view: () => ({ at: new Map() }), actions: {} });
    assert.match(startProblems(blind).join(), /view: .*Map.*\(1 players\)/);
  });

  it('reads stored rooms with the rules of a new version, and says what does not fit', () => {
    const version1 = contract('steps', { version: 1, seats, state: state<{ at: number }>(), actions: {} }).rules({
      setup: () => ({ at: 0 }),
      actions: {},
    });
    const doc = newDocument(version1, {
      id: 'room',
      code: 'ROOM',
      private: true,
      options: {},
      seed: [1, 2, 3, 4],
      now: 1_000,
    });
    Object.assign(doc, { state: { at: 3 } });
    doc.room.phase = 'playing';
    const stored = { seq: 5, terms: [], snapshot: encodeSnapshot(doc), snapshotSeq: 5, entries: [], firstSeq: 6 };
    const next = contract('steps', {
      version: 2,
      seats,
      state: state<{ at: number[] }>(),
      actions: { step: z.object({}) },
    });
    const rules = { setup: () => ({ at: [0] }), actions: { step: () => {} } };
    const check = (game: AnyGame) => checkStoredRoom(game, stored);

    assert.deepEqual(check(version1), { problems: [], migratedFrom: null });
    assert.deepEqual(check(next.rules({ ...rules, migrate: s => ({ at: [(s as { at: number }).at] }) })), {
      problems: [],
      migratedFrom: 1,
    });
    assert.match(check(next.rules(rules)).problems.join(), /migrate, from version 1: the rules have no migrate/);
    assert.match(
      check(next.rules({ ...rules, migrate: () => ({ at: [NaN] }) })).problems.join(),
      /migrate, from version 1: .*NaN/,
    );
    doc.hidden.stateVersion = 3;
    const newer = { ...stored, snapshot: encodeSnapshot(doc) };
    assert.match(checkStoredRoom(version1, newer).problems.join(), /state is of version 3/);
    assert.match(checkStoredRoom(version1, { ...stored, snapshot: '{}' }).problems.join(), /snapshot/);
  });
});

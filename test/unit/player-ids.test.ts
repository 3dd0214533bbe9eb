import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state, view } from '../../shared/contract.ts';
import type { Command } from '../../server/rooms/core/commands.ts';
import { table } from '../../testkit/index.ts';
import { emptyRoom, playerOf, seatedRoom, sessionOf, type RoomMachineFixture } from './room-machine.ts';

interface Seen {
  seen: Record<string, (string | null)[]>;
}

const watching = contract('watching', {
  version: 1,
  seats: { min: 1, max: 3 },
  start: 'host',
  late: true,
  state: state<Seen>(),
  actions: { look: z.object({}), save: z.object({}), end: z.object({}) },
  timers: { soon: z.object({}) },
  effects: { save: z.object({}) },
});
const ids = (ctx: { players: readonly { id: string }[] }) => ctx.players.map(p => p.id);
const asked: (readonly string[])[] = [];
const watchingGame = watching.rules({
  setup: ctx => ({ seen: { setup: ids(ctx) } }),
  actions: {
    look(s, _data, ctx) {
      s.seen['act'] = ids(ctx);
      ctx.timers.soon.set(1_000, {});
    },
    save: (_s, _data, ctx) => ctx.effects.save({}),
    end: (_s, _data, ctx) => ctx.end({ ranking: [ctx.players.map((_p, seat) => seat)] }),
  },
  timers: { soon: (s, _data, ctx) => void (s.seen['timer'] = ids(ctx)) },
  joined: (s, ctx) => void (s && (s.seen['joined'] = ids(ctx))),
  left: (s, ctx) => void (s.seen['left'] = [ctx.players[ctx.seat]!.id]),
  bot(_view, _seat, _random, players) {
    asked.push(players.map(p => p.id));
    return null;
  },
});
const leave = (played: RoomMachineFixture, seat: number) =>
  played.step({ kind: 'leave', player: playerOf(seat), session: sessionOf(playerOf(seat)) } satisfies Command);
const seenIn = (played: RoomMachineFixture) => (played.room.doc.state as unknown as Seen).seen;
const rostersOf = ({ room: { doc } }: RoomMachineFixture) =>
  Object.values(doc.hidden.effects).map(e => doc.hidden.rosters![e.roster!]);

describe('the ids of players in the rules', () => {
  it('[S15] setup, actions, timers, hooks and bots see them by seat; of a bot, too', () => {
    const played = seatedRoom(watchingGame, 2);
    played.act(0, '$bot');
    played.act(0, '$start');
    played.act(0, 'look');
    played.advance(1_000);
    leave(played, 1);
    const all = ['player-0', 'player-1', '$bot-1'];
    assert.deepEqual(seenIn(played), { setup: all, act: all, timer: all, left: ['player-1'] });
    assert.deepEqual(asked.at(-1), all);
    assert.deepEqual(played.failures, []);
    assert.deepEqual(played.replayed(), played.room.doc);
  });

  it('[S15] a seat that was left keeps the id until another player takes it, or the next match begins', () => {
    const played = seatedRoom(watchingGame, 3);
    played.act(0, '$start');
    leave(played, 1);
    leave(played, 2);
    played.act(0, 'look');
    assert.deepEqual(seenIn(played)['act'], ['player-0', 'player-1', 'player-2']);
    played.join('eve');
    assert.deepEqual(seenIn(played)['joined'], ['player-0', 'eve', 'player-2']);
    assert.equal(played.room.doc.room.seats[2]!.player, null); // the public room does not name who left
    assert.deepEqual(Object.values(played.room.doc.hidden.left!), ['player-2']);
    played.act(0, 'end');
    played.act(0, '$start');
    assert.deepEqual(seenIn(played)['setup'], ['player-0', 'eve']);
    assert.equal(played.room.doc.hidden.left, undefined);
    assert.deepEqual(played.replayed(), played.room.doc);
  });

  it('[S15] of a seat that was left under a build that keeps no ids, the id is unknown', () => {
    const played = seatedRoom(watchingGame, 2);
    played.act(0, '$start');
    leave(played, 1);
    const { left: _, ...hidden } = played.room.doc.hidden;
    const again = emptyRoom(watchingGame, { doc: { ...structuredClone(played.room.doc), hidden } });
    again.step(again.input(0, 'look', {}, null));
    assert.deepEqual(seenIn(again)['act'], ['player-0', '$unknown']);
  });

  it('[E5] an effect keeps the players of the step that requested it; effects with the same players share one list', () => {
    const played = seatedRoom(watchingGame, 2);
    played.act(0, '$start');
    played.act(0, 'save');
    played.act(1, 'save');
    leave(played, 1);
    played.act(0, 'save');
    played.join('eve');
    played.act(0, 'save');
    const both = ['player-0', 'player-1', null];
    assert.deepEqual(rostersOf(played), [both, both, both, ['player-0', 'player-1', 'eve']]);
    assert.equal(Object.keys(played.room.doc.hidden.rosters!).length, 2);
    for (const key of Object.keys(played.room.doc.hidden.effects)) played.step({ kind: 'effect', key });
    assert.equal(played.room.doc.hidden.rosters, undefined);
    assert.deepEqual(played.failures, []);
    assert.deepEqual(played.replayed(), played.room.doc);
  });

  it('[E5] [S15] the handler is told the ids after all have left and the owner has died', async () => {
    const t = await table(watchingGame, { players: 2, start: true });
    let isAway = true;
    t.onEffect = () => {
      if (isAway) throw new Error('the database is away');
    };
    await t.seats[0]!.act.save();
    const owner = t.owner;
    await Promise.all(t.seats.map(s => s.leave()));
    await t.killOwner();
    isAway = false;
    await t.until('it is done', () => t.effects.length > 0);
    assert.notEqual(t.owner, owner);
    assert.deepEqual(t.effects[0]!.players, [t.seats[0]!.id, t.seats[1]!.id, null]);
    assert.deepEqual(
      t.seats.map(s => s.id),
      ['user:ann', 'user:bob'],
    );
  });
});

const hunters = contract('hunters', {
  version: 1,
  seats: { min: 3, max: 3 },
  state: state<{ targets: string[]; shown: string | null }>(),
  view: view<{ target: string | null; shown: string | null }>(),
  actions: { look: z.object({}), tell: z.object({}) },
  events: { told: z.object({ who: z.string() }) },
});
const huntersGame = hunters.rules({
  setup: ctx => ({ targets: ctx.players.map((_p, i) => ctx.players[(i + 1) % 3]!.id), shown: null }),
  actions: {
    look: () => {},
    tell: (s, _data, ctx) => void (s.shown = s.targets[ctx.seat]!),
  },
  view: (s, { seat }) => ({ target: seat === null ? null : s.targets[seat]!, shown: s.shown }),
});

describe('the leak check and ids', () => {
  it('[R16] [S15] a secret that names a player is no leak because the public room names all players', async () => {
    const t = await table(huntersGame, { players: 3 });
    await t.seats[0]!.act.look();
    assert.equal(t.seats[0]!.state.target, 'user:bob');
    t.neverLeaks((s, seat) => s.targets[seat]);
  });
  it('[R16] [S15] it is one where another player can tell whom it names', async () => {
    const t = await table(huntersGame, { players: 3 });
    await t.seats[0]!.act.tell();
    assert.throws(() => t.neverLeaks((s, seat) => s.targets[seat]), /seat 0 alone may know/);
  });
});

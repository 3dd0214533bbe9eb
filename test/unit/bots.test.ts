import assert from 'node:assert/strict';
import { dueOf, isBot, moveTimer } from '../../server/rooms/core/document.ts';
import { turnBot, turnsGame, stickGame, type TurnState, type StickState } from './bot-games.ts';
import { emptyRoom, playerOf, seatedRoom, sessionOf, type RoomMachineFixture } from './room-machine.ts';

const state = (played: RoomMachineFixture): TurnState => played.room.doc.state as unknown as TurnState;
const seats = (played: RoomMachineFixture) => played.room.doc.room.seats;
const bots = (played: RoomMachineFixture): number[] => seats(played).flatMap((s, i) => (s?.bot ? [i] : []));
const pending = (played: RoomMachineFixture): string[] =>
  Object.keys(played.room.doc.hidden.timers).filter(t => t.startsWith('$move-'));
const goes = (played: RoomMachineFixture, player: string) =>
  played.step({ kind: 'away', player, session: sessionOf(player) });
const journaled = (played: RoomMachineFixture) => assert.deepEqual(played.replayed(), played.room.doc);

/** Ada against so many bots, at the first move. */
function against(
  n: number,
  bot: Parameters<typeof turnsGame>[0] = turnBot,
  more: Parameters<typeof turnsGame>[1] = {},
): RoomMachineFixture {
  const played = seatedRoom(turnsGame(bot, more), 1);
  for (let i = 0; i < n; i++) assert.equal(played.act(0, '$bot'), 'ok');
  assert.equal(played.act(0, '$start'), 'ok');
  return played;
}

describe('bots in a room', () => {
  it('[B1] so many as were asked for sit down with the first player, and never again', () => {
    const played = emptyRoom(turnsGame());
    played.room.doc.hidden.fill = 2;
    const game = emptyRoom(turnsGame(), { doc: played.room.doc });
    game.join('ada');
    assert.deepEqual(bots(game), [1, 2]);
    assert.deepEqual(
      seats(game).map(s => s?.name ?? null),
      ['ada', 'Bot 1', 'Bot 2', null],
    );
    assert.equal(game.room.doc.room.host, 0);
    game.act(0, '$kick', { seat: 2 });
    game.join('bob');
    assert.deepEqual(bots(game), [1]);
    journaled(game);
  });

  it('[B1] [B6] bots alone begin no match, however many they are', () => {
    for (const start of ['full', 'ready', 'host'] as const) {
      const played = emptyRoom(turnsGame(turnBot, { start }));
      for (let i = 0; i < 4; i++)
        assert.equal(played.step({ kind: 'serve', name: '$bot', data: null }).kind, 'accepted');
      assert.equal(played.room.doc.room.phase, 'waiting');
      const said = played.step({ kind: 'serve', name: '$start', data: null });
      assert.equal(said.kind === 'refused' && said.refusal.code, 'not-now');
      assert.equal(played.room.doc.room.host, null);
    }
  });

  it('[B1] a bot cannot be the host, also when every player has gone', () => {
    const played = seatedRoom(turnsGame(), 2);
    played.act(0, '$bot');
    assert.equal(played.act(0, '$host', { seat: 2 }), 'bad-data');
    played.act(0, '$leave');
    assert.equal(played.room.doc.room.host, 1);
    played.act(1, '$leave');
    assert.equal(played.room.doc.room.host, null);
    played.join('carl');
    assert.equal(played.room.doc.room.host, 0);
  });

  it('[B3] the move is a timer of the journal, and made once, when it is due', () => {
    const played = against(1);
    assert.deepEqual(pending(played), []);
    played.act(0, 'play', { n: 0 });
    assert.deepEqual(pending(played), [moveTimer(1)]);
    assert.equal(dueOf(played.room.doc), played.now() + 600);
    played.advance(599);
    assert.deepEqual(state(played).moves, [0]);
    played.advance(1);
    assert.deepEqual(state(played).moves, [0, 1]);
    for (let i = 0; i < 20; i++) played.advance(1_000);
    assert.deepEqual(state(played).moves, [0, 1]);
    journaled(played);
  });

  it("[B3] bots play one after the other by themselves, until it is a player's turn", () => {
    const played = against(3);
    played.act(0, 'play', { n: 0 });
    for (let i = 0; i < 3; i++) played.advance(600);
    assert.deepEqual(state(played).moves, [0, 1, 2, 3]);
    assert.deepEqual(pending(played), []);
  });

  it('[B3] one that always has a move does not flood the journal', () => {
    const played = against(1, () => ({ act: 'save', data: { what: 'x', then: 'refuse' }, after: 0 }));
    assert.equal(dueOf(played.room.doc), played.now() + 50);
    const wild = against(1, () => ({ act: 'save', data: { what: 'x', then: 'refuse' }, after: -Infinity }));
    assert.equal(dueOf(wild.room.doc), wild.now() + 50);
  });

  it('[B2] a bot that throws, is refused, or asks for what there is not: a log, nothing else, no second try until something changes', () => {
    let asked = 0;
    const broken: Parameters<typeof turnsGame>[0][] = [
      () => {
        throw new Error('the bot fails');
      },
      () => ({ act: 'play', data: { n: 99 } }),
      () => ({ act: 'play', data: 'x' }) as never,
      () => ({ act: 'nothing' }) as never,
      () => ({ act: '$leave' }) as never,
      () => ({ act: '$kick', data: { seat: 0 } }) as never,
      () => ({ act: 'save', data: { what: 'x', then: 'throw' } }),
      () => ({ act: 'play', data: { n: 0 }, after: NaN }),
      () => 'play' as never,
      async () => {
        throw new Error('nobody waits');
      },
      () => ({ hold: { steer: 1 } }) as never,
      (s: TurnState, seat: number) => {
        s.moves.push(9);
        s.turn = seat;
        throw new Error('and it has scribbled');
      },
    ] as never;
    for (const [i, bot] of broken.entries()) {
      asked = 0;
      const played = against(2, (...args) => {
        asked += 1;
        return args[1] === 2 ? turnBot!(...args) : bot!(...args);
      });
      const before = JSON.stringify(state(played));
      for (let t = 0; t < 30; t++) played.advance(500);
      assert.equal(JSON.stringify(state(played)), before, `bot ${i}`);
      assert.ok(
        played.failures.length >= 1 && played.failures.every(f => f.startsWith('bot: ')),
        `bot ${i}: ${played.failures.join()}`,
      );
      assert.ok(asked <= 6, `bot ${i} was asked ${asked} ×`);
      assert.equal(played.act(0, 'play', { n: 0 }), 'ok', 'the others go on');
      for (let t = 0; t < 4; t++) played.advance(500);
      assert.equal(seats(played)[1]!.out, false);
      journaled(played);
    }
  });

  it('[B2] the failure of one does not keep another from its move', () => {
    const played = against(2, (_s, seat) => {
      if (seat === 1) throw new Error('the bot fails');
      return { act: 'save', data: { what: `by ${seat}`, then: 'ok' }, after: Infinity };
    });
    assert.deepEqual(pending(played), [moveTimer(2)]);
    played.advance(600_000);
    assert.ok(state(played).log.includes('by 2'));
  });

  it('[B4] where no player is here they rest; with one back they go on', () => {
    const played = against(3);
    played.act(0, 'play', { n: 0 });
    goes(played, playerOf(0));
    played.advance(600); // thought of while somebody was here
    assert.deepEqual(state(played).moves, [0, 1]);
    played.advance(1_000);
    assert.deepEqual(pending(played), []);
    played.join(playerOf(0));
    for (let i = 0; i < 2; i++) played.advance(600);
    assert.deepEqual(state(played).moves, [0, 1, 2, 3]);
  });

  it('[B5] away → the bot plays the seat → the player is back and has it at once', () => {
    const played = seatedRoom(turnsGame(), 2);
    played.act(0, '$start');
    played.act(0, 'play', { n: 0 });
    goes(played, playerOf(1));
    played.advance(1_999);
    assert.deepEqual(bots(played), []);
    played.advance(1);
    assert.deepEqual(bots(played), [1]);
    assert.deepEqual(pending(played), [moveTimer(1)]);
    played.join(playerOf(1));
    assert.deepEqual([bots(played), pending(played)], [[], []]);
    played.advance(5_000);
    assert.deepEqual(state(played).moves, [0], 'what the bot had in mind is not done');
    assert.equal(played.act(1, 'play', { n: 1 }), 'ok');
    goes(played, playerOf(1));
    played.act(0, 'play', { n: 2 });
    played.advance(2_000);
    played.advance(600);
    assert.deepEqual(state(played).moves, [0, 1, 0, 1]);
    journaled(played);
  });

  it("[B5] the host's part goes to somebody who is here, and comes not back by itself", () => {
    const played = seatedRoom(turnsGame(), 2);
    played.act(0, '$start');
    goes(played, playerOf(0));
    played.advance(2_000);
    assert.equal(played.room.doc.room.host, 1);
    played.join(playerOf(0));
    assert.equal(played.room.doc.room.host, 1);
  });

  it('[B5] all players away: the bots have taken over and rest, and nothing is due', () => {
    const played = seatedRoom(turnsGame(), 2);
    played.act(0, '$start');
    for (const player of [playerOf(0), playerOf(1)]) goes(played, player);
    played.advance(2_000);
    assert.deepEqual(bots(played), [0, 1]);
    assert.equal(dueOf(played.room.doc), null);
    assert.equal(played.room.doc.room.phase, 'playing');
    played.join(playerOf(1));
    played.advance(600);
    assert.deepEqual(state(played).moves, [0]);
  });

  it('[B5] [H5] a player whom the bot replaces does not count for the next match', () => {
    const played = seatedRoom(turnsGame(), 2);
    played.act(0, '$start');
    goes(played, playerOf(1));
    played.advance(2_000);
    played.act(0, 'finish');
    assert.equal(played.act(0, '$start'), 'not-now', 'one player is fewer than two');
    played.act(0, '$leave');
    assert.equal(played.room.doc.room.match, 1);
  });

  it('[B1] [B6] a rematch with bots: they agree, and move up', () => {
    const played = against(2);
    played.act(0, 'finish');
    assert.equal(played.act(0, '$rematch'), 'ok');
    assert.equal(played.room.doc.room.match, 2);
    played.act(0, '$kick', { seat: 1 });
    played.act(0, 'finish');
    assert.equal(played.act(0, '$rematch'), 'ok');
    assert.deepEqual(
      seats(played).map(s => s && isBot(s.player)),
      [false, true, null, null],
    );
    played.act(0, 'play', { n: 0 });
    played.advance(600);
    assert.deepEqual(state(played).moves, [0, 1]);
    journaled(played);
  });

  it('[B6] a match in which bots alone are left ends', () => {
    const played = against(2);
    played.act(0, 'play', { n: 0 });
    assert.deepEqual(pending(played), [moveTimer(1)]);
    assert.equal(played.act(0, '$leave'), 'ok');
    assert.equal(played.room.doc.room.phase, 'ended');
    assert.deepEqual(played.room.doc.room.result, { ranking: [[1, 2], [0]] });
    assert.deepEqual(pending(played), []);
    played.advance(60_000);
    journaled(played);
  });

  it("the timers of the engine take none of the game's", () => {
    const bots = against(3, (_s, seat) => ({ act: 'play', data: { n: seat } }));
    assert.equal(pending(bots).length, 3);
    for (let i = 0; i < 70; i++) bots.room.doc.hidden.timers[`$hold-x${i}`] = { at: bots.now() + 60_000, data: null };
    assert.equal(bots.act(0, 'save', { what: 'x' }), 'ok');
  });
});

describe('bots of games with inputs', () => {
  const tick = (played: RoomMachineFixture) => played.step({ kind: 'tick', inputs: new Map() });
  const stick = (bot?: Parameters<typeof stickGame>[0]) => {
    const played = seatedRoom(stickGame(bot), 1);
    played.act(0, '$bot');
    played.act(0, '$start');
    return { played, shown: () => played.room.doc.state as unknown as StickState };
  };

  it('[B2] hold what they said last, and each press counts once; their seat has no number', () => {
    let asked = 0;
    const { played, shown } = stick(() => {
      asked += 1;
      return { hold: { steer: { x: asked } }, press: ['fire', 'fire'] };
    });
    for (let i = 0; i < 8; i++) tick(played);
    assert.equal(asked, 2, 'five times a second');
    assert.deepEqual([shown().steer[1], shown().fired[1]], [{ x: 2 }, 4]);
    assert.deepEqual(played.room.doc.room.inputs, [0, 0]);
  });

  it('[B2] what the contract does not have does nothing', () => {
    for (const move of [
      { hold: { steer: { x: 99 } } },
      { hold: { jump: 1 } },
      { press: ['steer'] },
      { hold: { steer: { x: NaN } } },
      5,
    ]) {
      const { played, shown } = stick(() => move as never);
      for (let i = 0; i < 8; i++) tick(played);
      assert.deepEqual([shown().steer[1], shown().fired[1], shown().ticks], [null, 0, 8], JSON.stringify(move));
      assert.ok(played.failures.every(f => f.startsWith('bot: ')) && played.failures.length > 0);
    }
  });

  it('[B3] may act, too', () => {
    const { played } = stick(() => ({ act: 'stop', data: {}, after: 100 }));
    tick(played);
    assert.deepEqual(pending(played), [moveTimer(1)]);
    played.advance(100);
    assert.equal(played.room.doc.room.phase, 'ended');
  });

  it('[B4] rest where no player is here', () => {
    let asked = 0;
    const { played, shown } = stick(() => {
      asked += 1;
      return { hold: { steer: { x: 1 } } };
    });
    goes(played, playerOf(0));
    for (let i = 0; i < 8; i++) tick(played);
    assert.deepEqual([asked, shown().steer[1]], [0, null]);
  });
});

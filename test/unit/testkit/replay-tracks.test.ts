import assert from 'node:assert/strict';
import { gameNamed } from '../../../client-demo/games/games.ts';
import { ReplayPlayer } from '../../../client-demo/replay/replay-player.ts';
import {
  visibleMarks,
  lastMarkWithin,
  formatPosition,
  describePosition,
  trackOf,
} from '../../../client-demo/replay/track.ts';
import { describeMatchOutcome } from '../../../client-demo/room/seat-text.ts';
import { replayRoom } from '../../../client/replay/index.ts';
import type { Replay } from '../../../client/replay.ts';
import { diceBot } from '../../../shared/games/liars-dice/bot.ts';
import { arenaGame } from '../../../shared/games/arena/rules.ts';
import { fourInARowGame } from '../../../shared/games/four-in-a-row/rules.ts';
import { liarsDiceGame } from '../../../shared/games/liars-dice/rules.ts';
import { createRandom } from '../../../shared/random.ts';
import { table } from '../../../testkit/index.ts';

/** As the page opens a recording. */
function opened(replay: Replay) {
  const game = gameNamed(replay.data.game)!;
  const { pacing } = game.replayGuide;
  const room = replayRoom(replay, game.contract, pacing.by === 'time' ? { tick: pacing.tick } : {});
  const track = trackOf(room, game.replayGuide);
  const player = new ReplayPlayer(room, track, pacing);
  /** Lets it play by itself for so many ms, sixty frames a second. */
  let now = 0;
  const run = (ms: number): void => {
    for (const until = now + ms; now < until; now += 1_000 / 60) player.frame(now);
  };
  return { game, room, track, player, run };
}

describe('recorded matches, as the page goes through them', () => {
  /** The first player fills column 1, the other one column 2, until somebody has four. */
  async function four() {
    const t = await table(fourInARowGame, { seed: 11 });
    const first = t.seats.find(s => s.seat === s.state.turn)!;
    for (let i = 0; i < 7; i++) {
      const turn = t.seats.find(s => s.seat === s.state.turn)!;
      assert.ok((await turn.act.drop({ column: turn === first ? 0 : 1 })).ok);
      await t.advance(2_000);
      await t.settle();
      if (i === 3) await t.killOwner();
    }
    return { t, first };
  }

  it('Four in a Row: a stop for each move, the last one is the end that was seen', async () => {
    const { t, first } = await four();
    const { game, room, track, player } = opened(await t.replay());
    assert.equal(track.end, 7);
    assert.deepEqual(
      track.marks.map(({ at, kind, seat }) => [at, kind, seat]),
      [1, 2, 3, 4, 5, 6, 7].map(at => [at, at === 7 ? 'call' : 'move', at % 2 === 1 ? first.seat : 1 - first.seat!]),
    );
    assert.deepEqual(
      [describePosition(track, 0), describePosition(track, 3)],
      ['Before the first of 7 moves', 'Move 3 of 7'],
    );
    for (const place of [3, 7, 1, 0, 6, 7]) {
      player.seek(place);
      assert.equal((room.state as { moves: number }).moves, place);
    }
    assert.deepEqual(room.state, { ...first.state });
    assert.deepEqual(room.info.result, first.info.result);
    assert.equal(describeMatchOutcome(room, null), `${first.name} wins`);
    assert.equal(game.ending(room), 'Four in a row.');
    assert.equal(game.lastMove(room), `${first.name} dropped into column 1.`);
  });

  it('steps stop it; at the ends it goes no further; from the end it starts again', async () => {
    const { track, player, run } = opened(await (await four()).t.replay());
    player.play();
    run(20_000);
    assert.deepEqual(
      [player.position.value, player.playing.value],
      [track.end, false],
      'it has come to the end by itself',
    );
    player.step(1);
    assert.equal(player.position.value, track.end);
    player.step(-1);
    assert.equal(player.position.value, 6);
    player.seek(track.end);
    player.play();
    assert.deepEqual([player.position.value, player.playing.value], [0, true]);
    player.step(1);
    assert.deepEqual([player.position.value, player.playing.value], [1, false]);
    for (let i = 0; i < 3; i++) player.step(-1);
    assert.equal(player.position.value, 0);
  });

  it('one move on is seen to happen; whatever else is a leap', async () => {
    const { player, run } = opened(await (await four()).t.replay());
    const leaps = (deed: () => void): number => {
      const before = player.jumps.value;
      deed();
      return player.jumps.value - before;
    };
    assert.equal(
      leaps(() => player.step(1)),
      0,
    );
    assert.equal(
      leaps(() => player.step(-1)),
      1,
    );
    assert.equal(
      leaps(() => player.seek(4)),
      1,
    );
    assert.equal(
      leaps(() => player.seek(4)),
      0,
    );
    assert.equal(
      leaps(() => {
        player.play();
        run(20_000);
      }),
      0,
    );
  });

  it('twice the speed takes half the time; who comes back to a page that slept goes on where they were', async () => {
    const { player, run } = opened(await (await four()).t.replay());
    const timeToEnd = (speed: 0.5 | 1 | 2 | 4): number => {
      player.speed.set(speed);
      player.play();
      let ms = 0;
      for (; player.playing.value; ms += 20) run(20);
      return ms;
    };
    const [slow, fast] = [timeToEnd(1), timeToEnd(2)];
    assert.ok(Math.abs(slow / fast - 2) < 0.1, `${slow} and ${fast} ms`);
    player.speed.set(1);
    player.play();
    player.frame(1_000_000);
    player.frame(2_000_000);
    assert.ok(player.position.value <= 1);
  });

  it('a clock that runs out is a stop of its own', async () => {
    const t = await table(fourInARowGame, { seed: 12, options: { turnSeconds: 5 } });
    const turn = t.seats.find(s => s.seat === s.state.turn)!;
    await turn.act.drop({ column: 3 });
    await t.advance(6_000);
    const { game, room, track, player } = opened(await t.replay());
    assert.equal(track.end, 2);
    player.seek(1);
    assert.equal(room.info.phase, 'playing');
    player.seek(2);
    assert.equal(game.ending(room), 'The clock ran out.');
  });

  it("[Y2] Liar's Dice: all hands lie open, each round; every bid, challenge and new roll is a stop", async () => {
    const t = await table(liarsDiceGame, { players: 3, seed: 6, options: { dice: 2 } });
    const random = createRandom([1, 2, 3, 4]);
    let [bids, reveals] = [0, 0];
    while (t.seats[0]!.info.phase === 'playing') {
      await t.settle();
      const turn = t.seats.find(s => s.seat === s.state.turn)!;
      const move = turn.state.stage === 'bidding' ? diceBot(turn.state, turn.seat!, random) : null;
      if (!move || !('act' in move)) {
        await t.advance(500);
        continue;
      }
      const said = move.act === 'bid' ? await turn.act.bid(move.data as never) : await turn.act.challenge();
      if (said.ok && move.act === 'bid') bids += 1;
      if (said.ok && move.act === 'challenge') reveals += 1;
    }
    const { game, room, track, player } = opened(await t.replay());
    const counted = (kind: string) => track.marks.filter(mark => mark.kind === kind).length;
    const rounds = t.seats[0]!.state.round;
    assert.deepEqual(
      [counted('move'), counted('call'), counted('round'), counted('out')],
      [bids, reveals, rounds - 1, 2],
    );
    assert.equal(track.end, bids + reveals + rounds - 1);
    player.seek(1);
    assert.ok(
      (room.state as { hands: unknown[] }).hands.every(hand => Array.isArray(hand) && hand.length === 2),
      'of everybody, from the beginning',
    );
    for (let place = 1; place <= track.end; place++) {
      player.seek(place);
      assert.notEqual(game.lastMove(room), '', `stop ${place} says what it shows`);
    }
    assert.deepEqual((room.state as { fallen: unknown }).fallen, t.seats[0]!.state.fallen);
    assert.deepEqual(room.info.result, t.seats[0]!.info.result);
  });

  it('[Y6] Arena: goes evenly by ticks, also where its owner was killed; blows and falls are marked and said', async () => {
    const t = await table(arenaGame, { players: 2, bots: 2, seed: 8, options: { rounds: 1, seconds: 20 } });
    const random = createRandom([4, 3, 2, 1]);
    const blows: string[] = [];
    t.seats[0]!.room.on('bumped', ({ seat, by }) =>
      blows.push(`${t.seats[0]!.info.seats[by]!.name} hits ${t.seats[0]!.info.seats[seat]!.name}`),
    );
    for (let i = 0; t.seats[0]!.info.phase === 'playing'; i++) {
      for (const seat of t.seats) {
        seat.input.steer({ x: random.int(-90, 90), y: random.int(-90, 90) });
        if (random.int(1, 3) === 1) seat.input.dash();
      }
      await t.advance(300);
      if (i === 20) await t.killOwner();
    }
    await t.settle();
    const { game, room, track, player, run } = opened(await t.replay());
    assert.equal(track.end, t.seats[0]!.state.tick * 50, 'a tick is 50 ms, whatever happened to the owner');
    assert.ok(room.replay.duration > track.end, 'though it took longer');
    assert.deepEqual(
      track.marks.filter(mark => mark.kind === 'blow').map(mark => mark.text!.split(', ')[0]),
      blows,
    );
    assert.equal(track.marks[0]!.text, 'Round 1 begins');
    assert.ok(track.marks.some(mark => mark.text === 'The rim is open'));

    player.play();
    run(2_000);
    assert.ok(Math.abs(player.position.value - 2_000) < 60, `${player.position.value}`);
    player.step(1);
    assert.equal(player.position.value % 250, 0);
    const here = player.position.value;
    player.step(-1);
    assert.equal(player.position.value, here - 250);
    player.seek(3_100);
    assert.equal(lastMarkWithin(track, player.position.value, 1_000)?.text, 'Round 1 begins');
    assert.equal(lastMarkWithin(track, 2_900, 1_000), null);
    assert.deepEqual(formatPosition(track, 3_100), { now: '0:03', all: '0:23' });
    player.seek(track.end);
    assert.deepEqual(room.state, { ...t.seats[0]!.state });
    assert.deepEqual(room.info.result, t.seats[0]!.info.result);
    assert.match(game.ending(room), /gem/);
  });

  it('where there is no room for all marks, those that count most are drawn, and others where there is a gap', () => {
    const mark = (kind: 'blow' | 'out' | 'round', at: number) => ({ kind, at, seat: 0, text: null });
    const few = [mark('blow', 0), mark('blow', 0), mark('out', 1)];
    const track = { by: 'time' as const, end: 6_400, stops: [], marks: few };
    assert.deepEqual(visibleMarks(track), few, 'where there are few, all are');
    const many = Array.from({ length: 640 }, (_x, i) => mark(i % 10 === 5 ? 'out' : 'blow', i * 10));
    const some = visibleMarks({ ...track, marks: [...many, mark('round', 3_000)] });
    assert.ok(some.length > 40 && some.length <= 65, `${some.length}`);
    assert.ok(some.every(({ at }, i) => i === 0 || at - some[i - 1]!.at >= 100));
    assert.equal(some.filter(({ kind }) => kind === 'round').length, 1);
    assert.ok(some.filter(({ kind }) => kind === 'out').length > 60);
  });
});

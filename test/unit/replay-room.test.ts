import assert from 'node:assert/strict';
import { z } from 'zod';
import { Replay } from '../../client/replay.ts';
import { keyframeInterval } from '../../client/replay/replay-cursor.ts';
import { replayRoom } from '../../client/replay/index.ts';
import { interpolateReplay } from '../../client/predict/index.ts';
import { contract, state } from '../../shared/contract.ts';
import { apply, copy, type Changes } from '../../shared/delta.ts';
import { diff } from '../../shared/diff.ts';
import type { Json } from '../../shared/json.ts';
import type { ReplayReply, RoomView, WireEvent } from '../../shared/protocol.ts';
import { createRandom } from '../../shared/random.ts';

interface Flight {
  tick: number;
  ships: { x: number; y: number }[];
  log: string[];
}
const flight = contract('flight', {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<Flight>(),
  actions: { turn: z.object({ by: z.int() }) },
  events: { hit: z.object({ seat: z.int() }) },
  timers: { fuel: z.object({}) },
  clocks: ['fuel'],
  tick: { hz: 20 },
  replay: true,
});
const motion = { tick: (s: Flight) => s.tick, things: (s: Flight) => s.ships, fastest: { x: 10, y: 10 } };

const seat = (name: string) => ({
  player: name,
  hold: 1,
  name,
  profile: null,
  here: true,
  until: null,
  ready: true,
  rematch: false,
  out: false,
  why: null,
  bot: false,
  team: null,
});
const beginning = (): RoomView => ({
  room: {
    id: 'r',
    code: 'CODE',
    game: 'flight',
    version: 1,
    private: false,
    options: {},
    phase: 'playing',
    match: 1,
    host: 0,
    seats: [seat('ann'), seat('bob'), null, null],
    result: null,
    clocks: { fuel: 61_000 },
    inputs: [],
  },
  state: {
    tick: 0,
    ships: [
      { x: 0, y: 0 },
      { x: 100, y: 100 },
    ],
    log: [],
  } satisfies Flight as unknown as Json,
});

/** A recording of so many frames. `happens` changes the view for the k-th, and says when that is and what is told. */
function recorded(
  frames: number,
  happens: (view: { room: RoomView['room']; state: Flight }, k: number) => { at: number; events?: WireEvent[] },
): { replay: Replay; data: ReplayReply } {
  const view = beginning();
  const shadow = copy(view);
  const list: ReplayReply['frames'] = [];
  for (let k = 1; k <= frames; k++) {
    const { at, events } = happens(view as never, k);
    const changes: Changes = diff(shadow as unknown as Json, view as unknown as Json, 'view') ?? {};
    apply(shadow as unknown as Json, changes);
    list.push(events ? [at, structuredClone(changes), events] : [at, structuredClone(changes)]);
  }
  const data: ReplayReply = {
    ok: true,
    game: 'flight',
    version: 1,
    room: 'r',
    match: 1,
    began: 1_000,
    view: beginning(),
    frames: list,
    hash: '',
  };
  return { replay: new Replay(data), data };
}

/** Ships fly, things are said and forgotten, somebody leaves, and at the end it is over. */
function anyFlight(frames: number, seed: number) {
  const random = createRandom([seed, 2, 3, 4]);
  return recorded(frames, ({ room, state: s }, k) => {
    s.tick += 1;
    for (const ship of s.ships) ship.x += random.int(-3, 9);
    if (random.int(1, 5) === 1) s.log.push(`said ${k}`);
    if (s.log.length > 6) s.log.splice(0, random.int(1, 5));
    if (k === Math.floor(frames / 2)) room.seats[1] = null;
    if (k === Math.floor(frames / 3)) s.ships.push({ x: k, y: k });
    if (k === frames) Object.assign(room, { phase: 'ended', result: { ranking: [[0], [1]] } });
    return { at: k * 50, ...(k % 10 === 0 ? { events: [['hit', { seat: k % 2 }] as WireEvent] } : {}) };
  });
}

/** What a client sees that takes in all frames up to there. */
function afterwards({ view, frames }: ReplayReply, frame: number): RoomView {
  const seen = copy(view);
  for (const [, changes] of frames.slice(0, frame)) apply(seen as unknown as Json, changes);
  return seen;
}

describe('a finished match as a room that one watches', () => {
  it('[Y6] wherever one goes, it is what all that happened up to there makes', () => {
    const { replay, data } = anyFlight(1_000, 7);
    const untouched = structuredClone(data);
    const room = replayRoom(replay, flight);
    const random = createRandom([5, 6, 7, 8]);
    for (let i = 0; i < 400; i++) {
      const frame =
        i % 3 === 0
          ? Math.max(0, room.frame - random.int(0, 3))
          : i % 3 === 1
            ? random.int(0, 1_000)
            : Math.min(1_000, room.frame + random.int(0, 3));
      room.go(frame);
      const { room: info, state: s } = afterwards(data, frame);
      assert.deepEqual(
        { state: room.state, info: room.info, frame: room.frame, position: room.currentTime },
        { state: s, info, frame, position: frame * 50 },
      );
    }
    assert.deepEqual(data, untouched, 'and the recording is what it was');
  });

  it('[Y6] to go back costs what it costs to go from one kept view to the next, however long the match', () => {
    const { data } = anyFlight(6_000, 8);
    let read = 0;
    const frames = new Proxy(data.frames, {
      get: (all, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) read += 1;
        return Reflect.get(all, key) as unknown;
      },
    });
    const room = replayRoom(new Replay({ ...data, frames }), flight);
    room.go(6_000);
    for (const frame of [5_999, 5_000, 100, 5_999, 63, 64, 65, 0]) {
      read = 0;
      room.go(frame);
      assert.ok(read <= keyframeInterval, `${read} frames were taken in on the way to ${frame}`);
    }
  });

  it('shows all that had happened by a moment, also where several things did at once', () => {
    const { replay } = recorded(4, ({ state: s }, k) => {
      s.log.push(`${k}`);
      return { at: [0, 100, 100, 250][k - 1]! };
    });
    const room = replayRoom(replay, flight);
    const said = (ms: number) => {
      room.seek(ms);
      return room.state.log.join('');
    };
    assert.deepEqual([0, 99.9, 100, 249, 250, 10_000, -1, 120].map(said), [
      '1',
      '1',
      '123',
      '123',
      '1234',
      '1234',
      '1',
      '123',
    ]);
    assert.equal(room.currentTime, 120, 'it is between two frames');
    assert.equal(room.duration, 250);
    room.go(0);
    assert.deepEqual(room.state.log, [], 'before anything happened, of what happened at once');
  });

  it('[Y6] a position that is no number is the beginning', () => {
    const { replay } = anyFlight(200, 9);
    const room = replayRoom(replay, flight);
    for (const go of [
      () => room.seek(NaN),
      () => room.go(NaN),
      () => room.seek(undefined as never),
      () => room.go('x' as never),
    ]) {
      room.go(150);
      go();
      assert.deepEqual([room.frame, room.currentTime, room.state.tick], [0, 0, 0]);
    }
    assert.equal(room.peek(NaN).tick, 0);
    assert.equal(room.timeOf(NaN), 0);
  });

  it('[Y6] its time goes by ticks where one says so: nothing stands still where its owner had died', () => {
    const { replay } = recorded(10, ({ room, state: s }, k) => {
      if (k === 6) room.seats[1] = null; // between two ticks
      else s.tick += 1;
      return { at: k * 50 + (k > 4 ? 3_000 : 0) };
    });
    const room = replayRoom(replay, flight, { tick: s => s.tick });
    assert.deepEqual(
      Array.from({ length: 11 }, (_x, frame) => room.timeOf(frame)),
      [0, 50, 100, 150, 200, 250, 250, 300, 350, 400, 450],
    );
    assert.equal(room.duration, 450);
    room.go(5);
    assert.equal(room.now(), 1_000 + 3_250, 'the clock of the room is what it was');
  });

  it('looks like a room to who watches: clocks run as they ran, nobody acts', async () => {
    const { replay } = anyFlight(40, 3);
    const room = replayRoom(replay, flight);
    assert.deepEqual(
      [room.id, room.code, room.seat, room.players.length, room.ended, room.live],
      ['r', 'CODE', null, 4, null, true],
    );
    assert.equal(room.clock('fuel'), 60_000);
    room.seek(500);
    assert.equal(room.clock('fuel'), 59_500);
    let changes = 0;
    const stop = room.onChange(() => {
      changes += 1;
    });
    room.seek(520); // between two frames: it is the same
    room.seek(550);
    room.seek(0);
    stop();
    room.seek(100);
    assert.equal(changes, 2);
    const said = await room.act.turn({ by: 1 });
    assert.deepEqual(said, { ok: false, code: 'not-seated' });
  });

  it('tells what happened on the way forward, and what of it is past', () => {
    const { replay } = anyFlight(100, 4);
    const room = replayRoom(replay, flight);
    const heard: [number, boolean][] = [];
    const stop = room.on('hit', (_data, { place, replayed }) => heard.push([place[1], replayed]));
    room.go(10);
    room.go(45);
    room.go(5);
    assert.deepEqual(heard, [
      [10, false],
      [20, true],
      [30, false],
      [40, false],
    ]);
    stop();
    room.go(20);
    assert.equal(heard.length, 4);
  });

  it('can be read from end to end while it shows something else', () => {
    const { replay, data } = anyFlight(300, 9);
    const room = replayRoom(replay, flight);
    room.go(150);
    const seen: { frame: number; log: number; was: number; hits: number }[] = [];
    room.scan(({ frame, state: s, before, events }) =>
      seen.push({ frame, log: s.log.join().length, was: before.tick, hits: events.length }),
    );
    assert.deepEqual(
      seen.map(one => one.frame),
      Array.from({ length: 301 }, (_x, i) => i),
    );
    for (const { frame, log, was, hits } of seen) {
      assert.equal(log, (afterwards(data, frame).state as unknown as Flight).log.join().length);
      assert.equal(was, Math.max(0, frame - 1));
      assert.equal(hits, frame > 0 && frame % 10 === 0 ? 1 : 0);
    }
    assert.equal(room.frame, 150);
    assert.deepEqual(room.state, afterwards(data, 150).state);
  });

  it('a match in which nothing happened is one moment', () => {
    const { replay } = recorded(0, () => ({ at: 0 }));
    const room = replayRoom(replay, flight, { tick: s => s.tick });
    room.seek(100);
    assert.deepEqual([room.length, room.duration, room.currentTime, room.frame], [0, 0, 0, 0]);
    assert.equal(interpolateReplay(room, motion).at().tick, 0);
  });
});

describe('what moved in a finished match', () => {
  /** One ship flies 8 a tick, and is put elsewhere by the 6th; the other comes in late. Frame 3 is no tick. */
  const flown = () =>
    recorded(8, ({ room, state: s }, k) => {
      if (k === 3) {
        room.seats[1] = null;
        return { at: 120 };
      }
      s.tick += 1;
      s.ships[0]!.x = k === 6 ? 1_000 : s.ships[0]!.x + 8;
      if (k === 7) s.ships.push({ x: 5, y: 5 });
      return { at: s.tick * 50 };
    });
  const shown = () => {
    const room = replayRoom(flown().replay, flight, { tick: motion.tick });
    const all = interpolateReplay(room, motion);
    return (ms: number) => {
      room.seek(ms);
      const { tick, things, state: s } = all.at();
      return { tick, x: things['0']!.x, s, third: things['2']?.x ?? null };
    };
  };

  it('[Y7] goes evenly from one tick to the next, forwards and backwards', () => {
    const at = shown();
    for (const ms of [0, 10, 25, 50, 60, 100, 125, 149, 150, 175, 140, 101, 99, 30, 5]) {
      const { tick, x } = at(ms);
      assert.ok(
        Math.abs(tick - ms / 50) < 1e-9 && Math.abs(x - (ms / 50) * 8) < 1e-9,
        `at ${ms} ms: tick ${tick}, x ${x}`,
      );
    }
  });

  it('[Y7] what was put elsewhere does not fly there, and who comes late is there when they are', () => {
    const at = shown();
    assert.equal(at(210).x, 32, 'still here');
    assert.equal(at(245).x, 1_000, 'there already');
    assert.deepEqual([at(299).third, at(300).third], [null, 5]);
  });

  it('gives the same state as long as it is the same, put aside for good', () => {
    const at = shown();
    const { s } = at(60);
    assert.equal(at(90).s, s);
    const kept = structuredClone(s);
    at(350);
    at(0);
    assert.deepEqual(s, kept);
  });
});

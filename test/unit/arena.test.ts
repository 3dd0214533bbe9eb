import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from '../../shared/parse.ts';
import { copy } from '../../shared/delta.ts';
import { diff } from '../../shared/diff.ts';
import { arena, type Arena, type Pilot } from '../../shared/games/arena/contract.ts';
import {
  isOpen,
  packGem,
  rimAt,
  rimNarrow,
  rimWide,
  starWorth,
  startPoint,
  unpackGem,
  directionVector,
} from '../../shared/games/arena/ground.ts';
import {
  craftSize,
  cruise,
  dashSpeed,
  fromMiddle,
  middle,
  pack,
  integerSqrt,
  step,
  toLength,
  touch,
  unpack,
  type Craft,
  type MoveConditions,
  type Steer,
} from '../../shared/games/arena/motion.ts';
import { dashCooldownTicks, fallTicks, safeTicks, stunTicks } from '../../shared/games/arena/pilot.ts';
import type { ArenaTick } from '../../shared/games/arena/play.ts';
import { arenaGame, pauseTicks, readyTicks } from '../../shared/games/arena/rules.ts';
import { ranking, total } from '../../shared/games/arena/standings.ts';
import type { Json } from '../../shared/json.ts';
import { createRandom } from '../../shared/random.ts';
import { playerOf, seatedRoom, sessionOf } from './room-machine.ts';

type Input = { steer?: Steer | null; dash?: number };
const { rules } = arenaGame;
const solid: MoveConditions = { stunned: false, rim: rimWide, open: false };

/** A match without a room: a context by hand, and the rules called as the engine calls them. */
class Match {
  readonly events: { name: string; data: unknown }[] = [];
  readonly reports: unknown[] = [];
  result: { ranking: readonly (readonly number[])[] } | null = null;
  readonly s: Arena;
  private readonly seed: [number, number, number, number];
  private readonly options: { rounds: number; seconds: number };

  constructor(
    private players: number,
    how: { rounds?: number; seconds?: number; seed?: number } = {},
  ) {
    this.seed = [how.seed ?? 1, 2, 3, 4];
    this.options = { rounds: how.rounds ?? 1, seconds: how.seconds ?? 60 };
    this.s = rules.setup(this.ctx() as never) as Arena;
  }

  ctx(inputs: Input[] = []): ArenaTick {
    return {
      now: 1_700_000_000_000 + 50 * (this.s?.tick ?? 0),
      random: createRandom(this.seed),
      options: this.options,
      match: 1,
      previous: null,
      timers: {},
      players: Array.from({ length: this.players }, (_, i) => ({
        name: `player ${i}`,
        here: true,
        out: false,
        bot: false,
        team: null,
      })),
      inputs: Array.from({ length: this.players }, (_, i) => ({
        steer: inputs[i]?.steer ?? null,
        dash: inputs[i]?.dash ?? 0,
      })),
      emit: (name: string, data: unknown) => void this.events.push({ name, data: copy(data) }),
      effects: { report: (data: unknown) => void this.reports.push(copy(data)) },
      end: (result: { ranking: readonly (readonly number[])[] }) => {
        assert.equal(this.result, null, 'a match ends once');
        this.result = result;
      },
    } as unknown as ArenaTick;
  }

  tick(inputs: Input[] = []): void {
    rules.tick!(this.s, this.ctx(inputs));
  }
  run(ticks: number, inputs: Input[] = []): this {
    for (let i = 0; i < ticks; i++) this.tick(inputs);
    return this;
  }
  join(seat: number): void {
    this.players = Math.max(this.players, seat + 1);
    rules.joined!(this.s, { ...this.ctx(), seat } as never);
  }
  leave(seat: number): void {
    rules.left!(this.s, { ...this.ctx(), seat } as never);
  }
  /** Past the countdown, with nothing on the ground and the craft where the test wants them. */
  playing(...places: Partial<Craft>[]): this {
    this.run(readyTicks);
    assert.equal(this.s.phase, 'play');
    this.s.gems.fill(0);
    this.put(...places);
    return this;
  }
  put(...places: Partial<Craft>[]): void {
    this.s.crafts = pack(unpack(this.s.crafts).map((craft, i) => ({ ...craft, vx: 0, vy: 0, ...places[i] })));
  }
  craft(seat: number): Craft {
    return unpack(this.s.crafts)[seat]!;
  }
  pilot(seat: number): Pilot {
    return this.s.pilots[seat]!;
  }
  /** What lies on the ground, in worth. */
  get ground(): number {
    return this.s.gems.reduce((sum, gem) => sum + (unpackGem(gem)?.worth ?? 0), 0);
  }
}

const right: Steer = { x: 100, y: 0 };
const far = { x: middle, y: middle + 1_500 };
/** Nothing grows on its own while this is looked at: the clock of the gems is avoided. */
const lonely = (match: Match) => {
  match.s.tick += 1 - (match.s.tick % 8);
};

describe('Arena: motion', () => {
  it('whole roots are right, also where floats are not to be trusted', () => {
    fc.assert(
      fc.property(fc.nat(0x7fff_ffff), n => {
        const r = integerSqrt(n);
        assert.ok(Number.isInteger(r) && r * r <= n && (r + 1) * (r + 1) > n);
      }),
    );
  });

  it('a vector gets the length that is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: -4_000, max: 4_000 }), fc.integer({ min: -4_000, max: 4_000 }), (x, y) => {
        fc.pre(x !== 0 || y !== 0);
        const [vx, vy] = toLength(x, y, 1_000);
        const length = Math.hypot(vx, vy);
        assert.ok(length > 990 && length < 1_005, `${length}`);
      }),
    );
    assert.deepEqual(toLength(0, 0, 100), [0, 0]);
  });

  const whole = (min: number, max: number) => fc.integer({ min, max });
  const anyCraft = fc.record(
    { x: whole(0, 4095), y: whole(0, 4095), vx: whole(-127, 127), vy: whole(-127, 127) },
    { noNullPrototype: true },
  );

  it('what is packed is unpacked the same, ten digits a craft', () => {
    fc.assert(
      fc.property(fc.array(anyCraft, { maxLength: 8 }), crafts => {
        assert.deepEqual(unpack(pack(crafts)), crafts);
        assert.equal(pack(crafts).length, 10 * crafts.length);
      }),
    );
  });

  it('the same craft and the same input give the same next craft, whole and in bounds, and the argument is left alone', () => {
    const steer = fc.option(fc.record({ x: whole(-100, 100), y: whole(-100, 100) }), { nil: null });
    const footing = fc.record({ stunned: fc.boolean(), open: fc.boolean(), rim: whole(rimNarrow, rimWide) });
    fc.assert(
      fc.property(anyCraft, steer, fc.boolean(), footing, (craft, held, dash, how) => {
        const before = { ...craft };
        const next = step(craft, held, dash, how);
        assert.deepEqual(step({ ...craft }, held && { ...held }, dash, { ...how }), next);
        assert.deepEqual(craft, before);
        assert.deepEqual(unpack(pack([next])), [next], 'it survives the wire');
        for (const n of Object.values(next)) assert.ok(Number.isInteger(n) && !Object.is(n, -0));
      }),
    );
  });

  it('it gains full speed within half a second, in any direction the same, and comes to rest when let go', () => {
    for (let n = 0; n < 16; n++) {
      const [x, y] = directionVector(n);
      let craft: Craft = { x: middle, y: middle, vx: 0, vy: 0 };
      for (let i = 0; i < 10; i++) craft = step(craft, { x: Math.round(x / 10), y: Math.round(y / 10) }, false, solid);
      assert.ok(Math.abs(Math.hypot(craft.vx, craft.vy) - cruise) <= 2, `${craft.vx}, ${craft.vy}`);
      for (let i = 0; i < 10; i++) craft = step(craft, null, false, solid);
      assert.deepEqual([craft.vx, craft.vy], [0, 0]);
    }
  });

  it('two keys are not faster than one', () => {
    let craft: Craft = { x: middle, y: middle, vx: 0, vy: 0 };
    for (let i = 0; i < 15; i++) craft = step(craft, { x: 100, y: 100 }, false, solid);
    assert.ok(Math.hypot(craft.vx, craft.vy) <= cruise + 1);
  });

  it('the rim holds who drives against it, and lets them slide along', () => {
    let craft: Craft = { x: middle + 1_700, y: middle, vx: 0, vy: 0 };
    for (let i = 0; i < 60; i++) {
      craft = step(craft, { x: 100, y: 40 }, i % 7 === 0, solid);
      assert.ok(fromMiddle(craft) <= rimWide, 'even with a dash');
    }
    assert.ok(craft.y > middle + 300);
  });

  it('the rim lets through who slides, and everybody once it is open', () => {
    const over = (footing: MoveConditions) => {
      let craft: Craft = { x: middle + 1_700, y: middle, vx: 112, vy: 0 };
      for (let i = 0; i < 8; i++) craft = step(craft, right, false, footing);
      return fromMiddle(craft) > rimWide;
    };
    assert.equal(over(solid), false);
    assert.equal(over({ ...solid, stunned: true }), true);
    assert.equal(over({ ...solid, open: true }), true);
  });

  it('who touches is the same from both sides', () => {
    const a: Craft = { x: 1_000, y: 1_000, vx: 50, vy: 0 };
    const b: Craft = { x: 1_200, y: 1_000, vx: -50, vy: 0 };
    assert.deepEqual(touch(a, b), { nx: 1_000, ny: 0, deep: 2 * craftSize - 200, speed: 100 });
    assert.deepEqual(touch(b, a), { nx: -1_000, ny: 0, deep: 2 * craftSize - 200, speed: 100 });
    assert.equal(touch(a, { ...b, x: 1_000 + 2 * craftSize }), null);
    assert.equal(touch(a, { ...a })!.deep, 2 * craftSize, 'also on the very same place');
  });
});

describe('Arena: play', () => {
  it('all wait for the countdown, around the middle', () => {
    const match = new Match(3);
    const before = match.s.crafts;
    match.run(readyTicks - 1, [{ steer: right }, { steer: right }, { steer: right }]);
    assert.equal(match.s.crafts, before);
    assert.deepEqual(
      [0, 1, 2].map(seat => ({ ...match.craft(seat) })),
      [0, 1, 2].map(seat => ({ ...startPoint(seat, 3), vx: 0, vy: 0 })),
    );
    match.run(3, [{ steer: right }]);
    assert.ok(match.craft(0).x > startPoint(0, 3).x);
  });

  it('a gem goes to the nearest who reaches it, and counts what it is worth', () => {
    const match = new Match(2).playing({ x: 1_000, y: 2_000 }, { x: 1_250, y: 2_000 });
    lonely(match);
    match.s.gems[3] = packGem({ worth: 1, x: 1_110, y: 2_000 });
    match.s.gems[4] = packGem({ worth: starWorth, x: 1_400, y: 2_000 });
    match.s.gems[5] = packGem({ worth: 1, x: 3_000, y: 2_000 });
    match.tick();
    assert.deepEqual(
      match.s.pilots.map(pilot => pilot.held),
      [1, starWorth],
    );
    assert.equal(match.ground, 1);
  });

  it('a dash is fast, needs its rest, and a press meanwhile is none', () => {
    const match = new Match(2).playing({ x: 600, y: middle }, far);
    match.tick([{ steer: right, dash: 1 }]);
    assert.deepEqual(match.craft(0).vx, dashSpeed);
    const speeds: number[] = [];
    for (let i = 0; i < dashCooldownTicks; i++) {
      match.put({ x: 600, y: middle, vx: match.craft(0).vx }, far);
      match.tick([{ steer: right, dash: 1 }]);
      speeds.push(match.craft(0).vx);
    }
    assert.equal(speeds.filter(v => v === dashSpeed).length, 1);
    assert.equal(speeds.at(-1), dashSpeed, 'and then it may again');
  });

  it('who stands still and steers nowhere does not dash, and keeps it', () => {
    const match = new Match(2).playing({ x: 600, y: middle }, far);
    match.tick([{ dash: 3 }]);
    assert.equal(match.pilot(0).dashed, -dashCooldownTicks);
    assert.equal(match.craft(0).vx, 0);
  });

  it('a bump without a dash only pushes', () => {
    const match = new Match(2).playing({ x: 1_000, y: middle, vx: 50 }, { x: 1_260, y: middle });
    match.pilot(1).held = 9;
    match.run(3, [{ steer: right }]);
    assert.ok(match.craft(1).vx > 0, 'pushed');
    assert.ok(match.craft(1).x - match.craft(0).x >= 2 * craftSize - 2, 'apart');
    assert.equal(match.pilot(1).held, 9);
    assert.deepEqual(match.events, []);
  });

  it('a dash knocks away whoever it hits: control is lost, and a quarter of the gems lies about', () => {
    const match = new Match(2).playing({ x: 1_000, y: middle }, { x: 1_330, y: middle });
    lonely(match);
    match.pilot(1).held = 9;
    match.run(2, [{ steer: right, dash: 1 }]);
    assert.deepEqual(match.events, [{ name: 'bumped', data: { seat: 1, by: 0, lost: 3 } }]);
    assert.equal(match.pilot(1).held, 6);
    assert.equal(match.ground + match.pilot(0).held, 3);
    const { x } = match.craft(1);
    match.run(stunTicks - 1, [{}, { steer: { x: -100, y: 0 } }]);
    assert.ok(match.craft(1).x > x + 500, 'it flies, steer as it may');
    match.run(10, [{}, { steer: { x: -100, y: 0 } }]);
    assert.ok(match.craft(1).vx < 0, 'and has itself in hand again');
  });

  it('two that dash at each other bounce, and lose nothing', () => {
    const match = new Match(2).playing({ x: 1_000, y: middle }, { x: 1_500, y: middle });
    match.s.pilots.forEach(pilot => {
      pilot.held = 8;
    });
    match.run(3, [
      { steer: right, dash: 1 },
      { steer: { x: -100, y: 0 }, dash: 1 },
    ]);
    assert.deepEqual(match.events, []);
    assert.ok(match.craft(0).vx < 0 && match.craft(1).vx > 0);
  });

  it('who is knocked over the rim falls, loses half, and is back in two seconds, left alone for a moment', () => {
    const match = new Match(2).playing({ x: middle + 1_350, y: middle }, { x: middle + 1_700, y: middle });
    lonely(match);
    match.pilot(1).held = 8;
    match.run(2, [{ steer: right, dash: 1 }]);
    const knocked = match.s.tick;
    while (match.pilot(1).back === 0 && match.s.tick < knocked + 20) match.tick();
    assert.deepEqual(match.events.at(-1), { name: 'fell', data: { seat: 1, by: 0, lost: 3 } });
    assert.equal(match.pilot(1).held, 3);
    assert.equal(match.pilot(1).back, match.s.tick + fallTicks);
    const at = match.craft(1);
    match.run(fallTicks - 1, [{}, { steer: right, dash: 1 }]);
    assert.deepEqual(match.craft(1), { ...at, vx: 0, vy: 0 }, 'out of play');
    match.tick();
    assert.equal(match.pilot(1).back, 0);
    assert.equal(match.pilot(1).safe, match.s.tick + safeTicks);
    assert.ok(fromMiddle(match.craft(1)) <= rimWide / 2);
    // Left alone: another one in the same place touches nothing.
    match.put(match.craft(1), match.craft(1));
    const before = match.craft(0);
    match.tick();
    assert.deepEqual(match.craft(0), before);
  });

  it('who attacks is not left alone any longer', () => {
    const match = new Match(2).playing({ x: 1_000, y: middle }, far);
    match.pilot(0).safe = match.s.tick + 20;
    match.tick([{ steer: right, dash: 1 }]);
    assert.ok(match.pilot(0).safe <= match.s.tick);
  });

  it('towards the end of a round the rim closes, open: who is outside falls, and so do gems', () => {
    const match = new Match(2, { seconds: 30 }).playing({ x: middle, y: middle }, { x: middle + 1_500, y: middle });
    assert.equal(match.s.until - match.s.closes, 200, 'a third of a short round');
    while (!isOpen(match.s, match.s.tick)) match.tick();
    match.s.gems.fill(0);
    match.s.gems[0] = packGem({ worth: 1, x: middle, y: middle - 1_850 });
    const rims: number[] = [];
    while (match.s.phase === 'play') {
      rims.push(rimAt(match.s, match.s.tick));
      match.tick();
    }
    assert.ok(rims.every((rim, i) => i === 0 || rim <= rims[i - 1]!));
    assert.ok(rims.at(-1)! < rimNarrow + 20);
    assert.ok(
      match.events.some(
        ({ name, data }) =>
          name === 'fell' && (data as { seat: number; by: null }).seat === 1 && (data as { by: null }).by === null,
      ),
    );
    assert.ok(match.s.gems.every(gem => gem === 0 || fromMiddle(unpackGem(gem)!) <= rims.at(-1)!));
  });

  it('gems grow back, and a star comes now and then', () => {
    const match = new Match(2).playing(far, { x: middle, y: middle - 1_500 });
    match.run(230);
    const worths = match.s.gems.map(gem => unpackGem(gem)?.worth ?? 0);
    assert.ok(worths.filter(worth => worth === 1).length >= 5);
    assert.ok(worths.includes(starWorth) || match.s.pilots.some(pilot => pilot.held >= starWorth));
  });
});

describe('Arena: rounds and seats', () => {
  it('a match is its rounds with pauses between; what is held when a round ends is safe', () => {
    const match = new Match(2, { rounds: 2, seconds: 20 }).playing(far, { x: middle, y: middle - 1_500 });
    match.pilot(0).held = 4;
    match.pilot(1).held = 2;
    match.run(1);
    const held = () => match.s.pilots.map(pilot => pilot.held);
    let before = held();
    while (match.s.phase === 'play') {
      before = held();
      match.tick();
    }
    assert.equal(match.s.phase, 'pause');
    assert.deepEqual(
      match.s.pilots.map(total),
      match.s.pilots.map(pilot => pilot.score),
    );
    assert.ok(match.s.pilots.every((pilot, i) => pilot.score >= before[i]! && pilot.held === 0));
    const banked = match.s.pilots.map(pilot => pilot.score);
    match.run(pauseTicks);
    assert.deepEqual([match.s.phase, match.s.round], ['ready', 2]);
    assert.deepEqual(
      match.s.pilots.map(pilot => pilot.score),
      banked,
    );
    assert.equal(match.result, null);
    match.run(readyTicks + 400);
    assert.equal(match.s.phase, 'over');
    assert.deepEqual(match.result, { ranking: ranking(match.s) });
    assert.deepEqual(match.reports, [{ ranking: ranking(match.s), scores: match.s.pilots.map(pilot => pilot.score) }]);
  });

  it('the ranking is by gems; who has as many shares the place, who left comes last', () => {
    const match = new Match(5);
    [3, 7, 3, 9, 0].forEach((score, seat) => {
      match.pilot(seat).score = score;
    });
    match.pilot(3).gone = true;
    assert.deepEqual(ranking(match.s), [[1], [0, 2], [4], [3]]);
  });

  it('who comes late has a craft at once, on a new seat or on one that was left', () => {
    const match = new Match(3).playing();
    match.leave(1);
    match.pilot(1).score = 5;
    match.join(1);
    match.join(4);
    assert.deepEqual(
      match.s.pilots.map(pilot => pilot.gone),
      [false, false, false, true, false],
    );
    assert.deepEqual([total(match.pilot(1)), total(match.pilot(4))], [0, 0]);
    for (const seat of [1, 4]) assert.equal(match.pilot(seat).safe, match.s.tick + safeTicks);
    const { x } = match.craft(4);
    match.run(5, [{}, {}, {}, {}, { steer: right }]);
    assert.ok(match.craft(4).x > x);
    assert.equal(unpack(match.s.crafts).length, 5);
  });

  it('before the first match and after the last nobody is put on the ground', () => {
    const match = new Match(2);
    rules.joined!(null, { ...match.ctx(), seat: 0 } as never);
    match.s.phase = 'over';
    const before = copy(match.s);
    match.join(5);
    match.tick();
    assert.deepEqual(match.s, before);
  });

  it('what a leaver held is there for the others, their craft is gone, and the match goes on', () => {
    const match = new Match(3).playing(far, { x: middle, y: middle - 1_500 }, { x: middle, y: middle });
    match.pilot(1).held = 6;
    match.leave(1);
    assert.equal(match.ground, 6);
    assert.equal(match.result, null);
    const at = match.craft(1);
    match.run(10, [{}, { steer: right }]);
    assert.deepEqual(match.craft(1), at);
  });

  it('one alone has won', () => {
    const match = new Match(2).playing();
    match.pilot(1).held = 6;
    match.leave(1);
    assert.deepEqual(match.result, { ranking: [[0], [1]] });
    assert.equal(match.reports.length, 1);
  });

  it('the inputs and options are read as the contract says', () => {
    const { steer } = arena.def.inputs;
    for (const bad of [{ x: 101, y: 0 }, { x: 0.5, y: 0 }, { x: 0 }, null, 'left'])
      assert.equal(parse(steer.schema, bad).ok, false);
    assert.equal(parse(steer.schema, { x: -100, y: 100 }).ok, true);
    assert.deepEqual(parse(arena.def.options, {}), { ok: true, value: { rounds: 3, seconds: 60 } });
  });
});

/** Bots in every seat, asked five times a second, as the engine does. */
function botsPlay(
  players: number,
  seed: number,
  how: { rounds?: number; seconds?: number; each?: (match: Match, changes: ReturnType<typeof diff>) => void } = {},
): Match {
  const match = new Match(players, { seed, ...how });
  const random = createRandom([seed, 9, 9, 9]);
  const held = Array.from({ length: players }, (): Input => ({}));
  let shadow = copy(match.s);
  for (let n = 0; !match.result && n < 20_000; n++) {
    const pressed = held.map(() => 0);
    for (let seat = 0; seat < players; seat++) {
      if ((n + seat) % 4 !== 0) continue;
      const move = rules.bot!(match.s, seat, random, []) as {
        hold?: { steer?: Steer };
        press?: readonly string[];
      } | null;
      if (move?.hold?.steer) {
        held[seat]!.steer = move.hold.steer;
        assert.equal(parse(arena.def.inputs.steer.schema, move.hold.steer).ok, true, 'bots keep to the contract');
      }
      pressed[seat] = move?.press?.length ?? 0;
    }
    match.tick(held.map((input, seat) => ({ ...input, dash: pressed[seat]! })));
    // throws at what is not JSON, or there twice
    const changes = diff(shadow as unknown as Json, match.s as unknown as Json);
    how.each?.(match, changes);
    shadow = copy(match.s);
  }
  assert.ok(match.result, 'it came to an end');
  return match;
}

describe('Arena: bots play whole matches', () => {
  for (const players of [2, 3, 5, 8]) {
    for (const seed of [players]) {
      it(`${players} of them, seed ${seed}`, () => {
        const match = botsPlay(players, seed, {
          rounds: 2,
          seconds: 40,
          each: ({ s }) => {
            assert.equal(JSON.stringify(s), JSON.stringify(JSON.parse(JSON.stringify(s))));
            assert.equal(s.crafts.length, 10 * players);
            for (const pilot of s.pilots)
              for (const value of Object.values(pilot))
                assert.ok(
                  typeof value === 'boolean' ||
                    value === null ||
                    (Number.isInteger(value) && value >= -dashCooldownTicks && !Object.is(value, -0)),
                );
            unpack(s.crafts).forEach((craft, seat) => {
              const pilot = s.pilots[seat]!;
              if (pilot.back === 0 && s.phase === 'play')
                assert.ok(fromMiddle(craft) <= rimAt(s, s.tick) + 128, `seat ${seat} at ${JSON.stringify(craft)}`);
              assert.ok(Math.abs(craft.vx) <= 127 && Math.abs(craft.vy) <= 127);
            });
            for (const gem of s.gems) if (gem !== 0) assert.ok(fromMiddle(unpackGem(gem)!) <= rimWide);
          },
        });
        assert.ok(match.s.pilots.reduce((sum, pilot) => sum + pilot.score, 0) > 8 * players, 'they gather');
        assert.ok(
          match.events.some(({ name }) => name === 'bumped'),
          'they fight',
        );
        assert.deepEqual(
          match.result!.ranking.flat().sort(),
          match.s.pilots.map((_p, seat) => seat),
        );
      });
    }
  }

  it('the same seed gives the same match', () => {
    const [one, other] = [botsPlay(4, 7, { seconds: 30 }), botsPlay(4, 7, { seconds: 30 })];
    assert.deepEqual(one.s, other.s);
    assert.deepEqual(one.events, other.events);
  });

  it('a tick of eight craft costs little on the wire', () => {
    const sizes: number[] = [];
    const motions: number[] = [];
    botsPlay(8, 3, {
      each: (match, changes) => {
        if (match.s.phase !== 'play') return;
        sizes.push(JSON.stringify(changes).length);
        motions.push(JSON.stringify({ tick: changes!['tick'], crafts: changes!['crafts'] }).length);
      },
    });
    sizes.sort((a, b) => a - b);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    const motion = Math.max(...motions);
    const report = `bytes a tick: motion ${motion}, all: least ${sizes[0]}, median ${sizes[sizes.length >> 1]}, mean ${mean.toFixed(1)}, 99 of 100 ${sizes[Math.floor(sizes.length * 0.99)]}, most ${sizes.at(-1)}`;
    assert.ok(motion <= 110 && mean <= 170 && sizes.at(-1)! <= 700, report);
  });
});

describe('Arena in a room', () => {
  it('the host begins, bots and inputs play, somebody comes late, and the journal makes the same of it', () => {
    const played = seatedRoom(arenaGame, 2, { options: { rounds: 1, seconds: 20 } });
    const s = () => played.room.doc.state as unknown as Arena;
    assert.equal(played.act(0, '$bot'), 'ok');
    assert.equal(played.act(1, '$start'), 'not-host');
    assert.equal(played.act(0, '$start'), 'ok');
    const tick = (press: number) =>
      played.step({
        kind: 'tick',
        inputs: new Map([
          [
            playerOf(0),
            { session: sessionOf(playerOf(0)), n: 1, hold: { steer: { x: 0, y: 100 } }, press: { dash: press } },
          ],
        ]),
      });
    const before = unpack(s().crafts);
    for (let i = 0; i < readyTicks + 10; i++) tick(i === readyTicks + 4 ? 1 : 0);
    const after = unpack(s().crafts);
    assert.ok(after[0]!.y > before[0]!.y && s().pilots[0]!.dashed > 0, 'what is held and pressed');
    assert.deepEqual(after[1], before[1], 'nothing is held');
    assert.notDeepEqual(after[2], before[2], 'the bot');
    assert.equal(played.join('late'), 'ok');
    assert.equal(s().pilots.length, 4);
    for (let i = 0; i < 500 && played.room.doc.room.phase === 'playing'; i++) tick(i % 50 === 0 ? 1 : 0);
    assert.equal(played.room.doc.room.phase, 'ended');
    assert.deepEqual(played.room.doc.room.result, { ranking: ranking(s()) });
    assert.deepEqual(played.failures, []);
    assert.deepEqual(played.replayed(), played.room.doc);
  });
});

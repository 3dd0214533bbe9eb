import assert from 'node:assert/strict';
import * as v from 'valibot';
import { z } from 'zod';
import type { Room, RoomOf } from '../../client/room.ts';
import {
  contract,
  state,
  view,
  type ActionCtxOf,
  type AnyGame,
  type Contract,
  type ContractDef,
  type CtxOf,
  type Game,
  type Schema,
  type StateOf,
} from '../../shared/contract.ts';
import { parse } from '../../shared/parse.ts';
import { demoGames } from '../../server/cli/demo-games.ts';

const good = {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<{ n: number }>(),
  actions: { add: z.object({ by: z.int() }) },
} satisfies ContractDef;

describe('a contract', () => {
  const wrong: [string, object, RegExp][] = [
    ['a version that is none', { version: 0 }, /version/],
    ['a version that is not whole', { version: 1.5 }, /version/],
    ['clients of a version to come', { version: 2, clientsFrom: 3 }, /clientsFrom/],
    ['clients of no version', { version: 2, clientsFrom: 0 }, /clientsFrom/],
    ['no seat', { seats: { min: 0, max: 2 } }, /seats/],
    ['fewer at most than at least', { seats: { min: 3, max: 2 } }, /seats/],
    ['too many seats', { seats: { min: 1, max: 129 } }, /seats/],
    ['half a seat', { seats: { min: 1, max: 2.5 } }, /seats/],
    ["an action of the engine's form", { actions: { $ready: z.null() } }, /actions: '\$ready'/],
    ['an action named constructor', { actions: { constructor: z.null() } }, /constructor/],
    ['an action with a blank', { actions: { 'a b': z.null() } }, /actions/],
    ['an action without a schema', { actions: { add: {} } }, /actions\.add is not a Standard Schema/],
    ['an event without a schema', { events: { e: null } }, /events\.e/],
    ['a clock without a timer', { clocks: ['turn'] }, /clocks: there is no timer 'turn'/],
    ['a refusal with a blank', { refusals: ['not now'] }, /refusals/],
    ['a part that it does not have', { timer: { turn: z.null() } }, /no 'timer'.*timers/],
    ['an effect without a schema', { effects: { save: {} } }, /effects\.save is not a Standard Schema/],
    ['a tick too often', { tick: { hz: 61 } }, /tick/],
    ['a tick that never comes', { tick: { hz: 0 } }, /tick/],
    ['a hold for ever', { away: { hold: Infinity, then: 'leave' } }, /away/],
    ['a hold of years', { away: { hold: 1e15, then: 'leave' } }, /away\.hold/],
    ['an absence that begins too late', { away: { after: 60_001, hold: 1, then: 'leave' } }, /away\.after/],
    ['an absence of an unknown rematch', { away: { hold: 1, then: 'leave', rematch: 'never' } }, /away\.rematch/],
    ['a hold of an unknown end', { away: { hold: 1, then: 'wait' } }, /away\.then/],
    ['no seats at all', { seats: undefined }, /seats/],
    ['an action that all objects have', { actions: { toString: z.null() } }, /actions: 'toString'/],
    ['an action that makes a promise of the others', { actions: { then: z.null() } }, /actions: 'then'/],
    ['a signal named valueOf', { signals: { valueOf: z.null() } }, /signals: 'valueOf'/],
    [
      'an input that all objects have',
      { tick: { hz: 10 }, inputs: { hasOwnProperty: { kind: 'pressed' } } },
      /inputs: 'hasOwnProperty'/,
    ],
    ['an input of no kind', { tick: { hz: 10 }, inputs: { aim: { kind: 'pushed' } } }, /inputs\.aim/],
    [
      'more inputs than a message holds',
      {
        tick: { hz: 10 },
        inputs: Object.fromEntries(Array.from({ length: 33 }, (_x, i) => [`i${i}`, { kind: 'pressed' }])),
      },
      /inputs: at most 32/,
    ],
    [
      'more timers than a room has',
      { timers: Object.fromEntries(Array.from({ length: 65 }, (_x, i) => [`t${i}`, z.null()])) },
      /timers: at most 64/,
    ],
    ['a refusal of the system that is repeated', { refusals: ['busy'] }, /'busy' is a reserved refusal code/],
    ['one that ends the hold', { refusals: ['kicked'] }, /'kicked' is a reserved refusal code/],
    ['one that a client gives itself', { refusals: ['left'] }, /'left' is a reserved refusal code/],
    ['a refusal twice', { refusals: ['no', 'no'] }, /twice/],
    ['teams of one name', { teams: ['a', 'a'] }, /teams/],
    ['more teams than seats', { teams: ['a', 'b', 'c', 'd', 'e'] }, /teams/],
    ['a beginning of an unknown kind', { start: 'now' }, /start/],
    ['late players perhaps', { late: 'yes' }, /late is true or false/],
    ['a tick of no number', { tick: { hz: '20' } }, /tick\.hz/],
    ['motion that is never durable', { tick: { hz: 20, durable: { everyMs: NaN } } }, /durable/],
    ['options that are no schema', { options: {} }, /options is not a Standard Schema/],
    ['options that are no object', { options: z.any().transform(() => 5) }, /does not produce an object/],
    [
      'options that are no JSON',
      { options: z.object({ at: z.date().default(() => new Date(0)) }) },
      /options\.at is a Date/,
    ],
    [
      'defaults that are too long',
      { options: z.object({ map: z.string().default('x'.repeat(3_000)) }) },
      /the defaults have \d+ bytes/,
    ],
    ['options that {} is not', { options: z.object({ size: z.int() }) }, /options must accept \{\}.*size/],
    ['options that are read later', { options: z.object({}).refine(async () => true) }, /asynchronous|options/],
  ];
  for (const [what, part, says] of wrong)
    it(`refuses ${what}`, () => assert.throws(() => contract('game', { ...good, ...part } as ContractDef), says));
  it('[R14] says all that is wrong at once', () => {
    const many = {
      ...good,
      version: 0,
      refusals: ['busy', 'no way'],
      clocks: ['turn'],
      actions: { $a: z.null() },
      start: 'now',
    } as unknown as ContractDef;
    assert.throws(
      () => contract('Game', many),
      (error: Error) => {
        assert.match(error.message, /^contract 'Game': 7 things are wrong:\n/);
        for (const part of [/the name must be/, /version/, /'busy'/, /'no way'/, /no timer 'turn'/, /'\$a'/, /start/])
          assert.match(error.message, part);
        return true;
      },
    );
    assert.throws(
      () =>
        contract('game', { ...good, timers: { t: z.null() }, tick: { hz: 1 } }).rules({
          actions: {},
          onLeft: () => {},
        } as never),
      /5 things are wrong:[\s\S]*setup is missing[\s\S]*actions\.add[\s\S]*timers\.t[\s\S]*no rule 'onLeft'[\s\S]*tick is missing/,
    );
  });

  it('[R14] refuses whatever is not a contract, and never fails in another way', () => {
    for (const def of [
      null,
      undefined,
      5,
      [],
      { ...good, seats: 5 },
      { ...good, actions: null, events: 5 },
      { ...good, tick: null, away: null, teams: 5, refusals: 5 },
    ])
      assert.throws(() => contract('game', def as never), /contract 'game': /);
  });

  it('[R14] refuses a wrong name, list or part with a complaint that names it', () => {
    const refused: [unknown, RegExp][] = [
      [{ ...good, clocks: {} }, /clocks are a list/],
      [{ ...good, clocks: 'turn' }, /clocks are a list/],
      [{ ...good, actions: null }, /actions are missing/],
      [{ ...good, seats: { ...good.seats, most: 4 } }, /seats has no 'most'/],
      [{ ...good, away: { hold: 5, then: 'leave', bot: true } }, /away has no 'bot'/],
      [{ ...good, tick: { hz: 5, durabel: 'every' } }, /tick has no 'durabel'/],
      [{ ...good, seats: { min: 2, max: 2 }, teams: ['a', ' '] }, /teams/],
      [{ ...good, seats: { min: 2, max: 2 }, teams: ['a', 'b'.repeat(1_000)] }, /teams/],
    ];
    for (const [def, complaint] of refused)
      assert.throws(
        () => contract('game', def as never),
        (error: Error) => error.message.startsWith(`contract 'game': `) && complaint.test(error.message),
        String(complaint),
      );
    for (const name of [undefined, null, 5, Symbol('game'), {}])
      assert.throws(() => contract(name as never, good), /the name must be lower-case/);
  });

  it('refuses a name that could not be part of a link', () => {
    for (const name of ['', 'Game', 'a_b', '1a', 'a b', 'x'.repeat(41)])
      assert.throws(() => contract(name, good), /contract/);
  });

  it('refuses rules for what it does not have', () => {
    const rules = { setup: () => ({ n: 0 }), actions: { add: () => {} } };
    assert.throws(
      () => contract('game', good).rules({ ...rules, actions: { ...rules.actions, sub: () => {} } } as never),
      /actions\.sub is not in the contract/,
    );
    assert.throws(
      () => contract('game', good).rules({ ...rules, timers: { turn: () => {} } } as never),
      /timers\.turn is not in the contract/,
    );
  });

  it('refuses rules that lack something', () => {
    const whole = contract('game', { ...good, timers: { t: z.null() }, tick: { hz: 10 }, view: view<number>() });
    const rules = {
      setup: () => ({ n: 0 }),
      actions: { add: () => {} },
      timers: { t: () => {} },
      tick: () => {},
      view: () => 1,
    };
    assert.ok(whole.rules(rules));
    for (const part of ['setup', 'tick', 'view'] as const)
      assert.throws(() => whole.rules({ ...rules, [part]: undefined } as never), new RegExp(part));
    assert.throws(() => whole.rules({ ...rules, actions: {} } as never), /actions\.add is missing/);
    assert.throws(() => whole.rules({ ...rules, timers: {} } as never), /timers\.t is missing/);
    assert.throws(
      () =>
        contract('game', good).rules({ setup: () => ({ n: 0 }), actions: { add: () => {} }, view: () => 1 } as never),
      /view/,
    );
  });

  it('takes any Standard Schema', () => {
    const made = contract('game', { ...good, actions: { a: z.string(), b: v.object({ n: v.number() }) } });
    assert.deepEqual(parse(made.def.actions.b, { n: 1 }), { ok: true, value: { n: 1 } });
    const refusal = parse(made.def.actions.b, { n: 'x' });
    assert.ok(!refusal.ok);
    assert.match(refusal.detail, /^n: /);
  });

  it('[R7] a schema that throws, waits, or talks without end is a failed reading', () => {
    const schema = (validate: (value: unknown) => unknown) =>
      ({ '~standard': { version: 1, vendor: 'test', validate } }) as unknown as Schema;
    assert.deepEqual(
      parse(
        schema(() => {
          throw new Error('no');
        }),
        1,
      ),
      { ok: false, detail: 'the schema failed: no' },
    );
    assert.equal(
      parse(
        schema(() => Promise.reject(new Error('later'))),
        1,
      ).ok,
      false,
    );
    assert.equal(
      parse(
        schema(() => ({ then: (done: (result: unknown) => void) => done({ value: 1 }) })),
        1,
      ).ok,
      false,
    );
    const throwing = parse(
      z.string().transform(text => JSON.parse(text) as unknown),
      'no JSON',
    ); // zod runs it again, as an asynchronous one
    assert.ok(!throwing.ok && throwing.detail.includes('throws'));
    const long = parse(
      schema(() => ({ issues: [{ message: 'x'.repeat(5_000) }] })),
      1,
    );
    assert.ok(!long.ok && long.detail.length <= 200);
    assert.equal(
      parse(
        schema(() => ({ issues: [] as unknown[] })),
        1,
      ).ok,
      false,
    );
  });

  it('the games of this server are named once', () =>
    assert.equal(new Set(demoGames.map(g => g.contract.name)).size, demoGames.length));
});

/** What the compiler refuses. Never run: tsc is the test. */
export function types(): void {
  const typed = contract('typed', {
    version: 1,
    seats: { min: 1, max: 2 },
    state: state<{ n: number }>(),
    actions: { add: z.object({ by: z.int() }), stop: z.object({}) },
    events: { added: z.object({ by: z.int() }) },
    timers: { turn: z.object({ seat: z.int() }) },
    clocks: ['turn'],
    refusals: ['too-much'],
  });
  const rules = {
    setup: () => ({ n: 0 }),
    actions: { add: () => {}, stop: () => {} },
    timers: { turn: () => {} },
  };
  typed.rules(rules);
  typed.rules({
    ...rules,
    actions: {
      add(s, { by }, ctx) {
        s.n += by;
        // @ts-expect-error the state has no such field
        s.m = 1;
        // @ts-expect-error a refusal that the contract does not name
        if (by > 9) ctx.refuse('too-little');
        if (by > 8) ctx.refuse('too-much', 'by one');
        ctx.emit('added', { by });
        // @ts-expect-error an event that the contract does not name
        ctx.emit('removed', { by });
        // @ts-expect-error data of another form
        ctx.emit('added', { by: 'one' });
        ctx.timers.turn.set(1_000, { seat: 0 });
        // @ts-expect-error a timer that the contract does not name
        ctx.timers.game.clear();
        // @ts-expect-error data of another form
        ctx.timers.turn.set(1_000, { player: 0 });
        // @ts-expect-error the result of a match is a ranking
        ctx.end({ winner: 0 });
      },
      stop: () => {},
    },
  });
  // @ts-expect-error a rule is missing
  typed.rules({ ...rules, actions: { add: () => {} } });
  // @ts-expect-error the timer's rule is missing
  typed.rules({ setup: rules.setup, actions: rules.actions });
  // @ts-expect-error a state of another form
  typed.rules({ ...rules, setup: () => ({ n: 'none' }) });
  const inPlace = { ...rules.actions, add: (s: { n: number }) => s.n++ };
  typed.rules({ ...rules, actions: inPlace });
  // @ts-expect-error a rule that awaits
  typed.rules({ ...rules, actions: { ...rules.actions, add: async () => {} } });
  // @ts-expect-error a rule that makes a new state, at which nobody looks
  typed.rules({ ...rules, actions: { ...rules.actions, add: (s: { n: number }) => ({ n: s.n + 1 }) } });
  const first = { ...rules, timers: { turn: () => {} } };
  typed.rules({ ...first, bot: () => ({ act: 'stop' }) });
  typed.rules({
    ...first,
    bot: (s, seat) => (s.n > seat ? { act: 'stop', data: {} } : { act: 'add', data: { by: 1 } }),
  });
  typed.rules({
    setup: () => ({ n: 0 }),
    // @ts-expect-error the error is where the action is
    actions: { add: () => {}, stop: () => {}, start: () => {} },
    // @ts-expect-error the error is where the timer's rule is
    timers: { turn: (s: string) => s.length },
    // @ts-expect-error the error is where the bot is: data are missing
    bot: () => ({ act: 'add' }),
  });
  const timeless = contract('timeless', { version: 1, seats: good.seats, state: state<{ n: number }>(), actions: {} });
  timeless.rules({
    setup: () => ({ n: 0 }),
    actions: {},
    // @ts-expect-error the contract has no timers
    timers: { turn: () => {} },
  });
  const game = timeless.rules({ setup: () => ({ n: 0 }), actions: {} });
  const named = new Map<string, Game>([
    ['typed', typed.rules(rules)],
    ['timeless', game],
  ]);
  const contracts: Contract[] = [typed, timeless, ...[...named.values()].map(one => one.contract)];
  const helper = (s: StateOf<typeof typed>, ctx: ActionCtxOf<typeof typed>) => {
    s.n = ctx.seat;
    // @ts-expect-error a refusal that the contract does not name
    ctx.refuse('too-little');
  };
  typed.rules({ ...rules, actions: { stop: () => {}, add: (s, _, ctx) => helper(s, ctx) } });
  const ofGame = null as unknown as RoomOf<typeof game>;
  const ofContract: RoomOf<typeof timeless> = ofGame;
  const state0: StateOf<typeof game> | null = ofContract.state;
  void [contracts, state0?.n];
  // @ts-expect-error the contract has no view
  typed.rules({ ...rules, view: () => 1 });
  // @ts-expect-error a clock without a timer is an error of the contract, but a wrong seat count already one of the types
  contract('bad', { ...good, seats: { min: 1 } });

  const seen = contract('seen', { ...good, view: view<{ yours: number }>() });
  seen.rules({ setup: () => ({ n: 0 }), actions: { add: () => {} }, view: (s, { seat }) => ({ yours: seat ?? s.n }) });
  // @ts-expect-error the view is missing
  seen.rules({ setup: () => ({ n: 0 }), actions: { add: () => {} } });
  // @ts-expect-error a view of another form
  const seenGame = seen.rules({ setup: () => ({ n: 0 }), actions: { add: () => {} }, view: () => ({ mine: 1 }) });
  // games of different contracts, together
  const games: AnyGame[] = [seenGame, ...demoGames];
  new Map<string, AnyGame>().set(seen.name, seenGame);
  // @ts-expect-error no game: it has no rules
  games.push({ contract: seen });

  const room = null as unknown as Room<(typeof typed)['def']>;
  void room.act.add({ by: 1 }).then(said => {
    if (said.ok) return;
    if (said.code === 'too-much' || said.code === 'rule-failed') return;
    // @ts-expect-error nobody refuses with this code
    if (said.code === 'never-heard-of') return;
  });
  void room.act.stop();
  // @ts-expect-error data of another form
  void room.act.add({ by: 'one' });
  // @ts-expect-error data are missing
  void room.act.add();
  // @ts-expect-error an action that the contract does not name
  void room.act.remove({ by: 1 });
  room.on('added', ({ by }) => by.toFixed());
  // @ts-expect-error an event that the contract does not name
  room.on('removed', () => {});
  room.clock('turn');
  // @ts-expect-error a clock that the contract does not show
  room.clock('game');
  // @ts-expect-error state of another form
  void room.state?.m;
  // @ts-expect-error what is seen is the view
  void (null as unknown as Room<(typeof seen)['def']>).state?.n;
  const ctx = null as unknown as CtxOf<typeof typed>;
  // @ts-expect-error ctx is for reading
  ctx.now = 5;
}

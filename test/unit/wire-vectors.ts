import { Encoder, PacketType } from 'socket.io-parser';
import { Client } from '../../client/client.ts';
import { Outbox } from '../../client/outbox.ts';
import type { TransportEvents } from '../../client/ports.ts';
import type { Room } from '../../client/room.ts';
import { ShortForms } from '../../client/short-forms.ts';
import { conformanceContract } from '../../conformance/harness/games.ts';
import { apply, type Changes } from '../../shared/delta.ts';
import { diff } from '../../shared/diff.ts';
import type { Json } from '../../shared/json.ts';
import type { ActReply, ActRequest, JoinSuccess, NumberedVerdict, WireChange } from '../../shared/protocol.ts';
import { refusals } from '../../shared/refusals.ts';

/** The files of test vectors in docs/wire, by name. The product's own code computes every result. */
export async function buildVectors(): Promise<Record<string, unknown>> {
  return {
    deltas: deltaVectors(),
    refusals: Object.entries(refusals).map(([code, refusal]) => ({ code, ...refusal })),
    frames: frameVectors(),
    positions: await positionVectors(),
    actions: await actionVectors(),
    'short-forms': shortFormVectors(),
  };
}

const parsed = (json: string): Json => JSON.parse(json) as Json;

// --- deltas -------------------------------------------------------------------------------------

/** From and to as JSON texts, since `__proto__` in a literal is no key. */
const pairs: readonly [name: string, from: string, to: string][] = [
  ['a number', '{"a":1,"b":2}', '{"a":3,"b":2}'],
  ['a text', '{"a":"x"}', '{"a":""}'],
  ['true and false', '{"a":true,"b":false}', '{"a":false,"b":true}'],
  ['null is a value', '{"a":1}', '{"a":null}'],
  ['from null to a number', '{"a":null}', '{"a":0}'],
  ['a new key', '{}', '{"a":1}'],
  ['a key is removed', '{"a":1,"b":2}', '{"b":2}'],
  ['an object is set', '{"a":1}', '{"a":{"b":1}}'],
  ['an empty object is set', '{"a":1}', '{"a":{}}'],
  ['an array is set', '{"a":1}', '{"a":[1,2]}'],
  ['an empty array is set', '{"a":1}', '{"a":[]}'],
  ['an array of one array', '{"a":1}', '{"a":[[1]]}'],
  ['an object becomes a number', '{"a":{"b":1}}', '{"a":1}'],
  ['an array becomes an object', '{"a":[1]}', '{"a":{"0":1}}'],
  ['within an object', '{"a":{"b":{"c":1,"d":2}}}', '{"a":{"b":{"c":5,"d":2}}}'],
  ['two places at once', '{"a":{"b":1},"c":[1,2]}', '{"a":{"b":2},"c":[1,3]}'],
  ['an element of an array', '{"a":[1,2,3]}', '{"a":[1,9,3]}'],
  ['within an element', '{"a":[{"x":1},{"x":2}]}', '{"a":[{"x":1},{"x":3}]}'],
  ['an element is appended', '{"a":[1,2]}', '{"a":[1,2,3]}'],
  ['an element is inserted in front', '{"a":["b","c","d"]}', '{"a":["a","b","c","d"]}'],
  ['an element is removed in front', '{"a":["a","b","c","d"]}', '{"a":["b","c","d"]}'],
  ['elements are removed and inserted', '{"a":["a","b","c","d","e"]}', '{"a":["b","x","y","d","e"]}'],
  ['all elements are removed', '{"a":[1,2,3]}', '{"a":[]}'],
  [
    'an object is inserted before objects',
    '{"a":[{"id":1,"n":"one"},{"id":2,"n":"two"}]}',
    '{"a":[{"id":0,"n":"zero"},{"id":1,"n":"one"},{"id":2,"n":"two"}]}',
  ],
  ['nested arrays', '{"a":[[1,2],[3,4],[5,6]]}', '{"a":[[1,2],[5,7]]}'],
  ['the key #', '{"#":1}', '{"#":2}'],
  ['the key ##', '{"##":{"a":1}}', '{"##":{"a":2}}'],
  ['the key # is removed', '{"#":1,"a":1}', '{"a":1}'],
  ['the key #a beside the key a', '{"#a":1,"a":1}', '{"#a":2,"a":3}'],
  ['the key __proto__', '{"__proto__":1}', '{"__proto__":2}'],
  ['within the key __proto__', '{"a":{"__proto__":{"b":1}}}', '{"a":{"__proto__":{"b":2}}}'],
  ['the keys constructor and length', '{"constructor":1,"length":2}', '{"constructor":2,"length":3}'],
  ['the empty key', '{"":1}', '{"":2}'],
  ['a key that is a number', '{"7":"a"}', '{"7":"b"}'],
  ['a removed key comes last when it is set again', '{"a":1,"b":2}', '{"b":2,"a":1}'],
  ['keys are removed and others are set', '{"a":1,"b":2,"c":3}', '{"c":3,"d":4}'],
  ['text beyond ASCII', '{"a":"Zoë ♟"}', '{"a":"Ж😀"}'],
  ['a large and a small number', '{"a":1}', '{"a":1.5e-7,"b":9007199254740991}'],
];

/** Changes that the server does not write in this form today, but that have a meaning. */
const written: readonly [name: string, from: string, change: string][] = [
  ['an empty change', '{"a":1}', '{}'],
  ['several splices, one after the other', '{"a":["a","b","c"]}', '{"a":{"#":[[0,1],[1,0,"x"],[2,1]]}}'],
  ['a splice, then an element by its new index', '{"a":[1,2,3]}', '{"a":{"#":[[0,1]],"0":9}}'],
  ['keys are removed first, then set', '{"a":1,"b":2}', '{"#":["a"],"a":3}'],
  ['a missing key is removed', '{"a":1}', '{"b":[]}'],
];

const unfit: readonly [name: string, from: string, change: string][] = [
  ['inside of a missing key', '{"a":1}', '{"b":{"c":1}}'],
  ['inside of a number', '{"a":1}', '{"a":{"c":1}}'],
  ['inside of null', '{"a":null}', '{"a":{"c":1}}'],
  ['a splice beyond the end', '{"a":[1,2]}', '{"a":{"#":[[2,1]]}}'],
  ['a splice that begins beyond the end', '{"a":[1,2]}', '{"a":{"#":[[3,0,9]]}}'],
];

function deltaVectors() {
  return {
    changes: [
      ...pairs.map(([name, from, to]) => ({
        name,
        from: parsed(from),
        change: diff(parsed(from), parsed(to)) as Json,
        to: parsed(to),
      })),
      ...written.map(([name, from, change]) => {
        const to = parsed(from);
        apply(to, parsed(change) as Changes);
        return { name, from: parsed(from), change: parsed(change), to };
      }),
    ],
    unfit: unfit.map(([name, from, change]) => ({ name, from: parsed(from), change: parsed(change) })),
  };
}

/** Whether a change fits, by the product's own code. */
export function fits(from: Json, change: Json): boolean {
  try {
    apply(structuredClone(from), change as Changes);
    return true;
  } catch {
    return false;
  }
}

// --- frames -------------------------------------------------------------------------------------

/** Text frames of a WebSocket: Engine.IO's type, then Socket.IO's packet. */
function frameVectors() {
  const encode = (packet: object): string =>
    `4${(new Encoder().encode({ nsp: '/', ...packet } as never) as string[])[0]!}`;
  const event = (name: string, args: unknown[], id?: number) => ({ type: PacketType.EVENT, data: [name, ...args], id });
  const join = { room: 'aB3dE5gH7jK9mN1p', session: 's1' };
  return [
    {
      from: 'server',
      text: '0{"sid":"x","upgrades":[],"pingInterval":1700,"pingTimeout":4800,"maxPayload":65536}',
      means: 'open',
    },
    { from: 'server', text: '2', means: 'ping' },
    { from: 'client', text: '3', means: 'pong' },
    {
      from: 'client',
      text: encode({ type: PacketType.CONNECT, data: { wire: 2, name: 'Ann' } }),
      means: 'handshake',
      auth: { wire: 2, name: 'Ann' },
    },
    { from: 'server', text: encode({ type: PacketType.CONNECT, data: { sid: 'y' } }), means: 'handshake accepted' },
    {
      from: 'server',
      text: encode({
        type: PacketType.CONNECT_ERROR,
        data: { message: 'client-outdated', data: { ok: false, code: 'client-outdated' } },
      }),
      means: 'handshake refused',
      refusal: { ok: false, code: 'client-outdated' },
    },
    { from: 'server', text: encode(event('token', ['abc'])), means: 'event', name: 'token', args: ['abc'] },
    { from: 'server', text: encode(event('moving', [])), means: 'event', name: 'moving', args: [] },
    {
      from: 'server',
      text: encode(event('change', ['r', 5, 7, 5, { state: { turn: 1 } }])),
      means: 'event',
      name: 'change',
      args: ['r', 5, 7, 5, { state: { turn: 1 } }],
    },
    { from: 'client', text: encode(event('join', [join], 0)), means: 'request', id: '0', name: 'join', body: join },
    {
      from: 'client',
      text: encode(event('act', [{ room: 'r', name: 'drop', data: { column: 3 }, n: 1, term: 5 }], 17)),
      means: 'request',
      id: '17',
      name: 'act',
      body: { room: 'r', name: 'drop', data: { column: 3 }, n: 1, term: 5 },
    },
    {
      from: 'client',
      text: encode(event('input', [{ room: 'r', n: 1, hold: { x: 1 } }])),
      means: 'message',
      name: 'input',
      body: { room: 'r', n: 1, hold: { x: 1 } },
    },
    {
      from: 'server',
      text: encode({ type: PacketType.ACK, id: 17, data: [{ ok: true, n: 1, place: [5, 8] }] }),
      means: 'answer',
      id: '17',
      reply: { ok: true, n: 1, place: [5, 8] },
    },
    { from: 'server', text: encode({ type: PacketType.DISCONNECT }), means: 'disconnected' },
    { from: 'server', text: '1', means: 'close' },
  ];
}

// --- positions ----------------------------------------------------------------------------------

/** Position of the client, the change that arrives, and at seq 0 the term of the last answer to a join. */
const arrivals: readonly [name: string, position: [number, number], change: WireChange, term?: number][] = [
  ['the next entry', [5, 7], [5, 8, 5, { state: { total: 1 } }]],
  ['the next entry, without a visible change', [5, 7], [5, 8, 5, 0]],
  ['the first entry of a new owner', [5, 7], [9, 8, 5, { state: { total: 1 } }]],
  ['the first entry of all', [0, 0], [5, 1, 0, { state: { total: 1 } }], 5],
  [
    'the first entry of all, by another owner than the one that answered',
    [0, 0],
    [9, 1, 0, { state: { total: 1 } }],
    5,
  ],
  ['the same entry again', [5, 7], [5, 7, 5, { state: { total: 1 } }]],
  ['an older entry', [5, 7], [5, 3, 5, { state: { total: 1 } }]],
  ['an older entry of an older term', [9, 7], [5, 7, 5, { state: { total: 1 } }]],
  ['an entry in between is missing', [5, 7], [5, 9, 5, { state: { total: 1 } }]],
  ['the seq follows, and the term before is another: lost history', [5, 7], [9, 8, 3, { state: { total: 1 } }]],
  ['the seq follows in another term', [5, 7], [9, 8, 9, { state: { total: 1 } }]],
  ['a lower seq of a newer term: lost history', [5, 7], [9, 5, 9, { state: { total: 1 } }]],
  ['the same seq of a newer term', [5, 7], [9, 7, 5, { state: { total: 1 } }]],
  ['a change that does not fit', [5, 7], [5, 8, 5, { state: { missing: { inner: 1 } } }]],
];

async function positionVectors() {
  const vectors: object[] = [];
  for (const [name, position, change, term] of arrivals) {
    const { room, joins, deliver, close } = await joinedAt(position, term);
    const before = joins();
    const said = console.error;
    console.error = () => {}; // the SDK reports a change that does not fit
    deliver(structuredClone(change));
    console.error = said;
    const joined = joins() > before;
    const applied = room.position.join() === [change[0], change[1]].join() && !joined;
    vectors.push({
      name,
      position,
      ...(term === undefined ? {} : { term }),
      change,
      does: joined ? 'join' : applied && position.join() !== room.position.join() ? 'apply' : 'ignore',
    });
    close();
  }
  return vectors;
}

/** A room of the SDK at a position, on a transport whose answers are given here. */
async function joinedAt(
  place: [number, number],
  term = place[0],
): Promise<{ room: Room<never>; joins: () => number; deliver: (change: WireChange) => void; close: () => void }> {
  let joins = 0;
  let events: TransportEvents | null = null;
  const answer = {
    ok: true,
    room: 'r',
    seat: 0,
    hold: 1,
    session: 's',
    term,
    place,
    base: 0,
    verdicts: [],
    now: 0,
    lost: false,
    with: 'snapshot',
    view: { room: { seats: [{ hold: 1 }], inputs: [] }, state: { total: 0 } },
  } as unknown as JoinSuccess;
  const client = new Client('test:', {
    storage: null,
    transport: {
      open: (_handshake, _route, on) => {
        events = on;
        queueMicrotask(() => on.event('welcome', { player: 'p', name: 'n', token: '', node: 'n', now: 0, wire: 2 }));
        return {
          request: ((name: string) => {
            if (name !== 'join') return new Promise(() => {});
            joins += 1;
            // Only the first is answered: what the client does with the others is not asked here.
            return joins === 1 ? Promise.resolve(answer) : new Promise(() => {});
          }) as never,
          send: () => {},
          close: () => {},
        };
      },
    },
  });
  const room = await client.join(conformanceContract, { id: 'r' });
  return {
    room: room as never,
    joins: () => joins,
    deliver: change => events!.event('change', 'r', ...change),
    close: () => client.close(),
  };
}

// --- actions ------------------------------------------------------------------------------------

/** What happens to a session, in order. */
type Happening =
  | { act: string }
  /** The answer to the oldest unanswered message with this number. */
  | { answer: number; reply: Record<string, unknown> }
  | { joined: { term: number; base: number; verdicts: NumberedVerdict[] } }
  | { connection: 'lost' }
  | { time: 'passes' };

const ok = (answer: number, seq: number, term = 5): Happening => ({
  answer,
  reply: { ok: true, n: answer, place: [term, seq] },
});
const joined = (term: number, base: number, verdicts: NumberedVerdict[] = []): Happening => ({
  joined: { term, base, verdicts },
});

const stories: readonly [name: string, happenings: Happening[]][] = [
  ['two actions', [joined(5, 0), { act: 'a' }, { act: 'b' }, ok(1, 8), ok(2, 8)]],
  ['a session that has acted before', [joined(5, 10), { act: 'a' }]],
  ['before the join is answered nothing is sent', [{ act: 'a' }, joined(5, 0)]],
  [
    'the game refuses: the number is used up',
    [
      joined(5, 0),
      { act: 'a' },
      { act: 'b' },
      { answer: 1, reply: { ok: false, n: 1, code: 'not-your-turn', place: [5, 8] } },
    ],
  ],
  [
    'refused before the room: the following actions move up',
    [joined(5, 0), { act: 'a' }, { act: 'b' }, { answer: 1, reply: { ok: false, code: 'too-large' } }, joined(5, 0)],
  ],
  [
    'slow-down: the same number again, later',
    [
      joined(5, 0),
      { act: 'a' },
      { answer: 1, reply: { ok: false, code: 'slow-down', retryAfter: 400 } },
      { time: 'passes' },
    ],
  ],
  [
    'a new owner: stale-term',
    [
      joined(5, 0),
      { act: 'a' },
      { act: 'b' },
      { answer: 1, reply: { ok: false, code: 'stale-term', term: 9, base: 0, verdicts: [] } },
    ],
  ],
  [
    'a new owner that knows the first verdict',
    [
      joined(5, 0),
      { act: 'a' },
      { act: 'b' },
      { answer: 2, reply: { ok: false, code: 'stale-term', term: 9, base: 1, verdicts: [[1, { seq: 8, term: 5 }]] } },
    ],
  ],
  [
    'a lost connection: nothing was executed',
    [joined(5, 0), { act: 'a' }, { act: 'b' }, { connection: 'lost' }, joined(5, 0)],
  ],
  [
    'a lost connection: one was executed, one refused, one never arrived',
    [
      joined(5, 0),
      { act: 'a' },
      { act: 'b' },
      { act: 'c' },
      { connection: 'lost' },
      joined(9, 2, [
        [1, { seq: 8, term: 5 }],
        [2, { seq: 9, term: 5, code: 'not-your-turn' }],
      ]),
    ],
  ],
  ['a verdict that is not among the last 16', [joined(5, 0), { act: 'a' }, { connection: 'lost' }, joined(9, 1)]],
  [
    'an answer of the connection before',
    [joined(5, 0), { act: 'a' }, { connection: 'lost' }, joined(5, 0), ok(1, 8), ok(1, 9)],
  ],
  ['an answer of an older owner', [joined(9, 0), { act: 'a' }, joined(5, 3)]],
  [
    'lost history: the base goes back',
    [joined(5, 4), { act: 'a' }, { connection: 'lost' }, joined(9, 2), { act: 'b' }],
  ],
  [
    'a later answer first: an earlier one was lost',
    [
      joined(5, 0),
      { act: 'a' },
      { act: 'b' },
      ok(2, 8),
      joined(5, 2, [
        [1, { seq: 8 }],
        [2, { seq: 8 }],
      ]),
    ],
  ],
  [
    'not-in-room: join, then send again',
    [joined(5, 0), { act: 'a' }, { answer: 1, reply: { ok: false, code: 'not-in-room' } }, joined(5, 0)],
  ],
  ['at most eight are in flight', [joined(5, 0), ...'abcdefghij'.split('').map(act => ({ act })), ok(1, 8)]],
  [
    'the session was replaced',
    [joined(5, 0), { act: 'a' }, { answer: 1, reply: { ok: false, code: 'session-replaced' } }],
  ],
];

async function actionVectors() {
  const vectors: object[] = [];
  for (const [name, happenings] of stories) vectors.push({ name, steps: await tellStory(happenings) });
  return vectors;
}

async function tellStory(happenings: readonly Happening[]) {
  let effects: Record<string, unknown[]> = {};
  const note = (key: string, what: unknown) => (effects[key] ??= []).push(what);
  const unanswered: { n: number; answer: (reply: ActReply) => void }[] = [];
  let timers: (() => void)[] = [];
  const outbox: Outbox = new Outbox({
    send: ({ name, n, term }: Omit<ActRequest, 'room'>) => {
      note('sends', { name, n, term });
      return new Promise(answer => unanswered.push({ n: n!, answer }));
    },
    rejoin: () => note('joins', true),
    end: refusal => {
      note('ends', refusal.code);
      outbox.end(refusal);
    },
    after: (_ms, fn) => void timers.push(fn),
  });
  const steps: object[] = [];
  for (const happening of happenings) {
    effects = {};
    if ('act' in happening)
      void outbox.act(happening.act, {}, result =>
        note('settles', [happening.act, result.ok ? { ok: true } : { ok: false, code: result.code }]),
      );
    else if ('joined' in happening)
      outbox.resume(happening.joined.term, happening.joined.base, happening.joined.verdicts);
    else if ('connection' in happening) outbox.suspend();
    else if ('time' in happening) for (const fn of timers.splice(0)) fn();
    else {
      const at = unanswered.findIndex(({ n }) => n === happening.answer);
      unanswered.splice(at, 1)[0]!.answer(happening.reply as unknown as ActReply);
    }
    await new Promise<void>(resolve => {
      setImmediate(resolve);
    });
    const { joins, ends, ...rest } = effects;
    steps.push({ ...happening, ...rest, ...(joins ? { joins: true } : {}), ...(ends ? { ends: ends[0] } : {}) });
  }
  timers = [];
  return steps;
}

// --- short forms --------------------------------------------------------------------------------

function shortFormVectors() {
  const forms = new ShortForms();
  const join = { ok: true, room: 'r', number: 12, term: 5, shortInputs: true } as unknown as JoinSuccess;
  forms.recordJoin(join);
  const means = (name: string, ...args: unknown[]) => ({
    event: [name, ...args],
    means: forms.expandEvent(name, structuredClone(args)),
  });
  const steps = [
    means('s', 12, 8, { turn: 1 }),
    means('c', 12, 9, { room: { phase: 'ended' }, state: { turn: 0 } }),
    means('c', 12, 10, 0, [['won', { seat: 1 }]]),
    means('s', 12, 11, { turn: 1 }, [['moved', {}]]),
    means('c', 12, 12, { state: { turn: 0 } }, 0, 9, 5),
    means('s', 12, 13, { turn: 1 }),
    means('c', 12, 14, 0, 0, 11, 9),
    means('h', 12, 14, 3),
    means('s', 99, 1, { turn: 1 }),
    means('change', 'r', 11, 15, 11, { state: { turn: 0 } }),
  ];
  const input = (body: Record<string, unknown>) => ({ input: body, short: forms.shortenInput(body as never) });
  return {
    join: { room: 'r', number: 12, term: 5 },
    /** In this order on one connection. `means`: null where the number is unknown. */
    steps,
    inputs: [
      input({ room: 'r', n: 1, hold: { x: 1 } }),
      input({ room: 'r', n: 2, press: { jump: 1 } }),
      input({ room: 'r', n: 3, hold: { x: 0 }, press: { jump: 2 }, after: 2 }),
      input({ room: 'r', n: 4, hold: { x: 1 }, after: 3 }),
    ],
  };
}

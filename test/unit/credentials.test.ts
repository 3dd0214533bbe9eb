import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Client, type ConnectOptions } from '../../client/client.ts';
import type { TransportEvents, Route, Transport } from '../../client/ports.ts';
import type { TokenStorage } from '../../client/stored-token.ts';
import type { Handshake } from '../../shared/protocol.ts';
import { makeRefusal, type RefusalCode } from '../../shared/refusals.ts';
import { VirtualClock } from '../../testkit/virtual-clock.ts';

/** A client whose connections do what the test says. */
function client(options: ConnectOptions) {
  const clock = new VirtualClock();
  const lines: { said: Handshake; route: Route; events: TransportEvents }[] = [];
  const transport: Transport = {
    open(said, route, events) {
      lines.push({ said, route, events });
      return { request: () => new Promise(() => {}), send: () => {}, close: () => {} };
    },
  };
  const made = new Client('test:', {
    transport,
    clock: {
      now: () => clock.now(),
      mono: () => clock.mono(),
      random: () => 0.5,
      after: (ms, fn) => {
        const timer = clock.after(ms, fn);
        return () => timer.cancel();
      },
    },
    ...options,
  });
  const newIdentities: number[] = [];
  made.onNewIdentity(() => newIdentities.push(lines.length));
  return {
    clock,
    lines,
    made,
    newIdentities,
    refuse: (code: RefusalCode = 'bad-token', at = lines.length - 1) => lines[at]!.events.closed(makeRefusal(code)),
    welcome: (token = '') =>
      lines.at(-1)!.events.event('welcome', { player: 'p', name: 'p', token, node: 'a', now: 0, wire: 2 }),
    next: (count: number) => clock.waitUntil(`connection ${count}`, () => lines.length === count, 20_000),
    tokens: () => lines.map(line => line.said.token),
  };
}

const memory = (token: string | null): TokenStorage & { token: string | null } => ({
  token,
  getItem() {
    return this.token;
  },
  setItem(_key, value) {
    this.token = value;
  },
  removeItem() {
    this.token = null;
  },
});
const broken = (error: () => never): TokenStorage => ({ getItem: error, setItem: error, removeItem: error });
const fail = (): never => {
  throw new DOMException('full', 'QuotaExceededError');
};

describe('who a client says it is', () => {
  it('[U10] a token function is asked before each connection, sync or async', async () => {
    for (const wrap of [(token: string) => token, (token: string) => Promise.resolve(token)]) {
      let asked = 0;
      const { next, lines, welcome, tokens } = client({
        token: () => wrap(`token ${++asked}`),
        auth: () => ({ session: `s${asked}` }),
      });
      await next(1);
      welcome('not kept: the function is asked');
      lines[0]!.events.closed(null);
      await next(2);
      assert.deepEqual(tokens(), ['token 1', 'token 2']);
      assert.equal((lines[1]!.said as { session?: string }).session, 's2');
    }
  });

  it('[U10] a refused token is asked for once more, as refused; refused again, the client gives up', async () => {
    for (const code of ['bad-token', 'not-signed-in'] as const) {
      const asked: boolean[] = [];
      const { next, refuse, welcome, made, tokens, lines, newIdentities } = client({
        token: async ({ refused }) => {
          asked.push(refused);
          return refused ? 'fresh' : 'expired';
        },
      });
      await next(1);
      refuse(code);
      await next(2);
      assert.deepEqual(
        [asked, tokens()],
        [
          [false, true],
          ['expired', 'fresh'],
        ],
      );
      welcome();
      lines[1]!.events.closed(null);
      await next(3);
      refuse(code);
      await next(4);
      refuse(code);
      assert.deepEqual([asked, made.status.state], [[false, true, false, true], 'refused']);
      assert.equal(
        made.status.state === 'refused' && made.status.now,
        code === 'bad-token' ? 'new-identity' : 'sign-in',
      );
      assert.deepEqual(newIdentities, []);
    }
  });

  const long = 'x'.repeat(20_000);
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const unsendable: [what: string, options: ConnectOptions, code: RefusalCode, why: RegExp][] = [
    ['a token', { token: long }, 'too-large', /^the token has 20002 bytes, at most 16000 \(authBytes\)$/],
    ['a token function', { token: async () => long }, 'too-large', /^the token has 20002 bytes/],
    ['auth', { auth: { session: long } }, 'too-large', /^auth has 20014 bytes, at most 16000 \(authBytes\)$/],
    ['an auth function', { auth: () => ({ session: 1n as never }) }, 'bad-request', /^auth\.session is a bigint/],
    ['auth with a cycle', { auth: cyclic as never }, 'bad-request', /^auth\.self\.self is a cycle/],
  ];
  for (const [what, options, code, why] of unsendable) {
    it(`[U10a] ${what} that cannot be sent: the client is refused with the reason, and nothing is sent`, async () => {
      const { clock, lines, made } = client({ storage: null, ...options });
      const watching = assert.rejects(made.list(), { code });
      await clock.advance(20_000);
      await watching;
      assert.equal(lines.length, 0);
      assert.ok(made.status.state === 'refused' && made.status.refusal.code === code);
      assert.match(made.status.why, why);
    });
  }

  it('[U10a] a stored text that is too long for a token of the server is not sent', () => {
    const { tokens, made } = client({ storage: memory(long) });
    assert.deepEqual([tokens(), made.status.state], [[undefined], 'connecting']);
  });

  it('[U10] connections that are opened side by side with one token count as one refusal', async () => {
    const { clock, next, refuse, tokens, made } = client({ token: ({ refused }) => (refused ? 'fresh' : 'expired') });
    await clock.waitUntil('two are opened', () => tokens().length === 2, 4_000);
    refuse('bad-token', 0);
    refuse('bad-token', 1);
    await next(3);
    assert.deepEqual([tokens()[2], made.status.state], ['fresh', 'connecting']);
  });

  it('[U10] a token function that throws, rejects or does not settle is asked again, and the status says so', async () => {
    const complaints: unknown[] = [];
    const { error } = console;
    console.error = (what: unknown) => complaints.push(what);
    try {
      for (const first of [
        () => {
          throw new Error('no network');
        },
        () => Promise.reject(new Error('no network')),
        () => new Promise<string>(() => {}),
      ]) {
        let asked = 0;
        const { clock, next, made, tokens } = client({ token: () => (++asked === 1 ? first() : 'token') });
        await clock.waitUntil(
          'it says so',
          () => made.status.state === 'connecting' && made.status.problem === 'token-failed',
          12_000,
        );
        assert.equal(tokens().length, 0);
        await next(1);
        assert.deepEqual(tokens(), ['token']);
      }
      assert.equal(complaints.length, 3);
    } finally {
      console.error = error;
    }
  });

  it('[U10] a stored token that is refused once is tried again by another route; only refused twice in a row, the client is a new guest', async () => {
    const storage = memory('old');
    const { next, refuse, welcome, tokens, lines, newIdentities } = client({ storage });
    refuse();
    await next(2);
    assert.deepEqual([tokens(), typeof lines[1]!.route], [['old', 'old'], 'string']);
    assert.equal(storage.token, 'old');
    welcome('renewed');
    assert.equal(storage.token, 'renewed');
    lines[1]!.events.closed(null);
    await next(3);
    refuse();
    await next(4);
    refuse();
    await next(5);
    assert.deepEqual(
      [tokens().slice(2), newIdentities],
      [['renewed', 'renewed', undefined], []],
      'it is not known yet who this is now',
    );
    welcome('another');
    assert.deepEqual([storage.token, newIdentities], ['another', [5]]);
  });

  it('[U10] a client without a token that is not signed in is refused at once', async () => {
    const { clock, refuse, made, lines } = client({ storage: null });
    refuse('not-signed-in');
    await clock.advance(10_000);
    assert.deepEqual([made.status.state, lines.length], ['refused', 1]);
  });

  const storages: Record<string, () => TokenStorage> = {
    throws: () => broken(fail),
    rejects: () => broken(() => Promise.reject(new Error('full')) as never),
    'has getters that answer something else': () => ({
      getItem: () => ({}) as never,
      setItem: () => {},
      removeItem: () => {},
    }),
    'reads and cannot write': () => ({ ...broken(fail), getItem: () => null }),
  };
  for (const [how, storage] of Object.entries(storages)) {
    it(`[U11] a storage that ${how}: the token is kept in memory`, async () => {
      const { clock, next, welcome, lines, tokens, made } = client({ storage: storage() });
      await next(1);
      welcome('first');
      assert.deepEqual(made.status, { state: 'live', node: 'a' });
      lines[0]!.events.event('token', 'second');
      lines[0]!.events.closed(null);
      await next(2);
      assert.equal(tokens()[1], 'second');
      await clock.advance(10);
    });
  }

  it('[U11] an asynchronous storage is waited for, and one that never answers is not used', async () => {
    const kept = memory('stored');
    const { next, tokens } = client({
      storage: {
        getItem: () => Promise.resolve(kept.token),
        setItem: async (_key, value) => {
          kept.token = value;
        },
        removeItem: async () => {
          kept.token = null;
        },
      },
    });
    await next(1);
    assert.deepEqual(tokens(), ['stored']);
    let written = 0;
    const silent = client({
      storage: { getItem: () => new Promise(() => {}), setItem: () => ++written, removeItem: () => ++written },
    });
    await silent.next(1);
    silent.welcome('guest');
    assert.deepEqual([silent.tokens(), written], [[undefined], 0]);
  });
});

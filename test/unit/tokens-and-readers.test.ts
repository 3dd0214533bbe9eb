import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { readConfig, redisOptionsOf, ConfigError } from '../../server/config.ts';
import { Semaphore } from '../../server/runtime/semaphore.ts';
import { BadTokenError, Tokens } from '../../server/identity/tokens.ts';
import { TokenBucket } from '../../server/sessions/token-bucket.ts';
import { normalizeName } from '../../shared/names.ts';
import { BadRequestError, requestReaders } from '../../server/sessions/request-readers.ts';
import { limits } from '../../shared/limits.ts';
import type { RequestName } from '../../shared/protocol.ts';
import { countingEntropy, ManualClock } from './manual-ports.ts';

const secret = 'a secret that is long enough to sign with';
const day = 24 * 3_600_000;

describe('tokens', () => {
  const make = (clock = new ManualClock(), key = secret) => new Tokens(key, clock, countingEntropy());
  const forge = (claims: Record<string, unknown>, { key = secret, alg = 'HS256', issuer = 'rejoin' } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg })
      .setIssuer(issuer)
      .setExpirationTime(new Date(Date.UTC(2026, 0, 2)))
      .sign(new TextEncoder().encode(key));

  it('[W4] a guest is who its token says, on every node with the same secret', async () => {
    const guest = make().newGuest('Ada');
    const token = await make().issue(guest);
    assert.deepEqual(await make().verify(token), { ...guest, renewAt: new ManualClock().now() + 15 * day });
  });

  it('[W4] grows old in the second half of its 30 days, and is refused after them', async () => {
    const clock = new ManualClock();
    const tokens = make(clock);
    const token = await tokens.issue({ player: 'p', name: 'Ada' });
    clock.time += 14 * day;
    assert.ok((await tokens.verify(token)).renewAt > clock.now());
    clock.time += 2 * day;
    assert.ok((await tokens.verify(token)).renewAt < clock.now());
    clock.time += 15 * day;
    await assert.rejects(tokens.verify(token), BadTokenError);
  });

  it('[W4] what is forged, foreign or not a token is refused', async () => {
    const tokens = make();
    const good = await tokens.issue({ player: 'p', name: 'Ada' });
    const [header, , signature] = good.split('.') as [string, string, string];
    const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const cases = [
      '',
      'x',
      'a.b.c',
      good.slice(0, -4),
      `${good}x`,
      await make(new ManualClock(), secret.replace('a', 'b')).issue({ player: 'p', name: 'Ada' }),
      `${header}.${b64({ iss: 'rejoin', sub: 'other', name: 'Eve', exp: 4e9 })}.${signature}`,
      `${b64({ alg: 'none' })}.${b64({ iss: 'rejoin', sub: 'p', name: 'Eve', exp: 4e9 })}.`,
      await forge({ sub: 'p', name: 'Eve' }, { issuer: 'another' }),
      await forge({ sub: 'p', name: 'Eve' }, { alg: 'HS512', key: secret.repeat(2) }),
      await forge({ name: 'Eve' }),
      await forge({ sub: 'p' }),
      await forge({ sub: 'p', name: 5 }),
      await forge({ sub: 'a b', name: 'Eve' }),
      await forge({ sub: '{x}', name: 'Eve' }),
    ];
    for (const [i, token] of cases.entries()) await assert.rejects(tokens.verify(token), BadTokenError, `case ${i}`);
  });

  it('refuses a secret that is too short', () => assert.throws(() => make(new ManualClock(), 'short'), RangeError));
});

describe('readers', () => {
  const throws = (name: RequestName, ...values: unknown[]) => {
    for (const value of values)
      assert.throws(() => requestReaders[name](value), BadRequestError, `${name} ${JSON.stringify(value)}`);
  };

  it('[W1] no request of any shape does more than be read or be refused with a sentence', () => {
    const shape = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withSparseArray: true,
        withTypedArray: true,
      }),
      fc.record(
        {
          room: fc.anything(),
          code: fc.anything(),
          quick: fc.anything(),
          n: fc.anything(),
          term: fc.anything(),
          name: fc.anything(),
          data: fc.anything(),
          game: fc.anything(),
          options: fc.anything(),
          key: fc.anything(),
          rooms: fc.anything(),
          place: fc.anything(),
          session: fc.anything(),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(requestReaders) as RequestName[])), shape, (name, value) => {
        try {
          const read = requestReaders[name](value);
          assert.equal(typeof read, 'object');
          JSON.stringify(read);
        } catch (error) {
          assert.ok(error instanceof BadRequestError, String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('[W1] create', () => {
    assert.deepEqual(requestReaders.create({ game: 'chess', options: { size: 3 }, private: true, key: 'k', more: 1 }), {
      game: 'chess',
      options: { size: 3 },
      private: true,
      key: 'k',
    });
    assert.deepEqual(requestReaders.create({ game: 'chess', options: null }), { game: 'chess' });
    throws(
      'create',
      null,
      undefined,
      [],
      'chess',
      {},
      { game: '' },
      { game: 'x'.repeat(65) },
      { game: 5 },
      { game: 'a', private: 'yes' },
      { game: 'a', key: 'a b' },
      { game: 'a', options: [] },
      { game: 'a', options: { big: 'x'.repeat(limits.optionsBytes) } },
      { game: 'a', options: JSON.parse('{"__proto__":{}}') },
    );
  });

  it('[W1] join: exactly one way to name the room', () => {
    assert.deepEqual(requestReaders.join({ room: 'r', session: 's', place: [5, 6], watch: true }), {
      room: 'r',
      session: 's',
      place: [5, 6],
      watch: true,
    });
    assert.deepEqual(requestReaders.join({ code: 'ab cde' }), { code: 'ABCDE' });
    assert.deepEqual(
      requestReaders.join({ code: '?' }),
      { code: 'none' },
      'a code that cannot be is like one that is not',
    );
    assert.deepEqual(requestReaders.join({ quick: { game: 'g', options: {}, x: 1 }, x: 1 }), {
      quick: { game: 'g', options: {} },
    });
    throws(
      'join',
      {},
      { room: 'r', code: 'ABCDE' },
      { room: 'r', quick: { game: 'g' } },
      { room: 'a:b' },
      { room: ['r'] },
      { quick: {} },
      { quick: 'g' },
      { room: 'r', session: '' },
      { room: 'r', session: 'x'.repeat(65) },
      { room: 'r', place: [1] },
      { room: 'r', place: [-1, 0] },
      { room: 'r', watch: 1 },
    );
  });

  it('[W1] act: a number goes with a term', () => {
    assert.deepEqual(requestReaders.act({ room: 'r', name: 'a', data: { x: [1] }, n: 1, term: 2 }), {
      room: 'r',
      name: 'a',
      data: { x: [1] },
      n: 1,
      term: 2,
    });
    assert.deepEqual(requestReaders.act({ room: 'r', name: 'a' }), { room: 'r', name: 'a' });
    assert.deepEqual(requestReaders.act({ room: 'r', name: 'a', data: null }), { room: 'r', name: 'a', data: null });
    throws('act', { room: 'r' }, { name: 'a' }, { room: 'r', name: 'a', n: 1 }, { room: 'r', name: 'a', term: 1 });
    for (const n of [0, -1, 1.5, '1', NaN, Infinity, 2 ** 53, [1], true])
      throws('act', { room: 'r', name: 'a', n, term: 1 });
    const ordinary = { constructor: 1, prototype: 2, '#': 3 };
    assert.deepEqual(requestReaders.act({ room: 'r', name: 'a', data: ordinary }).data, ordinary);
    throws(
      'act',
      { room: 'r', name: 'a', data: JSON.parse('{"a":{"__proto__":1}}') },
      { room: 'r', name: 'a', data: Array(1_000).fill(0) },
      { room: 'r', name: 'a', data: JSON.parse(`${'['.repeat(13)}${']'.repeat(13)}`) },
    );
  });

  it('[W1] place, leave, list, inspect', () => {
    assert.deepEqual(requestReaders.place({ rooms: { r: [1, 2] } }), { rooms: { r: [1, 2] } });
    throws(
      'place',
      null,
      {},
      { rooms: [] },
      { rooms: { 'a b': [1, 2] } },
      { rooms: { r: 1 } },
      {
        rooms: Object.fromEntries(Array.from({ length: limits.roomsPerConnection + 1 }, (_x, i) => [`r${i}`, [0, 0]])),
      },
    );
    const hostile = requestReaders.place(JSON.parse('{"rooms":{"__proto__":[1,2]}}'));
    assert.equal(Object.getPrototypeOf(hostile.rooms), Object.prototype);
    assert.deepEqual(requestReaders.leave({ room: 'r', x: 1 }), { room: 'r' });
    assert.deepEqual(requestReaders.list(undefined), {});
    assert.deepEqual(requestReaders.list({ game: 'g' }), { game: 'g' });
    assert.deepEqual(requestReaders.inspect({ room: 'r' }), { room: 'r' });
    throws('leave', null, {}, { room: 5 });
    throws('inspect', null, {}, { room: 'a b' });
    throws('list', 'x', [], { game: '' });
  });

  it('a name is one line that can be read', () => {
    assert.equal(normalizeName('  Ada \t Lovelace '), 'Ada Lovelace');
    assert.equal(normalizeName('A\u200bd\u200da'), 'Ada', 'zero-width');
    assert.equal(normalizeName('\u202eevil\u2066'), 'evil', 'text that turns its direction');
    assert.equal(normalizeName('a\u0000b\u0007c\u2028d'), 'abcd');
    assert.equal(normalizeName('\ud800x'), 'x', 'half a letter');
    assert.equal(normalizeName('x'.repeat(50)), 'x'.repeat(limits.nameLength));
    assert.equal(normalizeName('😀'.repeat(50)), '😀'.repeat(limits.nameLength), 'cut between letters, not within');
    assert.equal(normalizeName('e\u0301'), 'é');
    for (const no of ['', '   ', '\u200b', '\u2066\u2069', null, undefined, 5, {}, ['Ada']])
      assert.equal(normalizeName(no), null);
  });

  it('[W15b] a name keeps what an emoji or a script needs', () => {
    for (const name of [
      '👨‍👩‍👧',
      'علی‌رضا',
      '👩🏽‍🚀 Ada',
      '🏳️‍🌈',
      '🏃‍♂️',
      '❤️',
      '1️⃣',
      '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
      '🇮🇷',
      'क्‍ष',
      'নজরুল',
      'නිමල් ක්‍රිෂ්',
      'מִשֶּׁה',
      'Zoë',
      '小明',
      'ស្រី',
    ])
      assert.equal(normalizeName(name), name.normalize('NFC'), escape(name));
  });

  it('[W15b] a name is cut between characters as people count them, and by bytes; marks do not pile up', () => {
    const family = '👨‍👩‍👧';
    assert.equal(
      normalizeName(family.repeat(25)),
      family.repeat(Math.floor(limits.nameBytes / Buffer.byteLength(family))),
    );
    assert.equal(
      normalizeName(`Z${'\u0353\u0300'.repeat(40)}`),
      `Z${'\u0353\u0300'.repeat(40)}`.normalize('NFC').slice(0, 5),
    );
    assert.equal(normalizeName('\u0301\u0301Ada'), 'Ada', 'nothing to stand on');
    assert.equal([...new Intl.Segmenter().segment(normalizeName('é'.repeat(60))!)].length, limits.nameLength);
  });

  it('[W15b] joiners anywhere else are taken out', () => {
    for (const [text, name] of [
      ['Ad\u200ca', 'Ada'],
      ['\u200cعلی\u200c', 'علی'],
      ['علی\u200c\u200cرضا', 'علیرضا'],
      ['😀\u200d', '😀'],
      ['a\ufe0fb', 'ab'],
      ['🏴\u{e0061}\u{e0062}\u{e007f}', '🏴'],
      ['\u061cعلی', 'علی'],
    ] as const)
      assert.equal(normalizeName(text), name, escape(text));
  });

  it('a name that only looks like nothing is nothing', () => {
    for (const no of ['\u3164', '\u115f\u1160', '\u2800', '\ufe0f', '\u034f', '\u{e0041}'])
      assert.equal(normalizeName(no), null, escape(no));
  });

  it('no name of any text has something to hide', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
        const name = normalizeName(text);
        if (name === null) return;
        assert.ok(name.length > 0 && name === name.trim() && Buffer.byteLength(name) <= limits.nameBytes);
        assert.doesNotMatch(
          name,
          /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u200c\u200d]{2}|^[\u200c\u200d]|[\u200c\u200d]$/u,
        );
        assert.equal(normalizeName(name), name, 'read again it is the same');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('Bucket', () => {
  it('[W2] lets a burst through, then as many as its rate, and says when to come again', () => {
    const bucket = new TokenBucket({ burst: 3, perSecond: 2 });
    assert.deepEqual(
      [1, 2, 3].map(() => bucket.take(1_000)),
      [0, 0, 0],
    );
    assert.equal(bucket.take(1_000), 500);
    assert.ok([1, 2].includes(bucket.take(1_499)));
    assert.equal(bucket.take(1_500), 0);
    assert.equal(bucket.take(1_500), 500);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => bucket.take(100_000) === 0),
      [true, true, true, false],
      'it holds no more than a burst',
    );
  });

  it('[W2] whoever waits as long as told gets through', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0.05, max: 100, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 50 }),
        (burst, perSecond, pauses) => {
          let now = 0;
          const bucket = new TokenBucket({ burst, perSecond });
          for (const pause of pauses) {
            now += pause;
            const wait = bucket.take(now);
            if (wait === 0) continue;
            now += wait;
            assert.equal(bucket.take(now), 0);
          }
        },
      ),
    );
  });
});

describe('Gate', () => {
  it('[O7] lets so many through at once, all in the end, in their order, also past failures', async () => {
    const gate = new Semaphore(2);
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const work = (i: number) =>
      gate
        .run(async () => {
          order.push(i);
          most = Math.max(most, ++inside);
          await Promise.resolve();
          inside -= 1;
          if (i % 3 === 0) throw new Error(`no ${i}`);
          return i;
        })
        .catch(() => -1);
    assert.deepEqual(await Promise.all([0, 1, 2, 3, 4, 5].map(work)), [-1, 1, 2, -1, 4, 5]);
    assert.equal(most, 2);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });
});

describe('config', () => {
  const complaint = (env: Record<string, string>): string => {
    try {
      readConfig(env);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
    throw new Error('no complaint');
  };

  it('has a default for everything', () => {
    assert.deepEqual(readConfig({}), {
      PORT: 3000,
      HOST: '0.0.0.0',
      NODE_NAME: 'node',
      KEY_PREFIX: 'rejoin:',
      ORIGINS: [],
      LOG_LEVEL: 'info',
      REDIS_SENTINELS: [],
      REDIS_WAIT_REPLICAS: 0,
      HANG_AFTER_MS: 1_000,
    });
    assert.equal(readConfig({ PORT: '', LOG_LEVEL: '' }).PORT, 3000, 'an empty one is like none');
  });

  it('reads what is given', () => {
    const read = readConfig({
      PORT: '0',
      REDIS_URL: 'rediss://u:p@h:1/2',
      REJOIN_SECRET: secret,
      ORIGINS: ' https://a.example , ,https://b.example',
      CONTROL_PORT: '99',
    });
    assert.deepEqual(read.ORIGINS, ['https://a.example', 'https://b.example']);
    assert.equal(read.PORT, 0);
    assert.deepEqual(
      ['never', '5000'].map(ms => readConfig({ HANG_AFTER_MS: ms }).HANG_AFTER_MS),
      [null, 5_000],
    );
  });

  it('complains about everything at once', () => {
    const said = complaint({
      PORT: 'http',
      NODE_NAME: 'a b',
      REJOIN_SECRET: 'short',
      KEY_PREFIX: '{x}',
      LOG_LEVEL: 'loud',
      REDIS_URL: 'http://h',
      CONTROL_PORT: '0',
      HANG_AFTER_MS: '10',
      OPERATOR_TOKEN: 'short',
    });
    for (const name of [
      'HANG_AFTER_MS',
      'OPERATOR_TOKEN',
      'PORT',
      'NODE_NAME',
      'REJOIN_SECRET',
      'KEY_PREFIX',
      'LOG_LEVEL',
      'REDIS_URL',
      'CONTROL_PORT',
    ])
      assert.match(said, new RegExp(`^ {2}${name}: `, 'm'));
  });

  it('complains about a missing secret also when something else is wrong', () => {
    assert.match(complaint({ REDIS_URL: 'redis://h' }), /REJOIN_SECRET/);
    assert.match(complaint({ REDIS_URL: 'redis://h', PORT: 'http' }), /REJOIN_SECRET/);
  });

  it('says where Redis is, by address or by sentinels', () => {
    assert.equal(redisOptionsOf(readConfig({})), undefined);
    assert.deepEqual(redisOptionsOf(readConfig({ REDIS_URL: 'redis://h', REJOIN_SECRET: secret })), {
      url: 'redis://h',
      tls: undefined,
      waitReplicas: 0,
    });
    const read = redisOptionsOf(
      readConfig({
        REDIS_SENTINELS: 'a:1, [::1]:26379',
        REDIS_MASTER: 'games',
        REDIS_USER: 'u',
        REDIS_PASSWORD: 'p',
        REDIS_SENTINEL_PASSWORD: 'q',
        REDIS_WAIT_REPLICAS: '1',
        REDIS_TLS: '1',
        REJOIN_SECRET: secret,
      }),
    )!;
    assert.deepEqual(read, {
      sentinels: [
        { host: 'a', port: 1 },
        { host: '::1', port: 26379 },
      ],
      master: 'games',
      user: 'u',
      password: 'p',
      sentinelUser: undefined,
      sentinelPassword: 'q',
      tls: true,
      waitReplicas: 1,
    });
  });

  it('complains, once each, about settings of Redis that do not go together', () => {
    const once = (env: Record<string, string>, name: string) =>
      assert.equal(
        complaint({ REJOIN_SECRET: secret, ...env }).match(new RegExp(`^ {2}${name}[.: ]`, 'gm'))?.length,
        1,
        `${name}: ${complaint({ REJOIN_SECRET: secret, ...env })}`,
      );
    once({ REDIS_SENTINELS: 'a:1', REDIS_URL: 'redis://h' }, 'REDIS_SENTINELS');
    once({ REDIS_SENTINELS: 'a:1,b' }, 'REDIS_SENTINELS');
    once({ REDIS_SENTINELS: 'a:99999' }, 'REDIS_SENTINELS');
    once({ REDIS_URL: 'redis://h', REDIS_USER: 'u' }, 'REDIS_USER');
    once({ REDIS_MASTER: 'm' }, 'REDIS_MASTER');
    once({ REDIS_WAIT_REPLICAS: '1' }, 'REDIS_WAIT_REPLICAS');
    once({ REDIS_URL: 'redis://h', REDIS_WAIT_REPLICAS: 'x' }, 'REDIS_WAIT_REPLICAS');
    once({ REDIS_URL: 'redis://h', REDIS_TLS: '1' }, 'REDIS_TLS');
    once({ REDIS_URL: 'redis://h', REDIS_TLS_CA: '/x' }, 'REDIS_TLS_CA');
    once({ REDIS_SENTINELS: 'a:1', REDIS_TLS: '1', REDIS_TLS_CERT: '/x' }, 'REDIS_TLS_KEY');
    assert.match(complaint({ REDIS_SENTINELS: 'a:1', REJOIN_SECRET: '' }), /REJOIN_SECRET/);
    assert.throws(
      () =>
        redisOptionsOf(readConfig({ REDIS_URL: 'rediss://h', REDIS_TLS_CA: '/no/such/file', REJOIN_SECRET: secret })),
      ConfigError,
    );
  });

  it('never says a value: it may be a secret in the wrong place', () => {
    const values = {
      PORT: 's3cret-port',
      NODE_NAME: 's3cret name',
      REJOIN_SECRET: 's3cret',
      KEY_PREFIX: 's3cret prefix',
      LOG_LEVEL: 's3cret-level',
      REDIS_URL: 'http://user:s3cret@h',
    };
    assert.doesNotMatch(complaint(values), /s3cret/);
  });
});

import assert from 'node:assert/strict';
import { effectsTimer, newDocument, summaryOf } from '../../server/rooms/core/document.ts';
import { EffectRunner, type EffectHandler } from '../../server/rooms/actor/effect-runner.ts';
import { RuleTracker } from '../../server/rooms/core/rule-tracker.ts';
import { limits } from '../../shared/limits.ts';
import { VirtualClock } from '../../testkit/virtual-clock.ts';
import { silentLog } from './manual-ports.ts';
import { turnsGame } from './bot-games.ts';
import { seatedRoom } from './room-machine.ts';

/** Effects of a room whose journal the test writes by hand. */
function doing(handler: EffectHandler | null) {
  const clock = new VirtualClock();
  const doc = newDocument(turnsGame(), {
    id: 'room',
    code: 'ABCDE',
    private: false,
    options: {},
    seed: [1, 2, 3, 4],
    now: clock.now(),
  });
  const done: string[] = [];
  const ran: { key: string; data: unknown; match: number; at: number }[] = [];
  let failed = 0;
  const effects = new EffectRunner(
    {
      clock,
      log: silentLog,
      meter: {
        count: name => {
          if (name === 'failedEffects') failed += 1;
        },
        observe: () => {},
      },
      effects: () =>
        handler &&
        ((data, about) => {
          ran.push({ key: about.key, data, match: about.match, at: clock.mono() });
          return handler(data, about);
        }),
    },
    () => doc,
    RuleTracker.inactive(),
    () => false,
    key => done.push(key),
  );
  const ask = (key: string, match = 1) => {
    doc.hidden.effects[key] = { name: 'save', data: { what: key }, match };
  };
  const strike = (key: string) => {
    delete doc.hidden.effects[key];
    effects.reconcile();
  };
  return { clock, doc, effects, done, ran, ask, strike, failed: () => failed, waiting: () => clock.timers };
}

describe('effects', () => {
  it('[E2] what is asked for is done once, however often something else is committed, and forgotten when it is struck out', async () => {
    const { clock, effects, ran, done, ask, strike, waiting } = doing(async () => {});
    ask('k1');
    for (let i = 0; i < 5; i++) effects.reconcile();
    await clock.advance(10);
    for (let i = 0; i < 5; i++) effects.reconcile();
    assert.deepEqual([ran.map(r => r.key), done], [['k1'], ['k1']]);
    strike('k1');
    assert.equal((effects as unknown as { running: Map<string, unknown> }).running.size, 0);
    ask('k2');
    effects.reconcile();
    await clock.advance(100_000);
    assert.deepEqual(done, ['k1', 'k2']);
    assert.equal(waiting(), 0, 'no timer is left');
  });

  it('[E2] the data are a copy each time', async () => {
    const { clock, effects, ran, ask, doc } = doing(data => {
      (data as { what: string }).what = 'spoilt';
      throw new Error('again');
    });
    ask('k');
    effects.reconcile();
    await clock.advance(limits.effectRetry);
    assert.equal(ran.length, 2);
    assert.deepEqual(doc.hidden.effects['k']!.data, { what: 'k' });
  });

  for (const [how, handler] of [
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ["is nobody's", null],
  ] as [string, EffectHandler | null][]) {
    it(`[E3] a handler that ${how} is tried again, ever more slowly, with the same key; another effect does not wait for it`, async () => {
      const { clock, effects, done, ask, failed } = doing(handler);
      ask('k');
      effects.reconcile();
      const at: number[] = [];
      let seen = 0;
      for (let t = 0; t < 200_000; t += 500) {
        await clock.advance(500);
        if (failed() > seen) at.push(t);
        seen = failed();
      }
      assert.deepEqual(
        at.map(t => Math.floor(t / 1_000)),
        [0, 1, 5, 13, 29, 61, 121, 181],
      );
      assert.deepEqual(done, []);
    });
  }

  it('[E3] one that never resolves is given up after its time and tried again; what it says later is not heard', async () => {
    const resolves: (() => void)[] = [];
    const { clock, effects, ran, done, ask, failed } = doing(
      () => new Promise<void>(resolve => resolves.push(resolve)),
    );
    ask('k');
    ask('other');
    effects.reconcile();
    await clock.advance(100);
    resolves[1]!();
    await clock.advance(limits.effectTimeout + limits.effectRetry);
    assert.deepEqual([done, failed(), ran.filter(r => r.key === 'k').length], [['other'], 1, 2]);
    resolves[0]!();
    await clock.advance(10);
    assert.deepEqual(done, ['other'], 'the second try has not said so');
    resolves[2]!();
    await clock.advance(10);
    assert.deepEqual(done, ['other', 'k']);
    assert.equal(failed(), 1);
  });

  it('[E2] an owner that has ended does nothing more, and leaves no timer behind', async () => {
    for (const how of ['hangs', 'waits', 'resolves'] as const) {
      let resolve = () => {};
      const { clock, effects, ran, done, ask, failed, waiting } = doing(() => {
        if (how === 'waits') throw new Error('no');
        return new Promise<void>(r => {
          resolve = r;
        });
      });
      ask('k');
      effects.reconcile();
      await clock.advance(100);
      effects.stop();
      if (how === 'resolves') resolve();
      assert.equal(waiting(), 0, how);
      await clock.advance(100_000);
      assert.deepEqual([ran.length, done, failed()], [1, [], how === 'waits' ? 1 : 0]);
    }
  });

  it('[E2] it names the match in which it was asked for, also when it is tried again in the next', async () => {
    const { clock, effects, ran, ask, doc } = doing(() => {
      throw new Error('no');
    });
    doc.room.match = 3;
    ask('k', 3);
    effects.reconcile();
    doc.room.match = 4;
    await clock.advance(limits.effectRetry);
    assert.deepEqual(
      ran.map(r => r.match),
      [3, 3],
    );
  });
});

describe('effects in a room', () => {
  const playing = () => {
    const played = seatedRoom(turnsGame(), 2);
    played.act(0, '$start');
    return {
      played,
      asked: () => Object.values(played.room.doc.hidden.effects).map(e => e.data),
      timer: () => played.room.doc.hidden.timers[effectsTimer],
    };
  };

  it('[E1] a step that is refused, or fails, asks for nothing', () => {
    const { played, asked, timer } = playing();
    assert.equal(played.act(0, 'save', { what: 'x', then: 'refuse' }), 'no');
    assert.equal(played.act(0, 'save', { what: 'x', then: 'throw' }), 'rule-failed');
    assert.deepEqual([asked(), timer(), played.room.doc.hidden.effectCount], [[], undefined, 0]);
    played.batch(
      played.input(0, 'save', { what: 'a' }),
      played.input(1, 'save', { what: 'b', then: 'refuse' }),
      played.input(1, 'save', { what: 'c' }),
    );
    assert.deepEqual(asked(), [{ what: 'a' }, { what: 'c' }]);
    assert.equal(new Set(Object.keys(played.room.doc.hidden.effects)).size, 2);
    assert.deepEqual(played.replayed(), played.room.doc);
  });

  it('[E1] more than may wait at once are refused as a failed rule, and none of those that wait is lost', () => {
    const { played, asked } = playing();
    for (let i = 0; i < limits.pendingEffects; i++) assert.equal(played.act(0, 'save', { what: `${i}` }), 'ok');
    assert.equal(played.act(0, 'save', { what: 'more' }), 'rule-failed');
    assert.equal(asked().length, limits.pendingEffects);
  });

  it('[E4] a room with something to be done is due, until all of it is; also when the match is over, and out of play', () => {
    const { played, asked, timer } = playing();
    played.act(0, 'save', { what: 'a' });
    played.act(0, 'finish');
    assert.equal(timer()!.at, played.now() + limits.effectRetry);
    const [a, b] = Object.keys(played.room.doc.hidden.effects) as [string, string];
    played.step({ kind: 'effect', key: a });
    assert.ok(timer());
    played.advance(limits.effectRetry);
    assert.equal(timer()!.at, played.now() + limits.effectRetryMax);
    played.room.quarantine('a test says so');
    assert.ok(timer());
    assert.equal(asked().length, 1);
    played.step({ kind: 'effect', key: b });
    assert.deepEqual([asked(), timer()], [[], undefined]);
    played.step({ kind: 'effect', key: b });
    assert.equal(summaryOf(played.room.doc, false), null);
  });

  it('[E2] an effect belongs to its match', () => {
    const { played } = playing();
    played.act(0, 'finish');
    played.act(0, '$start');
    played.act(0, 'finish');
    assert.deepEqual(
      Object.values(played.room.doc.hidden.effects).map(e => [e.match, e.data]),
      [
        [1, { what: 'match 1' }],
        [2, { what: 'match 2' }],
      ],
    );
  });
});

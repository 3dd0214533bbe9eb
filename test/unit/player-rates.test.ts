import assert from 'node:assert/strict';
import { Allowances } from '../../server/sessions/allowances.ts';
import { playerRatesOf, type PlayerLimits } from '../../server/sessions/player-rates.ts';
import { limits } from '../../shared/limits.ts';

describe('limits that an author sets', () => {
  it('[W2c] hold for each player; what is left out stays as it is', () => {
    const rates = playerRatesOf({ signals: { perSecond: 15, burst: 3 }, requests: { burst: 5 } });
    assert.deepEqual(rates, {
      requests: { ...limits.requests, burst: 5 },
      inputs: limits.inputs,
      signals: { burst: 3, perSecond: 15 },
    });
    const player = new Allowances(rates).player('ada', 0);
    assert.deepEqual(
      [1, 2, 3].map(() => player.take('signals', 0)),
      [0, 0, 0],
    );
    assert.equal(player.take('signals', 0), Math.ceil(1_000 / 15));
    assert.equal(player.wait('inputs', 0), 0);
    assert.deepEqual(playerRatesOf(), playerRatesOf({}));
  });

  it('[W2d] are checked when the server is made, and everything that is wrong is said at once', () => {
    const complaints = (given: object, ...words: string[]) =>
      assert.throws(
        () => playerRatesOf(given as PlayerLimits),
        (error: Error) => {
          assert.equal(error.name, 'TypeError');
          for (const word of words) assert.ok(error.message.includes(word), `${word}: ${error.message}`);
          return true;
        },
      );
    complaints(
      { signal: { burst: 1 }, inputs: { perSecond: 'many', bursts: 5 }, requests: 40, signals: { burst: 0 } },
      "'signal'",
      'inputs.perSecond',
      "'bursts'",
      'requests: { burst, perSecond }',
      'signals.burst',
    );
    complaints({ signals: { perSecond: 150 } }, 'packets > requests + inputs + signals, per second');
    complaints(
      { requests: { perSecond: 5_000 }, signals: { burst: 5_000 } },
      'address.requests',
      'address.signals',
      'packets > requests + inputs + signals',
    );
  });
});

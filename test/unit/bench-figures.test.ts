import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { pairedDifferences, pairedRatios, quantile, summarize } from '../../bench/contest/figures.ts';
import { bytesBetween, countLine, type CommandCounts } from '../../bench/contest/redis-counts.ts';
import { parseBusy, parseStat } from '../../bench/contest/processes.ts';
import { formatNumber } from '../../bench/contest/report.ts';
import { goesRight, move, pack, start, unpack, wide } from '../../bench/work/arena.ts';

describe('the figures of the bench', () => {
  it('takes quantiles between the two nearest values', () => {
    assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
    assert.equal(quantile([10], 0.99), 10);
    assert.ok(Number.isNaN(quantile([], 0.5)));
  });
  it('sums values up by median, quartiles and ends, and leaves out what is no number', () => {
    assert.deepEqual(summarize([5, NaN, 1, 3, 2, 4]), { n: 5, min: 1, q1: 2, median: 3, q3: 4, max: 5 });
    assert.equal(summarize([]).n, 0);
  });
  it('compares round by round: what disturbs a round disturbs both', () => {
    const quietly = new Map([
      [1, 10],
      [2, 30],
      [3, 11],
    ]);
    const beside = new Map([
      [1, 20],
      [2, 60],
      [4, 1],
    ]);
    assert.deepEqual(pairedRatios(quietly, beside), { n: 2, min: 0.5, q1: 0.5, median: 0.5, q3: 0.5, max: 0.5 });
    assert.equal(pairedRatios(new Map([[1, 1]]), new Map([[1, 0]])).n, 0);
    assert.equal(pairedDifferences(quietly, beside).median, -20);
  });
  it('reads CPU time and memory of a process, whatever it is called', () => {
    const line =
      '4711 (a) b (c) S 1 4711 4711 0 -1 4194560 9000 0 0 0 250 150 7 8 20 0 11 0 99 123456789 2560 18446744073709551615 1 1 0 0 0 0';
    assert.deepEqual(parseStat(line), { user: 2.5, system: 1.5, rss: 2_560 * 4_096 });
    assert.throws(() => parseStat('4711 (gone)'), /not a line of/);
  });
  it('reads how long the machine was busy: not idle, not waiting for a disk', () =>
    assert.equal(parseBusy('cpu  100 20 30 9999 500 6 7 8 0 0\ncpu0 1 1 1 1\n'), 1.63));
  it('tells what clients sent to Redis from what its scripts ran', () => {
    const counted: CommandCounts = { sent: new Map(), inScripts: 0 };
    for (const line of [
      '+OK',
      '+1700000000.123456 [0 127.0.0.1:5000] "EVALSHA" "x" "1" "[0 lua]"',
      '+1700000000.2 [0 lua] "XADD" "k"',
      '+1700000000.3 [0 [::1]:5000] "publish" "c" "m"',
      '+1700000000.4 [0 127.0.0.1:5000] "PUBLISH" "c" "m"',
    ])
      countLine(line, counted);
    assert.deepEqual(
      [...counted.sent],
      [
        ['evalsha', 1],
        ['publish', 2],
      ],
    );
    assert.equal(counted.inScripts, 1);
  });
  it('leaves out of what went through Redis the answer that told it', () => {
    assert.deepEqual(
      bytesBetween({ input: 1, output: 10, journal: 5, own: 100 }, { input: 4, output: 200, journal: 9, own: 101 }),
      { input: 3, output: 90, journal: 4 },
    );
  });
  it('writes figures with three digits that count', () =>
    assert.deepEqual([1_234.5, 123.4, 12.34, 1.234, NaN].map(formatNumber), ['1,235', '123', '12.3', '1.23', '–']));
});

describe("the bench's game in real time", () => {
  it('moves and turns every craft in every tick, steered or not, and stays on its square', () => {
    for (const steer of [null, { x: 100, y: 0 }, { x: -3, y: 70 }]) {
      const craft = start(3);
      for (let tick = 0; tick < 400; tick++) {
        const before = { ...craft };
        move(craft, steer);
        assert.notEqual(craft.heading, before.heading);
        assert.ok(craft.x !== before.x || craft.y !== before.y);
        assert.ok(craft.x >= 0 && craft.x < wide && craft.y >= 0 && craft.y < wide);
      }
    }
  });
  it('goes where it is steered', () => {
    for (let seat = 0; seat < 8; seat++) {
      const craft = start(seat);
      for (let tick = 0; tick < 30; tick++) move(craft, { x: 100, y: 0 });
      assert.ok(goesRight(craft), `seat ${seat}: heading ${craft.heading}`);
    }
  });
  it('packs craft into text and back', () => {
    const crafts = Array.from({ length: 8 }, (_x, seat) => start(seat));
    assert.deepEqual(unpack(pack(crafts)), crafts);
    assert.equal(pack(crafts).length, 48);
  });
});

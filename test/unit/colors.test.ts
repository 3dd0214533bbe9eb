import assert from 'node:assert/strict';
import fc from 'fast-check';
import { colors, seatColors, type Color } from '../../client-demo/common/colors.ts';

const chose = (colour: unknown) => ({ profile: { colour } });
const bot = { profile: null };

describe('the colours of a table', () => {
  it('everybody has the one they chose', () =>
    assert.deepEqual(seatColors([chose('mint'), chose('violet')]), ['mint', 'violet']));

  it('of two who chose the same, the later seat gets the nearest that is free', () => {
    assert.deepEqual(seatColors([chose('coral'), chose('coral')]), ['coral', 'sun']);
    assert.deepEqual(seatColors([chose('coral'), chose('sun'), chose('coral')]), ['coral', 'sun', 'pink']);
    assert.deepEqual(seatColors([chose('coral'), chose('sun'), chose('pink'), chose('coral')]), [
      'coral',
      'sun',
      'pink',
      'lime',
    ]);
  });

  it('bots and who said nothing take what nobody chose, and free seats what is left then', () => {
    assert.deepEqual(seatColors([bot, chose('coral')]), ['sun', 'coral']);
    assert.deepEqual(seatColors([chose('sun'), null, bot]), ['sun', 'coral', 'mint']);
    assert.deepEqual(seatColors([null, null]), ['coral', 'sun']);
    assert.deepEqual(seatColors([{}, chose('beige'), chose(null), { profile: 7 }]), ['coral', 'sun', 'mint', 'sky']);
  });

  it('whoever comes later takes no colour from a player who sits there', () => {
    const before = [chose('coral'), chose('coral')];
    assert.deepEqual(seatColors([...before, chose('sun')]).slice(0, 2), seatColors(before));
  });

  it('no two are alike as long as there are enough; above that everybody has one', () => {
    const seat = fc.oneof(fc.constant(null), fc.constant(bot), fc.constantFrom<Color>(...colors).map(chose));
    fc.assert(
      fc.property(fc.array(seat, { maxLength: 12 }), seats => {
        const found = seatColors(seats);
        assert.equal(found.length, seats.length);
        assert.ok(found.every(colour => colors.includes(colour)));
        assert.equal(new Set(found).size, Math.min(seats.length, colors.length));
        assert.deepEqual(found, seatColors(structuredClone(seats)));
      }),
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { colours, coloursOf, type Colour } from '../../client-demo/colours.ts';

const chose = (colour: unknown) => ({ profile: { colour } });
const bot = { profile: null };

describe('the colours of a table', () => {
  it('everybody has the one they chose', () => assert.deepEqual(coloursOf([chose('mint'), chose('violet')]), ['mint', 'violet']));

  it('of two who chose the same, the later seat gets the nearest that is free', () => {
    assert.deepEqual(coloursOf([chose('coral'), chose('coral')]), ['coral', 'sun']);
    assert.deepEqual(coloursOf([chose('coral'), chose('sun'), chose('coral')]), ['coral', 'sun', 'pink']);
    assert.deepEqual(coloursOf([chose('coral'), chose('sun'), chose('pink'), chose('coral')]), ['coral', 'sun', 'pink', 'lime']);
  });

  it('bots and who said nothing take what nobody chose, and free seats what is left then', () => {
    assert.deepEqual(coloursOf([bot, chose('coral')]), ['sun', 'coral']);
    assert.deepEqual(coloursOf([chose('sun'), null, bot]), ['sun', 'coral', 'mint']);
    assert.deepEqual(coloursOf([null, null]), ['coral', 'sun']);
    assert.deepEqual(coloursOf([{}, chose('beige'), chose(null), { profile: 7 }]), ['coral', 'sun', 'mint', 'sky']);
  });

  it('whoever comes later takes no colour from a player who sits there', () => {
    const before = [chose('coral'), chose('coral')];
    assert.deepEqual(coloursOf([...before, chose('sun')]).slice(0, 2), coloursOf(before));
  });

  it('no two are alike as long as there are enough; above that everybody has one', () => {
    const seat = fc.oneof(fc.constant(null), fc.constant(bot), fc.constantFrom<Colour>(...colours).map(chose));
    fc.assert(fc.property(fc.array(seat, { maxLength: 12 }), seats => {
      const found = coloursOf(seats);
      assert.equal(found.length, seats.length);
      assert.ok(found.every(colour => colours.includes(colour)));
      assert.equal(new Set(found).size, Math.min(seats.length, colours.length));
      assert.deepEqual(found, coloursOf(structuredClone(seats)));
    }));
  });
});

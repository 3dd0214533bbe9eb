import { foul, inputStorm, storm } from './storm.ts';

/** More of them: SEEDS=1000 FIRST=1 npx mocha test/protocol/storm.test.ts */
const seeds = Number(process.env['SEEDS'] ?? 12);
const first = Number(process.env['FIRST'] ?? 1);

describe('storms', () => {
  for (let seed = first; seed < first + seeds; seed++) {
    it(`[A1] [A4] [A5] [O3] [C3] [C4] [B3] [E2] everything fails, seed ${seed}`, () => storm(seed)).timeout(20_000);
  }
  for (let seed = first; seed < first + seeds / 3; seed++) {
    it(`[I2] [I3] [I4] everything fails, and each press counts once, seed ${seed}`, () => inputStorm(seed)).timeout(20_000);
  }
  for (let seed = first; seed < first + seeds / 2; seed++) {
    it(`[C2] [O4] the store falls back as well, seed ${seed}`, () => storm(seed, { ...foul, rollback: 3 })).timeout(20_000);
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sizeOf, sizeOfFile, uses } from '../../../tools/size.ts';

describe('what the client adds to a page', () => {
  it('is at most 19 KB, gzipped, on top of socket.io-client', async () => {
    const { gzipped, modules } = await sizeOf(uses['all of rejoin/client']!);
    assert.ok(gzipped <= 19 * 1024, `${gzipped} bytes`);
    assert.deepEqual(
      modules.filter(file => /predict|react|client\/(replay|store|vue)\/|shared\/games/.test(file)),
      [],
    );
  });

  it('prediction, interpolation, replays and hooks cost only those who use them', async () => {
    const base = await sizeOf(uses['connect, and nothing else']!);
    const sizes = Object.fromEntries(
      await Promise.all(
        [
          'with predict',
          'with interpolate',
          'with replays',
          'with the hooks',
          'with the room store',
          'with all of rejoin/predict',
        ].map(async use => [use, (await sizeOf(uses[use]!)).gzipped - base.gzipped]),
      ),
    );
    assert.ok(
      sizes['with predict'] <= 1_700 &&
        sizes['with interpolate'] <= 2_200 &&
        sizes['with replays'] <= 1_000 &&
        sizes['with the hooks'] <= 1_000 &&
        sizes['with the room store'] <= 700 &&
        sizes['with all of rejoin/predict'] <= 4_600,
      JSON.stringify(sizes),
    );
    const { modules } = await sizeOf(uses['with predict']!);
    assert.deepEqual(
      modules.filter(file => /predict\/(own-prediction|interpolation|input-delay|things|tick-clock)/.test(file)),
      [],
    );
  });

  it('the one file for pages without a bundler is at most 39 KB, gzipped, and has in it what a page needs and nothing else', async () => {
    const { gzipped, modules } = await sizeOfFile();
    assert.ok(gzipped <= 39 * 1024, `${gzipped} bytes`);
    assert.deepEqual(
      modules.filter(
        file =>
          !/^(client\/(?!(react|store|vue)\/)|shared\/(?!games)|node_modules\/(socket\.io-client|socket\.io-parser|engine\.io-client|engine\.io-parser|@socket\.io\/component-emitter)\/)/.test(
            file,
          ),
      ),
      [],
    );
    for (const needed of [
      'client/client.ts',
      'client/predict/own-prediction.ts',
      'shared/contract.ts',
      'node_modules/socket.io-client/build/esm/socket.js',
    ])
      assert.ok(modules.includes(needed), needed);
  });
});

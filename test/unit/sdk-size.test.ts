import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sdkSize } from '../../tools/sdk-size.ts';

describe('the SDK', () => {
  it('is at most 12 KB of a page, gzipped, besides socket.io-client, and brings nobody else along', async () => {
    const { gzipped, files } = await sdkSize();
    assert.ok(gzipped <= 12_000, `${gzipped} bytes`);
    assert.deepEqual(files.map(f => f.name).filter(name => !/^(client|shared)\//.test(name)), []);
  });
});

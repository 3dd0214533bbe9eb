import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { loadScripts } from '../../server/store/scripts.ts';

const root = resolve(import.meta.dirname, '../..');
const sources = (...folders: string[]) =>
  folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(f => /\.tsx?$/.test(f))
      .map(f => join(folder, f)),
  );
const files = sources('shared', 'server', 'client', 'client-demo');
const beside = sources('testkit', 'examples', 'tools');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/**
 * The folders of the server, lowest first: each imports those before it alone. Folders inside one of these belong to
 * it.
 */
const layers = [
  'shared',
  'server/runtime',
  'server/identity',
  'server/store',
  'server/ops',
  'server/rooms/core',
  'server/rooms/actor',
  'server/messaging',
  'server/replays',
  'server/ownership',
  'server/routing',
  'server/lobby',
  'server/sessions',
  'server/node',
  'server/gateway',
  'server/http',
  'server',
  'server/cli',
];

/** What a file imports, types included, its examples apart: packages by name, own files from the repository's root. */
function importsOf(file: string): string[] {
  return [
    ...text(file)
      .replace(/^\s*\/\*\*[\s\S]*?\*\//gm, '')
      .matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g),
  ]
    .map(m => m[1]!)
    .map(i => (i.startsWith('.') ? relative(root, resolve(root, dirname(file), i)) : i));
}
/** `files` may import what begins with one of `allowed`; types are no exception. */
function only(where: RegExp, allowed: RegExp, among = files): string[] {
  return among
    .filter(f => where.test(f))
    .flatMap(f =>
      importsOf(f)
        .filter(i => !allowed.test(i))
        .map(i => `${f} imports ${i}`),
    );
}
/** The layer that a file lies in, by its number; -1: none. */
function layerOf(file: string): number {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    const layer = layers.indexOf(folder);
    if (layer >= 0) return layer;
  }
  return -1;
}

describe('the house', () => {
  it('shared imports nothing but itself and what schemas need', () => {
    assert.deepEqual(only(/^shared\//, /^(shared\/|@standard-schema\/spec$|zod$)/), []);
  });
  it('a folder of the server imports the folders below it alone, types included', () => {
    const folders = [...new Set(files.filter(f => f.startsWith('server/')).map(f => dirname(f)))];
    assert.deepEqual(
      folders.filter(
        folder =>
          layers.indexOf(folder) < 0 &&
          layerOf(folder) <= layers.indexOf('server') &&
          layers[layerOf(folder)] === 'server',
      ),
      [],
      'folders that have no layer',
    );
    const own = (i: string) => /^(shared|server|client|client-demo|testkit|examples|tools|test|bench)\//.test(i);
    const wrong = files
      .filter(f => layerOf(f) >= 0)
      .flatMap(f =>
        importsOf(f)
          .filter(own)
          .filter(i => layerOf(i) < 0 || layerOf(i) > layerOf(f))
          .map(i => `${f} imports ${i}`),
      );
    assert.deepEqual(wrong, []);
  });
  it('the core of a room does no I/O: it imports shared, and of the server what declares the store and the ports', () => {
    assert.deepEqual(
      only(
        /^server\/rooms\/core\//,
        /^(node:crypto$|shared\/|server\/rooms\/core\/|server\/runtime\/ports\.ts$|server\/store\/store\.ts$)/,
      ),
      [],
    );
  });
  it("rooms, ownership and sessions know the store's contract, never Redis or Socket.IO", () => {
    assert.deepEqual(
      only(
        /^server\/(rooms|ownership|routing|sessions|lobby)\//,
        /^(node:|shared\/|server\/(rooms|ownership|messaging|routing|sessions|lobby|replays|identity|runtime)\/|server\/store\/(store|store-contact)\.ts$)/,
      ),
      [],
    );
  });
  it('socket.io is imported by the gateway alone, redis by the store alone', () => {
    const who = (pattern: RegExp) => files.filter(f => importsOf(f).some(i => pattern.test(i)));
    assert.deepEqual(who(/^socket\.io$/), ['server/gateway/gateway.ts', 'server/gateway/socket-types.ts']);
    assert.deepEqual(who(/^@socket\.io\/redis-adapter$/), ['server/gateway/redis-adapter.ts']);
    assert.deepEqual(who(/^redis$/).sort(), ['server/store/redis-client.ts', 'server/store/redis-store.ts']);
  });
  it('the client imports shared and socket.io-client; the page, the client and shared', () => {
    assert.deepEqual(only(/^client\/(?!react\/)/, /^(client\/(?!react\/)|shared\/|socket\.io-client$)/), []);
    assert.deepEqual(only(/^client\/react\//, /^(client\/(?!predict\/)|shared\/|react$)/), []);
    assert.deepEqual(
      only(/^client\/(?!predict\/|browser\.ts)/, /^(?!client\/predict\/)/),
      [],
      'who does not predict does not load it',
    );
    assert.deepEqual(
      only(/^client\/(?!replay\/|predict\/replay-interpolation|browser\.ts)/, /^(?!client\/replay\/)/),
      [],
      'nor replays, who does not go through any',
    );
    assert.deepEqual(only(/^client-demo\//, /^(client-demo\/|client\/|shared\/|preact|uqr$)/), []);
  });
  it('examples import what others can, by the names that others use', () => {
    assert.deepEqual(
      only(
        /./,
        /^(examples\/|rejoin\/(server|client|contract|testkit)$|node:|(express|socket\.io|zod|libsql)$)/,
        sources('examples'),
      ),
      [],
    );
  });
  it('nothing of the product imports the test kit, examples or tools; the test kit imports the product alone', () => {
    assert.deepEqual(only(/./, /^(?!(rejoin|testkit|examples|tools|test|bench)\/)/), []);
    assert.deepEqual(only(/^testkit\//, /^(?!(examples|tools|test|bench|client-demo)\/)/, beside), []);
    assert.deepEqual(
      only(/^tools\/(?!picture\.ts|screenshots\.ts)/, /^(?!(test|bench|examples)\/)/, beside),
      [],
      'picture and screenshots use the browser of the tests',
    );
  });
  it('behind the ports nobody reads a clock, draws a number or starts a timer of their own', () => {
    const inner = files.filter(
      f =>
        /^(shared|server\/(rooms|ownership|routing|messaging\/(?!redis)|lobby|sessions|replays|node))\//.test(f) &&
        f !== 'shared/contract.ts',
    );
    const outside = /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|setImmediate)\s*\(/;
    assert.deepEqual(
      inner.filter(f => outside.test(text(f).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))),
      [],
    );
  });
  it('there are no default exports and no mutable variables at the top of a module', () => {
    assert.deepEqual(
      files.filter(f => /^export default/m.test(text(f))),
      [],
    );
    assert.deepEqual(
      files.filter(f => /^(export )?let /m.test(text(f))),
      [],
    );
  });
  it('no import cycles, types included', () => {
    const all = [...files, ...beside];
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') return void cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      state.set(file, 'open');
      for (const next of importsOf(file)) if (all.includes(next)) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of all) visit(file, []);
    assert.deepEqual(cycles, []);
  });
  it('every Lua script says its keys, and they are counted', () => {
    for (const script of Object.values(loadScripts())) {
      assert.ok(script.keys > 0);
      for (const [, n] of script.text.matchAll(/KEYS\[(\d+)\]/g))
        assert.ok(Number(n) <= script.keys, `${script.name}: KEYS[${n}]`);
      assert.match(script.text, /^-- reply /m);
    }
  });
});

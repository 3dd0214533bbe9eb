import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { loadScripts } from '../../server/store/scripts.ts';

const root = resolve(import.meta.dirname, '../..');
const sources = (...folders: string[]) => folders.flatMap(folder => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter(f => /\.tsx?$/.test(f)).map(f => join(folder, f)));
const files = sources('shared', 'server', 'client', 'client-demo');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/** What a file imports, its examples apart: packages by name, own files from the repository's root. */
function importsOf(file: string): string[] {
  return [...text(file).replace(/^\s*\/\*\*[\s\S]*?\*\//gm, '').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(m => m[1]!).map(i => (i.startsWith('.') ? relative(root, resolve(root, dirname(file), i)) : i));
}
/** `files` may import what begins with one of `allowed`; types are no exception. */
function only(where: RegExp, allowed: RegExp, among = files): string[] {
  return among.filter(f => where.test(f)).flatMap(f => importsOf(f).filter(i => !allowed.test(i)).map(i => `${f} imports ${i}`));
}

describe('the house', () => {
  it('shared imports nothing but itself and what schemas need', () => {
    assert.deepEqual(only(/^shared\//, /^(shared\/|@standard-schema\/spec$|zod$)/), []);
  });
  it('a room\'s core imports shared alone', () => {
    assert.deepEqual(only(/^server\/rooms\/(room|context|seating|document|audiences)\.ts$/, /^(shared\/|server\/rooms\/|server\/ports\.ts)/), []);
  });
  it('rooms, ownership and sessions know the store\'s contract, never Redis or Socket.IO', () => {
    assert.deepEqual(only(/^server\/(rooms|ownership|sessions)\//, /^(node:crypto$|shared\/|server\/(rooms|ownership|sessions|cluster|lobby|ports|gate|identity\/networks|store\/contract)(\/|\.ts|$))/), []);
  });
  it('socket.io is imported by the gateway alone, redis by the store and what stands beside it', () => {
    const who = (pattern: RegExp) => files.filter(f => importsOf(f).some(i => pattern.test(i)));
    assert.deepEqual(who(/^socket\.io$/), ['server/gateway/gateway.ts', 'server/gateway/types.ts']);
    assert.deepEqual(who(/^@socket\.io\/redis-adapter$/), ['server/gateway/redis-adapter.ts']);
    assert.deepEqual(who(/^redis$/).sort(), ['server/store/redis-client.ts', 'server/store/redis-store.ts']);
  });
  it('the client imports shared and socket.io-client; the page, the client and shared', () => {
    assert.deepEqual(only(/^client\/(?!react\/)/, /^(client\/(?!react\/)|shared\/|socket\.io-client$)/), []);
    assert.deepEqual(only(/^client\/react\//, /^(client\/(?!predict\/)|shared\/|react$)/), []);
    assert.deepEqual(only(/^client\/(?!predict\/|browser\.ts)/, /^(?!client\/predict\/)/), [], 'who does not predict does not load it');
    assert.deepEqual(only(/^client\/(?!replay\/|predict\/replayed|browser\.ts)/, /^(?!client\/replay\/)/), [], 'nor replays, who does not go through any');
    assert.deepEqual(only(/^client-demo\//, /^(client-demo\/|client\/|shared\/|preact|uqr$)/), []);
  });
  it('examples import what others can, by the names that others use', () => {
    assert.deepEqual(only(/./, /^(examples\/|rejoin\/(server|client|contract|testkit)$|node:|(express|socket\.io|zod|libsql)$)/, sources('examples')), []);
  });
  it('nothing of the product imports the test kit, examples or tools', () => {
    assert.deepEqual(only(/./, /^(?!(rejoin|testkit|examples|tools|test|bench)\/)/), []);
  });
  it('behind the ports nobody reads a clock, draws a number or starts a timer of their own', () => {
    const inner = files.filter(f => /^(shared|server\/(rooms|ownership|sessions|cluster\/(?!redis)))/.test(f) && f !== 'shared/contract.ts');
    const outside = /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|setImmediate)\s*\(/;
    assert.deepEqual(inner.filter(f => outside.test(text(f).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))), []);
  });
  it('there are no default exports and no mutable variables at the top of a module', () => {
    assert.deepEqual(files.filter(f => /^export default/m.test(text(f))), []);
    assert.deepEqual(files.filter(f => /^(export )?let /m.test(text(f))), []);
  });
  it('no import cycles', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') return void cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      state.set(file, 'open');
      const runtime = [...text(file).matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s*'(\.[^']+)'/gm)].map(m => relative(root, resolve(root, dirname(file), m[1]!)));
      for (const next of runtime) if (files.includes(next)) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    assert.deepEqual(cycles, []);
  });
  it('every Lua script says its keys, and they are counted', () => {
    for (const script of Object.values(loadScripts())) {
      assert.ok(script.keys > 0);
      for (const [, n] of script.text.matchAll(/KEYS\[(\d+)\]/g)) assert.ok(Number(n) <= script.keys, `${script.name}: KEYS[${n}]`);
      assert.match(script.text, /^-- says /m);
    }
  });
});

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
const beside = sources('cli', 'testkit', 'conformance', 'examples', 'tools');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/**
 * The folders of the server, lowest first. A folder imports only folders that stand before it in this list.
 *
 * The position of a folder is the lowest that its imports allow. Where that is not the obvious one, a comment says why.
 */
const layers = [
  'shared',
  'server/runtime',
  'server/identity',
  'server/store',
  // The store of a node without Redis: SQLite, in a thread of its own.
  'server/store/file',
  // Hang detector, log, metrics: they report to the store and know no room.
  'server/ops',
  'server/rooms/core',
  // Declares `Broadcaster`, which messaging implements: what a room sends is the room's own type.
  'server/rooms/actor',
  'server/messaging',
  // A replay is read from the journal of its room. It needs no owner, so it lies beneath ownership.
  'server/replays',
  'server/ownership',
  'server/routing',
  // Creates rooms on the node with most capacity, and finds them by their code: it asks membership, never the router.
  'server/lobby',
  'server/sessions',
  // Puts the parts above together. The gateway and the routes of http serve a node, so they stand above it.
  'server/node',
  'server/gateway',
  'server/http/dev',
  'server/http',
  // The public entry, and the backends and attachments that it chooses from.
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
/** The cycles of a directed graph, each as the path that closes it. */
function cyclesOf(nodes: Iterable<string>, next: (node: string) => Iterable<string>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') return void cycles.push([...path.slice(path.indexOf(node)), node].join(' → '));
    state.set(node, 'open');
    for (const other of next(node)) visit(other, [...path, node]);
    state.set(node, 'done');
  };
  for (const node of nodes) visit(node, []);
  return cycles;
}

interface ErrorClass {
  file: string;
  name: string;
  base: string;
  isAbstract: boolean;
  body: string;
}
/** The classes that extend an error. */
const errorClassesOf = (file: string): ErrorClass[] =>
  [
    ...text(file).matchAll(
      /^(?:export )?(abstract )?class (\w+)(?:<.*>)? extends (\w*Error)\b.*\{(\}|\n[\s\S]*?^\})/gm,
    ),
  ].map(([, abstract, name, base, body]) => ({
    file,
    name: name!,
    base: base!,
    isAbstract: abstract !== undefined,
    body: body!,
  }));

describe('the house', () => {
  it('shared imports nothing but itself and what schemas need', () => {
    assert.deepEqual(only(/^shared\//, /^(shared\/|@standard-schema\/spec$|zod$)/), []);
  });
  it('a folder of the server imports only folders that stand before it in the list, types included', () => {
    const inServer = files.filter(f => f.startsWith('server/'));
    assert.deepEqual(
      [...new Set(inServer.map(f => dirname(f)))].filter(folder => !layers.includes(folder)),
      [],
      'folders that are not in the list',
    );
    const isOwn = (i: string) => /^(shared|server|client|client-demo|testkit|examples|tools|test|bench)\//.test(i);
    const wrong = inServer.flatMap(f =>
      importsOf(f)
        .filter(isOwn)
        .filter(
          i =>
            !layers.slice(0, layers.indexOf(dirname(f)) + 1).includes(i.startsWith('shared/') ? 'shared' : dirname(i)),
        )
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
  it('socket.io is imported by the gateway alone, redis and SQLite by the store alone', () => {
    const who = (pattern: RegExp) => files.filter(f => importsOf(f).some(i => pattern.test(i)));
    assert.deepEqual(who(/^socket\.io$/), [
      'server/gateway/gateway.ts',
      'server/gateway/socket-server.ts',
      'server/gateway/socket-types.ts',
    ]);
    assert.deepEqual(who(/^@socket\.io\/redis-adapter$/), ['server/gateway/redis-adapter.ts']);
    assert.deepEqual(who(/^redis$/).sort(), ['server/store/redis-access.ts', 'server/store/redis-client.ts']);
    assert.deepEqual(who(/^libsql$/), ['server/store/file/database.ts']);
  });
  it('the client imports shared and socket.io-client; the page, the client and shared', () => {
    assert.deepEqual(
      only(/^client\/(?!react\/|vue\/)/, /^(client\/(?!react\/|vue\/)|shared\/|socket\.io-client$)/),
      [],
    );
    assert.deepEqual(only(/^client\/vue\//, /^(client\/(?!predict\/|react\/)|shared\/|vue$)/), []);
    assert.deepEqual(only(/^client\/react\//, /^(client\/(?!predict\/)|shared\/|react$)/), []);
    assert.deepEqual(
      only(/^client\/(?!predict\/|browser\/)/, /^(?!client\/predict\/)/),
      [],
      'who does not predict does not load it',
    );
    assert.deepEqual(
      only(/^client\/(?!replay\/|predict\/replay-interpolation|browser\/)/, /^(?!client\/replay\/)/),
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
    assert.deepEqual(only(/./, /^(?!(rejoin|cli|testkit|conformance|examples|tools|test|bench)\/)/), []);
    assert.deepEqual(
      only(/^cli\//, /^(node:|cli\/|(server|client|shared|tools\/local-cluster)\/)/, beside),
      [],
      'the command is made of the product and the local cluster',
    );
    assert.deepEqual(
      only(/^(testkit|conformance)\//, /^(?!(cli|examples|tools|test|bench|client-demo)\/)/, beside),
      [],
    );
    assert.deepEqual(
      only(/^tools\/(?!pictures\/)/, /^(?!(test|bench|examples)\/)/, beside),
      [],
      'tools/pictures uses the browser of the tests',
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
  it('files import each other in one direction, types included', () => {
    const all = new Set([...files, ...beside]);
    assert.deepEqual(
      cyclesOf(all, file => importsOf(file).filter(i => all.has(i))),
      [],
    );
  });
  it('folders import each other in one direction, types included', () => {
    const imported = new Map<string, Set<string>>();
    const all = [...files, ...beside];
    for (const file of all) {
      const folder = dirname(file);
      const others = imported.get(folder) ?? new Set<string>();
      for (const i of importsOf(file)) if (all.includes(i) && dirname(i) !== folder) others.add(dirname(i));
      imported.set(folder, others);
    }
    assert.deepEqual(
      cyclesOf(imported.keys(), folder => imported.get(folder)!),
      [],
    );
  });
  it('every error class extends RejoinError; its name is a literal that ends in Error, and it has a code', () => {
    const classes = [...files, ...beside].flatMap(errorClassesOf);
    const byName = new Map(classes.map(c => [c.name, c]));
    assert.ok(classes.length > 20 && byName.size === classes.length, 'the classes are found, and no two share a name');
    const isRefusal = ({ base }: ErrorClass) => base === 'RefusalError';
    const reachesBase = ({ name, base }: ErrorClass): boolean =>
      name === 'RejoinError' || (byName.has(base) && reachesBase(byName.get(base)!));
    const wrong = classes.flatMap(c => {
      const complaints: string[] = [];
      if (!reachesBase(c)) complaints.push(`extends ${c.base}`);
      if (!c.name.endsWith('Error')) complaints.push('its name does not end in Error');
      if (!c.isAbstract && !c.body.includes(`  override readonly name = '${c.name}';`)) complaints.push('sets no name');
      if (!c.isAbstract && !isRefusal(c) && !/ readonly code(: \w+,| = '[a-z]+(-[a-z]+)*';)/.test(c.body))
        complaints.push('has no code');
      return complaints.map(complaint => `${c.file}: ${c.name} ${complaint}`);
    });
    assert.deepEqual(wrong, []);
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

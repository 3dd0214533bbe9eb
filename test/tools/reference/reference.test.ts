import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'libsql';
import { before, describe, it } from 'mocha';
import ts from 'typescript';
import { z } from 'zod';
import { contract, held, pressed, state, view } from '../../../shared/index.ts';
import { table } from '../../../testkit/index.ts';
import { codeBlocksOf, typeCheck, examplesOf, sources, type Example } from './examples.ts';
import * as games from './games.ts';

const root = resolve(import.meta.dirname, '../../..');
const documents = [
  'README.md',
  ...[
    'client',
    'prediction',
    'replays',
    'testing',
    'embedding',
    'deploying',
    'operations',
    'from-boardgame-io',
    'from-colyseus',
  ].map(name => `docs/${name}.md`),
  ...['docs/rules', 'docs/recipes'].flatMap(folder => readdirSync(join(root, folder)).map(name => `${folder}/${name}`)),
];

describe('the API reference', function () {
  this.timeout(240_000); // a compiler, twice
  const examples = sources().flatMap(file => examplesOf(file));
  const blocks = documents.flatMap(file => codeBlocksOf(file));
  const wrong: Example[] = [
    {
      file: 'wrong.ts',
      line: 10,
      lang: 'ts',
      code: "const said = await room.act.step({ by: 'two' })\nroom.act.leap({})\n",
    },
    { file: 'wrong.tsx', line: 5, lang: 'tsx', code: 'const Line = () => <p>{useStatus()}</p>\n' },
    { file: 'wrong.md', line: 20, lang: 'ts', code: '\nawait connect(url).quick(rice)\nconst half = (1 +)\n' },
  ];
  let said: string[] = [];
  before(() => {
    said = typeCheck([...examples, ...blocks, ...wrong]);
  });

  it('its examples, and the code of the documents, hold what the types say', () => {
    assert.ok(examples.length > 110 && blocks.length >= 13, `${examples.length} examples, ${blocks.length} blocks`);
    assert.deepEqual(
      said.filter(text => !text.startsWith('wrong.')),
      [],
    );
  });

  it('one that is wrong is told, with the line where it stands', () => {
    assert.deepEqual(
      said.filter(text => text.startsWith('wrong.')).map(text => text.split('\n')[0]!.replace(/ on type '.*/, '')),
      [
        "wrong.ts:10: Type 'string' is not assignable to type 'number'.",
        "wrong.ts:11: Property 'leap' does not exist",
        "wrong.tsx:5: Type 'Status' is not assignable to type 'ReactNode'.",
        'wrong.tsx:5: Expected 1 arguments, but got 0.',
        'wrong.md:22: Expression expected.',
        "wrong.md:21: Cannot find name 'rice'.",
      ],
    );
  });

  it('an example is taken out with its line; one that is in no fence is none', () => {
    const source =
      '\n/**\n * Says something.\n * @throws Error\n * @example\n * ```ts\n * say(1)\n * ```\n * @example twice\n * ```tsx\n * say(2)\n * say(3)\n * ```\n */\nexport const say = 1;\n';
    assert.deepEqual(examplesOf('a.ts', source), [
      { file: 'a.ts', line: 7, lang: 'ts', code: 'say(1)\n' },
      { file: 'a.ts', line: 11, lang: 'tsx', code: 'say(2)\nsay(3)\n' },
    ]);
    assert.throws(
      () => examplesOf('a.ts', '/**\n * Says.\n * @example say(1)\n */\n'),
      /a\.ts:3: an example is code between/,
    );
    assert.deepEqual(
      codeBlocksOf('a.md', '# A\n\n```ts\nsay(1)\n```\n```ts file=a.ts\nsay(2)\n```\n```sh\nsay\n```\n'),
      [{ file: 'a.md', line: 4, lang: 'ts', code: 'say(1)\n' }],
    );
  });

  /** Runs an example as it stands, but for what it imports. */
  const Async = (async () => {}).constructor as new (...parts: string[]) => (...given: unknown[]) => Promise<void>;
  const run = async (code: string, given: object): Promise<void> => {
    // In a block of its own, where it may declare again what it is given.
    const plain = ts.transpileModule(`{${code.replace(/^(import .*|export )/gm, '')}}`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    }).outputText;
    await new Async(...Object.keys(given), plain)(...Object.values(given));
  };
  for (const { file, line, code } of examples.filter(example => example.code.includes('await table('))) {
    it(`what ${file}:${line} shows of the test kit is so`, () => run(code, { ...games, table, assert }));
  }

  const author = { contract, held, pressed, state, view, z, table, assert, Database };
  for (const { file, line, code } of blocks.filter(
    one => one.file !== 'README.md' && one.code.includes('await table('),
  )) {
    it(`the game of ${file}:${line} passes its test`, () => run(code, { ...games, ...author }));
  }

  it('the first code of the README is a game that can be played in a test', async () => {
    const [first] = blocks;
    assert.match(first!.code, /await table\(/);
    // What it says of a client needs a server; that one is run elsewhere.
    const connect = () => ({ quick: () => Promise.resolve({ act: { step: () => Promise.resolve({ ok: true }) } }) });
    await run(`${first!.code}\nassert.deepEqual(t.seats[0].state, { at: [2, 3] });`, {
      contract,
      state,
      z,
      connect,
      url: '',
      table,
      assert,
    });
  });

  it('a function, method or type of functions without an example is a warning, which fails the check', async () => {
    const folder = join(root, 'test/tools/reference/bare');
    const args = [
      '--options',
      join(folder, 'typedoc.json'),
      '--emit',
      'none',
      '--treatValidationWarningsAsErrors',
      '--pretty',
      'false',
    ];
    const child = spawn(process.execPath, [join(root, 'node_modules/typedoc/bin/typedoc'), ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => {
        said += part.toString();
      });
    const [code] = (await once(child, 'close')) as [number];
    assert.deepEqual(
      [...said.matchAll(/^\[warning\] (.+ has .+)$/gm)].map(([, text]) => text).sort(),
      ['Door.open', 'Reader', 'Thing.onChange', 'Thing.turn', 'forgotten'].map(name => `${name} has no @example`),
    );
    assert.notEqual(code, 0);
  });
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'mocha';

const root = resolve(import.meta.dirname, '../..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const filesOf = (folder: string, name: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => name.test(file) && !file.includes('node_modules') && !file.startsWith('peers/'))
    .map(file => join(folder, file));
const pages = filesOf('docs', /\.md$/);
const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'shared/SPEC.md', ...pages];

const withoutCode = (markdown: string) => markdown.replace(/^```[\s\S]*?^```$/gm, '').replace(/^ {4}.*$/gm, '');
/** The anchors that GitHub gives to the headings of a document. */
const anchorsOf = (file: string): string[] =>
  [...withoutCode(text(file)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  );

describe('the documents', () => {
  for (const file of documents) {
    it(`${file}: every link leads somewhere`, () => {
      const broken = [...withoutCode(text(file)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target!)
        .filter(target => !/^(https?|mailto):/.test(target))
        .filter(target => {
          const [path, anchor] = target.split('#') as [string, string?];
          const found = path === '' ? file : relative(root, resolve(root, dirname(file), path));
          if (!existsSync(join(root, found))) return true;
          return anchor !== undefined && found.endsWith('.md') && !anchorsOf(found).includes(anchor);
        });
      assert.deepEqual(broken, []);
    });
  }

  it('every page is in the index of its folder', () => {
    const missing = pages.filter(page => {
      const index = page.startsWith('docs/benchmarks/') ? 'docs/benchmarks/README.md' : 'docs/README.md';
      return page !== index && !text(index).includes(`](${relative(dirname(index), page)}`);
    });
    assert.deepEqual(missing, []);
  });

  it('the files of the repository that a page names exist', () => {
    const named = /`((?:server|client|client-demo|shared|testkit|test|tools|bench|examples|docs)\/[\w./-]+)`/g;
    const gone = pages
      .filter(page => !page.startsWith('docs/benchmarks'))
      .flatMap(page => [...text(page).matchAll(named)].map(([, path]) => `${page}: ${path!}`))
      .filter(line => !existsSync(join(root, line.split(': ')[1]!)));
    assert.deepEqual(gone, []);
  });

  it('the pages that sources name exist', () => {
    const sources = [
      'server',
      'client',
      'client-demo',
      'shared',
      'testkit',
      'conformance',
      'tools',
      'test',
      'bench',
      'examples',
    ]
      .flatMap(folder => filesOf(folder, /\.(tsx?|mjs|lua)$/))
      .concat('nginx.conf', 'package.json');
    const gone = sources
      .filter(file => statSync(join(root, file)).isFile())
      .flatMap(file =>
        [...text(file).matchAll(/docs\/[\w/-]+\.(?:md|json|svg|acl)/g)].map(([path]) => `${file}: ${path}`),
      )
      .filter(line => !existsSync(join(root, line.split(': ')[1]!)));
    assert.deepEqual(gone, []);
  });
});

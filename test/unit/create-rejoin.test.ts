import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { runCommand } from '../../create-rejoin/src/command.ts';
import { filesOf, packageNameOf } from '../../create-rejoin/src/project.ts';
import { dependencies, devDependencies, pages, templates } from '../../create-rejoin/src/templates.ts';

const root = resolve(import.meta.dirname, '../..');
interface PackageJson {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
const packageJson = (folder: string) =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as PackageJson;

describe('npm create rejoin', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rejoin-create-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the command, without a terminal. @returns what it printed @throws CreateError */
  const create = async (...args: string[]): Promise<string> => {
    let text = '';
    await runCommand(args, { cwd: folder, isTerminal: false, print: more => void (text += more) });
    return text;
  };

  it('every template has at most 25 files, each complete', () => {
    for (const template of templates) {
      const files = filesOf(template, 'a-name');
      assert.ok(files.size <= 25, `${template.name}: ${files.size} files`);
      for (const needed of ['package.json', '.gitignore', 'Dockerfile', 'README.md', 'game/rules.ts', 'page/board.css'])
        assert.ok(files.has(needed), `${template.name}: ${needed}`);
      for (const [path, text] of files) assert.doesNotMatch(text, /\{\{\w+\}\}/, `${template.name}: ${path}`);
      // The README names each module of the page.
      const readme = files.get('README.md')!;
      for (const path of readme.matchAll(/`((?:game|page)\/[\w.]+)`/g))
        assert.ok(files.has(path[1]!), `${template.name}: README names ${path[1]}`);
      assert.match(files.get('game/rules.test.ts')!, /killOwner\(\)/);
    }
  });

  it('the folder of rooms, which has a secret, is in no commit and no image; in a container it is a volume of the user', () => {
    for (const template of templates) {
      const files = filesOf(template, 'a-name');
      for (const ignored of ['.gitignore', '.dockerignore']) assert.match(files.get(ignored)!, /^data\/?$/m);
      const [made, volume, user] = ['install -d -o node -g node data', 'VOLUME /app/data', 'USER node'].map(line =>
        files.get('Dockerfile')!.indexOf(line),
      );
      assert.ok(0 < made! && made! < volume! && volume! < user!, template.name);
    }
  });

  it('its projects have the versions that are tested here', () => {
    const ours = packageJson('.');
    assert.equal(packageJson('create-rejoin').version, ours.version);
    const known: Record<string, string> = {
      ...ours.dependencies,
      ...ours.devDependencies,
      typescript: ours.devDependencies['@typescript/native']!.replace('npm:typescript@', ''),
    };
    for (const wanted of [dependencies, devDependencies, ...pages.flatMap(p => [p.dependencies, p.devDependencies])])
      for (const [name, version] of Object.entries(wanted)) assert.equal(version, known[name], name);
  });

  it('the name of the package follows from the folder', () => {
    assert.equal(packageNameOf('/x/My Game!'), 'my-game');
    assert.equal(packageNameOf('/x/_hidden'), 'hidden');
    assert.equal(packageNameOf('/x/…'), 'game');
  });

  it('--list prints all templates', async () => {
    const text = await create('--list');
    for (const { name } of templates) assert.match(text, new RegExp(`^  ${name} `, 'm'));
  });

  it('--yes takes the defaults', async () => {
    const text = await create('--yes', '--no-install');
    assert.match(text, /Created Five in a Row in my-game/);
    assert.match(text, /cd my-game\n {2}npm install\n {2}npm run dev/);
    assert.match(readFileSync(join(folder, 'my-game/package.json'), 'utf8'), /"name": "my-game"/);
  });

  it('an empty folder with a repository in it will do', async () => {
    mkdirSync(join(folder, 'repository/.git'), { recursive: true });
    assert.match(
      await create('repository', '--template', 'real-time-react', '--no-install'),
      /Created Gem Rush in repository/,
    );
  });

  it('what is wrong is said, and nothing is created', async () => {
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/notes.txt'), '');
    writeFileSync(join(folder, 'file'), '');
    const wrong: [args: string[], said: RegExp][] = [
      [['full', '--yes'], /The folder full is not empty \(notes\.txt\)\. Choose another name/],
      [['file', '--yes'], /file exists and is not a folder/],
      [['new', '--template', 'chess'], /There is no template 'chess'\. There are:\n {2}turn-based-vanilla /],
      [['new', '--fast'], /Unknown option '--fast'\. See --help/],
      [['new', 'old'], /One folder, please, not also old/],
      [['ne?w', '--yes'], /'ne\?w' is not a valid name/],
      [['new'], /There is no terminal to ask on\. Give a folder and --template NAME, or --yes/],
    ];
    for (const [args, said] of wrong) await assert.rejects(create(...args), { name: 'CreateError', message: said });
    assert.ok(!existsSync(join(folder, 'new')));
  });
});

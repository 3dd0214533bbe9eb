import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { CreateError } from './create-error.ts';
import { dependencies, devDependencies, type Template } from './templates.ts';

const packageRoot = resolve(import.meta.dirname, '..');
const templatesFolder = join(packageRoot, 'templates');
/** npm leaves files of these names out of a package, so the templates have them without the dot. */
const dotFiles: Readonly<Record<string, string>> = { _gitignore: '.gitignore', _dockerignore: '.dockerignore' };
/** Files that an empty folder may have: a new repository, and what file managers leave. */
const ignored = /^(\.git|\.DS_Store|Thumbs\.db|\.idea|\.vscode)$/;

/** The name of the npm package for a folder. */
export function packageNameOf(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '');
  return name === '' ? 'game' : name;
}

/** @param shown the folder as the user named it @throws CreateError if a project cannot be created there */
export function checkFolder(folder: string, shown: string): void {
  if (shown.trim() === '') throw new CreateError('The name of the folder is empty.');
  // Windows allows none of these.
  if (/[<>"|?*\p{Cc}]/u.test(shown)) throw new CreateError(`'${shown}' is not a valid name for a folder.`);
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new CreateError(`${shown} exists and is not a folder. Choose another name.`);
  const files = readdirSync(folder).filter(name => !ignored.test(name));
  if (files.length === 0) return;
  const some = files.slice(0, 3).join(', ') + (files.length > 3 ? `, and ${files.length - 3} more` : '');
  throw new CreateError(`The folder ${shown} is not empty (${some}). Choose another name, or empty it.`);
}

/**
 * The files of a project, by path. A template is composed of layers: what all projects share, the game, the page, and
 * what shows this game on this page.
 */
export function filesOf({ name: template, game, page }: Template, name: string): Map<string, string> {
  const values: Readonly<Record<string, string>> = {
    name,
    title: game.title,
    about: game.about,
    entry: page.entry,
    extension: page.entry.split('.').at(-1)!,
  };
  const files = new Map([['package.json', packageJson(name, page)]]);
  for (const layer of ['base', game.name, page.name, template]) {
    const folder = join(templatesFolder, layer);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const source = join(entry.parentPath, entry.name);
      const path = join(dirname(relative(folder, source)), dotFiles[entry.name] ?? entry.name).replaceAll('\\', '/');
      if (files.has(path)) throw new Error(`two layers of ${template} have a file ${path}`);
      files.set(
        path,
        readFileSync(source, 'utf8').replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? missing(path, key)),
      );
    }
  }
  return files;
}

function missing(path: string, key: string): never {
  throw new Error(`${path}: no value for {{${key}}}`);
}

/** Writes a project. @throws CreateError if the folder is not empty, or cannot be written */
export function writeProject(folder: string, template: Template, shown = folder): readonly string[] {
  checkFolder(folder, shown);
  const files = filesOf(template, packageNameOf(folder));
  try {
    for (const [path, text] of files) {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  } catch (error) {
    throw new CreateError(`${shown} cannot be written: ${(error as Error).message}`);
  }
  return [...files.keys()];
}

/** Created projects use the version of Rejoin that was released together with this package. */
const rejoinVersion = (): string =>
  (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;

function packageJson(name: string, page: Template['page']): string {
  const sorted = (names: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(
    {
      name,
      version: '0.0.0',
      private: true,
      type: 'module',
      scripts: {
        dev: 'vite',
        test: 'node --import tsx --test game/rules.test.ts',
        check: 'tsc --noEmit',
        build: 'vite build',
        start: 'rejoin start game/rules.ts --page dist',
      },
      dependencies: sorted({ ...dependencies, ...page.dependencies, rejoin: `^${rejoinVersion()}` }),
      devDependencies: sorted({ ...devDependencies, ...page.devDependencies }),
      engines: { node: '>=20.19.0' },
    },
    null,
    2,
  )}\n`;
}

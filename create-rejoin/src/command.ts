import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CreateError } from './create-error.ts';
import { install } from './install.ts';
import { checkFolder, writeProject } from './project.ts';
import { Prompts } from './prompts.ts';
import { games, pages, templates, type Template } from './templates.ts';

const help = `npm create rejoin [folder] [-- options]

Creates a multiplayer game on Rejoin. Without options it asks.

  --template NAME  one of the templates that --list prints
  --yes, -y        takes the defaults instead of asking, and installs
  --no-install     does not run npm install
  --list           prints the templates
  --help, -h       prints this text
`;
const defaultFolder = 'my-game';

/** Where the command runs. */
export interface Surroundings {
  /** The current folder. */
  readonly cwd: string;
  /** Whether questions can be asked. */
  readonly isTerminal: boolean;
  print(text: string): void;
}

interface Answers {
  readonly folder: string;
  readonly template: Template;
  readonly installs: boolean;
}

/** Runs the command. @throws CreateError */
export async function runCommand(args: readonly string[], around: Surroundings): Promise<void> {
  const { cwd, print } = around;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new CreateError(`Node 20.19 or newer is needed; this is ${process.version}.`);
  const { values, positionals } = readArguments(args);
  if (values.help) return print(help);
  if (values.list) return print(listOfTemplates());
  const { folder, template, installs } = await answersOf(values, positionals, around);
  const files = writeProject(resolve(cwd, folder), template, folder);
  print(`\nCreated ${template.game.title} in ${shownPath(folder, cwd)}: ${files.length} files.\n`);
  if (installs) {
    print('Installing packages…\n');
    await install(resolve(cwd, folder), folder);
  }
  print(nextSteps(shownPath(folder, cwd), installs));
}

/** @throws CreateError */
function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        template: { type: 'string', short: 't' },
        yes: { type: 'boolean', short: 'y', default: false },
        'no-install': { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new CreateError(`${(error as Error).message.split('. To specify')[0]}. See --help.`);
  }
}

/** @throws CreateError */
async function answersOf(
  values: ReturnType<typeof readArguments>['values'],
  positionals: readonly string[],
  { cwd, isTerminal }: Surroundings,
): Promise<Answers> {
  const [given, ...more] = positionals;
  if (more.length > 0) throw new CreateError(`One folder, please, not also ${more.join(', ')}.`);
  if (given !== undefined) checkFolder(resolve(cwd, given), given);
  const template = values.template === undefined ? undefined : templateNamed(values.template);
  const isComplete = given !== undefined && template !== undefined;
  if (values.yes || isComplete)
    return {
      folder: given ?? defaultFolder,
      template: template ?? templates[0]!,
      installs: !values['no-install'],
    };
  if (!isTerminal)
    throw new CreateError('There is no terminal to ask on. Give a folder and --template NAME, or --yes.');
  const prompts = new Prompts();
  try {
    const folder =
      given ??
      (await prompts.text('Folder', defaultFolder, answer => {
        try {
          checkFolder(resolve(cwd, answer), answer);
          return null;
        } catch (error) {
          return (error as Error).message;
        }
      }));
    const chosen = template ?? {
      game: await prompts.choice('Which game do you start from?', games),
      page: await prompts.choice('How is the page written?', pages),
    };
    return {
      folder,
      template: templateNamed(`${chosen.game.name}-${chosen.page.name}`),
      installs: !values['no-install'] && (await prompts.confirm('Install the packages now?')),
    };
  } finally {
    prompts.close();
  }
}

/** @throws CreateError */
function templateNamed(name: string): Template {
  const found = templates.find(template => template.name === name);
  if (found === undefined)
    throw new CreateError(`There is no template '${name}'. There are:\n${listOfTemplates().trimEnd()}`);
  return found;
}

function listOfTemplates(): string {
  const width = Math.max(...templates.map(({ name }) => name.length)) + 2;
  return templates.map(({ name, game, page }) => `  ${name.padEnd(width)}${game.summary}; ${page.summary}\n`).join('');
}

function nextSteps(folder: string, installed: boolean): string {
  const steps = [...(folder === '.' ? [] : [`cd ${folder}`]), ...(installed ? [] : ['npm install']), 'npm run dev'];
  return `\nNext:\n${steps.map(step => `  ${step}\n`).join('')}\nThe tests, one of which kills the server: npm test\n`;
}

const shownPath = (folder: string, cwd: string): string => relative(cwd, resolve(cwd, folder)) || '.';

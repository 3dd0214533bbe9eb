import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RejoinError } from '../../shared/errors.ts';

/** Programs, and modules of Python, that are not npm packages. */
export type SystemPart = 'redis-server' | 'nginx' | 'chromium' | 'chromium-headless-shell' | 'python3-socketio';
export type SystemPaths = Readonly<Record<SystemPart, string>>;

interface SystemPackage {
  /** Names of the executable, or full paths. */
  readonly names: readonly string[];
  /** Environment variable that overrides the executable. */
  readonly variable?: string;
  /** Modules that the executable, a Python, has to have. */
  readonly modules?: readonly string[];
  readonly apt: string;
  readonly brew: string;
}

const BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const PARTS: Readonly<Record<SystemPart, SystemPackage>> = {
  'redis-server': { names: ['redis-server'], apt: 'redis-server', brew: 'redis' },
  nginx: { names: ['nginx'], apt: 'nginx', brew: 'nginx' },
  chromium: {
    names: BROWSERS,
    variable: 'CHROMIUM',
    apt: 'chromium fonts-liberation', // without any font a page is empty
    brew: '--cask chromium',
  },
  // Without a user interface: it takes less CPU for each page, and keeps no page for the back button. Where it is
  // missing, any Chromium will do.
  'chromium-headless-shell': {
    names: ['chromium-headless-shell', ...BROWSERS],
    variable: 'CHROMIUM',
    apt: 'chromium-headless-shell fonts-liberation',
    brew: '--cask chromium',
  },
  'python3-socketio': {
    // Debian's own first: apt-get installs modules for it alone.
    names: ['/usr/bin/python3', 'python3'],
    variable: 'PYTHON',
    modules: ['socketio', 'aiohttp'],
    apt: 'python3-socketio python3-aiohttp',
    brew: 'python && python3 -m pip install python-socketio aiohttp',
  },
};

// Often not in PATH: of ordinary users (Debian), or of programs started from the desktop (macOS).
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** Programs have to be installed first; the message says how. */
export class MissingSystemPartsError extends RejoinError {
  override readonly name = 'MissingSystemPartsError';
  override readonly code = 'missing-system-parts';
}

/** Paths of the programs. Throws with the command that installs missing ones. */
export function findSystem(parts: readonly SystemPart[]): SystemPaths {
  const missing = parts.filter(part => findPart(part) === undefined);
  if (missing.length > 0) {
    throw new MissingSystemPartsError(
      `missing on this system: ${missing.join(', ')}. Install with:\n\n  ${installCommand(missing)}\n`,
    );
  }
  return Object.fromEntries(parts.map(part => [part, findPart(part)])) as unknown as SystemPaths;
}

/**
 * Paths of the programs. As root or in CI, missing ones are first installed if apt-get exists; `print` is called before
 * that.
 */
export async function requireSystem(parts: readonly SystemPart[], print: (text: string) => void): Promise<SystemPaths> {
  const missing = parts.filter(part => findPart(part) === undefined);
  const root = process.getuid?.() === 0;
  const mayInstall = (root || process.env['CI'] === 'true') && findExecutable('apt-get') !== undefined;
  if (missing.length > 0 && mayInstall) {
    const packages = aptPackages(missing);
    print(
      `missing on this system: ${missing.join(', ')}. Installing with apt-get: ${packages.join(' ')} (no service is left running)`,
    );
    const script = ['/bin/sh', join(import.meta.dirname, 'install.sh'), ...packages];
    await run(root ? script : ['sudo', '-n', ...script]);
  }
  return findSystem(parts);
}

/** The command to install programs manually. */
export function installCommand(parts: readonly SystemPart[], platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'darwin') return `sudo apt-get install -y ${aptPackages(parts).join(' ')}`;
  const brew = [...new Set(parts.map(part => PARTS[part].brew))];
  const casks = brew.filter(name => name.startsWith('--cask')).map(name => `brew install ${name}`);
  const formulas = brew.filter(name => !name.startsWith('--cask'));
  return [...(formulas.length > 0 ? [`brew install ${formulas.join(' ')}`] : []), ...casks].join(' && ');
}

const aptPackages = (parts: readonly SystemPart[]) => [...new Set(parts.flatMap(part => PARTS[part].apt.split(' ')))];

function findPart(part: SystemPart): string | undefined {
  const { names, variable, modules = [] } = PARTS[part];
  const chosen = variable === undefined ? undefined : process.env[variable];
  const candidates = chosen !== undefined && chosen !== '' ? [chosen] : names;
  return candidates.map(findExecutable).find(path => path !== undefined && hasModules(path, modules));
}

function findExecutable(name: string): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS].filter(folder => folder !== '');
  return folders.map(folder => join(folder, name)).find(isExecutable);
}

function hasModules(python: string, modules: readonly string[]): boolean {
  if (modules.length === 0) return true;
  return spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run([command = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', code =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: the parts are not installed`)),
    );
  });
}

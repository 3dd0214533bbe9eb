import { spawn } from 'node:child_process';
import { CreateError } from './create-error.ts';

/** What npm prints when no registry can be reached. */
const offline =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;

/** Runs `npm install`. @throws CreateError that says why it failed, and how to repeat it */
export async function install(folder: string, shown: string): Promise<void> {
  const { code, errors } = await runNpm(folder);
  if (code === 0) return;
  const why = offline.test(errors)
    ? 'The npm registry cannot be reached. Are you offline?'
    : `npm install failed${errors.trim() === '' ? '.' : `:\n${lastLines(errors, 12)}`}`;
  throw new CreateError(
    `${why}\nThe project is complete in ${shown}. Repeat the installation: cd ${shown} && npm install`,
  );
}

function runNpm(folder: string): Promise<{ code: number | null; errors: string }> {
  return new Promise(resolve => {
    const child = spawn('npm', ['install', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32', // npm is a script there
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-20_000);
    });
    child.once('error', error => resolve({ code: null, errors: `npm cannot be started: ${error.message}` }));
    child.once('close', code => resolve({ code, errors }));
  });
}

const lastLines = (text: string, count: number): string => text.trim().split('\n').slice(-count).join('\n');

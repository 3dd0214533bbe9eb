import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../config.ts';

const isTypeScript = (file: string): boolean => /\.[cm]?tsx?$/.test(file);

/** Whether this process already imports TypeScript through tsx. */
const hasTsx = (): boolean => /\btsx\b/.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));

/**
 * Makes this process able to import a TypeScript file: with tsx if the author's project has it, because tsx accepts all
 * of TypeScript; otherwise with Node's own type stripping.
 * @throws ConfigError when there is neither
 */
export async function enableTypeScript(file: string): Promise<void> {
  if (!isTypeScript(file) || hasTsx()) return;
  const tsx = findTsx(file);
  if (tsx !== null) {
    await import(tsx); // registers itself, as with node --import tsx
    return;
  }
  // Present, and not false, where Node strips types without a flag: from 22.18 and 23.6.
  if ((process.features as { typescript?: unknown }).typescript) return;
  throw new ConfigError(
    `${file}: Node ${process.versions.node} does not import TypeScript. Install tsx (npm install tsx), or use Node 22.18 or newer.`,
  );
}

/** The URL of tsx, as seen from the file or from the working directory. */
function findTsx(file: string): string | null {
  for (const from of [resolve(file), resolve('package.json')]) {
    try {
      return pathToFileURL(createRequire(from).resolve('tsx')).href;
    } catch {
      // not installed there
    }
  }
  return null;
}

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json: of the repository, whether this runs from its sources or compiled, or of the installed package. */
export const root: string = above(import.meta.dirname);

function above(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return above(parent);
}

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../groups.ts';
import type { Caught, Hunt } from '../simulation/hunt.ts';
import type { Ablation, Edit } from './list.ts';

/** What the simulator needs of the repository. */
const parts = ['server', 'client', 'shared', 'testkit', 'test/simulation', 'test/protocol', 'test/unit/parlour.ts', 'package.json', 'tsconfig.json'];

/** A copy of the sources in a folder of its own, to be changed one rule at a time. */
export class Copy {
  readonly folder = mkdtempSync(join(tmpdir(), 'rejoin-ablation-'));

  constructor() {
    for (const part of parts) cpSync(join(ROOT, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** Takes a rule out, hunts, and puts it back. @throws where a text to be replaced is not there exactly once, or the hunt itself fails */
  async without(ablation: Ablation): Promise<Caught & { seconds: number }> {
    const files = [...new Set(ablation.edits.map(e => e.file))];
    try {
      for (const file of files) writeFileSync(join(this.folder, file), ablation.edits.filter(e => e.file === file).reduce(replaced, readFileSync(join(ROOT, file), 'utf8')));
      const caught = await this.hunt(ablation.hunt);
      if (caught.seed === null || caught.seed === 0) return caught;
      // A seed that fails with all rules in place has caught nothing, and is a matter of its own.
      for (const file of files) cpSync(join(ROOT, file), join(this.folder, file));
      const anyhow = await this.hunt({ ...ablation.hunt, from: caught.seed, most: caught.seed });
      if (anyhow.seed !== null) throw new Error(`seed ${caught.seed} fails with all rules in place: ${anyhow.violation}`);
      return caught;
    } finally {
      for (const file of files) cpSync(join(ROOT, file), join(this.folder, file));
    }
  }

  hunt(hunt: Hunt): Promise<Caught & { seconds: number }> {
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', join(this.folder, 'test/simulation/hunt.ts'), JSON.stringify(hunt)], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
      let said = '';
      let wrong = '';
      child.stdout.on('data', (text: Buffer) => { said += text.toString(); });
      child.stderr.on('data', (text: Buffer) => { wrong += text.toString(); });
      child.once('error', reject);
      child.once('close', code => {
        if (code === 0) resolve({ ...(JSON.parse(said) as Caught), seconds: (performance.now() - started) / 1000 });
        // A crash is noticed by anybody; what is of interest is that it was not the harness that failed.
        else if (/rooms|store|cluster|client|sessions|ownership/.test(wrong)) resolve({ seed: 0, violation: `the process ended: ${wrong.split('\n').find(l => /^\w+( \[\w+\])?: /.test(l)) ?? 'no word'}`, tried: 0, seconds: (performance.now() - started) / 1000 });
        else reject(new Error(wrong || 'the hunt did not end'));
      });
    });
  }

  remove(): void { rmSync(this.folder, { recursive: true, force: true }); }
}

/** @throws where the text to be replaced is not there exactly once */
export function replaced(text: string, { file, find, replace }: Edit): string {
  const times = text.split(find).length - 1;
  if (times !== 1) throw new Error(`${file} has ${times} times, not once: ${find}`);
  return text.replace(find, () => replace);
}

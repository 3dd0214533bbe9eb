import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { ScenarioName } from './plan.ts';
import { addTally, noTally, runSeeds, type Tally } from './run.ts';

export interface Order { from: number; seeds: number; scenario: ScenarioName | null; shrink: boolean; /** Stops at so many failures */ enough?: number }
/** A process's share: every `of`th seed, from the `nth` on. */
export interface Share extends Order { nth: number; of: number }

export function* seedsOf({ from, seeds, nth, of }: Share): Generator<number> { for (let i = nth; i < seeds; i += of) yield from + i; }

/** Runs seeds in this process, or shared among several. @throws when one of them dies */
export async function inProcesses(order: Order, workers: number, onProgress: (done: number) => void): Promise<Tally> {
  if (workers === 1) {
    let said = 0;
    return runSeeds(seedsOf({ ...order, nth: 0, of: 1 }), { ...order, onSeed: ({ runs }) => { if (runs - said >= 50) onProgress(said = runs); } });
  }
  const total = noTally();
  const done = Array<number>(workers).fill(0);
  await Promise.all(done.map((_x, nth) => new Promise<void>((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'share.ts'), [JSON.stringify({ ...order, nth, of: workers } satisfies Share)], { execArgv: ['--import', 'tsx'] });
    let whole = false;
    child.on('message', (said: { runs: number } | { tally: Tally }) => {
      if ('tally' in said) {
        whole = true;
        addTally(total, said.tally);
      } else {
        done[nth] = said.runs;
        onProgress(done.reduce((a, b) => a + b));
      }
    });
    child.once('exit', code => { if (whole) resolve(); else reject(new Error(`a process ended with ${code} before its seeds were done`)); });
  })));
  total.failures.sort((a, b) => a.seed - b.seed);
  return total;
}

import { fork } from 'node:child_process';
import { argumentsFor, compileSources } from '../../tools/compile.ts';
import type { ScenarioName } from './plan.ts';
import { mergeTally, emptyTally, runSeeds, type Tally } from './run.ts';

export interface SimulationOrder {
  from: number;
  seeds: number;
  scenario: ScenarioName | null;
  shrink: boolean;
  /** Stops at so many failures */
  enough?: number;
}
/** A process's share: every `of`th seed, from the `nth` on. */
export interface SimulationShare extends SimulationOrder {
  nth: number;
  of: number;
}

export function* seedsOf({ from, seeds, nth, of }: SimulationShare): Generator<number> {
  for (let i = nth; i < seeds; i += of) yield from + i;
}

/** So many are run in this process, from the sources: compiling them would take longer. */
const fewSeeds = 20;
/**
 * Most objects of a history live as long as the history: with a larger young generation they are not moved. Errors of
 * the simulated network need no long stack.
 */
const cheap = ['--max-semi-space-size=32', '--stack-trace-limit=4'];

/**
 * Runs seeds: few in this process, many in compiled worker processes, shared among several.
 * @throws when one of them dies
 */
export async function inProcesses(
  order: SimulationOrder,
  workers: number,
  onProgress: (done: number) => void,
): Promise<Tally> {
  if (order.seeds <= fewSeeds) return runSeeds(seedsOf({ ...order, nth: 0, of: 1 }), order);
  await compileSources();
  const args = argumentsFor('test/simulation/share.ts');
  const [before, script] = [args.slice(0, -1), args.at(-1)!];
  const total = emptyTally();
  const done = Array<number>(workers).fill(0);
  await Promise.all(
    done.map(
      (_x, nth) =>
        new Promise<void>((resolve, reject) => {
          const child = fork(script, [JSON.stringify({ ...order, nth, of: workers } satisfies SimulationShare)], {
            execArgv: [...before, ...cheap],
          });
          let whole = false;
          child.on('message', (said: { runs: number } | { tally: Tally }) => {
            if ('tally' in said) {
              whole = true;
              mergeTally(total, said.tally);
            } else {
              done[nth] = said.runs;
              onProgress(done.reduce((a, b) => a + b));
            }
          });
          child.once('exit', code => {
            const end = () =>
              whole ? resolve() : reject(new Error(`a process ended with ${code} before its seeds were done`));
            // Its last message may arrive after its end.
            if (child.connected) child.once('disconnect', end);
            else end();
          });
        }),
    ),
  );
  total.failures.sort((a, b) => a.seed - b.seed);
  return total;
}

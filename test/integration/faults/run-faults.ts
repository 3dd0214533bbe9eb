import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { checkRun, type Checked } from './checker/check.ts';
import type { Finding } from './checker/findings.ts';
import { Lab } from './lab.ts';
import { selectNemeses } from './nemesis/all.ts';
import { pause, type Need, type Nemesis } from './nemesis/nemesis.ts';
import { playWorkloadFor, type PlayWorkloadSize } from './play/play-workload.ts';
import { randomOf } from './play/move-strategies.ts';
import { clock } from './records.ts';
import { measureInterruptions, type InterruptionReport } from './report/interruptions.ts';

export interface RunOptions {
  /** For how long faults are begun; the last one is waited for. */
  minutes: number;
  /** Which; none for all. */
  kinds?: readonly string[];
  seed: number;
  actionsPerSecond: number;
  /** Replicas of Redis, with sentinels; and how many of them are waited for. */
  replicas?: number;
  waitReplicas?: number;
  /** Where everything is written down. */
  folder: string;
  /** Ends after so many faults, if that comes first. */
  most?: number;
  say(text: string): void;
}

/** A fault as it happened; times in ms on the machine's monotonic clock. */
export interface InjectedFault {
  kind: string;
  /** What was hit, and how. */
  what: string;
  at: number;
  healed: number;
  /** When every room went on. */
  over: number;
  /** How much of the machine was in use meanwhile, 0 to 1: what starved is not to be called slow. */
  busy: number;
}
export interface RunResult {
  began: number;
  ended: number;
  struck: InjectedFault[];
  /** Kinds that this machine, or this Redis, cannot do. */
  left: string[];
  measured: InterruptionReport;
  checked: Checked;
}

/** Play that does not go on for so long after a fault has been healed does not go on. */
const recovery = 60_000;
const calmBetween = 1_500;

/** Starts a lab, does faults to it, one at a time, until the time is over; then counts and measures. */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { folder, seed, say, replicas = 0, waitReplicas = Math.min(1, replicas) } = options;
  const found: Finding[] = [];
  const crowd = playWorkloadFor(options.actionsPerSecond);
  const lab = await Lab.start({
    folder,
    crowd,
    seed,
    replicas,
    waitReplicas,
    onCrash: what => found.push({ wrong: 'crash', room: '', says: what, at: clock() }),
  });
  const struck: InjectedFault[] = [];
  const wanted = selectNemeses(options.kinds ?? []);
  // A host that vanishes must be cut off from its Redis as well, by the port of its own proxy.
  const has: Record<Need, boolean> = {
    firewall: lab.firewall !== null && replicas === 0,
    'one-redis': replicas === 0,
    replicas: replicas > 0,
  };
  const able = wanted.filter(n => n.needs === undefined || has[n.needs]);
  if (able.length === 0) {
    await lab.close();
    throw new Error(`nothing of this can be done here: ${wanted.map(n => n.kind).join(', ')}`);
  }
  let began: number;
  let ended: number;
  try {
    await lab.settled(tablesOf(crowd));
    say(`${tablesOf(crowd)} tables play`);
    await pause(2_000);
    began = clock();
    const deck = deal(able, seed);
    while (clock() < began + options.minutes * 60_000 && struck.length < (options.most ?? Infinity))
      struck.push(await one(lab, deck.next().value, seed + struck.length, found, say));
    ended = clock();
    const unanswered = await lab.rest(10_000);
    await lab.redisWhole();
    if (unanswered !== 0) say(`${unanswered} actions without an answer`);
  } finally {
    await lab.close();
  }
  writeFileSync(
    join(folder, 'end.json'),
    JSON.stringify({ wall: Date.now(), durable: replicas === 0 || waitReplicas > 0 }),
  );
  writeFileSync(join(folder, 'struck.json'), JSON.stringify(struck, null, 1));
  say('checking');
  const checked = checkRun(folder);
  checked.findings.unshift(...found);
  return {
    began,
    ended,
    struck,
    left: wanted.filter(n => !able.includes(n)).map(n => n.kind),
    measured: measureInterruptions(folder, struck, began, ended),
    checked,
  };
}

const tablesOf = (crowd: PlayWorkloadSize): number =>
  crowd.ledger + crowd['four-in-a-row'] + crowd['liars-dice'] + crowd.arena;

/** Every kind once, in an order drawn by lot; then again: so that all come equally often. */
function* deal(kinds: readonly Nemesis[], seed: number): Generator<Nemesis, never> {
  const random = randomOf(seed);
  for (;;) yield* random.shuffle(kinds);
}

const failed = 'failed';

async function one(
  lab: Lab,
  nemesis: Nemesis,
  seed: number,
  found: Finding[],
  say: (text: string) => void,
): Promise<InjectedFault> {
  const at = clock();
  const idle = idleTime();
  const what = await nemesis.strike(lab, randomOf(seed)).catch((error: unknown) => {
    found.push({ wrong: 'crash', room: '', says: `${nemesis.kind} could not be done: ${String(error)}`, at });
    return failed;
  });
  const healed = clock();
  for (const node of lab.down()) await lab.cluster.restart(node); // one that ended by itself: it was told of
  for (const room of await lab.goesOn(recovery))
    found.push({
      wrong: 'stuck',
      room,
      says: `does not go on ${recovery / 1000} s after ${nemesis.kind} (${what})`,
      at,
    });
  // A failover that nobody asked for, too, is at an end before the next fault begins.
  await lab
    .redisWhole()
    .catch((error: unknown) =>
      found.push({ wrong: 'crash', room: '', says: `Redis could not be made whole: ${String(error)}`, at }),
    );
  const over = clock();
  const busy = 1 - (idleTime() - idle) / ((over - at) * cpus().length);
  say(
    `${nemesis.kind}${what === '' ? '' : `: ${what}`}; healed after ${((healed - at) / 1000).toFixed(1)} s, all rooms go on ${((over - healed) / 1000).toFixed(1)} s later; ${lab.play.accepted} accepted`,
  );
  if (what !== failed)
    await nemesis
      .tidy?.(lab, what)
      .catch((error: unknown) =>
        found.push({ wrong: 'crash', room: '', says: `${nemesis.kind} could not be tidied up: ${String(error)}`, at }),
      );
  await pause(calmBetween);
  return { kind: nemesis.kind, what, at, healed, over, busy: Math.round(busy * 100) / 100 };
}

const idleTime = (): number => cpus().reduce((sum, cpu) => sum + cpu.times.idle, 0);

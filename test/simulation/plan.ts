import { slots } from './games.ts';
import { lifePlanOf } from './life/plan.ts';
import { seededRandom } from './seeded-random.ts';

/** What can go wrong. `calm`: nothing. */
export const faultKinds = [
  'calm',
  'kill',
  'kill-at',
  'freeze',
  'freeze-at',
  'drain',
  'lose-request',
  'lose-reply',
  'refuse',
  'repeat',
  'hang',
  'stall',
  'silence',
  'mute',
  'slow',
  'echo',
  'deafen',
  'cut',
  'unplug',
  'hop',
  'restart',
  'tab',
  'roll-back',
  'new-run',
  'step',
  'upgrade',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/**
 * One thing that goes wrong. All that it needs is drawn beforehand, so that leaving out another one changes nothing
 * here.
 */
export interface Fault {
  readonly n: number;
  readonly kind: FaultKind;
  readonly draws: readonly number[];
}
export interface PlannedAction {
  readonly who: number;
  readonly how: 'add' | 'book' | 'deny' | 'draw' | 'arm' | 'crash';
  readonly slot: (typeof slots)[number];
  readonly ms: number;
  readonly gap: number;
  readonly steer: number;
}
export interface PlannedStep {
  readonly acts: readonly PlannedAction[];
  readonly fault: Fault | null;
  readonly wait: number;
}

export type ScenarioName = 'table' | 'hands' | 'forgetful' | 'clocks' | 'versions' | 'inputs' | 'life';
export type FaultWeights = Partial<Record<FaultKind, number>>;

const common: FaultWeights = {
  calm: 3,
  kill: 2,
  'kill-at': 4,
  freeze: 3,
  'freeze-at': 2,
  drain: 1,
  'lose-request': 2,
  'lose-reply': 3,
  refuse: 1,
  repeat: 2,
  hang: 3,
  stall: 1,
  silence: 3,
  mute: 2,
  slow: 2,
  echo: 2,
  deafen: 1,
  cut: 2,
  unplug: 2,
  hop: 2,
  restart: 2,
  tab: 1,
};

/** How often which fault is drawn. */
export const scenarios: Readonly<Record<ScenarioName, FaultWeights>> = {
  table: common,
  hands: common,
  forgetful: { ...common, 'roll-back': 8, 'new-run': 1 },
  clocks: { ...common, step: 8 },
  versions: { ...common, upgrade: 8 },
  inputs: { ...common, restart: 0, tab: 0 },
  life: {}, // has a plan of its own
};
const order: readonly ScenarioName[] = [
  'table',
  'hands',
  'forgetful',
  'table',
  'clocks',
  'versions',
  'inputs',
  'forgetful',
];

/** A whole history before it happens: who does what when, and what goes wrong. */
export interface Plan {
  readonly seed: number;
  readonly scenario: ScenarioName;
  readonly steps: readonly PlannedStep[];
  readonly faults: number;
  /** Wall clocks of the nodes, ms off */
  readonly skews: readonly number[];
}

/** Draws a plan. `scenario`: null for that of the seed. */
export function planOf(seed: number, scenario: ScenarioName | null = null): Plan {
  if (scenario === 'life') return { seed, scenario, steps: [], faults: lifePlanOf(seed).steps.length, skews: [] };
  const draw = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const name = scenario ?? order[seed % order.length]!;
  const weather = scenarios[name];
  const kinds = faultKinds.flatMap(kind => Array<FaultKind>(weather[kind] ?? 0).fill(kind));
  let n = 0;
  const act = (): PlannedAction => ({
    who: pick([0, 1]),
    how: pick(['add', 'add', 'add', 'book', 'deny', 'draw', 'draw', 'arm', 'arm', 'crash']),
    slot: pick(slots),
    ms: 20 + Math.floor(draw() * (draw() < 0.5 ? 300 : 3_000)),
    gap: draw() < 0.5 ? 0 : draw() * 6,
    steer: Math.floor(draw() * 9),
  });
  const steps = Array.from({ length: 7 + Math.floor(draw() * 7) }, (): PlannedStep => ({
    acts: Array.from({ length: Math.floor(draw() * 4) }, act),
    fault: draw() < 0.5 ? { n: n++, kind: pick(kinds), draws: [draw(), draw(), draw(), draw()] } : null,
    wait: draw() < 0.5 ? draw() * 20 : draw() < 0.7 ? draw() * 300 : draw() * 1_200,
  }));
  const off = (): number => (draw() < 0.5 ? (draw() - 0.5) * 10_000 : (draw() - 0.5) * 200);
  return { seed, scenario: name, steps, faults: n, skews: name === 'clocks' ? [off(), off(), off()] : [0, 0, 0] };
}

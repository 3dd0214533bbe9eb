import { seededRandom } from '../seeded-random.ts';

/** What players and operators do. The numbers say how often each is drawn. */
export const lifeWeights = {
  create: 6,
  quick: 8,
  rush: 4,
  'double-click': 3,
  'join-code': 5,
  'join-id': 6,
  watch: 3,
  act: 26,
  strange: 6,
  leave: 6,
  'leave-and-join': 3,
  close: 3,
  'close-and-join': 2,
  kick: 3,
  begin: 8,
  ready: 6,
  bot: 3,
  rematch: 4,
  bring: 2,
  team: 1,
  host: 1,
  signal: 3,
  input: 2,
  tab: 3,
  restart: 3,
  reload: 2,
  away: 4,
  'lost-answer': 4,
  'kick-and-quick': 3,
  'leave-and-signal': 3,
  'finish-and-rematch': 4,
  'late-return': 4,
  identity: 2,
  rename: 1,
  clock: 2,
  storage: 2,
  later: 7,
  rest: 5,
  outage: 3,
  kill: 2,
  freeze: 1,
  drain: 1,
  cut: 3,
  hop: 2,
  version: 2,
  'lose-request': 2,
  'lose-reply': 2,
  silence: 1,
} as const;
export type LifeKind = keyof typeof lifeWeights;

/** One thing that happens. All that it needs is drawn beforehand: leaving out another step changes nothing here. */
export interface LifeStep {
  readonly n: number;
  readonly kind: LifeKind;
  readonly who: number;
  readonly draws: readonly number[];
  /** ms until the next one */
  readonly wait: number;
}

/** A whole history before it happens. */
export interface LifePlan {
  readonly seed: number;
  readonly nodes: number;
  readonly people: number;
  readonly steps: readonly LifeStep[];
  /** Whether it goes on until nothing is left in the store. */
  readonly toTheEnd: boolean;
}

const kinds = (Object.entries(lifeWeights) as [LifeKind, number][]).flatMap(([kind, weight]) =>
  Array<LifeKind>(weight).fill(kind),
);

export function lifePlanOf(seed: number): LifePlan {
  const draw = seededRandom(seed * 7 + 3);
  const people = draw() < 0.7 ? 2 + Math.floor(draw() * 3) : 5 + Math.floor(draw() * 8);
  const nodes = draw() < 0.15 ? 1 : draw() < 0.8 ? 2 : 3;
  const toTheEnd = draw() < 0.25;
  const length = 8 + Math.floor(draw() * 18);
  const steps = Array.from({ length }, (_x, n): LifeStep => {
    // Nobody can do anything before somebody has a room.
    const kind =
      n < 2
        ? (['create', 'quick', 'rush'] as const)[Math.floor(draw() * 3)]!
        : kinds[Math.floor(draw() * kinds.length)]!;
    const pace = draw();
    return {
      n,
      kind,
      who: Math.floor(draw() * people),
      draws: Array.from({ length: 8 }, draw),
      wait: pace < 0.25 ? 0 : pace < 0.55 ? draw() * 20 : pace < 0.9 ? draw() * 500 : draw() * 3_000,
    };
  });
  return { seed, nodes, people, steps, toTheEnd };
}

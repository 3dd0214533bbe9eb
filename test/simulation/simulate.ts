import type { AnyGame, Contract } from '../../shared/contract.ts';
import type { ActionResult } from '../../client/outbox.ts';
import type { AppendRequest } from '../../server/store/store.ts';
import { TestCluster } from '../../testkit/test-cluster.ts';
import type { StoreCall } from '../../testkit/faulty-store.ts';
import { ClientChecks, type AnyRoom } from './client-checks.ts';
import { diary, diaryGame, diaryNext, markOf, marks, secret, secretGame } from './games.ts';
import { JournalChecks, type RequestedAction } from './journal-checks.ts';
import { recordStoreStates, type StoreRollback } from './store-rollback.ts';
import type { PlannedAction, FaultKind, Plan } from './plan.ts';
import { Player } from './player.ts';
import { FaultInjector } from './fault-injector.ts';
import { withSmallBounds } from './small-bounds.ts';

/** What came of one history. */
export interface Outcome {
  seed: number;
  scenario: string;
  /** The first promises that were broken, as `rule: what was seen`; none for a good one. */
  violations: string[];
  /** Each line with its time. Only where it was asked for. */
  story: string[];
  faults: Partial<Record<FaultKind, number>>;
  actions: number;
  entries: number;
  /** Virtual ms. */
  took: number;
}

export interface Options {
  /** Faults that are left out, by their number. */
  masked?: ReadonlySet<number>;
  story?: boolean;
  /** Instead of the plan that the seed gives. */
  plan?: Plan;
  /** Rules that are not checked, to look for other faults meanwhile. Only `life` asks. */
  ignored?: ReadonlySet<string>;
  /** Told when the world stands and play begins: for schedules that are not drawn. */
  begin?: (world: TestCluster, room: string) => void;
}

const names = ['a', 'b', 'c'];
const within = { answered: 30_000, same: 45_000 };
/**
 * An action without a verdict is excused by the end of its client; where the store fell back, or the versions differ,
 * by that.
 */
type Simulated = { game: AnyGame; games: (next: boolean) => readonly AnyGame[]; contract: Contract; hides: boolean };
const plain: Simulated = {
  game: diaryGame,
  games: () => [diaryGame],
  contract: diary as unknown as Contract,
  hides: false,
};
const kinds: Record<string, Simulated> = {
  hands: { game: secretGame, games: () => [secretGame], contract: secret as unknown as Contract, hides: true },
  versions: { ...plain, games: next => (next ? nextGames : oldGames) },
};
const [oldGames, nextGames] = [[diaryGame], [diaryNext]];

/**
 * One history: a cluster, two players and a bot, and all that goes wrong, drawn from one seed; everything is checked as
 * it happens. Never throws.
 */
export const simulate = (plan: Plan, options: Options = {}): Promise<Outcome> =>
  withSmallBounds(() => run(plan, options));

async function run(plan: Plan, options: Options): Promise<Outcome> {
  const kind = kinds[plan.scenario] ?? plain;
  const world = new TestCluster(kind.games(false), plan.seed, 'swift');
  world.keepsRecord = false;
  const outcome: Outcome = {
    seed: plan.seed,
    scenario: plan.scenario,
    violations: [],
    story: [],
    faults: {},
    actions: 0,
    entries: 0,
    took: 0,
  };
  const tell = options.story
    ? (line: string) => void outcome.story.push(`${world.clock.mono().toFixed(1).padStart(9)}  ${line}`)
    : () => {};
  const complain = (rule: string, what: string) => {
    if (outcome.violations.length < 3) outcome.violations.push(`${rule}: ${what}`);
    tell(`VIOLATION ${rule}: ${what}`);
  };
  const asked = new Map<string, RequestedAction>();
  const journal = new JournalChecks(asked, complain);
  const players: Player[] = [];
  let fellBack = false;
  const checks = new ClientChecks(
    journal,
    { hides: kind.hides, forgets: plan.scenario === 'forgetful' },
    client => players.some(p => p.current === client),
    complain,
    tell,
  );
  const store: StoreRollback | null = plan.scenario === 'forgetful' ? recordStoreStates(world) : null;
  const booked = new Set<string>();
  let failing = 0;
  world.effects = {
    [kind.contract.name]: {
      booked: data => {
        const { id } = data as { id: string };
        if (!journal.history.marks.has(id)) complain('effects', `${id} was booked, and is in no entry`);
        if (failing > 0 && failing-- > 0) throw new Error('the other side fails');
        booked.add(id);
      },
    },
  };
  names.forEach((name, i) => world.clockSkews.set(name, plan.skews[i]!));
  let room = '';
  Object.assign(world.observer, {
    onStoreCall: (call: StoreCall, args: readonly unknown[]) => {
      store?.after(call);
      if (options.story && call.op === 'append')
        tell(
          `store: entry ${(args[1] as AppendRequest).seq} by ${call.node}: ${call.result as string} ${[...new Set((args[1] as AppendRequest).entry.match(marks))].join(' ')}`,
        );
      if (options.story && call.op !== 'append' && ['claim', 'pass', 'release', 'create', 'snapshot'].includes(call.op))
        tell(
          `store: ${call.op} by ${call.node}: ${typeof call.result === 'string' ? call.result : (call.result as { ok: boolean }).ok ? 'ok' : 'no'}`,
        );
      journal.recordCall(call, args);
    },
    onChannelEvent: checks.checkChannelEvent.bind(checks),
    onClientMessage: checks.checkClientMessage.bind(checks),
  } satisfies TestCluster['observer']);

  const sky = new FaultInjector({
    world,
    room: () => room,
    players,
    games: kind.games,
    tell,
    rollBack: writes => {
      const back = store?.rollBack(writes);
      if (!back) return;
      fellBack = true;
      tell(`the store falls back to entry ${back.seq}`);
      journal.recordRollback(back.seq, back.lastTerm, back);
      world.replaceStore();
    },
  });

  const act = ({ who, how, slot, ms }: PlannedAction): void => {
    const player = players[who]!;
    const { room, generation } = player;
    if (!room || room.ended) return;
    const one: RequestedAction = {
      id: markOf(`${player.letter}${player.next()}`),
      who: player.name,
      how,
      ms,
      asked: world.clock.mono(),
      answered: Infinity,
      verdict: null,
      client: generation,
    };
    asked.set(one.id, one);
    outcome.actions += 1;
    tell(`${player.name} asks ${how} ${one.id}`);
    if (how === 'book' && ms % 5 === 0) failing += 1;
    const data = how === 'arm' ? { id: one.id, slot, ms } : { id: one.id };
    void (room.act as unknown as Record<string, (data: unknown) => Promise<ActionResult>>)[how]!(data).then(said => {
      one.answered = world.clock.mono();
      tell(`${player.name} hears of ${one.id}: ${said.ok ? `accepted at ${checks.short(said.position)}` : said.code}`);
      checks.answered(one, said, room, fellBack || room.ended !== null || generation !== player.generation);
    });
  };

  const good = () => outcome.violations.length === 0;
  /** Whether all who play show what the store has; otherwise who does not, and why. */
  const apart = (): string => {
    const { head } = journal;
    for (const player of players) {
      const { room } = player;
      if (!room) return `${player.name} is not in the room (${JSON.stringify(player.current.client.status)})`;
      if (room.ended) return `${player.name} is out: ${room.ended.code}`;
      if (!room.live) return `${player.name} is not live (${JSON.stringify(player.current.client.status)})`;
      if (room.pending > 0) return `${player.name} has ${room.pending} actions under way`;
      if (room.position[0] !== head.term || room.position[1] !== head.seq)
        return `${player.name} is at ${checks.short(room.position)}, the journal at ${checks.short([head.term, head.seq])}`;
    }
    const owners = [...world.nodes.values()].filter(h => h.owns(room));
    if (owners.length !== 1) return `owners: ${owners.map(h => h.name).join()}`;
    const away = journal.now.room.seats.find(s => s && !s.here);
    if (away) return `${away.player} counts as away`;
    return '';
  };
  const resting = (): boolean => {
    const { hidden, state } = journal.now;
    return (
      Object.keys(hidden.effects).length === 0 &&
      Object.keys(hidden.timers).length === 0 &&
      (state === null || Object.keys(state.armed).length === 0)
    );
  };

  try {
    for (const name of names) world.startNode(name);
    await world.clock.advance(260);
    const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: kind.contract.name, bots: 1 }));
    if (!made.ok) throw new Error(`no room: ${made.code}`);
    room = made.room;
    const onRoom = (player: Player, joined: AnyRoom) => {
      tell(`${player.name} is in the room, at ${checks.short(joined.position)}`);
      checks.sessions.set(player.name, (joined as unknown as { parts: { session: string } }).parts.session);
      checks.watch(player.name, joined);
    };
    const join = async (client: { client: { join(c: never, which: { id: string }): Promise<unknown> } }) =>
      (await client.client.join(kind.contract as never, { id: room })) as AnyRoom;
    for (const [i, name] of ['ada', 'bob'].entries())
      players.push(new Player(world, name, 'ab'[i]!, names[i]!, join, onRoom));
    await world.clock.waitUntil('both are in', () => players.every(p => p.room?.info.phase === 'playing'));
    options.begin?.(world, room);

    for (const step of plan.steps) {
      for (const one of step.acts) {
        act(one);
        if (one.gap > 0) await world.clock.advance(one.gap);
      }
      if (step.fault && !options.masked?.has(step.fault.n)) sky.inject(step.fault);
      await world.clock.advance(step.wait);
      if (!good()) break;
    }
    if (good()) {
      tell('all is set right');
      failing = 0;
      sky.clear(names);
      for (const player of players) player.calm();
      await world.clock.waitUntil(
        'all that was asked by those who are here is answered',
        () =>
          !good() ||
          [...asked.values()].every(
            one => one.verdict !== null || one.client !== players.find(p => p.name === one.who)!.generation,
          ),
        within.answered,
      );
      const unrest = () =>
        `not at rest: ${JSON.stringify([journal.now.hidden.effects, journal.now.hidden.timers, journal.now.state?.armed, journal.now.hidden.clock])}`;
      let why = '';
      await world.clock
        .waitUntil(
          'all see the same, and what waits is done',
          () => !good() || (why = resting() ? apart() : unrest()) === '',
          within.same,
        )
        .catch((error: Error) => {
          throw new Error(`${error.message}: ${why}`);
        });
      await world.clock.advance(plan.seed % 8 === 0 ? 6_000 : 1_300);
      // An owner whose claim the store forgot goes on hearing who is at its node until it has something to write;
      // meanwhile they may count as away.
      if (good())
        await world.clock
          .waitUntil('at rest', resting, 5_000)
          .catch(() => complain('nobody is stuck', `what was at rest is not any more: ${unrest()}`));
      // A client may just be asking its new owner for its numbers.
      if (good())
        await world.clock
          .waitUntil('still', () => apart() === '', 3_000)
          .catch(() => complain('nobody is stuck', `all saw the same, and then not: ${apart()}`));
    }
    if (good()) atTheEnd();
  } catch (error) {
    complain('nobody is stuck', (error as Error).message);
  }
  for (const player of players) player.close();
  Object.assign(outcome, { faults: sky.faultCounts, entries: journal.entries, took: world.clock.mono() });
  return outcome;

  /** What only the end can tell. */
  function atTheEnd(): void {
    const { present, now } = journal;
    for (const player of players) checks.compare(player.room!, player.name, journal.head);
    for (const one of asked.values())
      if (one.verdict === 'accepted' && !present.has(one.id) && !fellBack)
        complain('exactly once', `${one.id} was accepted, and is not done`);
    for (const id of present) {
      const toBook = id[1] === 'z' ? Number(/\d+/.exec(id)![0]) % 3 === 1 : asked.get(id)?.how === 'book';
      if (toBook && !booked.has(id)) complain('effects', `${id} was never booked`);
      if (asked.get(id)?.how === 'arm' && !now.state!.fired.some(f => f.id.slice(2) === id.slice(1)))
        complain('timers', `${id} never fired`);
    }
    if (
      sky.faultCounts.upgrade &&
      [...world.nodes.values()].every(h => h.node.parts.games.includes(diaryNext)) &&
      now.state!.version !== 2
    )
      complain('versions', 'nobody has brought the state up to the next version');
    for (const host of world.nodes.values())
      for (const said of host.warnings)
        if (/room loop failed|room request failed/.test(said)) complain('the log', `${host.name}: ${said}`);
  }
}

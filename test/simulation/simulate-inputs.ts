import type { Contract } from '../../shared/contract.ts';
import { TestCluster } from '../../testkit/test-cluster.ts';
import type { StoreCall } from '../../testkit/faulty-store.ts';
import { stick, stickGame, type StickState } from '../unit/bot-games.ts';
import type { AnyRoom } from './client-checks.ts';
import { applyChange, entryChanges } from './independent-delta.ts';
import type { Plan } from './plan.ts';
import { Player } from './player.ts';
import type { Options, Outcome } from './simulate.ts';
import { FaultInjector } from './fault-injector.ts';

const names = ['a', 'b', 'c'];
const game = stickGame(null);

/**
 * Two players press and steer in a game with a tick. After each entry no press has counted that was not made; when all
 * is set right each has counted once, and what was held last counts. Never throws.
 */
export async function simulateInputs(plan: Plan, options: Options = {}): Promise<Outcome> {
  const world = new TestCluster([game], plan.seed, 'swift');
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
  const pressed = [0, 0];
  const held: (number | undefined)[] = [undefined, undefined];
  let doc: { state: StickState | null } | null = null;
  let room = '';
  world.observer.onStoreCall = (call: StoreCall, args) => {
    if (call.op === 'create')
      doc = (JSON.parse((args[0] as { snapshot: string }).snapshot) as { doc: { state: StickState | null } }).doc;
    if (call.op !== 'append' || call.result !== 'ok') return;
    outcome.entries += 1;
    applyChange(doc, entryChanges((args[1] as { entry: string }).entry));
    doc!.state?.fired.forEach((n, seat) => {
      if (n > pressed[seat]!)
        complain('each press counts once', `seat ${seat} pressed ${pressed[seat]} times, and ${n} counted`);
    });
  };
  const players: Player[] = [];
  const sky = new FaultInjector({ world, room: () => room, players, games: () => [game], tell, rollBack: () => {} });
  const good = () => outcome.violations.length === 0;
  const shown = () => players.map(p => p.room?.state as unknown as StickState | null);
  const right = (): boolean =>
    shown().every(
      s =>
        s && pressed.every((n, i) => s.fired[i] === n) && held.every((x, i) => x === undefined || s.steer[i]?.x === x),
    );

  try {
    for (const name of names) world.startNode(name);
    await world.clock.advance(260);
    const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: 'stick' }));
    if (!made.ok) throw new Error(`no room: ${made.code}`);
    room = made.room;
    const join = async (client: { client: { join(c: never, which: { id: string }): Promise<unknown> } }) =>
      (await client.client.join(stick as unknown as Contract as never, { id: room })) as AnyRoom;
    for (const [i, name] of ['ada', 'bob'].entries()) {
      players.push(new Player(world, name, 'ab'[i]!, names[i]!, join, () => {}));
      await world.clock.waitUntil('in', () => players[i]!.room !== null);
    }
    await world.clock.run(players[0]!.room!.start());
    options.begin?.(world, room);
    for (const step of plan.steps) {
      for (const { who, gap, steer, how } of step.acts) {
        const input = players[who]!.room?.input as unknown as
          | { fire(): void; steer(to: { x: number }): void }
          | undefined;
        if (!input) continue;
        outcome.actions += 1;
        if (how === 'arm' || how === 'draw') {
          input.steer({ x: steer });
          held[who] = steer;
        } else if (pressed[who]! < 14) {
          // no more of them than count in one tick, should nobody run the room meanwhile
          pressed[who]! += 1;
          input.fire();
        }
        tell(`${players[who]!.name} has pressed ${pressed[who]} times, holds ${held[who]}`);
        if (gap > 0) await world.clock.advance(gap);
      }
      if (step.fault && !options.masked?.has(step.fault.n)) sky.inject(step.fault);
      await world.clock.advance(step.wait);
      if (!good()) break;
    }
    if (good()) {
      tell('all is set right');
      sky.clear(names);
      for (const player of players) player.calm();
      await world.clock.waitUntil('all has counted', () => !good() || right(), 20_000);
      await world.clock.advance(1_000);
      // An answer that was held back may have given the room another owner just now: it learns from the clients what
      // they hold.
      await world.clock.waitUntil('all counts again', () => !good() || right(), 5_000).catch(() => {});
      if (good() && !right())
        complain(
          'each press counts once',
          `pressed ${pressed.join()}, held ${held.join()}, shown ${JSON.stringify(shown())}`,
        );
    }
  } catch (error) {
    complain(
      'nobody is stuck',
      `${(error as Error).message}; pressed ${pressed.join()}, held ${held.join()}, shown ${JSON.stringify(shown())}`,
    );
  }
  for (const player of players) player.close();
  Object.assign(outcome, { faults: sky.faultCounts, took: world.clock.mono() });
  return outcome;
}

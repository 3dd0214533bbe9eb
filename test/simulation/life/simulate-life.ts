import type { FindOrCreate, Found, NewRoom } from '../../../server/store/store.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { StoreCall } from '../../../testkit/faulty-store.ts';
import type { Options, Outcome } from '../simulate.ts';
import { withSmallBounds } from '../small-bounds.ts';
import type { Device } from './device.ts';
import { isDeckIntact, lifeGames, resetDeck } from './games.ts';
import { Ledger } from './ledger.ts';
import { LifeHistory } from './life.ts';
import { lifePlanOf, type LifePlan } from './plan.ts';
import { skipIdleTime } from './skip-idle-time.ts';
import { waitUntilQuiescent, findLeftovers } from './quiescence.ts';
import { Steps } from './steps.ts';

const nodeNames = ['a', 'b', 'c'];

/** One history of people who come, play, leave, get lost and come back, in many rooms. Never throws. */
export const simulateLife = (seed: number, options: Options = {}): Promise<Outcome> =>
  withSmallBounds(() => run(lifePlanOf(seed), options));

/** Hears what is thrown outside of any call, as an app's console would, while something runs. */
async function withConsole(onThrow: (error: Error) => void, work: () => Promise<void>): Promise<void> {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', onThrow);
  try {
    await work();
  } finally {
    process.off('uncaughtException', onThrow);
    for (const other of others) process.on('uncaughtException', other);
  }
}

async function run(plan: LifePlan, options: Options): Promise<Outcome> {
  resetDeck();
  const world = new TestCluster(
    lifeGames.map(g => g.game),
    plan.seed,
    'swift',
  );
  world.keepsRecord = false;
  const outcome: Outcome = {
    seed: plan.seed,
    scenario: 'life',
    violations: [],
    story: [],
    faults: {},
    actions: 0,
    entries: 0,
    took: 0,
  };
  const tell = options.story
    ? (line: string) => void outcome.story.push(`${(world.clock.mono() / 1000).toFixed(3).padStart(11)}  ${line}`)
    : () => {};
  const complain = (rule: string, what: string) => {
    if (options.ignored?.has(rule)) return;
    if (outcome.violations.length < 3) outcome.violations.push(`${rule}: ${what}`);
    tell(`VIOLATION ${rule}: ${what}`);
  };
  const life = new LifeHistory(world, plan.people, complain, tell);
  const steps = new Steps(life);
  const counts = outcome.faults as Record<string, number>;
  const names = nodeNames.slice(0, plan.nodes);
  world.observer.onStoreCall = (call, args) => stored(life, call, args, outcome);
  world.observer.onClientMessage = (client, name, text) => {
    const device = life.devices.find(d => d.testClient === client);
    if (device) sent(life, device, name, text);
  };

  const good = () => outcome.violations.length === 0;
  const history = async () => {
    for (const name of names) world.startNode(name);
    await world.clock.advance(400);
    for (const step of plan.steps) {
      if (options.masked?.has(step.n)) continue;
      counts[step.kind] = (counts[step.kind] ?? 0) + 1;
      await steps.take(step);
      await world.clock.advance(step.wait);
      if (!good()) break;
    }
    if (good()) {
      tell('all is set right');
      life.over = true;
      await steps.setRight(true);
      await waitUntilQuiescent(life);
    }
    if (good()) await world.clock.advance(2_500).then(() => waitUntilQuiescent(life));
    if (good() && !isDeckIntact())
      complain("state is a room's own", "a rule changed the state, and with it a constant of the game's module");
    for (const host of world.nodes.values())
      for (const said of host.warnings)
        if (/room loop failed|room request failed/.test(said)) complain('the log', `${host.name}: ${said}`);
    for (const device of life.devices) life.closeDevice(device);
    if (good()) {
      await world.clock.advance(50);
      for (const { what } of life.pending)
        complain('every promise settles', `${what} is not answered, and its client is closed`);
    }
    if (good() && plan.toTheEnd) {
      tell('all have gone, and time passes');
      await world.clock.advance(6_000); // owners notice that nobody is there
      for (let day = 0; day < 6; day++) await skipIdleTime(life, 26 * 3_600_000);
      await world.memory.list(null, 1);
      for (const what of findLeftovers(life)) complain('nothing is left in the end', what);
    }
  };
  try {
    await withConsole(error => complain('the client throws nothing into its host', error.message), history);
  } catch (error) {
    // The test kit compares the state at the owner with the journal, and says so by this.
    if ((error as Error).name === 'JournalMismatchError')
      complain('the journal is the document', (error as Error).message);
    else complain('the simulator', (error as Error).stack ?? String(error));
  }
  for (const device of life.devices) device.close();
  Object.assign(outcome, { actions: life.actions.size, took: world.clock.mono() });
  return outcome;
}

function stored(life: LifeHistory, call: StoreCall, args: readonly unknown[], outcome: Outcome): void {
  const made =
    call.op === 'create' && call.result === 'ok'
      ? (args[0] as NewRoom)
      : call.op === 'findOrCreate' && (call.result as Found).how === 'made'
        ? (args[0] as FindOrCreate).prepared
        : null;
  if (made) {
    life.ledgers.set(made.id, new Ledger(made, life));
    return;
  }
  if (call.op === 'findOrCreate' && 'room' in (call.result as Found))
    life.ledgers.get((call.result as { room: string }).room)?.cameHere.add((args[0] as FindOrCreate).player);
  const ledger = call.room === undefined ? undefined : life.ledgers.get(call.room);
  if (!ledger) return;
  if (call.op === 'append' && call.result === 'ok') outcome.entries += 1;
  if (call.op === 'claim' || call.op === 'release' || call.op === 'remove')
    life.tell(
      `store: ${call.op} of ${life.short(ledger.id)} by ${call.node}: ${typeof call.result === 'string' ? call.result : (call.result as { ok: boolean }).ok ? 'ok' : 'no'}`,
    );
  ledger.take(call, args);
  if (call.op === 'append' && call.result === 'ok')
    life.tell(
      `store: entry ${ledger.seq} of ${life.short(ledger.id)} by ${call.node}, ${ledger.doc.room.phase}: ${ledger.doc.room.seats.map(s => (s === null ? '-' : `${s.player}${s.here ? '' : '?'}${s.out ? '!' : ''}`)).join(' ')}`,
    );
}

/** A node writes to a device. */
function sent(life: LifeHistory, device: Device, name: string, text: string): void {
  if (device.losesAnswerTo === name) {
    device.losesAnswerTo = null;
    if (device.losesFor > 0) device.disconnectFor(device.losesFor);
    else device.breakConnections();
  }
  if (name === 'join!') {
    const reply = JSON.parse(text) as { ok: boolean; room?: string };
    if (reply.ok) {
      device.admitted.add(reply.room!);
      device.early.delete(reply.room!);
    }
  } else if (name === 'change' || name === 'signal' || name === 'motion') {
    const [, room, from, seq] = JSON.parse(text) as [string, string, string, number];
    const ledger = life.ledgers.get(room);
    const held = device.rooms.filter(h => h.id === room);
    // While a call is under way, it may be the one that lets the device in again.
    if (held.length === 0) {
      // Messages behind the answer to a join are not early. Nor is a change of a seat that was lost before the answer,
      // up to the entry in which it was lost.
      if (!device.admitted.has(room) && (name !== 'change' || seq > (ledger?.lostIn.get(device.player) ?? -1)))
        device.early.add(room);
    } else if (held.every(h => h.endedAt < life.now - 3_000) && life.calm && !life.isAsking(device))
      life.complain('nothing comes after the end', `${device.person} was sent ${name} of ${life.short(room)}`);
    if (
      name === 'signal' &&
      ledger &&
      ledger.seatOf(from) < 0 &&
      life.calm &&
      life.now - (ledger.lostAt.get(from) ?? Infinity) > 3_000
    )
      life.complain('who left is gone', `${from} has no seat in ${life.short(room)}, and signals there`);
  }
  if (!text.includes('§')) return;
  for (const [word, mark] of text.matchAll(/§\d+:(~[a-z]+\d+~)§/g)) {
    const action = life.actions.get(mark!);
    if (action && action.player !== device.player)
      life.complain('no secret leaves', `${device.person} was sent ${word}`);
  }
}

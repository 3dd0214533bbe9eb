import assert from 'node:assert/strict';
import type { Said } from '../../client/outbox.ts';
import type { Ledger } from './games.ts';
import { stick, stickGame, type Stick } from '../unit/parlour.ts';
import { partyAt } from './guests.ts';
import { converge, docOf, ledgerTable, type LedgerRoom } from './table.ts';
import { latch, type Host, type TestClient, type World } from './world.ts';

/** What may go wrong in a storm, and how often. 0 leaves it out. */
export interface Weather { kill: number; freeze: number; drain: number; lose: number; hang: number; deaf: number; mute: number; unplug: number; hop: number; skew: number; rollback: number; calm: number }

export const foul: Weather = { kill: 2, freeze: 3, drain: 1, lose: 4, hang: 3, deaf: 3, mute: 2, unplug: 3, hop: 2, skew: 0, rollback: 0, calm: 4 };

/** What goes wrong in a world, as its seed draws it. */
function weatherOver(world: World, id: string, clients: readonly TestClient[], weather: Weather, faults: string[]) {
  const draw = drawn(world);
  const up = () => [...world.hosts.values()].filter(h => h.state === 'up');
  const cures: (() => void)[] = [];
  const kinds = (Object.keys(weather) as (keyof Weather)[]).flatMap(kind => Array<keyof Weather>(weather[kind]).fill(kind));
  const strike = (): void => {
    const kind = kinds[draw(kinds.length)]!;
    const host: Host | undefined = draw(3) === 0 ? up()[draw(up().length)] : world.owner(id) ?? up()[draw(up().length)];
    faults.push(`${Math.round(world.clock.mono())} ${kind} ${host?.name ?? ''}`);
    switch (kind) {
      case 'calm': return;
      case 'kill':
        if (!host || up().length < 2) return;
        world.kill(host);
        world.clock.after(200 + draw(2_000), () => { if (world.host(host.name).state === 'dead') void world.boot(host.name); });
        return;
      case 'freeze': {
        if (!host || up().length < 2) return;
        world.freeze(host);
        world.clock.after(draw(4_000), () => { if (host.state === 'frozen') world.thaw(host); });
        return;
      }
      case 'drain':
        if (!host || up().length < 2) return;
        void host.node.drain().then(() => {
          if (host.state !== 'up') return;
          for (const link of host.links) link.send('moving', []);
        });
        world.clock.after(1_500, () => {
          if (host.state === 'dead') return;
          world.kill(host);
          void world.boot(host.name);
        });
        return;
      case 'lose': {
        let left = 1 + draw(3);
        const fate = (['reply', 'request', 'refused'] as const)[draw(3)]!;
        const ops = [['append'], ['claim'], ['owner', 'release', 'snapshot'], ['append', 'claim', 'owner']][draw(4)]!;
        world.fate = call => (left > 0 && ops.includes(call.op) && (left--, true) ? { lose: fate } : undefined);
        cures.push(() => { world.fate = () => undefined; });
        return;
      }
      case 'hang': {
        const { opens, open } = latch();
        const after = draw(2) === 0;
        let left = 1 + draw(2);
        world.fate = call => (left > 0 && ['append', 'claim'].includes(call.op) && (left--, true) ? (after ? { holdReply: opens } : { hold: opens }) : undefined);
        world.clock.after(draw(1_400), open);
        return;
      }
      case 'deaf': {
        const [p, q] = [draw(2), draw(3)];
        world.loses = () => draw(3) >= p;
        world.clock.after(draw(2_000) * q, () => { world.loses = () => false; });
        return;
      }
      case 'mute':
        world.losesBus = () => draw(2) === 0;
        world.clock.after(draw(1_500), () => { world.losesBus = () => false; });
        return;
      case 'unplug': {
        const client = clients[draw(clients.length)]!;
        if (draw(2) === 0) for (const line of [...client.lines]) line.cut();
        else {
          world.unplug(client);
          world.clock.after(draw(1_500), () => { client.offline = false; });
        }
        return;
      }
      case 'hop': return clients[draw(clients.length)]!.client.move();
      case 'skew': return;
      case 'rollback': {
        const back = world.save();
        world.clock.after(draw(30), back);
        return;
      }
    }
  };

  return {
    strike,
    /** What was wrong with the store is over. */
    cure: () => { for (const cure of cures.splice(0)) cure(); },
    /** The storm is over. */
    async clear(names: readonly string[]): Promise<void> {
      world.fate = () => undefined;
      world.loses = () => false;
      world.losesBus = () => false;
      for (const client of clients) client.offline = false;
      for (const host of world.hosts.values()) if (host.state === 'frozen') world.thaw(host);
      for (const name of names) if (world.host(name).state === 'dead') await world.boot(name);
    },
  };
}

const drawn = (world: World) => (n: number): number => Math.floor(world.random() * n);

interface Done { who: string; id: string; how: 'add' | 'book' | 'deny'; said: Said | null; asked: number; answered: number }

/**
 * Two players act on and on while everything around them fails, all drawn from one seed. Then it stops, and within some
 * seconds everybody has to see the same, in which:
 *  - what was accepted is there once, what was refused is not there, and what is there was asked for;
 *  - each player's actions are there in the order in which they were asked for;
 *  - what was answered before another action was asked for comes before it;
 *  - the bot's moves are there once each, as many as it had reason for;
 *  - each effect that is asked for there was done, and none that is not;
 *  - the journal gives the document.
 */
export async function storm(seed: number, weather: Weather = foul, rounds = 40): Promise<{ done: number; faults: string[] }> {
  const names = ['a', 'b', 'c', 'd'];
  const table = await ledgerTable(names, { seed, bot: true });
  const { world, id, adas, bobs, ada, bob } = table;
  const draw = drawn(world);
  const done: Done[] = [];
  const faults: string[] = [];
  const sky = weatherOver(world, id, [ada, bob], weather, faults);
  /** What the host's code was asked to do, which now and then fails. */
  const booked: string[] = [];
  world.effects = { ledger: { booked: data => {
    booked.push((data as { id: string }).id);
    if (draw(6) === 0) throw new Error('the other side fails');
  } } };
  const rolledBack = () => faults.some(f => f.includes('rollback'));
  let calls = 0;

  const act = (room: LedgerRoom, who: string) => {
    const how = (['deny', 'book', 'book', 'add', 'add', 'add'] as const)[draw(6)]!;
    const one: Done = { who, id: `${who}${calls++}`, how, said: null, asked: world.clock.mono(), answered: Infinity };
    done.push(one);
    void room.act[how]({ id: one.id }).then(said => {
      one.said = said as Said;
      one.answered = world.clock.mono();
    });
  };

  for (let round = 0; round < rounds; round++) {
    for (let i = draw(4); i > 0; i--) {
      if (draw(2) === 0) act(adas, 'a');
      else act(bobs, 'b');
    }
    if (draw(2) === 0) await world.clock.pass(draw(8));
    if (draw(3) === 0) sky.strike();
    await world.clock.pass(draw(2) === 0 ? draw(20) : draw(700));
    sky.cure();
  }
  await sky.clear(names);
  try {
    await world.clock.until('all actions are answered', () => done.every(d => d.said !== null), 30_000);
    await world.clock.until('all is booked, and the bot rests', () => {
      const hidden = docOf(world, id)?.hidden as unknown as { effects: object; timers: object } | undefined;
      return hidden !== undefined && Object.keys(hidden.effects).length === 0 && Object.keys(hidden.timers).length === 0;
    }, 90_000);
    await converge(table, 20_000);
    check();
    await world.clock.pass(10_000);
    await converge(table, 1_000);
    check();
    assert.ok([...world.hosts.values()].filter(h => h.owns(id)).length === 1, 'one owner');
    const doc = docOf(world, id)!;
    assert.ok((doc.room as { seats: { here: boolean }[] }).seats.every(s => s.here), 'nobody counts as away');
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${faults.join('\n')}`, { cause: error });
  }
  return { done: done.length, faults };

  function check(): void {
    const there = (adas.state as unknown as Ledger).done;
    const order = there.map(d => d.id);
    const at = new Map(order.map((x, i) => [x, i]));
    assert.equal(at.size, order.length, `nothing twice: ${order.filter((x, i) => order.indexOf(x) !== i).join()}`);
    for (const x of order) assert.ok(x.startsWith('c') || done.some(d => d.id === x && d.how !== 'deny'), `${x} was asked for`);
    const rolled = rolledBack();
    for (const d of done) {
      assert.ok(d.said);
      if (d.how === 'deny') assert.ok(!d.said.ok && (d.said.code === 'denied' || (rolled && d.said.code === 'unknown')), `${d.id} is refused: ${JSON.stringify(d.said)}`);
      else if (!rolled) assert.ok(d.said.ok && at.has(d.id), `${d.id} is accepted and there: ${JSON.stringify(d.said)}`);
    }
    for (const who of ['a', 'b', 'c']) {
      const own = order.filter(x => x.startsWith(who)).map(x => Number(x.slice(1)));
      assert.deepEqual(own, [...own].sort((p, q) => p - q), `${who}'s in their order`);
      if (who === 'c') assert.deepEqual(own, own.map((_x, i) => i), 'the bot has left none out');
    }
    const toBook = (x: string) => (x.startsWith('c') ? Number(x.slice(1)) % 2 === 1 : done.some(d => d.id === x && d.how === 'book'));
    for (const x of order) if (toBook(x)) assert.ok(booked.includes(x), `${x} is booked`);
    if (!rolled) for (const x of booked) assert.ok(at.has(x), `${x} was booked, and is there`);
    assert.deepEqual((docOf(world, id)!.hidden as unknown as { effects: object }).effects, {}, 'nothing is left to be booked');
    const present = done.filter(d => at.has(d.id));
    for (const x of present) for (const y of present) if (!rolled && x.answered < y.asked) assert.ok(at.get(x.id)! < at.get(y.id)!, `${x.id} was answered before ${y.id} was asked`);
  }
}

/** Two players press and steer through the same weather. When it is over each press has counted once, and the last that is held counts. */
export async function inputStorm(seed: number, rounds = 25): Promise<void> {
  const names = ['a', 'b', 'c', 'd'];
  const { world, id, clients, rooms } = await partyAt(stick, stickGame(null), ['ada', 'bob'], { seed, nodes: names });
  const draw = drawn(world);
  const faults: string[] = [];
  const sky = weatherOver(world, id, clients, foul, faults);
  const pressed = [0, 0];
  const held = [0, 0];
  assert.ok((await world.clock.run(rooms[0]!.start())).ok);
  for (let round = 0; round < rounds; round++) {
    for (const [i, room] of rooms.entries()) {
      if (draw(5) < 2) { // no more of them, while nobody runs the room, than count in one tick
        room.input.fire();
        pressed[i]! += 1;
      }
      room.input.steer({ x: held[i] = draw(9) });
      if (draw(2) === 0) await world.clock.pass(draw(8));
    }
    if (draw(3) === 0) sky.strike();
    await world.clock.pass(draw(2) === 0 ? draw(60) : draw(500));
    sky.cure();
  }
  await sky.clear(names);
  const shown = () => rooms[draw(2)]!.state as Stick;
  const same = () => JSON.stringify([shown().fired, shown().steer.map(x => x?.x)]) === JSON.stringify([pressed, held]);
  try {
    await world.clock.until('all has counted', same, 20_000);
    await world.clock.pass(3_000);
    assert.ok(same(), 'and once');
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}; pressed ${pressed.join()}, held ${held.join()}, seen ${JSON.stringify(shown())}\n${faults.join('\n')}`, { cause: error });
  }
}

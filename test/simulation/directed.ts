import type { Ledger } from '../protocol/games.ts';
import { docOf, ids, ledgerTable } from '../protocol/table.ts';

/** Short schedules for what seeds meet rarely. Each says what was broken, or nothing. */
export const schedules = {
  /** A node stops for good, and nobody thaws it. */
  async 'frozen for good'(seed: number): Promise<string | null> {
    const { world, adas, bobs, owner } = await ledgerTable(undefined, { seed });
    world.freeze(owner);
    const said = adas.act.add({ id: 'after' });
    await world.clock.until('an action is answered while the owner stands still', () => ids(adas).includes('after') && ids(bobs).includes('after'), 8_000);
    return (await world.clock.run(said)).ok ? null : 'it is refused';
  },
  /** The owner dies while nobody does anything: a turn's clock still ends. */
  async 'nobody acts'(seed: number): Promise<string | null> {
    const { world, id, adas, owner } = await ledgerTable(undefined, { seed });
    await world.clock.run(adas.act.arm({ ms: 2_000 }));
    world.kill(owner);
    await world.clock.until('the timer fires', () => ((docOf(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0, 8_000);
    return null;
  },
  /** The same with nobody connected. */
  async 'nobody connected'(seed: number): Promise<string | null> {
    const { world, id, ada, bob, adas, owner } = await ledgerTable(undefined, { seed });
    await world.clock.run(adas.act.arm({ ms: 3_000 }));
    ada.client.close();
    bob.client.close();
    await world.clock.pass(50);
    world.kill(owner);
    await world.clock.until('the timer fires', () => ((docOf(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0, 10_000);
    return null;
  },
  /** The owner stands still, another takes the room and goes on, it wakes: what it answers from its memory is of the past. */
  async 'zombie reads'(seed: number): Promise<string | null> {
    const { world, adas, bobs, bob, owner } = await ledgerTable(['a', 'b'], { seed, adasNode: 'a', bobsNode: 'b' });
    await world.clock.run(adas.act.add({ id: 'before' }));
    world.freeze(owner);
    const other = [...world.hosts.values()].find(h => h !== owner)!;
    const ahead = other.name === 'a' ? { room: adas, reader: bob, readers: bobs } : { room: bobs, reader: world.client('bob', other.name), readers: bobs };
    const acted = ahead.room.act.add({ id: 'after' });
    await world.clock.until('the other goes on', () => ids(ahead.room).includes('after'), 15_000);
    await world.clock.run(acted);
    let lost = false;
    ahead.room.onResume(resumed => { lost ||= resumed.lost; });
    // Its line now leads to the sleeper, which wakes at that moment.
    const client = other.name === 'a' ? (world as unknown as { hosts: Map<string, unknown> }) && ahead.room : ahead.room;
    const { connector } = (client as unknown as { parts: { connector: { hop(): void } } }).parts;
    world.random();
    for (let i = 0; i < 12 && !lost; i++) {
      connector.hop();
      await world.clock.pass(6 + seed % 7);
      if (i === 2) world.thaw(owner);
      await world.clock.pass(4);
    }
    await world.clock.pass(2_000);
    return lost ? 'a player heard of a loss from a node that was behind' : ids(ahead.room).includes('after') ? null : 'a player was taken back';
  },
} satisfies Record<string, (seed: number) => Promise<string | null>>;
export type ScheduleName = keyof typeof schedules;

/** Runs a schedule. @returns what was broken, or null */
export async function direct(name: ScheduleName, seed: number): Promise<string | null> {
  try {
    return await schedules[name](seed);
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

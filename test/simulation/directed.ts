import type { Ledger } from '../protocol/games.ts';
import { docOf, ids, ledgerTable } from '../protocol/ledger-table.ts';

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
  /** What an owner writes down of the room arrives at the store after another has taken the room. */
  async 'a snapshot of the past'(seed: number): Promise<string | null> {
    const { world, adas, owner } = await ledgerTable(undefined, { seed });
    let arrive = (): void => {};
    const late = new Promise<void>(resolve => { arrive = resolve; });
    let asked = false;
    let said: unknown = null;
    world.fate = call => {
      if (call.op !== 'snapshot' || call.node !== owner.name || asked) return undefined;
      asked = true;
      return { hold: late };
    };
    world.spy.stored = call => { if (call.op === 'snapshot' && call.node === owner.name) said = call.result; };
    for (let i = 0; !asked; i++) await world.clock.run(adas.act.add({ id: `before ${i}` }));
    world.freeze(owner);
    await world.clock.until('another owner goes on', () => [...world.hosts.values()].some(host => host !== owner && host.owns(adas.id)), 8_000);
    await world.clock.run(adas.act.add({ id: 'after' }));
    arrive();
    await world.clock.until('the store has answered', () => said !== null, 1_000);
    return said === 'fenced' ? null : `a snapshot by somebody else than the owner: ${String(said)}`;
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

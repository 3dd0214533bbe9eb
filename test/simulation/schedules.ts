import type { Ledger } from '../unit/protocol/games.ts';
import { ledgerDocument, doneIds, openLedgerRoom } from '../unit/protocol/ledger-fixture.ts';

/** Short schedules for what seeds meet rarely. Each says what was broken, or nothing. */
export const schedules = {
  /** A node stops for good, and nobody thaws it. */
  async 'frozen for good'(seed: number): Promise<string | null> {
    const { world, adas, bobs, owner } = await openLedgerRoom(undefined, { seed });
    world.freeze(owner);
    const said = adas.act.add({ id: 'after' });
    await world.clock.waitUntil(
      'an action is answered while the owner stands still',
      () => doneIds(adas).includes('after') && doneIds(bobs).includes('after'),
      8_000,
    );
    return (await world.clock.run(said)).ok ? null : 'it is refused';
  },
  /** The owner dies while nobody does anything: a turn's clock still ends. */
  async 'nobody acts'(seed: number): Promise<string | null> {
    const { world, id, adas, owner } = await openLedgerRoom(undefined, { seed });
    await world.clock.run(adas.act.arm({ ms: 2_000 }));
    world.kill(owner);
    await world.clock.waitUntil(
      'the timer fires',
      () => ((ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0,
      8_000,
    );
    return null;
  },
  /** The same with nobody connected. */
  async 'nobody connected'(seed: number): Promise<string | null> {
    const { world, id, ada, bob, adas, owner } = await openLedgerRoom(undefined, { seed });
    await world.clock.run(adas.act.arm({ ms: 3_000 }));
    ada.client.close();
    bob.client.close();
    await world.clock.advance(50);
    world.kill(owner);
    await world.clock.waitUntil(
      'the timer fires',
      () => ((ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0,
      10_000,
    );
    return null;
  },
  /** What an owner writes down of the room arrives at the store after another has taken the room. */
  async 'a snapshot of the past'(seed: number): Promise<string | null> {
    const { world, adas, owner } = await openLedgerRoom(undefined, { seed });
    let arrive = (): void => {};
    const late = new Promise<void>(resolve => {
      arrive = resolve;
    });
    let asked = false;
    let said: unknown = null;
    world.faultFor = call => {
      if (call.op !== 'snapshot' || call.node !== owner.name || asked) return undefined;
      asked = true;
      return { hold: late };
    };
    world.observer.onStoreCall = call => {
      if (call.op === 'snapshot' && call.node === owner.name) said = call.result;
    };
    for (let i = 0; !asked; i++) await world.clock.run(adas.act.add({ id: `before ${i}` }));
    world.freeze(owner);
    await world.clock.waitUntil(
      'another owner goes on',
      () => [...world.nodes.values()].some(host => host !== owner && host.owns(adas.id)),
      8_000,
    );
    await world.clock.run(adas.act.add({ id: 'after' }));
    arrive();
    await world.clock.waitUntil('the store has answered', () => said !== null, 1_000);
    return said === 'fenced' ? null : `a snapshot by somebody else than the owner: ${String(said)}`;
  },
} satisfies Record<string, (seed: number) => Promise<string | null>>;
export type ScheduleName = keyof typeof schedules;

/** Runs a schedule. @returns what was broken, or null */
export async function runSchedule(name: ScheduleName, seed: number): Promise<string | null> {
  try {
    return await schedules[name](seed);
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

import assert from 'node:assert/strict';
import { inWords, type ClientClock, type RoomStatus } from '../../../client/index.ts';
import { ledger } from './games.ts';
import { openLedgerRoom } from './ledger-fixture.ts';
import { latch } from '../../../testkit/latch.ts';

const states = (story: readonly RoomStatus[]) => story.map(({ state }) => state);

describe('an action that waits', () => {
  it('[U13] after a second the room is waiting, since when the action was given; with the verdict it is live', async () => {
    const { world, adas, id } = await openLedgerRoom();
    const story: RoomStatus[] = [];
    adas.onStatus(status => story.push(status));
    const store = latch();
    world.faultFor = call => (call.op === 'append' && call.room === id ? { hold: store.opened } : undefined);
    const given = world.clock.now();
    const first = adas.act.add({ id: 'first' });
    await world.clock.advance(600);
    const second = adas.act.add({ id: 'second' });
    await world.clock.advance(390);
    assert.deepEqual([adas.status.state, adas.live], ['live', true]);
    await world.clock.advance(20);
    assert.deepEqual([adas.status, adas.live], [{ state: 'waiting', since: given }, false]);
    assert.equal(inWords(adas.status, given + 3_100), 'Waiting for the room to answer, for 3 s.');
    store.open();
    world.faultFor = () => undefined;
    await world.clock.run(Promise.all([first, second]));
    await world.clock.waitUntil('it is live', () => adas.live, 2_000);
    assert.deepEqual(
      states(story).filter(state => state !== 'catching-up'),
      ['waiting', 'live'],
    );
  });

  it('[U13] whatever it waits for: a silent owner, or the line', async () => {
    const { world, ada, adas, owner } = await openLedgerRoom();
    world.freeze(owner);
    const said = adas.act.add({ id: 'x' });
    await world.clock.waitUntil('it is waiting', () => adas.status.state === 'waiting', 1_100);
    await world.clock.run(said);
    assert.ok(adas.status.state === 'live' || adas.status.state === 'catching-up');
    world.disconnect(ada);
    void adas.act.add({ id: 'y' });
    await world.clock.advance(2_000);
    assert.equal(adas.status.state, 'reconnecting', 'the connection comes first');
  });
});

describe('the clocks of a client', () => {
  it("[U14] a device clock that is set changes neither the room's clock nor what the client does", async () => {
    const { world, ada, adas } = await openLedgerRoom();
    await world.clock.advance(3_000);
    const ahead = () => adas.now() - world.clock.now();
    const before = ahead();
    for (const skew of [3_600_000, -3_600_000, 0]) {
      ada.clockSkew = skew;
      await world.clock.advance(12_000);
      assert.ok(Math.abs(ahead() - before) <= 2, `off by ${ahead() - before} ms`);
      assert.deepEqual([adas.status.state, ada.connections.size], ['live', 1]);
    }
  });

  it('[U14] what the monotonic clock loses while a device sleeps is put right by the next heartbeat', async () => {
    const { world, id } = await openLedgerRoom();
    let [lost, asleepAt] = [0, 0];
    const clock: ClientClock = {
      now: () => world.clock.now(),
      mono: () => (asleepAt || world.clock.mono()) - lost,
      random: world.random,
      after: (ms, fn) => {
        const timer = world.clock.after(ms, fn);
        return () => timer.cancel();
      },
    };
    const eve = world.client('eve', 'a', { clock });
    const eves = await world.clock.run(eve.client.watch(ledger, { id }));
    const wrong = () => Math.abs(eves.now() - world.clock.now());
    await world.clock.advance(15_000);
    assert.ok(wrong() <= 3, `${wrong()} ms`);
    asleepAt = world.clock.mono();
    await world.clock.advance(40_000);
    lost += world.clock.mono() - asleepAt;
    asleepAt = 0;
    await world.clock.waitUntil('it is right', () => wrong() <= 6, 12_000);
    await world.clock.advance(30_000);
    assert.ok(wrong() <= 6, `${wrong()} ms`);
  });
});

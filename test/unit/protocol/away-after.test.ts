import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { contract, state } from '../../../shared/contract.ts';
import { documentOf, openRoom } from './cluster-room-fixture.ts';

/** Counts what the hooks are told. */
const patient = contract('patient', {
  version: 1,
  seats: { min: 2, max: 2 },
  start: 'host',
  away: { after: 5_000, hold: 20_000, then: 'forfeit' },
  state: state<{ hooks: string[] }>(),
  actions: {},
});
const patientGame = patient.rules({
  setup: () => ({ hooks: [] }),
  actions: {},
  away: s => void s.hooks.push('away'),
  back: s => void s.hooks.push('back'),
});

async function playing() {
  const party = await openRoom(patient, patientGame, ['ada', 'bob']);
  const { world, id, rooms, clients } = party;
  const [adas, bobs] = rooms as [(typeof rooms)[0], (typeof rooms)[0]];
  await world.clock.run(adas.start());
  await world.clock.advance(1_000);
  const bobsSeat = () => documentOf(world, id).room.seats[1]!;
  const hooks = () => (documentOf(world, id).state as unknown as { hooks: string[] }).hooks;
  return { ...party, adas, bobs, bob: clients[1]!, bobsSeat, hooks };
}

describe('a contract whose `away` has `after`', () => {
  it('[S2e] [S2f] a shorter disconnection is no absence: nothing is journaled, and no hook is called', async () => {
    const { world, adas, bobs, bob, bobsSeat, hooks } = await playing();
    const { position } = adas;
    for (let i = 0; i < 3; i++) {
      world.disconnect(bob);
      await world.clock.advance(3_500); // together longer than `after`: each disconnection counts for itself
      bob.isOffline = false;
      await world.clock.waitUntil('Bob is back', () => bobs.live);
      await world.clock.advance(1_500);
      assert.equal(bobsSeat().here, true);
    }
    assert.deepEqual([adas.position, hooks()], [position, []]);
  });

  it('[S2e] a longer one is an absence after that time, and the hold begins then', async () => {
    const { world, bobs, bob, bobsSeat, hooks } = await playing();
    world.disconnect(bob);
    await world.clock.advance(4_500);
    assert.equal(bobsSeat().here, true);
    await world.clock.waitUntil('Bob is away', () => !bobsSeat().here, 2_000);
    const left = bobsSeat().until! - bobs.now();
    assert.ok(left > 18_000 && left <= 20_100, `${left} ms`);
    bob.isOffline = false;
    await world.clock.waitUntil('Bob is back', () => bobsSeat().here);
    assert.deepEqual(hooks(), ['away', 'back']);
  });

  it('[S2e] a new owner gives that time again, and declares the absence', async () => {
    const { world, id, owner, bob, bobsSeat, hooks } = await playing();
    world.disconnect(bob);
    await world.clock.advance(2_000);
    world.kill(owner);
    await world.clock.waitUntil('Bob is away', () => Boolean(world.owner(id)) && hooks().length > 0, 15_000);
    assert.deepEqual([bobsSeat().here, hooks()], [false, ['away']]);
  });
});

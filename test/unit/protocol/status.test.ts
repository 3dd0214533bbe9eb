import assert from 'node:assert/strict';
import { inWords, RoomError, type RoomStatus } from '../../../client/index.ts';
import { ledger } from './games.ts';
import { openLedgerRoom } from './ledger-fixture.ts';

const told = (room: { onStatus: (fn: (status: RoomStatus) => void) => unknown }) => {
  const story: RoomStatus[] = [];
  room.onStatus(status => story.push(status));
  return story;
};
const states = (story: readonly RoomStatus[]) =>
  story.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]);

describe('status, as a story', () => {
  it('[U6] live, reconnecting with each try, catching up, live', async () => {
    const { world, ada, adas } = await openLedgerRoom();
    const story = told(adas);
    assert.deepEqual(adas.status, { state: 'live', node: 'a' });
    assert.equal(adas.status, adas.status, 'the same object as long as it says the same');
    const from = world.clock.now();
    world.disconnect(ada);
    await world.clock.waitUntil('three tries', () => story.some(s => s.state === 'reconnecting' && s.attempt === 3));
    assert.deepEqual(
      story.filter(s => s.state === 'reconnecting').map(s => [s.attempt, s.since - from < 5]),
      [
        [1, true],
        [2, true],
        [3, true],
      ],
    );
    assert.match(inWords(adas.status, from + 4_200), /^Reconnecting… Try 3, for 4 s\.$/);
    ada.extraDelay = () => 40;
    ada.isOffline = false;
    await world.clock.waitUntil('back', () => adas.status.state === 'live');
    assert.deepEqual(states(story), ['reconnecting', 'catching-up', 'live']);
    assert.ok(adas.live);
    assert.deepEqual(
      ['', 'Catching up…'],
      [inWords(adas.status), inWords(story.find(s => s.state === 'catching-up')!)],
    );
  });

  it('[U6] a failover elsewhere is no break of this line; what is missing is caught up with', async () => {
    const { world, adas, owner } = await openLedgerRoom();
    const story = told(adas);
    world.kill(owner);
    await world.clock.waitUntil(
      'another owner',
      () => adas.term > 0 && world.owner(adas.id) !== undefined && world.owner(adas.id) !== owner,
    );
    await world.clock.advance(3_000);
    assert.deepEqual(new Set(story.map(s => s.state)), new Set(['catching-up', 'live']));
    assert.equal(adas.status.state, 'live');
  });

  it('[U6] refused: why, and what a person can do now', async () => {
    const { world, adas, bobs } = await openLedgerRoom();
    const [adasStory, bobsStory] = [told(adas), told(bobs)];
    const tab = world.client('ada', 'b');
    await world.clock.run(tab.client.join(ledger, { id: adas.id }));
    await world.clock.waitUntil('the first is told', () => adas.ended !== null);
    assert.deepEqual(
      [adasStory.at(-1)!.state, adas.status.state === 'refused' && adas.status.now],
      ['refused', 'here'],
    );
    assert.equal(inWords(adas.status), 'The seat was taken over by a newer connection of the same player.');
    bobs.close();
    assert.deepEqual([bobs.status, bobsStory.at(-1)], [{ state: 'closed' }, { state: 'closed' }]);
    const refused = await world.clock.run(tab.client.join(ledger, { code: 'ZZZZZ' }).catch((error: unknown) => error));
    assert.ok(refused instanceof RoomError);
    assert.deepEqual([refused.code, refused.why, refused.now], ['bad-code', 'No room has this code.', 'elsewhere']);
    const eve = world.client('eve', 'a');
    const full = (await world.clock.run(
      eve.client.join(ledger, { id: adas.id }).catch((error: unknown) => error),
    )) as RoomError;
    assert.deepEqual([full.code, full.now], ['room-full', 'watch']);
  });
});

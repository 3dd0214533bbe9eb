import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AdmissionQueue } from '../../server/gateway/admission-queue.ts';
import { limits } from '../../shared/limits.ts';
import { latch } from '../../testkit/latch.ts';
import { VirtualClock } from '../../testkit/virtual-clock.ts';

describe('newcomers, and rooms that are being claimed', () => {
  const door = (claims: () => Promise<unknown> | null) => {
    const clock = new VirtualClock();
    const rooms = new AdmissionQueue(clock, claims);
    const inside: number[] = [];
    return { clock, inside, rooms, come: (n: number) => rooms.admit(() => inside.push(n)) };
  };

  it('[O23] come in at once where no room is being claimed', () => {
    const { come, inside } = door(() => null);
    come(1);
    come(2);
    assert.deepEqual(inside, [1, 2]);
  });

  it('[O23] wait for the claims under way, and for those that begin meanwhile; then they come in the order in which they came', async () => {
    const [first, second] = [latch(), latch()];
    let claims: Promise<unknown> | null = first.opened;
    const { clock, come, inside } = door(() => claims);
    come(1);
    come(2);
    claims = second.opened;
    first.open();
    await clock.advance(5);
    come(3);
    assert.deepEqual(inside, []);
    claims = null;
    second.open();
    await clock.advance(1);
    assert.deepEqual(inside, [1, 2, 3]);
    come(4);
    assert.deepEqual(inside, [1, 2, 3, 4]);
  });

  it('[O23] who cannot be let in keeps nobody else out', async () => {
    const { opened, open } = latch();
    let claims: Promise<unknown> | null = opened;
    const { clock, come, inside, rooms } = door(() => claims);
    const thrown: unknown[] = [];
    rooms.admit(() => {
      throw new Error('its line has broken');
    });
    for (let n = 0; n < 20; n++) come(n);
    claims = null;
    open();
    for (let n = 0; n < 30; n++) await clock.advance(1).catch((error: unknown) => thrown.push(error));
    assert.equal(thrown.length, 1);
    assert.equal(inside.length, 20);
    come(20);
    assert.equal(inside.at(-1), 20);
  });

  it('[O23] do not wait for ever', async () => {
    const { clock, come, inside } = door(() => new Promise(() => {}));
    come(1);
    await clock.advance(limits.newClientDelay - 1);
    come(2);
    assert.deepEqual(inside, []);
    await clock.advance(2);
    assert.deepEqual(inside, [1, 2]);
  });
});

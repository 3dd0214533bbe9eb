import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { effectScope, nextTick, shallowRef, watchEffect } from 'vue';
import { roomStore, type RoomValue, type Which } from '../../../client/store/index.ts';
import { useRoom } from '../../../client/vue/index.ts';
import { ledger } from './games.ts';
import { doneIds, openLedgerRoom } from './ledger-fixture.ts';

type Def = (typeof ledger)['def'];
/** A room that its last user has released is closed by a timer of 0 ms; this one fires after it. */
const laterTurn = () => new Promise(done => setTimeout(done, 0));
/** Why a room has ended; null while it has not. */
const endOf = ({ room }: RoomValue<Def>): string | null => room?.ended?.code ?? null;
const idsOf = ({ room }: RoomValue<Def>): string => (room ? doneIds(room).join('') : '');

describe('a room as a store', () => {
  it('shows a room from the first subscription to the last one, and each change of it and of its status', async () => {
    const { world, id, adas } = await openLedgerRoom();
    const eve = world.client('eve', 'b');
    const store = roomStore(eve.client, ledger, { watch: id });
    const values: RoomValue<Def>[] = [];
    const stop = store.subscribe(value => values.push(value));
    assert.deepEqual([values.length, values[0]!.room, values[0]!.state], [1, null, null], 'at once');
    await world.clock.advance(60);
    const entered = values.at(-1)!;
    assert.equal(values.at(-1)!.status.state, 'live');
    const before = values.at(-1);
    await world.clock.run(adas.act.add({ id: 'x' }));
    await world.clock.advance(20);
    assert.equal(idsOf(values.at(-1)!), 'x');
    assert.notEqual(values.at(-1), before, 'a new object, so that what compares objects sees the change');
    world.disconnect(eve);
    await world.clock.advance(5);
    assert.equal(values.at(-1)!.status.state, 'reconnecting');
    eve.isOffline = false;
    await world.clock.waitUntil('back', () => values.at(-1)!.status.state === 'live');

    const stopSecond = store.subscribe(() => {});
    stop();
    stop();
    await laterTurn();
    assert.equal(endOf(entered), null, 'one of two is gone');
    stopSecond();
    const given = values.length;
    store.subscribe(value => values.push(value))();
    await laterTurn();
    assert.equal(endOf(entered), 'left');
    assert.equal(values.length, given + 1, 'no call after its end');
  });

  it('says why a room was not entered', async () => {
    const { world, ada } = await openLedgerRoom();
    let last!: RoomValue<Def>;
    roomStore(ada.client, ledger, { code: 'ZZZZZ' }).subscribe(value => {
      last = value;
    });
    await world.clock.advance(60);
    assert.deepEqual([last.room, last.refused?.code, last.refused?.now], [null, 'bad-code', 'elsewhere']);
  });
});

describe('the composable for Vue', () => {
  it('follows the room that is asked for, until its scope ends', async () => {
    const { world, id, adas } = await openLedgerRoom();
    const eve = world.client('eve', 'b');
    const which = shallowRef<Which<Def> | null>(null);
    const drawn: string[] = [];
    const scope = effectScope();
    const table = scope.run(() => {
      const shown = useRoom(eve.client, ledger, which);
      watchEffect(() => void drawn.push(idsOf(shown.value)), { flush: 'sync' });
      return shown;
    })!;
    const show = async (asked: Which<Def> | null): Promise<RoomValue<Def>> => {
      which.value = asked;
      await nextTick();
      await laterTurn();
      await world.clock.advance(60);
      return table.value;
    };
    const first = await show({ watch: id });
    assert.equal(first.status.state, 'live');
    await world.clock.run(adas.act.add({ id: 'x' }));
    await world.clock.advance(20);
    assert.equal(drawn.at(-1), 'x');
    assert.equal((await show({ watch: id })).room, first.room, 'the same question again');
    assert.deepEqual([endOf(first), (await show(null)).room, endOf(first)], [null, null, 'left']);

    const second = await show({ watch: id });
    assert.deepEqual([second.room === null, endOf(second)], [false, null]);
    scope.stop();
    await laterTurn();
    assert.equal(endOf(second), 'left');
  });
});

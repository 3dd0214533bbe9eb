import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { inWords, type RoomOf } from '../../../client/index.ts';
import { predict } from '../../../client/predict/index.ts';
import { useChanges, useRoom, useSelected, useStatus, type RoomHook } from '../../../client/react/index.ts';
import { contract, schema, state } from '../../../shared/contract.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import { ledger, ledgerGame } from '../../unit/protocol/games.ts';
import { openLedgerRoom, doneIds } from '../../unit/protocol/ledger-fixture.ts';
import { createMinimalRoot } from './minimal-dom.ts';

type Hook = RoomHook<(typeof ledger)['def']>;

describe('the hooks, with Preact', () => {
  let page: ReturnType<typeof createMinimalRoot>;
  beforeEach(() => {
    page = createMinimalRoot();
  });
  afterEach(() => {
    render(null, page.root);
    page.end();
  });
  const text = () => page.root.textContent;
  const draw = (what: preact.ComponentChild) => act(() => render(what, page.root));

  it('useStatus tells how a line is, and draws when it becomes another', async () => {
    const { world, ada, adas } = await openLedgerRoom();
    let drawn = 0;
    const Line = () => {
      drawn += 1;
      const [line, here] = [useStatus(ada.client), useStatus(adas)];
      return (
        <p>
          {line.state} {here.state} {inWords(here, 0)}
        </p>
      );
    };
    await draw(<Line />);
    assert.equal(text(), 'live live ');
    await act(async () => {
      world.disconnect(ada);
      await world.clock.advance(5);
    });
    assert.equal(text(), 'reconnecting reconnecting Reconnecting…');
    ada.isOffline = false;
    await act(async () => void (await world.clock.waitUntil('back', () => adas.live)));
    assert.equal(text(), 'live live ');
    const before = drawn;
    await act(async () => void (await world.clock.run(adas.act.add({ id: 'x' }))));
    assert.equal(drawn, before, 'a change of the state is no other status');
  });

  it('useChanges and useSelected draw what a prediction, and a room, show', async () => {
    const { world, adas } = await openLedgerRoom();
    const mine = predict(adas, ledgerGame);
    let counted = 0;
    const Mine = () => {
      useChanges(mine);
      return <p>{doneIds(mine as never).join()}</p>;
    };
    const Count = () => {
      counted += 1;
      return <p>/{useSelected(adas, room => doneIds(room).length)}</p>;
    };
    await draw(
      <>
        <Mine />
        <Count />
      </>,
    );
    assert.equal(text(), '/0');
    const said = mine.act.add({ id: 'x' });
    await act(() => {});
    assert.equal(text(), 'x/0');
    await act(async () => void (await world.clock.run(said)));
    assert.equal(text(), 'x/1');
    const before = counted;
    await act(async () => void (await world.clock.run(adas.act.roll({}))));
    assert.equal(counted, before, 'nothing that it shows has changed');
  });

  it('useRoom enters a room, shares it, draws it, and lets go of it without giving the seat up', async () => {
    const { world, id, adas } = await openLedgerRoom();
    const eve = world.client('eve', 'b');
    const seen: Hook[] = [];
    const Table = ({ name }: { name: string }) => {
      const hook = useRoom(eve.client, ledger, { watch: id });
      seen.push(hook);
      return (
        <p>
          {name}:{hook.room ? doneIds(hook.room).join('') : 'entering'} {hook.status.state};
        </p>
      );
    };
    await draw(
      <>
        <Table name="1" />
        <Table name="2" />
      </>,
    );
    assert.match(text(), /^1:entering \w+;2:entering \w+;$/);
    await act(async () => void (await world.clock.advance(60)));
    assert.equal(text(), '1: live;2: live;');
    const { room }: { room: Hook['room'] } = seen.at(-1)!;
    assert.ok(
      seen.filter(hook => hook.room).every(hook => hook.room === room),
      'it is one room',
    );
    await act(async () => {
      await world.clock.run(adas.act.add({ id: 'x' }));
      await world.clock.advance(20);
    });
    assert.equal(text(), '1:x live;2:x live;');
    await draw(<Table key="a" name="1" />);
    await new Promise(done => setTimeout(done, 5));
    assert.equal(room!.ended, null, 'one of two is gone');
    // Taken away and put back in the same breath, as React's strict mode does.
    await draw(null);
    await draw(<Table key="b" name="3" />);
    await new Promise(done => setTimeout(done, 5));
    await act(async () => void (await world.clock.advance(20)));
    assert.equal(room!.ended, null);
    assert.equal(text(), '3:x live;');
    await draw(null);
    await new Promise(done => setTimeout(done, 5));
    assert.equal((room as Hook['room'])!.ended?.code, 'left');
  });

  it('useRoom says why not, and what now; another question is another room', async () => {
    const { world, ada, adas, id } = await openLedgerRoom();
    const Table = ({ code }: { code: string }) => {
      const { room, refused } = useRoom(ada.client, ledger, { code });
      return <p>{room ? 'in' : refused ? `${refused.why} (${refused.now})` : 'entering'}</p>;
    };
    await draw(<Table code="ZZZZZ" />);
    await act(async () => void (await world.clock.advance(50)));
    assert.equal(text(), 'No room has this code. (elsewhere)');
    await draw(<Table code={adas.code} />);
    assert.equal(text(), 'entering');
    await act(async () => void (await world.clock.advance(50)));
    assert.equal(text(), 'in');
    assert.ok(id);
  });

  it('useRoom sends the profile when it enters, and enters no second time for another one', async () => {
    const guise = contract('guise', {
      version: 1,
      seats: { min: 1, max: 2 },
      state: state<object>(),
      profile: schema<{ colour: string }>(value => typeof (value as { colour: unknown }).colour === 'string'),
      actions: {},
    });
    const world = new TestCluster([guise.rules({ setup: () => ({}), actions: {} })]);
    await world.start('a');
    const { client } = world.client('ada', 'a');
    const rooms = new Set<RoomOf<typeof guise>>();
    const Table = ({ colour }: { colour: string }) => {
      const { room } = useRoom(client, guise, { create: true, profile: { colour } });
      if (room) rooms.add(room);
      return <p>{room?.players[0]?.profile?.colour}</p>;
    };
    await draw(<Table colour="mint" />);
    await act(async () => void (await world.clock.advance(60)));
    assert.equal(text(), 'mint');
    await draw(<Table colour="rose" />);
    await act(async () => void (await world.clock.advance(60)));
    assert.deepEqual([text(), rooms.size], ['mint', 1]);
  });
});

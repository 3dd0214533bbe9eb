import assert from 'node:assert/strict';
import { protocolVersion } from '../../../shared/protocol.ts';
import { makeRefusal } from '../../../shared/refusals.ts';
import { RoomError, type Room } from '../../../client/index.ts';
import { ledger } from './games.ts';
import { roomsOf } from './cluster-room-fixture.ts';
import { waitUntilConverged, openLedgerRoom, type LedgerFixture } from './ledger-fixture.ts';
import type { TestClient } from '../../../testkit/test-cluster.ts';

const expired = makeRefusal('bad-token');
const refuse = (client: TestClient): void => {
  for (const line of [...client.connections]) line.refuse(expired);
};

/** Everything that a client and a room promise, by name. */
function promises(
  client: TestClient['client'],
  room: Room<(typeof ledger)['def']>,
): Record<string, () => Promise<unknown>> {
  return {
    create: () => client.create(ledger),
    join: () => client.join(ledger, { id: room.id }),
    'join by code': () => client.join(ledger, { code: room.code }),
    quick: () => client.quick(ledger),
    watch: () => client.watch(ledger, { id: room.id }),
    list: () => client.list(ledger),
    inspect: () => client.inspect(room),
    replay: () => client.replay(room.id, 1),
    rename: () => client.rename('Adele'),
    act: () => room.act.add({ id: 'x' }),
    ready: () => room.ready(),
    start: () => room.start(),
    joinTeam: () => room.joinTeam(0),
    addBot: () => room.addBot(),
    kick: () => room.kick(1),
    makeHost: () => room.makeHost(1),
    bring: () => room.setProfile(null as never),
    rematch: () => room.rematch(),
    leave: () => room.leave(),
  };
}

describe('a client that is refused or closed', () => {
  it('[U8] refused for good: its rooms end with that refusal, and say so to everybody who listens', async () => {
    const { world, ada, adas } = await openLedgerRoom();
    const ended: string[] = [];
    adas.onEnd(({ code }) => ended.push(`${code} ${adas.status.state}`));
    adas.onStatus(({ state }) => ended.push(state));
    const first = adas.act.add({ id: 'executed, maybe' });
    refuse(ada);
    const second = adas.act.add({ id: 'never sent' });
    const said = await world.clock.run(Promise.all([first, second]));
    assert.deepEqual(
      said.map(one => one.ok || one.code),
      ['unknown', 'unknown'],
    );
    assert.deepEqual([adas.ended, adas.live, adas.pending], [expired, false, 0]);
    assert.deepEqual(ended, ['bad-token refused', 'refused']);
    assert.deepEqual(ada.client.status.state, 'refused');
    const late: string[] = [];
    adas.onEnd(({ code }) => late.push(code));
    assert.deepEqual(late, ['bad-token']);
    assert.deepEqual(await adas.act.add({ id: 'too late' }), expired);
    await world.clock.advance(10_000);
    assert.equal(ada.connections.size, 0, 'nothing is tried any more');
  });

  const endings: Record<string, (table: LedgerFixture) => void> = {
    'the client is closed': ({ ada }) => ada.client.close(),
    'the client is refused': ({ ada }) => refuse(ada),
    'the room is closed': ({ adas }) => adas.close(),
    'the device goes offline, and the client is closed later': ({ world, ada }) => {
      world.disconnect(ada);
      world.clock.after(20_000, () => ada.client.close());
    },
  };
  for (const [how, end] of Object.entries(endings)) {
    for (const when of ['before', 'meanwhile'] as const) {
      it(`[U9] every promise settles: ${how}, ${when}`, async () => {
        const table = await openLedgerRoom();
        const { world, ada, adas } = table;
        const all = promises(ada.client, adas);
        if (when === 'before') {
          end(table);
          await world.clock.advance(100);
        }
        const open = new Set(Object.keys(all));
        for (const [name, start] of Object.entries(all))
          void start().then(
            () => open.delete(name),
            (error: unknown) => {
              if (error instanceof RoomError) open.delete(name);
            },
          );
        if (when === 'meanwhile') end(table);
        try {
          await world.clock.waitUntil('all have settled', () => open.size === 0, 40_000);
        } catch {
          assert.fail(`open: ${[...open].join(', ')}`);
        }
      });
    }
  }

  it('[U9] each of them alone, and closed in the moment of its answer', async () => {
    for (const name of Object.keys(promises(undefined as never, undefined as never))) {
      const { world, ada, adas } = await openLedgerRoom(['a']);
      let settled = '';
      world.observer.onClientMessage = client => {
        if (client === ada) world.clock.after(1, () => ada.client.close());
      };
      void promises(ada.client, adas)[name]!().then(
        () => {
          settled = 'done';
        },
        (error: unknown) => {
          settled = error instanceof RoomError ? 'refused' : String(error);
        },
      );
      await world.clock.advance(100);
      ada.client.close();
      await world.clock.waitUntil(`${name} has settled`, () => settled !== '', 30_000);
      assert.ok(['done', 'refused'].includes(settled), `${name}: ${settled}`);
      assert.equal(roomsOf(ada.client).length, 0, `${name} leaves no room behind`);
    }
  });

  it('[U9] closed in the very turn in which an answer arrives, a client takes nothing in', async () => {
    const { world, ada, adas } = await openLedgerRoom(['a']);
    let answer = (_reply: unknown) => {};
    const line = {
      request: () =>
        new Promise<never>(resolve => {
          answer = resolve as never;
        }),
      send: () => {},
      close: () => {},
    };
    let welcome = () => {};
    const { client } = world.client('bob', 'a', {
      transport: {
        open: (_said, _route, events) => {
          welcome = () =>
            events.event('welcome', {
              player: 'bob',
              name: 'bob',
              token: '',
              node: 'a',
              now: 0,
              wire: protocolVersion,
            });
          return line;
        },
      },
    });
    const joined = client.join(ledger, { id: adas.id });
    welcome();
    await world.clock.advance(10);
    answer({
      ok: true,
      room: adas.id,
      seat: 1,
      session: 's',
      term: adas.term,
      place: adas.position,
      base: 0,
      verdicts: [],
      now: 0,
      lost: false,
      with: 'snapshot',
      view: { room: adas.info, state: adas.state },
    });
    client.close();
    await assert.rejects(joined, { code: 'left' });
    assert.equal(roomsOf(client).length, 0);
    assert.equal(ada.client.status.state, 'live');
  });

  it('[U9] two renames at once: the last one counts, and both resolve', async () => {
    const { world, ada } = await openLedgerRoom(['a']);
    let lines = 0;
    ada.onMessage = (name: string) => {
      if (name === 'welcome') lines += 1;
    };
    await world.clock.run(Promise.all([ada.client.rename('Adele'), ada.client.rename('Ada')]));
    await world.clock.advance(5_000);
    assert.ok(lines <= 2, `${lines} connections`);
  });
});

describe('a client whose code fails', () => {
  it('[U11] a change that cannot be taken in is asked for again, with everything; callbacks that throw keep nobody from hearing', async () => {
    const table = await openLedgerRoom();
    const { world, adas, bobs } = table;
    const complaints: unknown[] = [];
    const { error } = console;
    console.error = (what: unknown) => complaints.push(what);
    try {
      adas.sync.receiveChange([
        adas.position[0],
        adas.position[1] + 1,
        adas.position[0],
        [{ nonsense: true }, 'no change at all'] as never,
      ]);
      assert.equal(adas.live, false);
      assert.ok((await world.clock.run(bobs.act.add({ id: 'b' }))).ok);
      await waitUntilConverged(table);
      assert.equal(complaints.length, 1);
    } finally {
      console.error = error;
    }
  });
});

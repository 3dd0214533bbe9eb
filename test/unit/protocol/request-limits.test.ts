import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { networkOf } from '../../../server/identity/address.ts';
import { Allowances } from '../../../server/sessions/allowances.ts';
import { requestLimits, type SharedKind } from '../../../server/sessions/request-limits.ts';
import { limits } from '../../../shared/limits.ts';
import type { RequestName, OneWayMessageName } from '../../../shared/protocol.ts';
import { turns, turnsGame } from '../bot-games.ts';
import { documentOf, openRoom } from './cluster-room-fixture.ts';
import type { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

type Reply = { ok: boolean; code?: string; detail?: string; retryAfter?: number };

/** A connection from some address, as the gateway opens it. */
function connectionFrom(world: TestCluster, host: TestNode, player: string, address: string | null) {
  const link = {
    id: `raw-${player}-${Math.floor(world.random() * 1e9)}`,
    send: () => {},
    sendEncoded: () => {},
    subscribe: () => {},
    unsubscribe: () => {},
    close: () => {},
  };
  const connection = host.node.clients.connect(link as never, { player, name: player }, address);
  return {
    connection,
    ask: (name: RequestName, body: unknown) =>
      world.clock.run(host.node.clientRequests.handle(connection, name, body)) as Promise<Reply>,
  };
}

const sayingNames: readonly OneWayMessageName[] = ['i', 'input', 'signal'];
const requestNames = (Object.keys(requestLimits) as (RequestName | OneWayMessageName)[]).filter(
  (name): name is RequestName => !sayingNames.includes(name as OneWayMessageName),
);

/** Requests that take each kind. */
const bodies: Record<RequestName, (about: { room: string; code: string }, kind: SharedKind) => unknown> = {
  create: () => ({ game: 'parlour' }),
  join: ({ room }, kind) =>
    kind === 'wrongCodes'
      ? { code: 'ZZZZZ' }
      : kind === 'creations' || kind === 'quickJoins'
        ? { quick: { game: 'parlour' } }
        : { room },
  act: ({ room }, kind) => ({ room, name: kind === 'matches' ? '$ready' : 'move' }),
  place: () => ({ rooms: {} }),
  leave: ({ room }) => ({ room }),
  list: () => ({}),
  inspect: ({ room }) => ({ room }),
};

describe('the table of limits', () => {
  const waiting = async () => {
    const party = await openRoom(turns, turnsGame(), ['ada'], { request: { private: true } });
    const { room } = documentOf(party.world, party.id);
    return { world: party.world, host: party.world.node('a'), about: { room: room.id, code: room.code } };
  };
  const kindsOf = (name: RequestName | OneWayMessageName): SharedKind[] => {
    const own: { always: readonly SharedKind[]; sometimes?: readonly SharedKind[] } = requestLimits[name];
    return [...own.always, ...(own.sometimes ?? [])];
  };

  it('[W20] has, for each kind, a rate for a player and one for an address', () => {
    for (const name of [...requestNames, ...sayingNames]) {
      assert.ok(kindsOf(name).length > 0, name);
      for (const kind of kindsOf(name))
        assert.ok(limits[kind].burst > 0 && limits.address[kind].burst >= limits[kind].burst, `${name}: ${kind}`);
    }
  });

  for (const name of requestNames) {
    it(`[W20] ${name}: is refused where the player or the address has none left, and others do not notice`, async () => {
      for (const kind of kindsOf(name)) {
        const { world, host, about } = await waiting();
        const now = () => world.clock.mono();
        const eve = connectionFrom(world, host, 'eve', '10.1.1.1');
        while (host.node.clients.allowances.player('eve', now()).take(kind, now()) === 0);
        const body = bodies[name](about, kind);
        const ofPlayer = await eve.ask(name, body);
        assert.equal(ofPlayer.code, 'slow-down', `${kind} of a player: ${JSON.stringify(ofPlayer)}`);
        assert.ok(ofPlayer.retryAfter! > 0);
        while (host.node.clients.allowances.address('10.1.1.1', now()).take(kind, now()) === 0);
        const ofAddress = await connectionFrom(world, host, 'fay', '10.1.1.1').ask(name, body);
        assert.equal(ofAddress.code, 'slow-down', `${kind} of an address: ${JSON.stringify(ofAddress)}`);
        const elsewhere = await connectionFrom(world, host, 'gus', '10.1.1.2').ask(name, body);
        assert.notEqual(elsewhere.code, 'slow-down', `${kind} elsewhere: ${JSON.stringify(elsewhere)}`);
      }
    });
  }

  for (const name of sayingNames) {
    it(`[W20] ${name}: is dropped where the player or the address has none left`, async () => {
      const { world, host } = await waiting();
      const now = () => world.clock.mono();
      const strikesAfter = (player: string, address: string) => {
        const { connection } = connectionFrom(world, host, player, address);
        host.node.clientRequests.handleMessage(connection, name, 'malformed');
        return connection.malformedFullAt > 0 ? 1 : 0;
      };
      assert.equal(strikesAfter('eve', '10.1.1.1'), 1, 'it is read');
      const [kind] = kindsOf(name);
      while (host.node.clients.allowances.player('eve', now()).take(kind!, now()) === 0);
      assert.equal(strikesAfter('eve', '10.1.1.1'), 0);
      while (host.node.clients.allowances.address('10.1.1.1', now()).take(kind!, now()) === 0);
      assert.equal(strikesAfter('fay', '10.1.1.1'), 0);
      assert.equal(strikesAfter('gus', '10.1.1.2'), 1);
    });
  }

  it('[W21] wrong codes of all addresses together are counted by the node; right ones cost nothing', async () => {
    const { world, host, about } = await waiting();
    const { burst } = limits.node.wrongCodes;
    for (let i = 0; i < 20; i++)
      assert.equal(
        (await connectionFrom(world, host, `right-${i}`, `10.2.0.${i}`).ask('join', { code: about.code, watch: true }))
          .ok,
        true,
      );
    let tried = 0;
    for (; tried < burst + 20; tried++)
      if (
        (
          await connectionFrom(world, host, `wrong-${tried}`, `10.3.${tried >> 8}.${tried & 255}`).ask('join', {
            code: 'ZZZZZ',
          })
        ).code === 'slow-down'
      )
        break;
    assert.ok(tried >= burst && tried < burst + 20, `${tried} wrong codes were answered`);
    const refused = await connectionFrom(world, host, 'hal', '10.4.0.1').ask('join', { code: about.code, watch: true });
    assert.deepEqual([refused.code, refused.detail], ['slow-down', 'too many wrong codes']);
    assert.equal(
      (await connectionFrom(world, host, 'ivy', '10.4.0.2').ask('join', { room: about.room, watch: true })).ok,
      true,
      'a link is no code',
    );
  });

  describe('of IPv6 networks', () => {
    const address = (text: string) => networkOf(text)!;
    const use = (allowances: Allowances, from: (i: number) => string, most: number) => {
      let used = 0;
      for (let i = 0; i < most; i++) if (allowances.address(address(from(i)), 0).take('wrongCodes', 0) === 0) used += 1;
      return used;
    };
    const { burst } = limits.address.wrongCodes;

    it('[W19] all addresses of a /64 are one', () => {
      assert.equal(
        use(new Allowances(), i => `2001:db8:1:2::${i.toString(16)}`, 2 * burst),
        burst,
      );
    });

    it('[W19] all /64s of a /56, and of a /48, share a wider allowance, and others do not notice', () => {
      const allowances = new Allowances();
      const factors = limits.address.prefixMultiplier;
      assert.equal(
        use(allowances, i => `2001:db8:1:${(i % 256).toString(16)}::1`, 20 * burst),
        factors[56] * burst,
        'a /56',
      );
      assert.equal(
        use(allowances, i => `2001:db8:1:${(i % 65_536).toString(16)}::1`, 60 * burst),
        (factors[48] - factors[56]) * burst,
        'the rest of its /48',
      );
      assert.equal(
        use(allowances, () => '2001:db8:2:1::1', 2 * burst),
        burst,
        'another /48',
      );
      assert.equal(
        use(allowances, () => '203.0.113.5', 2 * burst),
        burst,
        'an IPv4 address',
      );
    });

    it('[W19] connections of a wider network are counted together', () => {
      const allowances = new Allowances();
      let open = 0;
      for (let i = 0; i < limits.address.prefixMultiplier[56] * limits.address.connections + 10; i++) {
        const own = allowances.address(address(`2001:db8:1:${(i % 256).toString(16)}::1`), 0);
        if (own.isAtConnectionLimit) break;
        own.connect();
        open += 1;
      }
      assert.equal(open, limits.address.prefixMultiplier[56] * limits.address.connections);
      allowances.address(address('2001:db8:1:0::1'), 0).disconnect();
      assert.equal(allowances.address(address('2001:db8:1:77::1'), 0).isAtConnectionLimit, false);
    });

    it('[W19] networks are forgotten when they are whole again and no address of them is remembered', () => {
      const allowances = new Allowances();
      use(allowances, i => `2001:db8:1:${i.toString(16)}::1`, 50);
      assert.equal(allowances.size, 52);
      allowances.address('203.0.113.5', 1e9);
      assert.equal(allowances.size, 1);
    });
  });
});

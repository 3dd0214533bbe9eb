import assert from 'node:assert/strict';
import type { JoinSuccess, JoinReply } from '../../../shared/protocol.ts';
import { limits } from '../../../shared/limits.ts';
import { hands, handsGame, ledger, ledgerGame } from './games.ts';
import { viewOf } from './cluster-room-fixture.ts';
import { waitUntilConverged, ledgerDocument, doneIds, openLedgerRoom } from './ledger-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import { latch } from '../../../testkit/latch.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** A line without the SDK: what anybody could write in twenty lines. */
function rawLine(world: TestCluster, host: TestNode, player: string) {
  const heard: unknown[][] = [];
  const channels = new Set<string>();
  const link = {
    id: `raw-${player}-${heard.length}-${Math.floor(world.random() * 1e9)}`,
    send: (event: string, ...args: unknown[]) =>
      void heard.push(JSON.parse(JSON.stringify([event, ...args])) as unknown[]),
    subscribe: (c: string) => void channels.add(c),
    unsubscribe: (c: string) => void channels.delete(c),
    close: () => {},
  };
  const connection = host.node.clients.connect(link as never, { player, name: player });
  const ask = (name: 'join' | 'act' | 'create' | 'leave' | 'list' | 'inspect' | 'place', body: unknown) =>
    world.clock.run(
      host.node.clientRequests.handle(connection, name, JSON.parse(JSON.stringify(body ?? null))),
    ) as Promise<never>;
  return { ask, heard, channels, connection, close: () => host.node.clientRequests.disconnect(connection) };
}

describe('seats and sessions', () => {
  it('[A6] [S1] a second tab takes the seat over; the first is told so and stops', async () => {
    const table = await openLedgerRoom();
    const { world, id, adas } = table;
    let over = '';
    adas.onEnd(refusal => {
      over = refusal.code;
    });
    const tab = world.client('ada', 'b');
    const seat = await world.clock.run(tab.client.join(ledger, { id }));
    assert.equal(seat.seat, 0);
    await world.clock.waitUntil('the first tab hears', () => over !== '');
    assert.equal(over, 'session-replaced');
    assert.ok((await world.clock.run(seat.act.add({ id: 'x' }))).ok);
    assert.deepEqual(await world.clock.run(adas.act.add({ id: 'y' })), { ok: false, code: 'session-replaced' });
  });

  it('[A6] also where the notice is lost, and where the first tab acts at that moment', async () => {
    const table = await openLedgerRoom();
    const { world, id, adas, ada, bobs } = table;
    world.disconnect(ada);
    const tab = world.client('ada', 'b');
    const seat = await world.clock.run(tab.client.join(ledger, { id }));
    const late = adas.act.add({ id: 'late' });
    ada.isOffline = false;
    assert.equal(((await world.clock.run(late)) as { code?: string }).code, 'session-replaced');
    assert.ok(adas.ended);
    assert.ok((await world.clock.run(seat.act.add({ id: 'x' }))).ok);
    await world.clock.waitUntil('Bob sees it', () => doneIds(bobs).length === 1);
  });

  it('[A6] a new session on the same connection goes on hearing', async () => {
    for (const nodes of [['a'], ['a', 'b', 'c']]) {
      const table = await openLedgerRoom(nodes);
      const { world, id, ada, adas, bobs } = table;
      const again = await world.clock.run(ada.client.join(ledger, { id }));
      assert.equal(adas.ended?.code, 'session-replaced');
      assert.ok((await world.clock.run(bobs.act.add({ id: 'x' }))).ok);
      await world.clock.waitUntil('it is heard', () => doneIds(again).length === 1, 500);
      assert.equal(again.ended, null);
      assert.ok((await world.clock.run(again.act.add({ id: 'y' }))).ok);
    }
  });

  it('[S1] a lost join reply locks nobody out, and makes no second seat', async () => {
    const world = new TestCluster([ledgerGame]);
    const [a] = (await world.start('a', 'b')) as [TestNode, TestNode];
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(ledger));
    const bob = world.client('bob', 'b');
    // The seat is written, and the line goes before the answer comes.
    world.faultFor = call => {
      if (call.op === 'append' && call.room === adas.id)
        for (const line of [...bob.connections]) line.breakConnection();
      return undefined;
    };
    const joining = bob.client.join(ledger, { id: adas.id });
    await world.clock.advance(50);
    world.faultFor = () => undefined;
    const bobs = await world.clock.run(joining);
    assert.equal(bobs.seat, 1);
    assert.deepEqual(
      bobs.players.map(p => p?.player),
      ['ada', 'bob'],
    );
    assert.ok((await world.clock.run(bobs.act.add({ id: 'x' }))).ok);
    assert.ok(a);
  });

  it('[S2] who loses the connection is away at once, and back with it; the seat is held', async () => {
    const table = await openLedgerRoom();
    const { world, bob, adas } = table;
    world.disconnect(bob);
    const gone = await world.clock.waitUntil('Ada sees him go', () => adas.players[1]!.here === false);
    assert.ok(gone < 50, `${gone} ms`);
    assert.ok(adas.players[1]!.until! - world.clock.now() > 59_000);
    bob.isOffline = false;
    await world.clock.waitUntil('Ada sees him come', () => adas.players[1]!.here && adas.players[1]!.until === null);
    await waitUntilConverged(table);
  });

  it('[S2] [S3] the end of the hold forfeits the seat; the other wins', async () => {
    const table = await openLedgerRoom();
    const { world, bob, adas } = table;
    world.disconnect(bob);
    const took = await world.clock.waitUntil('the match is over', () => adas.info.phase === 'ended', 90_000);
    assert.ok(took >= 59_000 && took < 62_000, `${took} ms`);
    assert.deepEqual(adas.info.result, { ranking: [[0], [1]] });
  });

  it('[S2] a player whose node died is away after 4 s, if not back before', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c', 'd']);
    const { world, bob, adas } = table;
    await world.clock.advance(6_000);
    bob.isOffline = true;
    world.kill(world.node('b'));
    const took = await world.clock.waitUntil('Ada sees him go', () => adas.players[1]!.here === false, 10_000);
    assert.ok(took > 3_000 && took < limits.presenceTimeout + 2_500, `${took} ms`);
    bob.isOffline = false;
    await world.clock.waitUntil('Ada sees him come', () => adas.players[1]!.here);
  });

  it('[S2] nobody is away for a moment because a report was under way when they joined', async () => {
    const world = new TestCluster([ledgerGame]);
    const hosts = await world.start('a', 'b', 'c');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(ledger));
    await world.clock.advance(6_000); // the owner knows its members by now
    const flickers: boolean[] = [];
    adas.onChange(() => {
      if (adas.players.some(p => p?.here === false)) flickers.push(true);
    });
    for (let i = 0; i < 40; i++) {
      const guest = world.client('guest', hosts[i % 3]!.name);
      const room = await world.clock.run(guest.client.watch(ledger, { id: adas.id }));
      room.close();
      guest.client.close();
      const tab = world.client('ada', hosts[(i + 1) % 3]!.name);
      const next = await world.clock.run(tab.client.join(ledger, { id: adas.id }));
      next.onChange(() => {
        if (next.players.some(p => p?.here === false)) flickers.push(true);
      });
      await world.clock.advance(37 + i * 29);
      assert.equal(ledgerDocument(world, adas.id) !== null && next.players[0]!.here, true, `round ${i}`);
    }
    assert.deepEqual(flickers, []);
  });

  it('[S2] who is seen again is back, also if it never noticed', async () => {
    const table = await openLedgerRoom();
    const { world, owner, bobs, adas } = table;
    await world.clock.advance(6_000);
    const bobsNode = world.node('b').node.id;
    // What Bob's node says of its members is lost for a while; nothing else is.
    world.dropsMessage = (from, _to, text) => from === bobsNode && text.includes('"heads"');
    await world.clock.waitUntil('Bob counts as away', () => adas.players[1]!.here === false, 10_000);
    world.dropsMessage = () => false;
    await world.clock.waitUntil('Bob counts as here', () => adas.players[1]!.here, 3_000);
    assert.equal(bobs.ended, null);
    assert.ok(owner.state === 'up');
    await waitUntilConverged(table);
  });

  it('[S6] a join that cannot be is refused with its reason', async () => {
    const table = await openLedgerRoom();
    const { world, id } = table;
    world.client('zoe', 'a');
    const { ask } = rawLine(world, world.node('a'), 'eve');
    const code = async (body: object) => ((await ask('join', body)) as JoinReply & { code: string }).code;
    assert.equal(await code({ room: id }), 'room-full');
    assert.equal(await code({ room: id, game: 'chess' }), 'wrong-game');
    assert.equal(await code({ room: 'nowhere' }), 'room-missing');
    assert.equal(await code({ code: 'ABCDE' }), 'bad-code');
    assert.equal(await code({ quick: { game: 'chess' } }), 'no-such-game');
    assert.equal(await code({ room: id, quick: { game: 'ledger' } }), 'bad-request');
    assert.equal(
      ((await ask('act', { room: id, name: 'add', data: { id: 'x' } })) as { code: string }).code,
      'not-in-room',
    );
    assert.equal(((await ask('inspect', { room: id })) as { code: string }).code, 'not-in-room');
    assert.equal(ledgerDocument(world, id)!.hidden.seats.filter(Boolean).length, 2);
  });

  it("a refused join leaves no ear at the room's door", async () => {
    const table = await openLedgerRoom();
    const { world, id } = table;
    const { ask, channels } = rawLine(world, world.node('a'), 'eve');
    await ask('join', { room: id });
    assert.deepEqual([...channels], []);
    await ask('join', { room: id, watch: true });
    assert.equal(channels.size, 1);
    await ask('leave', { room: id });
    assert.deepEqual([...channels], []);
  });

  it('[W2] a connection is in at most so many rooms, and asks at most so much', async () => {
    const world = new TestCluster([ledgerGame]);
    const [a] = (await world.start('a')) as [TestNode];
    const { ask } = rawLine(world, a, 'ada');
    const rooms: string[] = [];
    for (let i = 0; i <= limits.roomsPerConnection; i++) {
      const made = (await world.clock.run(a.node.lobby.create('x', { game: 'ledger' }))) as { room: string };
      rooms.push(made.room);
      const reply = (await ask('join', { room: made.room })) as { ok: boolean; code?: string };
      assert.equal(reply.ok ? 'ok' : reply.code, i < limits.roomsPerConnection ? 'ok' : 'too-many-rooms');
    }
    const eager = rawLine(world, a, 'bob');
    await world.clock.advance(2_000);
    const replies = await Promise.all(
      rooms.map(room => eager.ask('join', { room, watch: true }) as Promise<{ ok: boolean }>),
    );
    assert.equal(replies.filter(r => r.ok).length, limits.roomsPerConnection, 'also when all ask at once');
    const many = await Promise.all(
      Array.from({ length: 100 }, () => ask('list', {}) as Promise<{ code?: string; retryAfter?: number }>),
    );
    const refusal = many.find(r => r.code === 'slow-down');
    assert.ok(refusal && refusal.retryAfter! > 0);
  });

  it('[W1] [W5] the 20th malformed packet closes the line; none does anything', async () => {
    const table = await openLedgerRoom(['a']);
    const { world, id } = table;
    const { ask } = rawLine(world, world.node('a'), 'eve');
    const before = world.storeCalls.length;
    for (let i = 0; i < limits.malformedPackets.burst; i++) {
      assert.equal(
        ((await ask((['join', 'act', 'create', 'place'] as const)[i % 4]!, i)) as { code: string }).code,
        'bad-request',
      );
      await world.clock.advance(50);
    }
    assert.equal(await ask('act', { room: id }), null);
    assert.deepEqual(
      world.storeCalls.slice(before).filter(c => ['create', 'append', 'claim'].includes(c.op)),
      [],
    );
  });

  it('[W6] [A7] a client without the SDK plays: join, apply, act without numbers', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c']);
    const { world, id, bob, adas } = table;
    bob.client.close();
    await world.clock.advance(10);
    const { ask, channels } = rawLine(world, world.node('b'), 'bob');
    const joined = (await ask('join', { room: id })) as JoinSuccess;
    assert.equal(joined.seat, 1);
    assert.equal(channels.size, 1);
    assert.equal(((await ask('act', { room: id, name: 'add', data: { id: 'x' } })) as { ok: boolean }).ok, true);
    assert.equal(
      ((await ask('act', { room: id, name: 'deny', data: { id: 'y' } })) as { code: string }).code,
      'denied',
    );
    await world.clock.waitUntil('Ada sees it', () => doneIds(adas).length === 1);
    assert.deepEqual(doneIds(adas), ['x']);
  });

  it('[A7] an action without a number of which nobody knows is answered `unknown`, soon, and is not done twice', async () => {
    for (const lose of ['reply', 'request', 'kill', 'bug'] as const) {
      const table = await openLedgerRoom(['a', 'b', 'c']);
      const { world, id, bob, adas, owner } = table;
      world.storePublishes = () => false; // a verdict that the store tells is not lost with its reply
      bob.client.close();
      await world.clock.advance(10);
      const at = lose === 'bug' ? owner : world.node('b');
      const { ask } = rawLine(world, at, 'bob');
      await ask('join', { room: id });
      let lost = 0;
      if (lose === 'kill') {
        world.faultFor = call => {
          if (call.op === 'append' && call.room === id && lost++ === 0) world.kill(owner);
          return undefined;
        };
      } else if (lose === 'bug') {
        const real = world.memory.append.bind(world.memory);
        world.memory.append = (room, append) =>
          room === id && lost++ === 0 ? Promise.reject(new TypeError('a bug in the store')) : real(room, append);
      } else world.faultFor = call => (call.op === 'append' && call.room === id && lost++ === 0 ? { lose } : undefined);
      const from = world.clock.mono();
      assert.equal(
        ((await ask('act', { room: id, name: 'add', data: { id: 'x' } })) as { code: string }).code,
        'unknown',
        lose,
      );
      assert.ok(world.clock.mono() - from < 2_000, `${lose}: ${world.clock.mono() - from} ms`);
      await world.clock.advance(3_000);
      assert.ok(doneIds(adas).length <= 1);
    }
  });

  it('what a page may show of the machinery is right', async () => {
    const table = await openLedgerRoom();
    const { world, id, ada, adas, owner } = table;
    const shown = await world.clock.run(ada.client.inspect(adas));
    assert.equal(shown.node, 'a');
    assert.equal(shown.owner, owner.name);
    assert.deepEqual(shown.members.map(m => m.node).sort(), ['a', 'b']);
    assert.deepEqual(
      shown.nodes.map(n => n.name),
      ['a', 'b', 'c'],
    );
    assert.equal(shown.term, adas.term);
    const beside = world.client('eve', owner.name);
    const watching = await world.clock.run(beside.client.watch(ledger, { id }));
    assert.equal(
      (await world.clock.run(beside.client.inspect(watching))).owner,
      owner.name,
      'asked at the owner itself',
    );
  });

  it('[S6] watched by as many as may, a room lets in nobody else to watch, but its players, and one for each who goes', async () => {
    const table = await openLedgerRoom();
    const { world, id, ada } = table;
    const owner = world.owner(id)!;
    const lines = Array.from({ length: limits.watchers + 1 }, (_x, i) => rawLine(world, owner, `eve${i}`));
    const last = lines.pop()!;
    for (let from = 0; from < lines.length; from += limits.mailbox / 2) {
      const replies = (await world.clock.run(
        Promise.all(
          lines
            .slice(from, from + limits.mailbox / 2)
            .map(line => owner.node.clientRequests.handle(line.connection, 'join', { room: id, watch: true })),
        ),
      )) as JoinReply[];
      assert.ok(replies.every(reply => reply.ok));
    }
    const watch = () => last.ask('join', { room: id, watch: true }) as Promise<JoinReply>;
    assert.equal(((await watch()) as { code?: string }).code, 'too-many-watching');
    assert.ok((await world.clock.run(ada.client.join(ledger, { id }))).seat === 0);
    lines[0]!.close();
    await world.clock.waitUntil(
      'one has gone',
      () => owner.node.ownedRooms.get(id)!.head.watchers < limits.watchers,
      10_000,
    );
    assert.ok((await watch()).ok);
  });

  it('the number of spectators does not fall to 0 because somebody joins', async () => {
    const table = await openLedgerRoom();
    const { world, id, adas } = table;
    const seen: number[] = [];
    await world.clock.run(world.client('eve', 'a').client.watch(ledger, { id }));
    await world.clock.waitUntil('Ada hears of the spectator', () => adas.watchers === 1, 5_000);
    adas.onChange(() => seen.push(adas.watchers));
    for (let i = 0; i < 30; i++) {
      await world.clock.run(world.client(`eve${i}`, 'a').client.watch(ledger, { id }));
      await world.clock.advance(110);
    }
    assert.deepEqual(
      seen.filter(n => n === 0),
      [],
    );
  });

  it('making a room twice with one key makes one', async () => {
    const world = new TestCluster([ledgerGame]);
    const [a] = (await world.start('a', 'b')) as [TestNode];
    const { ask } = rawLine(world, a, 'ada');
    world.faultFor = call => (call.op === 'create' ? { lose: 'reply' } : undefined);
    assert.equal(((await ask('create', { game: 'ledger', key: 'k' })) as { code: string }).code, 'unavailable');
    world.faultFor = () => undefined;
    const [one, two] = [
      await ask('create', { game: 'ledger', key: 'k' }),
      await ask('create', { game: 'ledger', key: 'k' }),
    ] as { room: string; code: string }[];
    assert.deepEqual(one, two);
    assert.equal(world.storeCalls.filter(c => c.op === 'create').length >= 1, true);
  });

  it('quick join fills open rooms first, oldest first, and makes one where none is; many at once end up in pairs', async () => {
    const world = new TestCluster([ledgerGame]);
    await world.start('a', 'b', 'c');
    const rooms = await world.clock.run(
      Promise.all(Array.from({ length: 8 }, (_x, i) => world.client(`p${i}`, 'abc'[i % 3]!).client.quick(ledger))),
    );
    await world.clock.advance(3_000);
    const seated = new Map<string, number>();
    for (const room of rooms) seated.set(room.id, (seated.get(room.id) ?? 0) + 1);
    assert.ok([...seated.values()].every(n => n <= 2));
    const more = world.client('late', 'a');
    const open = [...seated.values()].filter(n => n === 1).length;
    const joined = await world.clock.run(more.client.quick(ledger));
    assert.equal(seated.has(joined.id), open > 0);
  });

  it('two hangs do not make a deadlock: a claim and an append that hang are outlived by the rest of the cluster', async () => {
    const table = await openLedgerRoom();
    const { world, id, owner, adas } = table;
    const { opened } = latch();
    world.faultFor = call => (call.node === owner.name && call.room === id ? { hold: opened } : undefined);
    const acting = adas.act.add({ id: 'x' });
    await world.clock.advance(50);
    world.kill(owner);
    assert.ok((await world.clock.run(acting)).ok);
    await waitUntilConverged(table);
  });
});

describe('views', () => {
  async function deal(nodes = ['a', 'b', 'c']) {
    const world = new TestCluster([handsGame]);
    await world.start(...nodes);
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(hands));
    const bob = world.client('bob', nodes[1] ?? 'a');
    const bobs = await world.clock.run(bob.client.join(hands, { id: adas.id }));
    const eve = world.client('eve', nodes[2] ?? 'a');
    const eves = await world.clock.run(eve.client.watch(hands, { id: adas.id }));
    await world.clock.waitUntil(
      'the match begins',
      () => adas.info.phase === 'playing' && bobs.info.phase === 'playing',
    );
    const owner = () => world.owner(adas.id)!;
    const held = () => (ledgerDocument(world, adas.id)!.state as { hands: string[][] }).hands;
    return { world, ada, adas, bob, bobs, eve, eves, owner, held };
  }

  it('[V1] no byte that a client receives holds what is not its own: live, on resume, in a snapshot, after a takeover, in refusals', async () => {
    const { world, ada, adas, bob, bobs, eve, eves, owner, held } = await deal();
    const secrets = () => ({ ada: new Set(held()[0]), bob: new Set(held()[1]) });
    for (let i = 0; i < 4; i++) for (const room of [adas, bobs]) assert.ok((await world.clock.run(room.act.draw())).ok);
    await world.clock.run(adas.act.whisper({ text: 'WHISPER-ada' }));
    await world.clock.run(bobs.act.whisper({ text: 'WHISPER-bob' }));
    await world.clock.run(bobs.act.show({ card: 0 }));
    assert.ok(!(await world.clock.run(adas.act.show({ card: 'x' } as never))).ok);
    for (const way of ['changes', 'snapshot'] as const) {
      for (const client of [bob, eve]) world.disconnect(client);
      for (let i = 0; i < (way === 'changes' ? 2 : 132); i++)
        await world.clock.run(way === 'changes' ? adas.act.draw() : adas.act.whisper({ text: 'WHISPER-ada' }));
      for (const client of [bob, eve]) client.isOffline = false;
      await world.clock.waitUntil('all are back', () => bobs.live && eves.live);
    }
    world.kill(owner());
    assert.ok((await world.clock.run(adas.act.draw())).ok);
    assert.ok((await world.clock.run(bobs.act.draw())).ok);
    await world.clock.advance(5_000);
    await world.clock.run(eve.client.inspect(eves));
    const own = secrets();
    assert.ok(own.ada.size >= 6 && own.bob.size >= 4);
    assert.deepEqual((adas.state as unknown as { yours: string[] }).yours, held()[0]);
    assert.deepEqual((bobs.state as unknown as { yours: string[] }).yours, held()[1]);
    const open = new Set((eves.state as unknown as { table: string[] }).table);
    for (const [who, client] of [
      ['ada', ada],
      ['bob', bob],
      ['eve', eve],
    ] as const) {
      const text = client.bytes.join('\n');
      assert.ok(client.bytes.length > 20);
      for (const card of text.match(/SECRET\d+x/g) ?? [])
        assert.ok(open.has(card) || (who !== 'eve' && own[who].has(card)), `${who} received ${card}`);
      for (const whisper of text.match(/WHISPER-\w+/g) ?? []) assert.equal(whisper, `WHISPER-${who}`);
      assert.doesNotMatch(text, /"(seed|hidden|stateVersion|closed|fault)"/);
    }
  });

  it('[V1] [V3] a spectator and a player see their own view, and an entry that changes nothing for them says nothing', async () => {
    const { world, adas, bobs, eves } = await deal();
    await world.clock.run(adas.act.draw());
    await world.clock.waitUntil('all have heard', () =>
      [eves, bobs].every(room => JSON.stringify(room.state).includes('"others":[1,0]')),
    );
    assert.deepEqual(eves.state, { yours: [], table: [], others: [1, 0] });
    assert.deepEqual(bobs.state, { yours: [], table: [], others: [1, 0] });
    assert.equal((adas.state as unknown as { yours: string[] }).yours.length, 1);
  });

  for (const how of ['throw', 'key', 'undefined'] as const) {
    it(`[R5] a view that fails (${how}) leaves its audience the last one, with an error; the others notice nothing, and the room lives`, async () => {
      const { world, adas, bobs, owner } = await deal();
      await world.clock.run(adas.act.draw());
      const at = owner();
      const { term } = adas;
      assert.ok((await world.clock.run(adas.act.spoil({ how }))).ok);
      assert.ok((await world.clock.run(adas.act.draw())).ok);
      await world.clock.waitUntil('Ada sees it', () => JSON.stringify(adas.state).includes(`spoil:${how}`));
      await world.clock.waitUntil('Bob is told', () => viewOf(bobs).error === 'view-failed');
      assert.deepEqual(bobs.state, { yours: [], table: [], others: [1, 0] }, 'the last view that worked');
      assert.deepEqual([owner() === at, adas.term], [true, term]);
      assert.ok((await world.clock.run(bobs.act.spoil({ how: 'heal' }))).ok);
      await world.clock.waitUntil('Bob sees again', () => JSON.stringify(bobs.state).includes('"others":[2,0]'));
      assert.equal(viewOf(bobs).error, undefined);
    });
  }

  it('[R5] also for one who joins while it fails', async () => {
    const { world, adas, bobs, bob } = await deal();
    await world.clock.run(adas.act.spoil({ how: 'key' }));
    world.disconnect(bob);
    await world.clock.advance(100);
    bob.isOffline = false;
    await world.clock.waitUntil('Bob is back', () => bobs.live);
    assert.ok((await world.clock.run(adas.act.spoil({ how: 'heal' }))).ok);
    await world.clock.waitUntil(
      'Bob sees again',
      () => JSON.stringify(bobs.state) === JSON.stringify({ yours: [], table: [], others: [0, 0] }),
    );
  });
});

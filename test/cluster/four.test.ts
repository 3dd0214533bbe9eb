import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { io } from 'socket.io-client';
import type { Client, Room } from '../../client/index.ts';
import { startCluster, type Cluster } from '../../server/launcher/cluster.ts';
import { until } from '../../server/launcher/until.ts';
import { fourInARow } from '../../shared/games/four-in-a-row/contract.ts';
import { clientFrom, eventually, network, Tunnel } from './table.ts';

type Four = Room<(typeof fourInARow)['def']>;

/** Four in a Row through nginx, on three nodes with Redis. */
describe('Four in a Row on a cluster', () => {
  let cluster: Cluster;
  const clients: Client[] = [];
  let networks = 0;
  const client = (...args: Parameters<typeof clientFrom> extends [string, number, ...infer R] ? R : never) => {
    const made = clientFrom(cluster.url, ++networks, ...args);
    clients.push(made);
    return made;
  };
  const pair = async (options: { turnSeconds?: number; private?: boolean } = {}, how: Parameters<typeof client>[0] = {}): Promise<[Four, Four]> => {
    const { private: hidden = true, ...rest } = options;
    const a = await client(how).create(fourInARow, { options: { turnSeconds: 0, ...rest }, private: hidden });
    const b = await client(how).join(fourInARow, { code: a.code });
    await eventually('the match is on', () => a.info.phase === 'playing' && b.info.phase === 'playing');
    return [a, b];
  };
  const turn = ([a, b]: [Four, Four]) => (a.state!.turn === a.seat ? a : b);
  const move = async (table: [Four, Four], column: number) => {
    const said = await turn(table).act.drop({ column });
    assert.equal(said.ok, true, JSON.stringify(said));
    const moves = Math.max(...table.map(r => r.state!.moves)); // the one who moved has it by now
    await eventually('both see it', () => table.every(r => r.state!.moves >= moves));
  };
  const restartAll = async () => { for (const n of cluster.nodes) if (n.state === 'down') await cluster.restart(n.name); };
  const ownerOf = async (room: Four, by: Client) => (await by.inspect(room as never)).owner!;

  before(async () => { cluster = await startCluster({ nodes: 3, quiet: true, env: { LOG_LEVEL: 'warn' } }); });
  afterEach(async () => {
    for (const c of clients.splice(0)) c.close();
    await restartAll();
  });
  after(async () => { await cluster?.stop(); });

  for (const transport of ['websocket', 'polling'] as const) {
    it(`a whole match over ${transport}, the owner killed -9 in the middle`, async () => {
      const table = await pair({}, { transports: [transport] });
      for (const column of [0, 1, 0, 1]) await move(table, column);
      const victim = await ownerOf(table[0], clients.at(-2)!);
      const { term } = table[0];
      await cluster.kill(victim);
      for (const column of [0, 1, 0]) await move(table, column);
      assert.ok(table[0].term > term);
      assert.equal(table[0].info.phase, 'ended');
      assert.deepEqual(table[0].state, table[1].state);
      assert.deepEqual(table[0].info.result, table[1].info.result);
      assert.equal(table[0].state!.line!.length, 4);
    });
  }

  it('[T3][O8] a turn clock that runs out while its owner is dead decides the game, once, with players there', async () => {
    const table = await pair({ turnSeconds: 2 });
    const loser = table[0].state!.turn;
    const ends: number[] = [];
    for (const room of table) room.onChange(() => { if (room.info.phase === 'ended') ends.push(room.place[1]); });
    await cluster.kill(await ownerOf(table[0], clients.at(-2)!));
    await eventually('the clock decides', () => table.every(r => r.info.phase === 'ended'));
    assert.deepEqual(table[0].info.result, { ranking: [[1 - loser], [loser]] });
    assert.deepEqual(table[1].info.result, table[0].info.result);
  });

  it('[T3][O8] the same with nobody connected: the due index finds the room', async () => {
    const table = await pair({ turnSeconds: 3, private: false });
    const loser = table[0].state!.turn;
    const { id } = table[0];
    const victim = await ownerOf(table[0], clients.at(-2)!);
    for (const c of clients.splice(0)) c.close();
    await cluster.kill(victim);
    // The list is read from the store: unlike a spectator, it wakes nobody.
    const listed = async () => ((await (await fetch(`${cluster.url}/rooms.json`)).json()) as { rooms: { id: string; phase: string }[] }).rooms.find(r => r.id === id)?.phase;
    await until('the list says that it is over', async () => ((await listed()) === 'ended' ? true : undefined), { within: 20_000 });
    const seen = await client().watch(fourInARow, { id });
    assert.deepEqual(seen.info.result, { ranking: [[1 - loser], [loser]] });
  });

  it('[S2][C2] a player who was away is back in the seat, with what was missed', async () => {
    const tunnel = Tunnel.to(cluster.url, 200);
    const phone = client({ transport: tunnel });
    const a = await phone.create(fourInARow, { options: { turnSeconds: 0 } });
    const b = await client().join(fourInARow, { id: a.id });
    const table: [Four, Four] = [a, b];
    await eventually('the match is on', () => a.info.phase === 'playing');
    if (turn(table) === a) await move(table, 3);
    const resumed: string[] = [];
    const heard: boolean[] = [];
    a.onResume(r => resumed.push(`${r.with} ${String(r.lost)}`));
    a.on('dropped', (_e, about) => heard.push(about.replayed));
    tunnel.enter();
    await eventually('the others see it', () => b.info.seats[a.seat!]!.here === false);
    assert.ok(b.info.seats[a.seat!]!.until! > b.now());
    assert.equal((await b.act.drop({ column: 4 })).ok, true);
    tunnel.leave();
    await eventually('back, and seen to be', () => b.info.seats[a.seat!]!.here && a.state!.moves === b.state!.moves && a.live);
    assert.deepEqual(a.state, b.state);
    assert.deepEqual(heard, [true]);
    assert.equal(resumed.at(-1), 'changes false');
  });

  it('[A6][S1] two windows of one player: the newer one has the seat, the older one is told', async () => {
    let token: string | null = null;
    const storage = { getItem: () => token, setItem: (_k: string, v: string) => { token = v; }, removeItem: () => { token = null; } };
    const first = client({ storage });
    const a = await first.create(fourInARow, { private: true });
    const told: string[] = [];
    a.onEnd(refusal => told.push(refusal.code));
    const again = await client({ storage }).join(fourInARow, { id: a.id });
    assert.equal(again.seat, 0);
    await eventually('the older window is told', () => told.length > 0);
    assert.deepEqual(told, ['session-replaced']);
    assert.equal((await a.act.drop({ column: 0 })).ok, false);
    assert.equal(again.ended, null);
  });

  it('[S6] full, missing, ended, wrong code: each its own refusal', async () => {
    const table = await pair();
    const third = client();
    const refused = async (what: Promise<unknown>) => what.then(() => 'entered', (e: { code: string }) => e.code);
    assert.equal(await refused(third.join(fourInARow, { id: table[0].id })), 'room-full');
    assert.equal(await refused(third.join(fourInARow, { id: 'no-such-room' })), 'room-missing');
    assert.equal(await refused(third.join(fourInARow, { code: 'ZZZZZ' })), 'bad-code');
    assert.equal(await refused(third.join({ ...fourInARow, name: 'chess' }, { id: table[0].id })), 'wrong-game');
    await table[0].leave();
    await eventually('it is over', () => table[1].info.phase === 'ended');
    await table[1].leave();
    const watcher = await third.watch(fourInARow, { id: table[0].id });
    assert.equal(watcher.info.phase, 'ended');
    assert.equal(await refused(client().join(fourInARow, { id: table[0].id })), 'room-ended');
  });

  it('[W4] a forged token is refused at the handshake, and a client that had one becomes a new guest', async () => {
    const socket = io(cluster.url, { auth: { token: 'eyJhbGciOiJub25lIn0.e30.' }, reconnection: false, ...network(250).socket, transports: ['websocket'] });
    const error = await new Promise<{ data?: { code: string } }>(resolve => socket.once('connect_error', e => resolve(e as never)));
    assert.equal(error.data?.code, 'bad-token');
    const c = client({ token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA' });
    let renewed = 0;
    c.onNewIdentity(() => { renewed += 1; });
    assert.ok((await c.create(fourInARow, { private: true })).code);
    assert.equal(renewed, 1);
  });
});

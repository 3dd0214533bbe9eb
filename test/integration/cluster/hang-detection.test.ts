import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { countFaults, seatPlayers, type Player } from '../../../bench/players.ts';
import type { Client, Room } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { poison } from './hanging-game.ts';
import { clientFrom } from './clients.ts';
import { eventually, until } from '../../../tools/until.ts';

type Poisoned = Room<(typeof poison)['def']>;
const operator = 'for-tests-only-4Hd8sKq1PzWx7NvBt3Ym6Jc';

/** Real nodes, and a game whose rules hang when they are told to. */
describe('a rule that hangs', function () {
  this.timeout(240_000); // each waits for nodes that end and come up again
  let cluster: Cluster;
  let others: Player[][];
  const deaths: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const clients: Client[] = [];

  before(async () => {
    await requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`));
    cluster = await startCluster({
      nodes: 3,
      quiet: true,
      restartCrashed: true,
      script: 'test/integration/cluster/hanging-game-node.ts',
      env: { LOG_LEVEL: 'warn', OPERATOR_TOKEN: operator },
    });
    cluster.on('exit', exit => {
      if (exit.name.startsWith('node')) deaths.push(`${exit.name} ${exit.signal ?? exit.code}`);
    });
    cluster.on('line', (_name, line) => {
      if (line.startsWith('{')) lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    others = await seatPlayers(cluster.url, 4, 150);
    for (const player of others.flat()) player.start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await allUp();
    deaths.length = lines.length = 0;
  });
  after(async () => {
    for (const player of others?.flat() ?? []) {
      void player.stop();
      player.client.close();
    }
    await cluster?.stop();
  });

  /** They answer, too: play may well go on elsewhere before the watch of a node that hangs has had its turn. */
  const allUp = () =>
    until(
      'all nodes are up',
      async () => {
        const answers = await Promise.all(
          cluster.nodes.map(
            async n =>
              n.state === 'up' &&
              (await fetch(`${n.url}/healthz`, { signal: AbortSignal.timeout(5_000) }).then(
                r => r.ok,
                () => false,
              )),
          ),
        );
        return answers.every(Boolean) || undefined;
      },
      { timeoutMs: 60_000 },
    );
  const hungLines = () => lines.filter(l => typeof l['msg'] === 'string' && l['msg'].startsWith('a rule hung for'));
  async function seated(players: number): Promise<Poisoned[]> {
    const rooms: Poisoned[] = [];
    for (let i = 0; i < players; i++) {
      const client = clientFrom(cluster.url, 100 + clients.length);
      clients.push(client);
      rooms.push(
        i === 0 ? await client.create(poison, { private: true }) : await client.join(poison, { id: rooms[0]!.id }),
      );
    }
    return rooms;
  }
  async function playing(players = 2): Promise<Poisoned[]> {
    const rooms = await seated(players);
    await rooms[0]!.start();
    return rooms;
  }
  const ask = (path: string, how: RequestInit = {}, token = operator) =>
    fetch(`${cluster.nodes.find(n => n.state === 'up')!.url}/operator${path}`, {
      ...how,
      headers: { authorization: `Bearer ${token}` },
    });
  const listed = async (id: string) =>
    ((await (await ask('/quarantined')).json()) as { rooms: { id: string; game: string; why: string }[] }).rooms.find(
      r => r.id === id,
    );

  /**
   * On a machine that is starved of time a node may be held for dead before its watch has had its turn, and the next
   * one runs into the same. So each of these is tried up to four times, and must once cost one node; all else must hold
   * each time.
   */
  async function costsOneNode(play: () => Promise<string>): Promise<void> {
    const cost: number[] = [];
    while (cost.length < 4 && !cost.includes(1)) {
      deaths.length = lines.length = 0;
      const room = await play();
      await eventually('a node has ended', () => deaths.length > 0, 60_000);
      await allUp();
      await eventually('each has said why', () => hungLines().length >= deaths.length);
      cost.push(deaths.length);
      assert.ok(
        deaths.every(d => d.endsWith('SIGKILL')),
        deaths.join(),
      );
      assert.deepEqual([...new Set(hungLines().map(l => l['room']))], [room]);
      assert.equal(await listed(room), undefined, 'once is no reason to take a room out of play');
    }
    assert.ok(cost.includes(1), `nodes that it cost: ${cost.join(', ')}`);
  }

  it('[R8] an action: one node ends, the action is refused, and is not run again; the room, and all others, go on', async () => {
    await costsOneNode(async () => {
      const [ann, bob] = (await playing()) as [Poisoned, Poisoned];
      assert.ok((await bob.act.add({})).ok);
      const heard = others.flat().map(p => p.acked.length);
      const said = await Promise.all([bob.act.add({}), ann.act.hang({}), ann.act.add({})]);
      assert.deepEqual(
        said.map(s => (s.ok ? 'ok' : `${s.code}: ${s.detail}`)),
        ['ok', 'rule-failed: it took too long', 'ok'],
      );
      await eventually('both see the same', () => ann.state?.count === 3 && bob.state?.count === 3);
      assert.ok((await bob.act.add({})).ok);
      await eventually('everybody else plays on', () => others.flat().every((p, i) => p.acked.length > heard[i]! + 5));
      const [line] = hungLines();
      assert.deepEqual(
        { game: line?.['game'], rule: line?.['rule'], input: line?.['input'], n: line?.['n'] },
        { game: 'poison', rule: 'actions.hang', input: 'act', n: 2 },
      );
      return ann.id;
    });
    await Promise.all(others.flat().map(p => p.stop()));
    await eventually('all members of a room see the same', () =>
      others.every(r => new Set(r.map(p => JSON.stringify(p.room.state))).size === 1),
    );
    for (const room of others) assert.deepEqual(countFaults(room), { lost: 0, doubled: 0, missing: 0, diverged: 0 });
    for (const player of others.flat()) player.start();
  });

  it('[R8] [R9] three within an hour: the room is out of play, and no other node ends; its operator sees it and has it go on', async () => {
    const [ann, bob] = (await playing()) as [Poisoned, Poisoned];
    assert.ok((await ann.act.add({})).ok);
    for (let i = 1; i <= 3; i++) {
      const said = await ann.act.hang({});
      assert.ok(!said.ok && (said.code === 'rule-failed' || i === 3), JSON.stringify(said));
      await allUp();
    }
    assert.equal(
      (await listed(ann.id))?.why,
      'rules hung 3 times within an hour: actions.hang, actions.hang, actions.hang',
    );
    const before = deaths.length;
    assert.equal((await ann.act.hang({})).ok, false);
    const eve = clientFrom(cluster.url, 200);
    clients.push(eve);
    await assert.rejects(eve.join(poison, { id: ann.id }), { code: 'room-quarantined' });
    assert.match(await (await fetch(`${cluster.nodes[0]!.url}/metrics`)).text(), /^rejoin_quarantined_rooms 1$/m);
    assert.equal((await ask('/quarantined', {}, 'x'.repeat(40))).status, 401);
    assert.equal((await ask(`/rooms/${ann.id}/release`, { method: 'POST' }, '')).status, 401);
    assert.equal((await ask('/rooms/no-such-room/release', { method: 'POST' })).status, 404);
    for (let i = 0; i < 2; i++)
      assert.deepEqual(await (await ask(`/rooms/${ann.id}/release`, { method: 'POST' })).json(), { ok: true });
    assert.equal(await listed(ann.id), undefined);
    await until(
      'Bob plays on, or comes back and does',
      async () => {
        const room = bob.ended ? await clients[1]!.join(poison, { id: ann.id }) : bob;
        return (await room.act.add({})).ok && room.state!.count >= 2 ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
    assert.equal(deaths.length, before);
  });

  it('[R8] [R9] a tick, over and over: some nodes end, then the room is out of play, and nothing of it is run when it is loaded', async () => {
    const [ann] = (await playing()) as [Poisoned];
    await ann.act.spoil({ where: 'tick' });
    const { why } = await until(
      'the room is out of play',
      async () => (await listed(ann.id).catch(() => undefined)) ?? undefined,
      { timeoutMs: 80_000 },
    );
    assert.equal(why, 'rules hung 3 times within an hour: tick, tick, tick');
    await allUp();
    const before = deaths.length;
    const eve = clientFrom(cluster.url, 201);
    clients.push(eve);
    assert.equal((await eve.watch(poison, { id: ann.id })).info.phase, 'quarantined');
    assert.equal(deaths.length, before);
  });
});

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { countFaults, seatPlayers, type Player } from '../../../bench/players.ts';
import { connect, type Client } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { askRedis } from '../../../tools/local-cluster/ask-redis.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { eventually, until } from '../../../tools/until.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';

/** Real Redis servers, sentinels, nginx and nodes, and players in closed loops. */
describe('play goes on through a failover of Redis', () => {
  let cluster: Cluster;
  let rooms: Player[][] = [];
  const clients: Client[] = [];
  const lines: string[] = [];
  const players = () => rooms.flat();

  before(() => requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`)).then(() => {}));
  afterEach(async () => {
    for (const player of players()) {
      void player.stop();
      player.client.close();
    }
    for (const client of clients.splice(0)) client.close();
    rooms = [];
    lines.length = 0;
    await cluster?.stop({ force: true });
  });
  after(() => cluster?.stop({ force: true }));

  const begin = async (redis: { replicas: number; waitReplicas?: number; nodes?: number }) => {
    cluster = await startCluster({
      nodes: 2,
      quiet: true,
      script: 'bench/tally-node.ts',
      downAfterMs: 3_000,
      env: { LOG_LEVEL: 'warn' },
      ...redis,
    });
    cluster.on('line', (_name, line) => lines.push(line));
    rooms = await seatPlayers(cluster.url, 3, 40);
    for (const player of players()) player.start();
    await goesOn();
  };
  const goesOn = async () => {
    const counts = players().map(p => p.acked.length);
    await eventually('everybody gets verdicts', () => players().every((p, i) => p.acked.length > counts[i]! + 3));
  };
  const allSeeTheSame = () =>
    eventually('all members of a room see the same', () =>
      rooms.every(r => new Set(r.map(p => JSON.stringify(p.room.state))).size === 1),
    );
  const counter = async (name: string) => {
    const texts = await Promise.all(cluster.nodes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    return texts.reduce((sum, text) => sum + Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0), 0);
  };
  const nextMaster = () => new Promise<string>(resolve => cluster.once('master', resolve));

  it('[J9] [O4] [O17] with a replica that confirms: the master is killed, then the next one freezes; every verdict stands, once, in order', async () => {
    await begin({ replicas: 2 });
    const killed = cluster.redisServers.find(s => s.master)!.name;
    let next = nextMaster();
    await cluster.killRedis();
    await next;
    await goesOn();
    await cluster.startRedis(killed);
    await cluster.waitForReplicas();
    next = nextMaster();
    const frozen = cluster.redisServers.find(s => s.master)!.name;
    cluster.freezeRedis();
    await next;
    await goesOn();
    cluster.resumeRedis(frozen);
    await goesOn();
    await Promise.all(players().map(p => p.stop()));
    await allSeeTheSame();
    for (const room of rooms) assert.deepEqual(countFaults(room), { lost: 0, doubled: 0, missing: 0, diverged: 0 });
    assert.deepEqual(
      [await counter('rejoin_lost_positions_total'), await counter('rejoin_lost_entries_total')],
      [0, 0],
    );
  }).timeout(240_000);

  it('[C2] [O4] [O19] a replica that lagged behind becomes the master: every client is told, the operator too, nobody diverges, clocks go on', async () => {
    // One node: what was lost is counted where a room is claimed by the node that had run it.
    await begin({ replicas: 1, waitReplicas: 0, nodes: 1 });
    for (let i = 0; i < 2; i++) clients.push(connect(cluster.url, { storage: null }));
    const a = await clients[0]!.create(fourInARow, { options: { turnSeconds: 5 } });
    const b = await clients[1]!.join(fourInARow, { code: a.code });
    await eventually('the match is on', () => a.info.phase === 'playing' && b.info.phase === 'playing');
    await until(
      'the replica has it',
      async () => {
        const info = await askRedis(cluster.redisUrl, ['INFO', 'replication']);
        return /slave0:.*state=online/.test(info) || undefined;
      },
      { timeoutMs: 20_000 },
    );
    await goesOn();
    // From here on the replica gets nothing. It is not refused for long: a replica that is cut off for ten times as
    // long as
    // it takes to hold a master for dead is not promoted.
    await askRedis(cluster.redisUrl, ['ACL', 'SETUSER', 'replica', 'off']);
    await askRedis(cluster.redisUrl, ['CLIENT', 'KILL', 'USER', 'replica']);
    await goesOn();
    await goesOn();
    const told = new Set<Player>();
    for (const player of players())
      player.room.onResume(how => {
        if (how.lost) told.add(player);
      });
    const terms = rooms.map(r => r[0]!.room.term);
    const next = nextMaster();
    await cluster.killRedis();
    assert.equal(await next, 'redis-2');
    await eventually('every client is told that something is lost', () => told.size === players().length);
    await eventually('under another term', () => rooms.every((r, i) => r.every(p => p.room.term > terms[i]!)));
    await goesOn();
    await Promise.all(players().map(p => p.stop()));
    await allSeeTheSame();
    for (const room of rooms) assert.deepEqual([countFaults(room).doubled, countFaults(room).diverged], [0, 0]);
    assert.ok((await counter('rejoin_lost_positions_total')) >= players().length);
    await until(
      'the operator can count it',
      async () =>
        ((await counter('rejoin_lost_rooms_total')) >= rooms.length &&
          (await counter('rejoin_lost_entries_total')) > rooms.length) ||
        undefined,
      { timeoutMs: 20_000 },
    );
    await eventually('and reads of it', () => lines.some(line => line.includes('store lost acknowledged entries')));
    // Nobody moves: the turn clock ends the match, though it began under a master that is gone.
    await eventually('the turn clock strikes', () => a.info.phase !== 'playing' || a.info.result !== null);
  }).timeout(240_000);
});

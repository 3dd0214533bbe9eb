import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { connect } from '../../../client/index.ts';
import { tally } from '../../../bench/tally.ts';
import { countFaults, seatPlayers, type Player } from '../../../bench/players.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { eventually } from '../../../tools/until.ts';

/** Real Redis, nginx and nodes; players in closed loops; something is killed. Then everything is counted. */
describe('play goes on', function () {
  this.timeout(180_000); // each waits for nodes that end and come up again
  let cluster: Cluster;
  let rooms: Player[][];
  const exits: string[] = [];

  before(async () => {
    await requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`));
    cluster = await startCluster({
      nodes: 3,
      quiet: true,
      redis: { appendfsync: 'always' },
      script: 'bench/tally-node.ts',
      env: { LOG_LEVEL: 'warn' },
    });
    cluster.on('exit', exit => {
      if (!exit.expected) exits.push(exit.name);
    });
    rooms = await seatPlayers(cluster.url, 6, 120);
    for (const player of rooms.flat()) player.start();
  });

  after(async () => {
    for (const player of rooms?.flat() ?? []) {
      void player.stop();
      player.client.close();
    }
    await cluster?.stop();
  });

  const players = () => rooms.flat();
  const ownerOf = async (room: Player[]) => (await room[0]!.client.inspect(room[0]!.room as never)).owner!;
  /** Everybody gets verdicts again, from now on. */
  const goesOn = async () => {
    const counts = players().map(p => p.acked.length);
    await eventually('everybody gets verdicts again', () => players().every((p, i) => p.acked.length > counts[i]! + 3));
  };
  /** Lets all hands rest, and holds what each player was told against what the room says. */
  const audit = async () => {
    await Promise.all(players().map(p => p.stop()));
    await eventually('all members of a room see the same', () =>
      rooms.every(r => new Set(r.map(p => JSON.stringify(p.room.state))).size === 1),
    );
    for (const room of rooms) assert.deepEqual(countFaults(room), { lost: 0, doubled: 0, missing: 0, diverged: 0 });
    assert.deepEqual(
      players().flatMap(p => p.refusals),
      [],
    );
    assert.deepEqual(exits, []);
    for (const player of players()) player.start();
  };

  it('[O2][O3][O8][A3] the owner of rooms is killed -9, twice over: every verdict stands, once, in order', async () => {
    for (let i = 0; i < 2; i++) {
      const victim = await ownerOf(rooms[i]!);
      const { term } = rooms[i]![0]!.room;
      await cluster.kill(victim);
      await eventually('another owner', () => rooms[i]!.every(p => p.room.term > term));
      await goesOn();
      await cluster.restart(victim);
    }
    await audit();
  });

  it('[O6][J1] a frozen owner is replaced, and changes nothing when it wakes', async () => {
    const victim = await ownerOf(rooms[0]!);
    const { term } = rooms[0]![0]!.room;
    cluster.freeze(victim, 5_000);
    await eventually('another owner', () => rooms[0]!.every(p => p.room.term > term));
    await goesOn();
    await eventually('it is awake', () => cluster.nodes.find(n => n.name === victim)!.state === 'up');
    // Whichever node is asked now, the one that slept included: nobody answers for the room but its owner.
    for (const node of cluster.nodes) {
      const client = connect(node.url, { storage: null });
      const seen = await client.watch(tally, { id: rooms[0]![0]!.room.id });
      assert.ok(seen.term > term, `${node.name} answers for a term of the past`);
      assert.ok((await client.inspect(seen as never)).term > term);
      client.close();
    }
    await goesOn();
    await audit();
  });

  it('[O3][O4] Redis is killed and restarted: no node dies, nothing accepted is lost', async () => {
    await cluster.killRedis();
    await eventually('somebody waits for a verdict', () => players().some(p => p.room.pending > 0));
    await cluster.startRedis();
    await goesOn();
    await audit();
  });

  it('[O10] every node is drained, one after the other: no player has to do anything', async () => {
    for (const { name } of cluster.nodes) {
      await cluster.drain(name);
      await goesOn();
      await cluster.restart(name);
    }
    await audit();
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { seatPlayers, type Player } from '../../../bench/players.ts';
import { tally } from '../../../bench/tally.ts';
import { connect } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import type { TallyV2 } from './tally-v2.ts';
import { eventually } from '../../../tools/until.ts';

/** What a node says of the rooms that it had when it was told to go. */
interface Drain {
  rooms: number;
  moved: number;
}

/** Real Redis, nginx and nodes; players in closed loops; every node is replaced by one with a changed game. */
describe('a rolling deploy', () => {
  let cluster: Cluster;
  let rooms: Player[][];
  const unexpected: string[] = [];
  const drains: Drain[] = [];

  before(async () => {
    await requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`));
    cluster = await startCluster({ nodes: 3, quiet: true, script: 'bench/tally-node.ts', env: { LOG_LEVEL: 'info' } });
    cluster.on('line', (_name, line) => {
      if (line.includes('"rooms handed over"')) drains.push(JSON.parse(line) as Drain);
    });
    cluster.on('exit', exit => {
      if (!exit.expected) unexpected.push(exit.name);
    });
    rooms = await seatPlayers(cluster.url, 9, 150);
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
  const goesOn = async () => {
    const counts = players().map(p => p.acked.length);
    await eventually('everybody gets verdicts', () => players().every((p, i) => p.acked.length > counts[i]! + 5));
  };
  const versions = () => rooms.map(([p]) => p!.room.info.version);

  it('[K1] [K2] [O13] [O15] nodes of the old and the new version side by side, one replaced after the other, under play: nothing is lost, nobody comes back by hand, and in the end all rooms are of the new version', async function () {
    this.timeout(240_000);
    const ended: string[] = [];
    for (const { room } of players()) room.onEnd(refusal => ended.push(refusal.code));
    await goesOn();
    assert.deepEqual(new Set(versions()), new Set([1]));
    for (const { name } of cluster.nodes) {
      await cluster.restart(name, { script: 'test/integration/cluster/tally-v2-node.ts' });
      await goesOn();
    }
    await eventually('all rooms are of the new version', () => versions().every(v => v === 2));
    await goesOn();
    // Made and joined now, by a client of the old contract that was never loaded anew.
    const late = connect(cluster.nodes[0]!.url, { storage: null });
    const made = await late.create(tally, { private: true });
    assert.equal(made.info.version, 2);
    late.close();
    await Promise.all(players().map(p => p.stop()));
    await eventually('all members of a room see the same', () =>
      rooms.every(r => new Set(r.map(p => JSON.stringify(p.room.state))).size === 1),
    );
    for (const room of rooms) {
      const { seats, migratedFrom } = room[0]!.room.state as unknown as TallyV2;
      assert.equal(migratedFrom, 1);
      for (const player of room)
        assert.deepEqual(seats[player.room.seat!], { last: player.acked.at(-1), again: 0, missing: 0 });
    }
    assert.deepEqual(
      players().flatMap(p => p.refusals),
      [],
    );
    assert.deepEqual(ended, []);
    assert.deepEqual(unexpected, []);
    assert.equal(drains.length, 3);
    for (const { rooms: had, moved } of drains)
      assert.equal(moved, had, 'every room of a node that went was given to another');
  });
});

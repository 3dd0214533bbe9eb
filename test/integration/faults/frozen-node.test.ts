import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { connect, type Client, type Room } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { addressOptions } from '../cluster/clients.ts';
import { eventually, until } from '../../../tools/until.ts';
import type { EffectLine } from './checker/records.ts';
import { ledger, linesOfAMatch } from './node/ledger.ts';

type Table = [Room<(typeof ledger)['def']>, Room<(typeof ledger)['def']>];

/**
 * Two failures that are known from others: rooms that vanish with a missed health check, and matches that run twice
 * after a stall.
 */
describe('a node that stalls', () => {
  let cluster: Cluster;
  let folder: string;
  const clients: Client[] = [];
  const client = () => {
    const made = connect(cluster.url, { storage: null, ...addressOptions(100 + clients.length) });
    clients.push(made);
    return made;
  };
  const table = async (hidden: boolean): Promise<Table> => {
    const a = await client().create(ledger, { private: hidden });
    const b = await client().join(ledger, { id: a.id });
    await eventually('the match is on', () => a.info.phase === 'playing' && b.info.phase === 'playing');
    return [a, b];
  };
  const ownerOf = async (room: Room<never>, by: Client) => (await by.inspect(room)).owner!;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rejoin-stalled-'));
    cluster = await startCluster({
      nodes: 3,
      quiet: true,
      script: 'test/integration/faults/node/lab-node.ts',
      env: { LOG_LEVEL: 'warn', FAULTS_DIR: folder },
    });
  });
  after(async () => {
    for (const c of clients) c.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('[O6] misses health checks, for less and for more than the silence that is death: none of its live rooms leaves the list', async () => {
    const tables = await Promise.all(Array.from({ length: 6 }, () => table(false)));
    const ids = tables.map(([a]) => a.id);
    const list = async (url: string) =>
      ((await (await fetch(`${url}/rooms.json`)).json()) as { rooms: { id: string }[] }).rooms.map(r => r.id);
    let looked = 0;
    for (const ms of [500, 1_000, 2_500]) {
      const victim = await ownerOf(tables[0]![0] as never, clients[0]!);
      const other = cluster.nodes.find(n => n.name !== victim)!;
      cluster.freeze(victim, ms);
      const awake = () => cluster.nodes.find(n => n.name === victim)!.state === 'up';
      do {
        const seen = await list(other.url);
        assert.deepEqual(
          ids.filter(id => !seen.includes(id)),
          [],
          `after ${looked} looks, ${victim} frozen for ${ms} ms`,
        );
        looked += 1;
        await new Promise(done => setTimeout(done, 50));
      } while (!awake());
      // It plays on, in every room, and the list has them all on the node that slept as well.
      for (const [a, b] of tables) {
        assert.equal((await a.act.write({ id: `${a.id}.${ms}` })).ok, true);
        await eventually('both see it', () => b.state!.lines.includes(`${a.id}.${ms}`));
      }
      const seen = await until(
        'the node that slept answers',
        () => list(cluster.nodes.find(n => n.name === victim)!.url).catch(() => undefined),
        { timeoutMs: 20_000 },
      );
      assert.deepEqual(
        ids.filter(id => !seen.includes(id)),
        [],
      );
    }
    assert.ok(looked > 10);
  });

  it('[E1][E2][J1] stands still at the very end of a match: it ends once, and its result is reported under one key', async () => {
    const [a, b] = await table(true);
    const reports = () =>
      (existsSync(join(folder, 'effects.jsonl')) ? readFileSync(join(folder, 'effects.jsonl'), 'utf8') : '')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as EffectLine)
        .filter(e => e.room === a.id && e.effect === 'report');
    const ends: string[] = [];
    for (const room of [a, b])
      room.onChange(() => {
        if (room.info.phase === 'ended') ends.push(`${room.info.match} ${JSON.stringify(room.info.result)}`);
      });
    // The last action is sent so long after the owner stands still: before, in the same moment, when it is held for
    // dead.
    for (const [i, lead] of [-3, 0, 1_300].entries()) {
      for (let n = 0; n < linesOfAMatch - 1; n += 2) {
        await Promise.all(
          [a, b]
            .slice(0, Math.min(2, linesOfAMatch - 1 - n))
            .map(room => room.act.write({ id: `m${i}.${n}.${room.seat}` })),
        );
      }
      const victim = await ownerOf(a as never, clients.at(-2)!);
      const last = () => a.act.write({ id: `m${i}.last` });
      const early = lead < 0 ? last() : null;
      if (lead < 0) await new Promise(done => setTimeout(done, -lead));
      cluster.freeze(victim, 3_000);
      if (lead > 0) await new Promise(done => setTimeout(done, lead));
      const said = await (early ?? last());
      assert.equal(said.ok, true, JSON.stringify(said));
      await eventually('it is over for both', () =>
        [a, b].every(room => room.info.phase === 'ended' && room.info.match === i + 1),
      );
      await eventually('the node is awake', () => cluster.nodes.find(n => n.name === victim)!.state === 'up');
      await eventually('the result is reported', () => reports().some(r => r.match === i + 1));
      await Promise.all([a.rematch(), b.rematch()]);
      await eventually('the next match is on', () =>
        [a, b].every(room => room.info.phase === 'playing' && room.info.match === i + 2),
      );
      assert.deepEqual(a.state!.lines, []);
    }
    const keys = new Map<number, Set<string>>();
    for (const { match, key, data } of reports()) {
      keys.set(match, (keys.get(match) ?? new Set()).add(key));
      assert.deepEqual(data, { lines: linesOfAMatch });
    }
    assert.deepEqual(
      [...keys].map(([match, found]) => [match, found.size]),
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    );
    for (const match of [1, 2, 3])
      assert.equal(new Set(ends.filter(e => e.startsWith(`${match} `))).size, 1, 'everybody saw the same end');
  });
});

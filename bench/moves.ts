import type { Cluster } from '../tools/local-cluster/cluster.ts';
import { until } from '../tools/until.ts';
import type { Player } from './players.ts';

export interface MoveTimes {
  name: string;
  ms: number[];
}

const waitUntil = (what: string, test: () => boolean, timeoutMs = 60_000): Promise<unknown> =>
  until(what, () => test() || undefined, { timeoutMs, intervalMs: 20 });

/**
 * The interruption of a room that is handed over: from the last verdict that a player got of the old
 * owner to the first of the new one, held against the longest time between two verdicts of the same owner that each
 * player had meanwhile. `drain`: the node with most rooms is restarted, so many times. `join`: one node more comes, and
 * is given rooms until all have about the same; so many times.
 */
export async function measureMoves(
  cluster: Cluster,
  rooms: Player[][],
  mode: 'drain' | 'join',
  times: number,
): Promise<MoveTimes[]> {
  const players = rooms.flat();
  const [betweenOwners, sameOwner]: [number[], number[]] = [[], []];
  let moved = 0;
  let took = 0;
  for (let i = 0; i < times; i++) {
    const terms = new Map(rooms.map(room => [room, room[0]!.room.term]));
    for (const p of players) p.verdicts = [];
    const began = performance.now();
    if (mode === 'drain') await cluster.restart(await busiestNode(rooms));
    else {
      const { name } = await cluster.addNode();
      await until(
        `${name} has its share`,
        async () =>
          ((await roomsByNode(rooms)).get(name) ?? 0) >= Math.floor((0.8 * rooms.length) / cluster.nodes.length) ||
          undefined,
        { timeoutMs: 60_000, intervalMs: 200 },
      );
    }
    took += performance.now() - began;
    const counts = players.map(p => p.verdicts.length);
    await waitUntil('everybody gets verdicts', () => players.every((p, k) => p.verdicts.length > counts[k]! + 10));
    const changed = rooms.filter(room => room[0]!.room.term !== terms.get(room)).length;
    moved += changed;
    for (const { verdicts } of players) {
      let longest = 0;
      verdicts.forEach((h, k) => {
        const before = verdicts[k - 1];
        if (!before) return;
        if (h.term === before.term) longest = Math.max(longest, h.at - before.at);
        else betweenOwners.push(h.at - before.at);
      });
      sameOwner.push(longest);
    }
    process.stderr.write(`${i + 1}. ${changed} rooms moved, longest ${Math.max(0, ...betweenOwners).toFixed(0)} ms\n`);
  }
  process.stderr.write(`${moved} rooms in ${(took / 1000).toFixed(1)} s\n`);
  const pauses = await Promise.all(cluster.nodes.map(async n => (await fetch(`${n.url}/metrics`)).text()));
  for (const text of pauses)
    for (const line of text.split('\n'))
      if (/^rejoin_handover_interruption_seconds_(bucket|count)/.test(line) && !line.endsWith(' 0'))
        process.stderr.write(`${line}\n`);
  return [
    { name: 'from the last verdict of the old owner to the first of the new one', ms: betweenOwners },
    { name: 'the longest between two verdicts of one owner, for each player', ms: sameOwner },
  ];
}

/** How many of the rooms each node runs, by its name. */
async function roomsByNode(rooms: Player[][]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [player] of rooms) {
    const { owner } = await player!.client.inspect(player!.room as never);
    if (owner !== null) found.set(owner, (found.get(owner) ?? 0) + 1);
  }
  return found;
}

const busiestNode = async (rooms: Player[][]): Promise<string> =>
  [...(await roomsByNode(rooms))].sort((a, b) => b[1] - a[1])[0]![0];

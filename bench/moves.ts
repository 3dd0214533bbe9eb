import type { Cluster } from '../server/launcher/cluster.ts';
import { until } from '../server/launcher/until.ts';
import type { Player } from './players.ts';

export interface Moves { name: string; ms: number[] }

const holds = (what: string, test: () => boolean, within = 60_000): Promise<unknown> => until(what, () => test() || undefined, { within, every: 20 });

/**
 * How long play stands still in a room that is moved in good order: from the last verdict that a player got of the old owner
 * to the first of the new one, held against the longest time between two verdicts of the same owner that each player
 * had meanwhile. `drain`: the node with most rooms is restarted, so many times. `join`: one node more comes, and is given
 * rooms until all have about the same; so many times.
 */
export async function measureMoves(cluster: Cluster, rooms: Player[][], mode: 'drain' | 'join', times: number): Promise<Moves[]> {
  const players = rooms.flat();
  const [across, within]: [number[], number[]] = [[], []];
  let moved = 0;
  let took = 0;
  for (let i = 0; i < times; i++) {
    const terms = new Map(rooms.map(room => [room, room[0]!.room.term]));
    for (const p of players) p.heard = [];
    const began = performance.now();
    if (mode === 'drain') await cluster.restart(await busiest(rooms));
    else {
      const { name } = await cluster.addNode();
      await until(`${name} has its share`, async () => ((await loads(rooms)).get(name) ?? 0) >= Math.floor((0.8 * rooms.length) / cluster.nodes.length) || undefined, { within: 60_000, every: 200 });
    }
    took += performance.now() - began;
    const counts = players.map(p => p.heard.length);
    await holds('everybody gets verdicts', () => players.every((p, k) => p.heard.length > counts[k]! + 10));
    const changed = rooms.filter(room => room[0]!.room.term !== terms.get(room)).length;
    moved += changed;
    for (const { heard } of players) {
      let longest = 0;
      heard.forEach((h, k) => {
        const before = heard[k - 1];
        if (!before) return;
        if (h.term === before.term) longest = Math.max(longest, h.at - before.at);
        else across.push(h.at - before.at);
      });
      within.push(longest);
    }
    process.stderr.write(`${i + 1}. ${changed} rooms moved, longest ${Math.max(0, ...across).toFixed(0)} ms\n`);
  }
  process.stderr.write(`${moved} rooms in ${(took / 1000).toFixed(1)} s\n`);
  const pauses = await Promise.all(cluster.nodes.map(async n => (await fetch(`${n.url}/metrics`)).text()));
  for (const text of pauses) for (const line of text.split('\n')) if (/^rejoin_hand_over_ms_(bucket|count)/.test(line) && !line.endsWith(' 0')) process.stderr.write(`${line}\n`);
  return [{ name: 'from the last verdict of the old owner to the first of the new one', ms: across }, { name: 'the longest between two verdicts of one owner, for each player', ms: within }];
}

/** How many of the rooms each node runs, by its name. */
async function loads(rooms: Player[][]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [player] of rooms) {
    const { owner } = await player!.client.inspect(player!.room as never);
    if (owner !== null) found.set(owner, (found.get(owner) ?? 0) + 1);
  }
  return found;
}

const busiest = async (rooms: Player[][]): Promise<string> => [...(await loads(rooms))].sort((a, b) => b[1] - a[1])[0]![0];

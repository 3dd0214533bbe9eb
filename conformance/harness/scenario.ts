import type { Adapter } from './adapter.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import { ConformanceError } from './failure.ts';
import { conformanceContract } from './games.ts';
import { Player } from './player.ts';

/** One situation that a client has to handle. */
export interface Scenario {
  readonly name: string;
  /** What it checks, in one sentence. */
  readonly checks: string;
  /** The rules of SPEC. */
  readonly rules: readonly string[];
  /** Needed of the adapter; without it the scenario is skipped. */
  readonly feature?: 'inputs';
  run(stage: Stage): Promise<void>;
}

/** What a scenario works with: nodes, and clients under test. */
export class Stage {
  readonly players: Player[] = [];

  constructor(
    readonly adapter: Adapter,
    readonly cluster: Cluster,
    private readonly prefix: string,
    private readonly patienceMs: number,
  ) {}

  async player(name: string, home: ClusterNode = this.cluster.nodes[0]!): Promise<Player> {
    const player = await Player.create(`${this.prefix}-${name}`, this.adapter, this.cluster, {
      home,
      patienceMs: this.patienceMs,
    });
    this.players.push(player);
    return player;
  }

  /** Two clients in a running match. The owner is the last node, the clients are on the first two. */
  async match(): Promise<{ room: string; a: Player; b: Player }> {
    const { nodes } = this.cluster;
    const { id: room } = await nodes.at(-1)!.rooms.create(conformanceContract, {});
    const [a, b] = [await this.player('ann', nodes[0]!), await this.player('bob', nodes[1]!)];
    for (const player of [a, b]) {
      await player.connect();
      const reply = await player.join(room);
      expect(reply.ok === true, `"join" was refused: ${reply.code} ${reply.detail ?? ''}`);
    }
    // Wherever the room was made, its owner is now the last node.
    while (this.cluster.ownerOf(room) !== nodes.at(-1)) {
      const owner = this.cluster.ownerOf(room)!;
      if (!(await owner.node.handOver(room, nodes.at(-1)!.node.id))) break;
    }
    await a.upToDate(room, 'after the join');
    await b.upToDate(room, 'after the join');
    return { room, a, b };
  }

  async close(): Promise<void> {
    await Promise.all(this.players.map(player => player.close()));
  }
}

/** @throws ConformanceError unless it holds */
export function expect(holds: boolean, complaint: string): asserts holds {
  if (!holds) throw new ConformanceError(complaint);
}

/** How often the tags of actions are in the state: each exactly once. @throws ConformanceError */
export function expectOnce(state: unknown, tags: readonly string[], how: string): void {
  const seen = (state as { tags: string[] }).tags;
  for (const tag of tags) {
    const times = seen.filter(one => one === tag).length;
    expect(
      times <= 1,
      `the action "${tag}" was executed ${times} times ${how}: it was sent again under another number. An unanswered action keeps its number within a term; after a join or "stale-term", number the unsettled actions from base + 1 and drop those with a verdict`,
    );
    expect(times === 1, `the action "${tag}" was not executed ${how}, although the client reported a verdict for it`);
  }
}

import assert from 'node:assert/strict';
import type { Room } from '../../../client/room.ts';
import { isSamePosition } from '../../../shared/position.ts';
import { ledger, ledgerGame, ledgerWithBot, type Ledger } from './games.ts';
import { TestCluster, type TestClient } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

export type LedgerRoom = Room<(typeof ledger)['def']>;
export interface LedgerFixture {
  world: TestCluster;
  id: string;
  ada: TestClient;
  bob: TestClient;
  adas: LedgerRoom;
  bobs: LedgerRoom;
  owner: TestNode;
  others: TestNode[];
}

/**
 * Ada and Bob play on a cluster of nodes a, b, c. The room's owner is made to be another node than theirs where there
 * are three, so that whatever happens to it happens to neither line.
 */
export async function openLedgerRoom(
  nodes: readonly string[] = ['a', 'b', 'c'],
  how: { seed?: number; adasNode?: string; bobsNode?: string; bot?: boolean } = {},
): Promise<LedgerFixture> {
  const world = new TestCluster([how.bot ? ledgerWithBot : ledgerGame], how.seed);
  await world.start(...nodes);
  const [adasNode, bobsNode] = [how.adasNode ?? nodes[0]!, how.bobsNode ?? nodes[nodes.length > 2 ? 1 : 0]!];
  const wanted = nodes.at(-1)!;
  const ada = world.client('ada', adasNode);
  const made = await world.clock.run(
    world.node(wanted).node.lobby.create('ada', { game: 'ledger', ...(how.bot ? { bots: 1 } : {}) }),
  );
  assert.ok(made.ok);
  const adas = await world.clock.run(ada.client.join(ledger, { id: made.room }));
  const bob = world.client('bob', bobsNode);
  const bobs = await world.clock.run(bob.client.join(ledger, { id: made.room }));
  await world.clock.waitUntil('the match begins', () => adas.info.phase === 'playing' && bobs.info.phase === 'playing');
  const owner = world.owner(made.room)!;
  return {
    world,
    id: made.room,
    ada,
    bob,
    adas,
    bobs,
    owner,
    others: [...world.nodes.values()].filter(h => h !== owner),
  };
}

export const doneIds = (room: { state: unknown }): string[] => (room.state as Ledger).done.map(d => d.id);

/** Both are where the owner is, and see what it has. */
export async function waitUntilConverged(table: LedgerFixture, within = 15_000): Promise<number> {
  const { world, id, adas, bobs } = table;
  const same = (a: unknown, b: unknown) => JSON.stringify(sort(a)) === JSON.stringify(sort(b));
  const differs = (): string => {
    const doc = ledgerDocument(world, id);
    if (doc === null) return 'nobody runs the room';
    return [adas, bobs]
      .flatMap((room, i) =>
        [
          ...(room.live
            ? []
            : [
                `not live (${JSON.stringify((room as unknown as { parts: { connector: { status: unknown } } }).parts.connector.status)})`,
              ]),
          ...(room.ended ? [`ended by ${room.ended.code}`] : []),
          ...(room.pending === 0 ? [] : [`${room.pending} pending`]),
          ...(isSamePosition(room.position, doc.place)
            ? []
            : [`at ${room.position.join('/')}, not ${doc.place.join('/')}`]),
          ...(same(room.state, doc.state) ? [] : ['another state']),
          ...(same(room.info, doc.room) ? [] : ['another room']),
        ].map(what => `${'ab'[i]}: ${what}`),
      )
      .join('; ');
  };
  try {
    return await world.clock.waitUntil('all see the same', () => differs() === '', within);
  } catch (error) {
    throw new Error(
      `${(error as Error).message}: ${differs()}; owners ${[...world.nodes.values()]
        .filter(h => h.owns(id))
        .map(h => h.name)
        .join()}`,
      { cause: error },
    );
  }
}

/** What the owner holds, for comparing. */
export function ledgerDocument(
  world: TestCluster,
  id: string,
): {
  state: unknown;
  room: unknown;
  hidden: { seats: ({ player: string; session: string } | null)[] };
  place: readonly [number, number];
} | null {
  const host = world.owner(id)?.node.ownedRooms.get(id);
  if (!host) return null;
  const { doc } = host as unknown as { doc: { state: unknown; room: unknown; hidden: never } };
  return { ...doc, place: host.head.head };
}

const sort = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sort)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, sort(v)]),
        )
      : value;

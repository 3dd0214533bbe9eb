import assert from 'node:assert/strict';
import type { Client } from '../../../client/client.ts';
import type { RoomReplica } from '../../../client/room-replica.ts';
import type { Room } from '../../../client/room.ts';
import type { RoomDocument } from '../../../server/rooms/core/document.ts';
import type { AnyGame, Contract, ContractDef } from '../../../shared/contract.ts';
import type { CreateRequest, RoomView } from '../../../shared/protocol.ts';
import { TestCluster, type TestClient } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

export interface ClusterRoomFixture<D extends ContractDef> {
  world: TestCluster;
  id: string;
  clients: TestClient[];
  rooms: Room<D>[];
  owner: TestNode;
}

/**
 * Players on a cluster of nodes a, b, c, … in a room of any game. The last node owns it, and holds no line of the
 * players where there are more nodes than players. They wait for the host to begin.
 */
export async function openRoom<D extends ContractDef>(
  contract: Contract<D>,
  game: AnyGame,
  players: readonly string[],
  how: {
    seed?: number;
    nodes?: readonly string[];
    request?: Partial<CreateRequest>;
    begin?: (world: TestCluster) => void;
  } = {},
): Promise<ClusterRoomFixture<D>> {
  const nodes = how.nodes ?? ['a', 'b', 'c'];
  const world = new TestCluster([game], how.seed);
  how.begin?.(world);
  await world.start(...nodes);
  const owner = world.node(nodes.at(-1)!);
  const made = await world.clock.run(owner.node.lobby.create(players[0]!, { game: contract.name, ...how.request }));
  assert.ok(made.ok);
  const clients = players.map((player, i) => world.client(player, nodes[i % Math.max(1, nodes.length - 1)]!));
  const rooms: Room<D>[] = [];
  for (const { client } of clients) rooms.push(await world.clock.run(client.join(contract, { id: made.room })));
  assert.equal(world.owner(made.room), owner);
  return { world, id: made.room, clients, rooms, owner };
}

/** The whole document, as the owner of now has it. */
export function documentOf(world: TestCluster, id: string): RoomDocument {
  const host = world.owner(id)?.node.ownedRooms.get(id);
  assert.ok(host, 'somebody runs the room');
  return host.doc;
}

/** The rooms that a client has not left. */
export const roomsOf = (client: Client): Room[] => (client as unknown as { rooms: { all: Room[] } }).rooms.all;

/** What a client's replica of a room shows. */
export const viewOf = <D extends ContractDef>(room: Room<D>): RoomView & { error?: string } =>
  (room.sync as unknown as { replica: RoomReplica }).replica.view;

export interface MemoryStoreRoom {
  entries: string[];
  snapshot: string;
  seq: number;
  token: string | null;
}
/** A room as the store has it. */
export function memoryStoreRoom(world: TestCluster, id: string): MemoryStoreRoom | undefined {
  const { table, texts } = world.memory as unknown as {
    table: { rooms: Map<string, Pick<MemoryStoreRoom, 'seq' | 'token'>> };
    texts: Map<string, Pick<MemoryStoreRoom, 'entries' | 'snapshot'>>;
  };
  const room = table.rooms.get(id);
  return room && { ...room, ...texts.get(id)! };
}

/** A line without the SDK. */
export function openRawConnection(world: TestCluster, host: TestNode, player: string) {
  const heard: unknown[][] = [];
  const link = {
    id: `raw-${player}-${Math.floor(world.random() * 1e9)}`,
    send: (...said: unknown[]) => void heard.push(JSON.parse(JSON.stringify(said)) as unknown[]),
    sendEncoded: ({ json }: { json: string }) => void heard.push(JSON.parse(json) as unknown[]),
    subscribe: () => {},
    unsubscribe: () => {},
    close: () => {},
  };
  const connection = host.node.clients.connect(link as never, { player, name: player });
  return {
    heard,
    connection,
    ask: (name: 'join' | 'act' | 'create' | 'leave', body: unknown) =>
      world.clock.run(host.node.clientRequests.handle(connection, name, body)) as Promise<{
        ok: boolean;
        code?: string;
        retryAfter?: number;
        room?: string;
      }>,
    say: (name: 'input' | 'i' | 'signal', body: unknown) =>
      host.node.clientRequests.handleMessage(connection, name, body),
  };
}

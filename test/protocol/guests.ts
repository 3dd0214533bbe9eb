import assert from 'node:assert/strict';
import type { Room } from '../../client/room.ts';
import type { RoomDocument } from '../../server/rooms/document.ts';
import type { AnyGame, Contract, ContractDef } from '../../shared/contract.ts';
import type { CreateRequest } from '../../shared/protocol.ts';
import { World, type Host, type TestClient } from './world.ts';

export interface Party<D extends ContractDef> { world: World; id: string; clients: TestClient[]; rooms: Room<D>[]; owner: Host }

/**
 * Players on a cluster of nodes a, b, c, … in a room of any game. The last node owns it, and holds no line of the players
 * where there are more nodes than players. They wait for the host to begin.
 */
export async function partyAt<D extends ContractDef>(contract: Contract<D>, game: AnyGame, players: readonly string[], how: { seed?: number; nodes?: readonly string[]; request?: Partial<CreateRequest>; begin?: (world: World) => void } = {}): Promise<Party<D>> {
  const nodes = how.nodes ?? ['a', 'b', 'c'];
  const world = new World([game], how.seed);
  how.begin?.(world);
  await world.start(...nodes);
  const owner = world.host(nodes.at(-1)!);
  const made = await world.clock.run(owner.node.lobby.create(players[0]!, { game: contract.name, ...how.request }));
  assert.ok(made.ok);
  const clients = players.map((player, i) => world.client(player, nodes[i % Math.max(1, nodes.length - 1)]!));
  const rooms: Room<D>[] = [];
  for (const { client } of clients) rooms.push(await world.clock.run(client.join(contract, { id: made.room })));
  assert.equal(world.owner(made.room), owner);
  return { world, id: made.room, clients, rooms, owner };
}

/** The whole document, as the owner of now has it. */
export function documentOf(world: World, id: string): RoomDocument {
  const host = world.owner(id)?.node.registry.get(id);
  assert.ok(host, 'somebody runs the room');
  return (host as unknown as { doc: RoomDocument }).doc;
}

export interface Kept { entries: string[]; snapshot: string; seq: number; token: string | null }
/** A room as the store has it. */
export const kept = (world: World, id: string): Kept | undefined => (world.memory as unknown as { rooms: Map<string, Kept> }).rooms.get(id);

/** A line without the SDK. */
export function rawLine(world: World, host: Host, player: string) {
  const heard: unknown[][] = [];
  const link = { id: `raw-${player}-${Math.floor(world.random() * 1e9)}`, send: (...said: unknown[]) => void heard.push(JSON.parse(JSON.stringify(said)) as unknown[]), pass: ({ json }: { json: string }) => void heard.push(JSON.parse(json) as unknown[]), subscribe: () => {}, unsubscribe: () => {}, close: () => {} };
  const connection = host.node.edge.connect(link as never, { player, name: player });
  return {
    heard, connection,
    ask: (name: 'join' | 'act' | 'create' | 'leave', body: unknown) => world.clock.run(host.node.edge.handle(connection, name, body)) as Promise<{ ok: boolean; code?: string; retryAfter?: number; room?: string }>,
    say: (name: 'input' | 'i' | 'signal', body: unknown) => host.node.edge.hear(connection, name, body),
  };
}

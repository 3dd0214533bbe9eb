import assert from 'node:assert/strict';
import type { Client, ConnectOptions, Room } from '../../../client/index.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { eventually, until } from '../../../tools/until.ts';
import { onSharedCluster } from './shared.ts';

type Four = Room<(typeof fourInARow)['def']>;

/** Players from networks of their own, whose lines name the room, through an nginx that routes by it. */
describe('a cluster that routes by room', () => {
  const on = onSharedCluster();
  const { clients } = on;
  const client = (options: ConnectOptions) => on.client(options);
  const nodeOf = ({ status }: Client) => (status.state === 'live' ? status.node : null);
  const ownerOf = async (room: Four) => (await clients[0]!.inspect(room as never)).owner;
  const together = () => new Set(clients.map(nodeOf)).size === 1 && nodeOf(clients[0]!) !== null;
  const roomComes = (room: Four) =>
    until('the room is where its players are', async () => (await ownerOf(room)) === nodeOf(clients[0]!) || undefined, {
      timeoutMs: 40_000,
      intervalMs: 200,
    });
  const move = async (rooms: readonly Four[], column: number) => {
    const said = await rooms.find(room => room.seat === room.state!.turn)!.act.drop({ column });
    assert.equal(said.ok, true, JSON.stringify(said));
    const moves = Math.max(...rooms.map(r => r.state!.moves));
    await eventually('all see it', () => rooms.every(r => r.state!.moves === moves));
  };

  for (const transport of ['websocket', 'polling'] as const) {
    it(`[C7] [O22] by ${transport}: members meet at one node and their room follows; it is killed, and they meet at another`, async () => {
      const how = (byRoom: boolean | string): ConnectOptions => ({ transports: [transport], byRoom });
      const ada = await client(how(true)).create(fourInARow, { options: { turnSeconds: 0 }, private: true });
      const bob = await client(how(true)).join(fourInARow, { code: ada.code });
      const eve = await client(how(ada.id)).watch(fourInARow, { id: ada.id });
      await eventually('all are at one node', together);
      await eventually('the match is on', () => ada.info.phase === 'playing' && bob.info.phase === 'playing');
      for (const column of [0, 1, 0]) await move([ada, bob], column);
      await roomComes(ada);
      const home = nodeOf(clients[0]!)!;
      await on.cluster.kill(home);
      for (const column of [1, 0]) await move([ada, bob], column);
      await eventually('all are at another node', () => together() && nodeOf(clients[0]!) !== home);
      await roomComes(ada);
      await move([ada, bob], 1);
      await eventually('who watches sees it', () => eve.state!.moves === 6);
      assert.equal(ada.ended ?? bob.ended ?? eve.ended, null);
    });
  }
});

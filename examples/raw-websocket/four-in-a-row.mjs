/** Plays one match of Four in a Row against any opponent: node examples/raw-websocket/four-in-a-row.mjs URL [ROOM] */
import { Client } from './rejoin.mjs';

const [url, room = null] = process.argv.slice(2);
const client = new Client(url, { name: 'Raw' });
await new Promise(resolve => (client.onWelcome = resolve));
const reply = await client.join(room, {
  game: 'four-in-a-row',
  version: 1,
  ...(room === null ? { quick: { game: 'four-in-a-row' } } : {}),
});
if (!reply.ok) throw new Error(`refused: ${reply.code}`);
while (!client.ended && client.view.room.phase !== 'ended') {
  if (client.view.room.phase === 'playing' && client.view.state.turn === client.seat)
    await client.act('drop', { column: Math.floor(Math.random() * 7) });
  else await new Promise(resolve => (client.onChange = resolve));
}
const { result } = client.view.room;
process.stdout.write(`${JSON.stringify({ seat: client.seat, result, term: client.position[0] })}\n`);
client.close();

/** Plays one race against any opponents: node --import tsx examples/embedded/player.ts [URL] */
import { connect } from 'rejoin/client';
import { race } from './contract.ts';

const client = connect(`${process.argv[2] ?? 'http://localhost:3000'}/rejoin`);
const room = await client.quick(race);
await room.ready();
while (room.info.phase !== 'ended') {
  if (room.info.phase === 'playing') await room.act.step({ by: 1 + Math.floor(Math.random() * 3) });
  await new Promise(resolve => setTimeout(resolve, 50));
}
process.stdout.write(`${JSON.stringify({ at: room.state?.at, me: room.seat, ranking: room.info.result?.ranking })}\n`);
client.close();

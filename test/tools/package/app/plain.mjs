import { connect } from 'rejoin/client';
import { createServer } from 'rejoin/server';
import { duel, game } from './plain-game.mjs';

const server = await createServer({
  games: [game],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  ...(process.env.REDIS_URL ? { redisUrl: process.env.REDIS_URL } : {}),
});
const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
const [ann, bob] = [connect(url, { storage: null }), connect(url, { storage: null })];
const room = await ann.create(duel);
const other = await bob.quick(duel);
for (const seat of [room, other, room]) await seat.act.hit({});
process.stdout.write(
  `${JSON.stringify({ same: room.id === other.id, phase: room.info.phase, ranking: room.info.result.ranking })}\n`,
);
ann.close();
bob.close();
await server.close();

/** node --import tsx examples/embedded/main.ts; then play: node --import tsx examples/embedded/player.ts, twice */
import { randomBytes } from 'node:crypto';
import { openClub } from './club.ts';

const { PORT = '3000', SECRET = randomBytes(32).toString('hex'), REDIS_URL } = process.env;
const club = await openClub({ port: Number(PORT), secret: SECRET, redisUrl: REDIS_URL });
process.stdout.write(`http://localhost:${club.port}\n`);
process.once('SIGTERM', () => void club.close().then(() => process.exit()));

/**
 * node --import tsx examples/results/main.ts; with REDIS_URL start any number of nodes; RESULTS is the database file
 */
import { randomBytes } from 'node:crypto';
import express from 'express';
import { createServer } from 'rejoin/server';
import { Results } from './results.ts';
import { nimGame } from './rules.ts';

const { PORT = '3000', SECRET = randomBytes(32).toString('hex'), REDIS_URL, RESULTS = 'results.db' } = process.env;
const results = new Results(RESULTS);
const app = express();
app.get('/results', (_request, response) => {
  response.json(results.all());
});
const server = await createServer({
  games: [nimGame],
  app,
  secret: SECRET,
  redisUrl: REDIS_URL,
  effects: { nim: results.handlers },
});
process.stdout.write(`http://localhost:${await server.listen(Number(PORT))}\n`);
process.once('SIGTERM', () => void server.drain().then(() => process.exit()));

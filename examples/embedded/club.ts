import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import express from 'express';
import { createServer, type RunningServer } from 'rejoin/server';
import { Server } from 'socket.io';
import { raceGame } from './rules.ts';

/** An existing app: its own routes, Socket.IO server and chat. */
function clubApp(): { app: express.Express; http: HttpServer; io: Server } {
  const app = express();
  app.get('/', (_request, response) => {
    response.send('The club. Races are on.');
  });
  // Before Socket.IO attaches: it hides its requests only from listeners that exist already.
  const http = createHttpServer(app);
  const io = new Server(http);
  io.on('connection', socket => socket.on('chat', (text: string) => io.emit('chat', text)));
  return { app, http, io };
}

export interface Club {
  port: number;
  games: RunningServer;
  close(): Promise<void>;
}

/** Opens the club with games: namespace `/rejoin` belongs to Rejoin, everything else to the club. */
export async function openClub(options: {
  port: number;
  secret: string;
  redisUrl?: string | undefined;
  /** Where a club without Redis keeps its races. */
  folder?: string | undefined;
}): Promise<Club> {
  const { app, http, io } = clubApp();
  const { secret, redisUrl, folder } = options;
  const place = redisUrl === undefined ? { store: { folder } } : { redisUrl };
  const games = await createServer({ games: [raceGame], io, app, secret, ...place });
  // After createServer, which adds its routes under /rejoin.
  app.use((_request, response) => {
    response.status(404).send('No such room in the club.');
  });
  http.listen(options.port);
  await once(http, 'listening');
  const { port } = http.address() as { port: number };
  return {
    port,
    games,
    async close() {
      await games.drain(); // hands the rooms to other nodes, if there are any
      await io.close();
    },
  };
}

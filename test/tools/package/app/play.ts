import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, RoomError } from 'rejoin/client';
import { createServer, type RunningServer, type ServerOptions } from 'rejoin/server';
import { Server } from 'socket.io';
import { guess, guessGame } from './game.js';

const http = createHttpServer((_request, response) => void response.end("the host's"));
const io = new Server(http);
const reported: { n: number; key: string }[] = [];
const options = {
  games: [guessGame],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  store: 'memory',
} satisfies ServerOptions;
// @ts-expect-error -- the game has an effect that nobody does
const incomplete = createServer({ ...options, io }).then(
  () => 'made',
  (error: unknown) => (error as Error).name,
);
const games: RunningServer = await createServer({
  ...options,
  io,
  effects: { guess: { report: ({ n }, { key }) => void reported.push({ n, key }) } },
});
await new Promise<void>(resolve => {
  http.listen(0, '127.0.0.1', resolve);
});
const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

const [ann, bob] = [
  connect(`${url}/rejoin`, { storage: null, name: 'Ann' }),
  connect(`${url}/rejoin`, { storage: null, name: 'Bob' }),
];
const room = await ann.create(guess, { private: true });
const other = await bob.join(guess, { id: room.id });
const missing = await bob
  .join(guess, { code: 'ZZZZZ' })
  .catch((error: unknown) => (error instanceof RoomError ? error.code : 'something else'));
const early = await other.act.say({ n: 1 });
const first = await room.act.say({ n: 2 });
const wrong = await other.act.say({ n: 9 });
const last = await other.act.say({ n: 3 });
// @ts-expect-error -- there is no such action
void room.act.shout;
while (room.info.phase !== 'ended' || reported.length === 0) await new Promise(resolve => setTimeout(resolve, 10));
const turn: number | undefined = room.state?.turn;
process.stdout.write(
  `${JSON.stringify({
    incomplete: await incomplete,
    missing,
    said: [early, first, wrong, last].map(s => (s.ok ? 'ok' : s.code)),
    seen: room.state,
    turn,
    ranking: room.info.result?.ranking,
    reported: reported.map(r => r.n),
    host: await (await fetch(url)).text(),
  })}\n`,
);
ann.close();
bob.close();
await games.drain();
await io.close();

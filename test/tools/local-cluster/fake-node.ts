/**
 * Stands in for a node: what the launcher and nginx need of one, and nothing of the game.
 * Over HTTP and Socket.IO it tells its name. FAKE_FULL names a node that turns every handshake away.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const name = process.env['NODE_NAME'] ?? '';
const full = process.env['FAKE_FULL'] === name;
const say = (msg: string, more = {}) =>
  process.stdout.write(
    `${JSON.stringify({ level: 30, time: Date.now(), pid: process.pid, node: name, msg, ...more })}\n`,
  );

const http = createServer((request, response) => {
  if (full && request.url?.startsWith('/socket.io/') === true) response.writeHead(503).end();
  else if (request.url === '/readyz') response.end('ready');
  else if (request.url === '/env') response.end(JSON.stringify({ ...process.env, argv: process.argv }));
  else response.end(JSON.stringify({ name, from: request.headers['x-forwarded-for'], host: request.headers.host }));
});
const io = new Server(full ? createServer() : http, { pingInterval: 2_500 });
http.on('upgrade', (_request, socket) => {
  if (full) socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
});
io.on('connection', socket => socket.emit('name', name));

http.listen(Number(process.env['PORT']), process.env['HOST'], () =>
  say('listening', { port: Number(process.env['PORT']) }),
);

const end = (why: string) => {
  say('draining', { why });
  http.closeAllConnections();
  void io.close(() => process.exit(0));
};
process.once('SIGTERM', () => end('SIGTERM'));
process.once('disconnect', () => end('parent gone'));

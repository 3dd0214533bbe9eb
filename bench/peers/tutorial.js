// As tutorials have it: Socket.IO with the Redis adapter, nodes without state, the whole room as JSON in Redis. Each
// move
// reads it, changes it, writes it, and is broadcast. Nothing keeps two nodes from doing so at the same time; the bench
// counts
// the moves that this loses.
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { emptyBoard, isMove, play } from '../../dist/run/bench/work/moves.js';

const { PORT, REDIS_URL } = process.env;
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
const redis = createClient({ url: REDIS_URL });
const sub = redis.duplicate();
await Promise.all([redis.connect(), sub.connect()]);
io.adapter(createAdapter(redis, sub));

const load = async room => JSON.parse((await redis.get(`room:${room}`)) ?? 'null') ?? emptyBoard();
const save = (room, board) => redis.set(`room:${room}`, JSON.stringify(board));

io.on('connection', socket => {
  let room = null;
  let seat = -1;
  socket.on('join', async ({ room: name }, ack) => {
    room = name;
    seat = (await redis.incr(`seats:${room}`)) - 1;
    void socket.join(room);
    ack({ seat, board: await load(room) });
  });
  socket.on('move', async m => {
    if (!isMove(m)) return;
    const board = await load(room);
    play(board, seat, m);
    await save(room, board);
    io.to(room).emit('moved', { seat, cell: m.cell, k: m.k });
  });
  // For the bench's check at the end, never while it measures.
  socket.on('board', async ack => ack(await load(room)));
});
http.listen(Number(PORT), '127.0.0.1');

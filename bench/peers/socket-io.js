// Socket.IO as its documentation has it: a room of sockets, `io.to(room).emit`. With REDIS_URL, one of several nodes
// with
// @socket.io/redis-adapter (classic pub/sub). Then one node owns a room, by a key in Redis, and what members on other
// nodes
// say reaches it by `io.serverSideEmit`.
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { burn, hz, move, players, start } from '../../dist/run/bench/work/arena.js';
import { emptyBoard, isMove, play } from '../../dist/run/bench/work/moves.js';

const { PORT, REDIS_URL } = process.env;
const me = PORT;
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
const redis = REDIS_URL ? createClient({ url: REDIS_URL }) : null;
if (redis) {
  const sub = redis.duplicate();
  await Promise.all([redis.connect(), sub.connect()]);
  io.adapter(createAdapter(redis, sub));
}

const rooms = new Map();
const roomOf = name => {
  if (!rooms.has(name))
    rooms.set(name, {
      name,
      state: { tick: 0, crafts: [] },
      steers: [],
      ids: [],
      fuel: [],
      board: emptyBoard(),
      seated: 0,
      timer: null,
    });
  return rooms.get(name);
};
const isOwner = async name => !redis || ((await redis.set(`owner:${name}`, me, { NX: true, GET: true })) ?? me) === me;
const seatOf = (name, owned) => (redis ? redis.incr(`seats:${name}`).then(n => n - 1) : owned.seated++);

// What the owner does.
const owner = {
  joined(name, game, seat, id) {
    const room = roomOf(name);
    if (game === 'moves' || seat < 0) return;
    room.state.crafts[seat] = start(seat);
    room.steers[seat] = null;
    room.ids[seat] = id;
    room.fuel[seat] = 0;
    if (room.state.crafts.filter(Boolean).length < players[game]) return;
    room.timer = setInterval(() => {
      room.state.tick += 1;
      room.state.crafts.forEach((craft, i) => {
        move(craft, room.steers[i]);
        if (game === 'views') room.fuel[i] = burn(room.fuel[i], craft);
      });
      if (game !== 'views') return io.to(name).emit('state', room.state);
      room.ids.forEach((to, i) => io.to(to).emit('state', { ...room.state, fuel: room.fuel[i] }));
    }, 1000 / hz);
  },
  input(name, seat, steer) {
    roomOf(name).steers[seat] = steer;
  },
  move(name, seat, m) {
    play(roomOf(name).board, seat, m);
    io.to(name).emit('moved', { seat, cell: m.cell, k: m.k });
  },
};
for (const [event, handle] of Object.entries(owner))
  io.on(event, (name, ...rest) => {
    if (rooms.has(name)) handle(name, ...rest);
  });

io.on('connection', socket => {
  let name = null;
  let seat = -1;
  let here = true;
  const tellOwner = (event, ...what) => (here ? owner[event](name, ...what) : io.serverSideEmit(event, name, ...what));
  socket.on('join', async ({ room, game, watch }, ack) => {
    name = room;
    here = await isOwner(room);
    const owned = here ? roomOf(room) : null;
    if (!watch) seat = await seatOf(room, owned);
    void socket.join(room);
    tellOwner('joined', game, seat, socket.id);
    ack({ seat, board: emptyBoard() });
  });
  socket.on('input', steer => tellOwner('input', seat, steer));
  socket.on('move', m => {
    if (isMove(m)) tellOwner('move', seat, m);
  });
});
http.listen(Number(PORT), '127.0.0.1');

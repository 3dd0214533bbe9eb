// Raw `ws`, one process: a room is a set of sockets, a message is encoded once and sent to each of them.
import { WebSocketServer } from 'ws';
import { burn, hz, move, players, start } from '../../dist/run/bench/work/arena.js';
import { emptyBoard, isMove, play } from '../../dist/run/bench/work/moves.js';

const rooms = new Map();
const wss = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT), perMessageDeflate: false });

function broadcast(room, message) {
  const text = JSON.stringify(message);
  for (const member of room.members.keys()) member.send(text);
}

function openRoom(name, game) {
  const room = { name, game, members: new Map(), seated: 0 };
  if (game === 'moves') room.board = emptyBoard();
  else {
    room.state = { tick: 0, crafts: [] };
    room.steers = [];
    room.fuel = [];
  }
  rooms.set(name, room);
  return room;
}

function begin(room) {
  room.timer = setInterval(() => {
    room.state.tick += 1;
    room.state.crafts.forEach((craft, seat) => {
      move(craft, room.steers[seat]);
      if (room.game === 'views') room.fuel[seat] = burn(room.fuel[seat], craft);
    });
    if (room.game !== 'views') return broadcast(room, { t: 'state', state: room.state });
    for (const [member, seat] of room.members)
      member.send(JSON.stringify({ t: 'state', state: { ...room.state, fuel: room.fuel[seat] } }));
  }, 1000 / hz);
}

wss.on('connection', socket => {
  let room = null;
  let seat = -1;
  const heard = {
    join({ room: name, game, watch }) {
      room = rooms.get(name) ?? openRoom(name, game);
      if (!watch) seat = room.seated++;
      room.members.set(socket, seat);
      if (room.state && !watch) {
        room.state.crafts.push(start(seat));
        room.steers.push(null);
        room.fuel.push(0);
        if (room.seated === players[game]) begin(room);
      }
      socket.send(JSON.stringify({ t: 'joined', seat, board: room.board }));
    },
    input({ x, y }) {
      room.steers[seat] = { x, y };
    },
    move(m) {
      if (!isMove(m)) return;
      play(room.board, seat, m);
      broadcast(room, { t: 'moved', seat, cell: m.cell, k: m.k });
    },
  };
  socket.on('message', data => {
    const message = JSON.parse(data);
    heard[message.t]?.(message);
  });
  socket.on('close', () => {
    if (!room) return;
    room.members.delete(socket);
    if (room.members.size > 0) return;
    clearInterval(room.timer);
    rooms.delete(room.name);
  });
});

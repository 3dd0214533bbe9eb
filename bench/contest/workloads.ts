import type { Game } from '../load/player.ts';

/** What is measured: a game, how many play, and what is said of it beside the table. */
export interface Workload {
  name: string;
  title: string;
  game: Game;
  clients: number;
  /** Moves: the pause (ms) between a verdict and the next move; Infinity: nobody moves. */
  think: number;
  /** What CPU is counted for: so many of these, in this unit. `client`: a client that is there for a second. */
  per: {
    what: 'delivery' | 'move' | 'client';
    /** Where that is not the word for it. */
    word?: string;
    scale: number;
    unit: string;
  };
  /** Seconds that it takes at least until things are as they are to be measured. */
  settles?: number;
  /** Seconds over which it has to be measured at least, for what happens less often than that. */
  least?: number;
  remarks: readonly string[];
}

const all = [
  'All servers and the load generator run on the same machine and the same Node. The load generator is one program for all, with WebSockets of its own; it takes the same share for each frame whoever sent it, so it is no part of the figures, but it takes CPU that the servers then do not have.',
  'CPU is user + system time of the server processes, all threads, by /proc; that of Redis stands beside it. Bytes are those that clients read from their TCP sockets, WebSocket frames and keep-alives included.',
  'Only Rejoin is durable here: with Redis every tick and every move is in an append-only file before anybody is told. The others keep the game in memory, and lose it with the process. The Redis of the others writes nothing to disk.',
];
const arenaRemarks = [
  ...all,
  'The game is the same function for all (bench/work/arena.ts). Socket.IO and ws send the whole state, as JSON with names, by seat; with socket ids as keys, as tutorials do, it would be half as much again. Colyseus sends its patches of a schema (uint16, uint16, uint8), simulation before patch in the same 50 ms. Rejoin packs what moves into one text, as its Arena does; "state as objects with names" is the same without that.',
  "Socket.IO + redis-adapter: a room's game runs on one node, inputs from the other node come by io.serverSideEmit.",
];
const movesRemarks = [
  ...all,
  "A verdict is, for Rejoin, the acknowledgement with the move's place in the journal; for Colyseus the reply to the request, its patch sent at once; for the others the broadcast of the player's own move (an acknowledgement of its own would cost them one packet more). boardgame.io broadcasts the whole state, which is its default.",
  "The tutorials' way reads and writes a room without anything that keeps two nodes from doing it at once; the moves that this loses are counted, and the round is marked.",
];

const viewsRemarks = [
  ...all,
  'Each player sees all craft, and a number of its own that changes in every tick. Colyseus: a field with .view() and a StateView for each client. Socket.IO and ws: a message for each player. Rejoin: rules with a view.',
];
const lobbyRemarks = [
  ...all,
  "A visit is another person each time: a connection, a guest's token (Rejoin), the list of open rooms, a seat, and leaving. Colyseus: matchmaking over HTTP and a connection; its documentation lists rooms by a room that is subscribed to, so nobody asks. boardgame.io: its lobby over HTTP, no connection. Socket.IO and ws have no lobby.",
];
const idleRemarks = [
  ...all,
  "Memory is the resident memory of the servers with all clients seated, above that before the first one came, for each client: with what the collector has not taken back. Nobody moves; what costs CPU are keep-alives: Rejoin's server pings every 1.7 seconds and says how far the room is, Colyseus's pings every three, Socket.IO's every 25.",
];

export const workloads: readonly Workload[] = [
  {
    name: 'arena',
    title: 'Arena: rooms of 8, 10 inputs/s each, state at 20 Hz',
    game: 'arena',
    clients: 400,
    think: 0,
    per: { what: 'delivery', scale: 1_000_000, unit: 'ms per 1,000 deliveries' },
    remarks: arenaRemarks,
  },
  {
    name: 'views',
    title: 'Views: rooms of 8 as in the arena, and everybody sees something else',
    game: 'views',
    clients: 400,
    think: 0,
    per: { what: 'delivery', scale: 1_000_000, unit: 'ms per 1,000 deliveries' },
    remarks: viewsRemarks,
  },
  {
    name: 'big',
    title: 'Big room: one room, 100 play, the others watch, state at 20 Hz',
    game: 'big',
    clients: 600,
    think: 0,
    per: { what: 'delivery', scale: 1_000_000, unit: 'ms per 1,000 deliveries' },
    remarks: all,
  },
  {
    name: 'paced',
    title: 'Moves: rooms of 4, closed loop, 50 to 150 ms between verdict and move',
    game: 'moves',
    clients: 100,
    think: 100,
    per: { what: 'move', scale: 1_000_000, unit: 'µs per move' },
    remarks: movesRemarks,
  },
  {
    name: 'saturated',
    title: 'Moves: rooms of 4, closed loop, no pause',
    game: 'moves',
    clients: 800,
    think: 0,
    per: { what: 'move', scale: 1_000_000, unit: 'µs per move' },
    remarks: movesRemarks,
  },
  {
    name: 'lobby',
    title: 'Lobby: 20 at a time come, look at the list, take a seat in any open room or a new one, and go',
    game: 'lobby',
    clients: 20,
    think: 0,
    per: { what: 'move', word: 'visit', scale: 1_000_000, unit: 'µs per visit' },
    remarks: lobbyRemarks,
  },
  {
    name: 'idle',
    title: 'Idle: rooms of 4, all seated, nobody moves',
    game: 'moves',
    clients: 2_000,
    think: Infinity,
    settles: 14,
    least: 25,
    per: { what: 'client', scale: 1_000_000, unit: 'µs per client and second' },
    remarks: idleRemarks,
  },
];

import { startPeer, startRejoin, startRejoinAlone, type Contestant } from './contestant.ts';

const both = ['arena', 'views', 'big', 'moves'] as const;
const all = [...both, 'lobby'] as const;
const peer = { variant: null, spread: 'one', foreign: true } as const;
const ours = { dialect: 'rejoin', variant: null, spread: 'one', foreign: false } as const;

/** Everybody who can take part, in the order in which they do in a round. */
export const contestants: readonly Contestant[] = [
  { ...peer, name: 'ws', what: 'raw ws, one process', games: both, dialect: 'ws', start: place => startPeer(place, 'ws.js') },
  { ...peer, name: 'socket.io', what: 'Socket.IO, one process', games: both, dialect: 'socket.io', start: place => startPeer(place, 'socket-io.js') },
  { ...peer, name: 'socket.io-redis', what: 'Socket.IO + redis-adapter, two nodes, clients spread', games: both, dialect: 'socket.io', spread: 'spread', start: place => startPeer(place, 'socket-io.js', { nodes: 2, redis: true }) },
  { ...peer, name: 'tutorial', what: 'the tutorials\' way: state in Redis on each move, two nodes', games: ['moves'], dialect: 'socket.io', variant: 'stored', spread: 'spread', start: place => startPeer(place, 'tutorial.js', { nodes: 2, redis: true }) },
  { ...peer, name: 'colyseus', what: 'Colyseus, one process', games: all, dialect: 'colyseus', start: place => startPeer(place, 'colyseus.js') },
  { ...peer, name: 'boardgame.io', what: 'boardgame.io, one process', games: ['moves', 'lobby'], dialect: 'boardgame.io', start: place => startPeer(place, 'boardgame.js') },
  { ...ours, name: 'rejoin-memory', what: 'Rejoin, one node, memory', games: all, start: startRejoinAlone },
  { ...ours, name: 'rejoin-redis', what: 'Rejoin, one node + Redis, durable', games: all, start: place => startRejoin(place, 1) },
  { ...ours, name: 'rejoin-spread', what: 'Rejoin, two nodes + Redis, durable, clients spread', games: all, spread: 'spread', start: place => startRejoin(place, 2) },
  { ...ours, name: 'rejoin-owner', what: 'Rejoin, two nodes + Redis, durable, clients on the owner\'s node', games: both, spread: 'owner', start: place => startRejoin(place, 2) },
  { ...ours, name: 'rejoin-owner-plain', what: 'the same, state as objects with names', games: ['arena'], variant: 'plain', spread: 'owner', start: place => startRejoin(place, 2) },
];

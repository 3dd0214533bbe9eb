import { startPeer, startRejoin, startRejoinAlone, type Contestant } from './contestant.ts';

const allGames = ['arena', 'views', 'big', 'moves'] as const;
const gamesAndLobby = [...allGames, 'lobby'] as const;
const peer = { variant: null, placement: 'one', isPeer: true } as const;
const rejoin = { dialect: 'rejoin', variant: null, placement: 'one', isPeer: false } as const;

/** Everybody who can take part, in the order in which they do in a round. */
export const contestants: readonly Contestant[] = [
  {
    ...peer,
    name: 'ws',
    what: 'raw ws, one process',
    games: allGames,
    dialect: 'ws',
    start: place => startPeer(place, 'ws.js'),
  },
  {
    ...peer,
    name: 'socket.io',
    what: 'Socket.IO, one process',
    games: allGames,
    dialect: 'socket.io',
    start: place => startPeer(place, 'socket-io.js'),
  },
  {
    ...peer,
    name: 'socket.io-redis',
    what: 'Socket.IO + redis-adapter, two nodes, clients spread',
    games: allGames,
    dialect: 'socket.io',
    placement: 'spread',
    start: place => startPeer(place, 'socket-io.js', { nodes: 2, redis: true }),
  },
  {
    ...peer,
    name: 'tutorial',
    what: "the tutorials' way: state in Redis on each move, two nodes",
    games: ['moves'],
    dialect: 'socket.io',
    variant: 'stored',
    placement: 'spread',
    start: place => startPeer(place, 'tutorial.js', { nodes: 2, redis: true }),
  },
  {
    ...peer,
    name: 'colyseus',
    what: 'Colyseus, one process',
    games: gamesAndLobby,
    dialect: 'colyseus',
    start: place => startPeer(place, 'colyseus.js'),
  },
  {
    ...peer,
    name: 'boardgame.io',
    what: 'boardgame.io, one process',
    games: ['moves', 'lobby'],
    dialect: 'boardgame.io',
    start: place => startPeer(place, 'boardgame.js'),
  },
  {
    ...rejoin,
    name: 'rejoin-memory',
    what: 'Rejoin, one node, memory',
    games: gamesAndLobby,
    start: place => startRejoinAlone(place, 'memory'),
  },
  {
    ...rejoin,
    name: 'rejoin-file',
    what: 'Rejoin, one node, one file, durable',
    games: gamesAndLobby,
    start: place => startRejoinAlone(place, 'file'),
  },
  {
    ...rejoin,
    name: 'rejoin-redis',
    what: 'Rejoin, one node + Redis, durable',
    games: gamesAndLobby,
    start: place => startRejoin(place, 1),
  },
  {
    ...rejoin,
    name: 'rejoin-spread',
    what: 'Rejoin, two nodes + Redis, durable, clients spread',
    games: gamesAndLobby,
    placement: 'spread',
    start: place => startRejoin(place, 2),
  },
  {
    ...rejoin,
    name: 'rejoin-owner',
    what: "Rejoin, two nodes + Redis, durable, clients on the owner's node",
    games: allGames,
    placement: 'owner',
    start: place => startRejoin(place, 2),
  },
  {
    ...rejoin,
    name: 'rejoin-owner-plain',
    what: 'the same, state as objects with names',
    games: ['arena'],
    variant: 'plain',
    placement: 'owner',
    start: place => startRejoin(place, 2),
  },
];

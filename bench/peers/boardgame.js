// boardgame.io as its documentation has it: a game, and its server with the default storage (memory). All four players
// may move
// at any time; a move that was made on an older state counts all the same, as the documentation advises for that case.
import { createRequire } from 'node:module';
import { emptyBoard, isMove, play } from '../../dist/run/bench/work/moves.js';

// Its entries are folders, which only `require` finds.
const require = createRequire(import.meta.url);
const { Server } = require('boardgame.io/server');
const { ActivePlayers, INVALID_MOVE } = require('boardgame.io/core');

const game = {
  name: 'moves',
  setup: emptyBoard,
  minPlayers: 4,
  maxPlayers: 4,
  turn: { activePlayers: ActivePlayers.ALL },
  moves: {
    move: {
      client: false,
      ignoreStaleStateID: true,
      move({ G, playerID }, m) {
        if (!isMove(m)) return INVALID_MOVE;
        play(G, Number(playerID), m);
      },
    },
  },
};
await Server({ games: [game], origins: [/.*/] }).run({ port: Number(process.env.PORT) });

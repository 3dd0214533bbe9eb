import type { Contract } from '../../../shared/contract.ts';
import { arena, type Arena } from '../../../shared/games/arena/contract.ts';
import type { TableGame } from '../common/table-game.ts';
import { asArena, scoreRows } from './arena-room.ts';
import { ArenaTable } from './arena-table.tsx';
import { arenaReplayEvents } from './replay-events.ts';
import { ArenaPicture } from './picture.tsx';

export const arenaTable: TableGame = {
  contract: arena as unknown as Contract,
  title: 'Arena',
  pitch: 'Gather gems, dash at whoever has more, and stay on the ground.',
  variants: [
    { name: 'Three rounds', note: 'about four minutes', options: {} },
    { name: 'One round', note: 'about a minute', options: { rounds: 1 } },
    { name: 'Sprint', note: 'one round of twenty seconds', options: { rounds: 1, seconds: 20 } },
  ],
  bots: 3,
  // Everybody plays at once with one clock, which is shown over the arena.
  howTo: null,
  ownSeats: true,
  ownStandings: true,
  hold: arena.def.away.hold,
  replayGuide: { pacing: { by: 'time', step: 250, tick: state => (state as Arena).tick }, eventsOf: arenaReplayEvents },
  Table: ArenaTable,
  Picture: ArenaPicture,
  turn: () => null,
  clock: () => null,
  ending(room) {
    const [first, second] = scoreRows(asArena(room));
    if (!first) return '';
    if (!second) return 'The others have left.';
    return first.place === second.place ? `${first.total} gems each.` : `${first.total} gems to ${second.total}.`;
  },
  sounds: () => () => {}, // the scene plays its sounds in step with its frames
  lastMove: () => '',
};

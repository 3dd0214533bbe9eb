import type { DiceView, Reveal, PlacedBid } from '../../../shared/games/liars-dice/contract.ts';
import type { ReplayEvent, ReplayGuide } from '../common/table-game.ts';

/** Marks for bids, challenges, eliminations and new rolls. */
export const diceReplayEvents: ReplayGuide['eventsOf'] = ({ state, before, events }) => {
  const [now, was] = [state as DiceView, before as DiceView];
  const all: ReplayEvent[] = [];
  for (const [name, data] of events) {
    if (name === 'bid') all.push({ kind: 'move', seat: (data as unknown as PlacedBid).seat, text: null });
    if (name === 'revealed') all.push({ kind: 'call', seat: (data as unknown as Reveal).by, text: null });
  }
  for (const seat of now.fallen.slice(was.fallen.length)) all.push({ kind: 'out', seat, text: null });
  if (all.length === 0 && now.round !== was.round) all.push({ kind: 'round', seat: null, text: null });
  return all;
};

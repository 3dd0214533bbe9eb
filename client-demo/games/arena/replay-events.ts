import type { Arena } from '../../../shared/games/arena/contract.ts';
import { isOpen } from '../../../shared/games/arena/ground.ts';
import type { ReplayEvent, ReplayGuide } from '../common/table-game.ts';

interface Hit {
  seat: number;
  by: number | null;
  lost: number;
}
const gems = (count: number): string => (count === 1 ? '1 gem' : `${count} gems`);

/** Marks for rounds, hits, falls, and the opening of the rim. */
export const arenaReplayEvents: ReplayGuide['eventsOf'] = ({ state, before, names, events }) => {
  const [now, was] = [state as Arena, before as Arena];
  const all: ReplayEvent[] = [];
  const name = (seat: number): string => names[seat] ?? 'Somebody';
  if (now.phase === 'play' && was.phase !== 'play')
    all.push({ kind: 'round', seat: null, text: `Round ${now.round} begins` });
  if (isOpen(now, now.tick) && !isOpen(was, was.tick)) all.push({ kind: 'call', seat: null, text: 'The rim is open' });
  for (const [what, data] of events) {
    const { seat, by, lost } = data as unknown as Hit;
    if (what === 'bumped' && by !== null)
      all.push({
        kind: 'blow',
        seat: by,
        text: `${name(by)} hits ${name(seat)}${lost > 0 ? `, who drops ${gems(lost)}` : ''}`,
      });
    if (what === 'fell')
      all.push({
        kind: 'out',
        seat,
        text: `${by === null ? `${name(seat)} goes over the rim` : `${name(by)} knocks ${name(seat)} over the rim`}${lost > 0 ? `: ${gems(lost)} lost` : ''}`,
      });
  }
  return all;
};

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Four } from '../../../shared/games/four-in-a-row/contract.ts';

const leavingTime = 700;

/** Tells which discs are new since the board was first shown: only those are animated. */
export function useDrops(
  board: Four['board'],
  match: number,
): { isNew(cell: number): boolean; leaving: Four['board'] | null } {
  const shown = useRef({ match, before: board.map(seat => seat !== null), now: [...board] });
  const [leaving, setLeaving] = useState<Four['board'] | null>(null);
  if (shown.current.match !== match) {
    // A new match: the discs of the last one fall out.
    const old = shown.current.now;
    shown.current = { match, before: board.map(() => false), now: [...board] };
    if (old.some(seat => seat !== null)) setLeaving(old);
  }
  useEffect(() => {
    shown.current.now = [...board];
  });
  useEffect(() => {
    if (!leaving) return;
    const timer = setTimeout(() => setLeaving(null), leavingTime);
    return () => clearTimeout(timer);
  }, [leaving]);
  return { isNew: cell => !shown.current.before[cell], leaving };
}

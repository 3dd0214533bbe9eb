import { useEffect, useReducer } from 'preact/hooks';
import type { Subscribe } from '../common/cell.ts';

/** Draws the component again when a source speaks, at most once in `ms`: a game may tick sixty times a second. */
export function useThrottled(ms: number, ...sources: (Subscribe | null | undefined)[]): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        redraw(0);
      }, ms);
    };
    const stops = sources.map(subscribe => subscribe?.(soon));
    redraw(0); // what was said between drawing and listening
    return () => {
      if (timer !== null) clearTimeout(timer);
      for (const stop of stops) stop?.();
    };
  }, [ms, ...sources]);
}

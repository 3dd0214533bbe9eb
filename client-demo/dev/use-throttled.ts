import { useEffect, useReducer } from 'preact/hooks';
import type { Subscribe } from '../common/cell.ts';

/** Renders the component after changes of the sources, at most once per `ms`: a game may tick 60 times a second. */
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
    redraw(0); // changes between rendering and subscribing
    return () => {
      if (timer !== null) clearTimeout(timer);
      for (const stop of stops) stop?.();
    };
  }, [ms, ...sources]);
}

import { useEffect, useReducer } from 'preact/hooks';

export type Unsubscribe = () => void;
export type Subscribe = (fn: () => void) => Unsubscribe;

/** A value that notifies subscribers when it is replaced. */
export class Cell<T> {
  private readonly subscribers = new Set<() => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return;
    this.current = next;
    for (const fn of [...this.subscribers]) fn();
  }

  readonly subscribe: Subscribe = fn => {
    this.subscribers.add(fn);
    return () => void this.subscribers.delete(fn);
  };
}

/** Renders again when one of the sources changes; null stands for a missing source. */
export function useSources(...sources: (Subscribe | null)[]): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const stops = sources.map(subscribe => subscribe?.(() => redraw(0)));
    redraw(0); // changes between rendering and subscribing
    return () => stops.forEach(stop => stop?.());
  }, sources);
}

export function useCell<T>(cell: Cell<T>): T {
  useSources(cell.subscribe);
  return cell.value;
}

/** Draws the component again every `ms`, as long as there is something that moves. */
export function useRedrawInterval(ms: number, on: boolean): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => redraw(0), ms);
    return () => clearInterval(timer);
  }, [ms, on]);
}

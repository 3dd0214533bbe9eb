import type { Timer } from '../server/runtime/ports.ts';

interface QueuedTimer extends Timer {
  at: number;
  /** When it was set. */
  set: number;
  order: number;
  fn: (() => void) | null;
}

/** Timers by due time, then by insertion order: a binary heap. Canceled timers stay in it until they are due. */
export class TimerQueue {
  private readonly heap: QueuedTimer[] = [];
  private order = 0;

  add(at: number, fn: () => void, set = at): Timer {
    const entry: QueuedTimer = {
      at,
      set,
      order: this.order++,
      fn,
      cancel: () => {
        entry.fn = null;
      },
    };
    this.rise(entry);
    return entry;
  }

  /** Due time of the next timer; Infinity if there is none. */
  get next(): number {
    while (this.heap.length > 0 && this.heap[0]!.fn === null) this.drop();
    return this.heap.length > 0 ? this.heap[0]!.at : Infinity;
  }

  /** Number of active timers. */
  get size(): number {
    return this.heap.filter(entry => entry.fn !== null).length;
  }

  /** Removes and returns the next timer. */
  take(): (() => void) | null {
    if (this.next === Infinity) return null;
    const { fn } = this.heap[0]!;
    this.heap[0]!.fn = null;
    this.drop();
    return fn;
  }

  /** Due time of the next timer that was set for at least `ms` ahead; Infinity if there is none. */
  nextSetFor(ms: number): number {
    return this.heap.reduce(
      (least, { at, set, fn }) => (fn !== null && at - set >= ms ? Math.min(least, at) : least),
      Infinity,
    );
  }

  /** Postpones all timers by `by`, except those set for at least `ms` ahead. */
  postpone(by: number, ms: number): void {
    const all = this.heap.splice(0).filter(({ fn }) => fn !== null);
    for (const entry of all) {
      if (entry.at - entry.set < ms) {
        entry.at += by;
        entry.set += by;
      }
      this.rise(entry);
    }
  }

  private rise(entry: QueuedTimer): void {
    const { heap } = this;
    let i = heap.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  /** Removes the first entry. */
  private drop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

const before = (a: QueuedTimer, b: QueuedTimer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

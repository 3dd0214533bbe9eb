import type { Socket } from 'node:net';

/**
 * What becomes of the bytes of one direction. `hold`: they go nowhere, and arrive when the direction passes again, as
 * on a network that was cut and healed, where both ends' kernels go on trying. `late`: each arrives so much later, in
 * order; some stall. `narrow`: so many bytes a second.
 */
export type Flow =
  | { kind: 'pass' }
  | { kind: 'hold' }
  | { kind: 'late'; ms: number; jitter: number; stalls?: Stalls }
  | { kind: 'narrow'; bytesPerSecond: number };

/**
 * A part of the pieces is so much later (ms, from least to most), and all behind it waits: a lost packet, as TCP shows
 * it.
 */
export interface Stalls {
  part: number;
  least: number;
  most: number;
}

/** Bytes that may be on their way in one direction; then the sender is made to wait, as by a full window. */
const mostUnderWay = 4 * 1024 * 1024;
const slice = 20;

/**
 * One direction of one connection: takes bytes from one socket and gives them to the other, in the way its flow says.
 */
export class FlowPipe {
  private readonly waiting: { due: number; data: Buffer | 'end' }[] = [];
  private bytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private lastDue = 0;
  private flow: Flow = { kind: 'pass' };
  /** Sees each piece as it comes; false keeps it from going on. */
  watch: ((data: Buffer) => boolean) | null = null;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
  ) {
    from.on('data', data => this.take(data));
    from.on('end', () => this.take('end'));
    to.on('drain', () => this.steer());
  }

  set(flow: Flow): void {
    this.flow = flow;
    // What was to come later comes by the new rule.
    if (flow.kind === 'pass') for (const one of this.waiting) one.due = 0;
    this.steer();
    this.pump();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.waiting.length = 0;
  }

  private take(data: Buffer | 'end'): void {
    if (data !== 'end' && this.watch && !this.watch(data)) return;
    if (this.flow.kind === 'pass' && this.waiting.length === 0) return this.give(data);
    const { flow } = this;
    const due =
      flow.kind === 'late' ? performance.now() + flow.ms + Math.random() * flow.jitter + stall(flow.stalls) : 0;
    this.lastDue = Math.max(this.lastDue, due); // in order, whatever the jitter says
    this.waiting.push({ due: this.lastDue, data });
    if (data !== 'end') this.bytes += data.length;
    this.steer();
    this.pump();
  }

  private give(data: Buffer | 'end'): void {
    if (this.to.destroyed) return;
    if (data === 'end') this.to.end();
    else if (!this.to.write(data)) this.from.pause();
  }

  private steer(): void {
    const full = this.flow.kind === 'hold' || this.bytes > mostUnderWay || this.to.writableNeedDrain;
    if (full) this.from.pause();
    else if (!this.from.destroyed) this.from.resume();
  }

  private pump(): void {
    if (this.timer || this.flow.kind === 'hold') return;
    const { flow } = this;
    let budget = flow.kind === 'narrow' ? Math.max(1, Math.floor((flow.bytesPerSecond * slice) / 1000)) : Infinity;
    const now = performance.now();
    while (this.waiting.length > 0 && budget > 0 && this.waiting[0]!.due <= now) {
      const { data } = this.waiting[0]!;
      if (data === 'end' || data.length <= budget) {
        this.waiting.shift();
        if (data !== 'end') {
          budget -= data.length;
          this.bytes -= data.length;
        }
        this.give(data);
      } else {
        this.waiting[0]!.data = data.subarray(budget);
        this.bytes -= budget;
        this.give(data.subarray(0, budget));
        budget = 0;
      }
    }
    this.steer();
    if (this.waiting.length === 0) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.pump();
      },
      flow.kind === 'narrow' ? slice : Math.max(1, this.waiting[0]!.due - now),
    );
  }
}

const stall = (stalls: Stalls | undefined): number =>
  stalls && Math.random() < stalls.part ? stalls.least + Math.random() * (stalls.most - stalls.least) : 0;

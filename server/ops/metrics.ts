import { Counter, Gauge, Histogram, Registry as PromRegistry } from 'prom-client';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CounterName, Meter, TimerName } from '../ports.ts';

const counters: Record<CounterName, [help: string, label?: string]> = {
  actions: ['actions accepted'],
  refusals: ['actions refused by rules or engine, by code', 'code'],
  entries: ['journal entries written'],
  takeovers: ['rooms taken over from an owner that was held for dead'],
  moved: ['rooms handed to another node that had them ready, by why', 'why'],
  resigned: ['rooms this node stopped running, by why', 'why'],
  lost: ['clients whose place in a room\'s history was lost with the store'],
  lostRooms: ['rooms that were found older than they had been, or gone: the store lost entries'],
  lostEntries: ['entries that were durable, and gone when their room was claimed again'],
  failedRules: ['rules of games that threw'],
  hungRules: ['rules of games that hung, and were found so by the next owner'],
  slowRules: ['rules of games that took more than 50 ms'],
  failedEffects: ['effects that the host\'s code did not do at the first try'],
  droppedPublishes: ['broadcasts dropped while Redis was away'],
  slowReaders: ['clients that read too slowly and were held back'],
  badPackets: ['malformed packets'],
  floods: ['connections closed for sending too many packets'],
  replays: ['recordings of matches that were kept'],
  replayBytes: ['bytes of recordings that were kept'],
  replaysDropped: ['recordings that were not kept, by why', 'why'],
  overQuota: ['rooms that were not made, since too many of their player, or of their address, live', 'of'],
  wrongCodes: ['joins by a code that no room has'],
  wrongTokens: ['requests for metrics or operator routes with a wrong token'],
};
const timers: Record<TimerName, [help: string, buckets: number[]]> = {
  append: ['ms from handing an entry to the store to its answer', [0.25, 0.5, 1, 2, 5, 10, 25, 50, 100, 250, 1000]],
  standstill: ['ms a room could not commit, when it was taken over', [50, 100, 150, 250, 500, 1000, 2000, 4000, 8000]],
  handOver: ['ms between two owners, when a room was handed over: nobody listens', [1, 2, 5, 10, 25, 50, 100, 200, 500, 1000]],
  forward: ['ms for a message to the owner on another node and back', [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 1000]],
};

export interface Metrics { meter: Meter; text(): Promise<string>; contentType: string; /** event-loop delay since the last call, p99 in ms */ delay(): number; close(): void }

/** Prometheus metrics of one node. `now` gives the figures that are read rather than counted; `quarantined`, one of the whole cluster, from the store. */
export function createMetrics(now: () => { rooms: number; seats: number; sockets: number; storeFill: number | null }, quarantined: () => Promise<number>): Metrics {
  const registers = [new PromRegistry()];
  const [registry] = registers as [PromRegistry];
  const counted = new Map(Object.entries(counters).map(([name, [help, label]]) => [name, new Counter({ name: `rejoin_${snake(name)}_total`, help, labelNames: label ? [label] : [], registers })]));
  const timed = new Map(Object.entries(timers).map(([name, [help, buckets]]) => [name, new Histogram({ name: `rejoin_${snake(name)}_ms`, help, buckets, registers })]));
  const gauge = (name: string, help: string, read: () => number) => new Gauge({ name: `rejoin_${name}`, help, registers, collect() { this.set(read()); } });
  // Of the process, by the names that dashboards know.
  const ofProcess = (name: string, help: string, read: () => number) => new Gauge({ name, help, registers, collect() { this.set(read()); } });
  ofProcess('process_resident_memory_bytes', 'memory that the process holds', () => process.memoryUsage.rss());
  ofProcess('nodejs_heap_size_used_bytes', 'heap in use', () => process.memoryUsage().heapUsed);
  ofProcess('nodejs_active_resources_total', 'open handles and requests that keep the event loop alive', () => process.getActiveResourcesInfo().length);
  new Counter({ name: 'process_cpu_seconds_total', help: 'user and system CPU time', registers, collect() {
    const { user, system } = process.cpuUsage();
    this.reset();
    this.inc((user + system) / 1e6);
  } });
  gauge('rooms', 'rooms this node runs', () => now().rooms);
  gauge('seats', 'players with a seat connected to this node', () => now().seats);
  gauge('store_fill', 'share of the store\'s memory that is in use; 0 where it has no bound', () => now().storeFill ?? 0);
  gauge('sockets', 'clients connected to this node', () => now().sockets);
  // While the store is away the last figure stands.
  const outOfPlay: Gauge = new Gauge({ name: 'rejoin_quarantined', help: 'rooms of the whole cluster that are out of play, up to 1000', registers, collect: () => quarantined().then(n => outOfPlay.set(n), () => {}) });
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  let p99 = 0;
  const delay = () => {
    if (loop.count > 20) {
      p99 = Math.max(0, loop.percentile(99) / 1e6 - 20);
      loop.reset();
    }
    return p99;
  };
  gauge('loop_delay_ms', 'event-loop delay, p99 lately', () => p99);
  return {
    meter: {
      count: (name, by = 1, label) => {
        const label0 = counters[name][1];
        const counter = counted.get(name)!;
        if (label0) counter.inc({ [label0]: label ?? '' }, by);
        else counter.inc(by);
      },
      observe: (name, ms) => timed.get(name)!.observe(ms),
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    delay,
    close: () => loop.disable(),
  };
}

const snake = (name: string): string => name.replace(/[A-Z]/g, c => `_${c.toLowerCase()}`);

/** Counts nothing: for parts that run alone in tests. */
export const noMeter: Meter = { count: () => {}, observe: () => {} };

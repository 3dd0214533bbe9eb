import { Counter, Gauge, Histogram, Registry as PromRegistry } from 'prom-client';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CounterName, Meter, TimerName } from '../runtime/ports.ts';

const counters: Record<CounterName, [help: string, label?: string]> = {
  actionsAccepted: ['Actions accepted.'],
  actionsRefused: ['Actions refused by the rules or the engine, by refusal code.', 'code'],
  journalEntries: ['Journal entries written.'],
  takeovers: ['Rooms claimed from an owner that was declared dead.'],
  handovers: ['Rooms handed over to another node, by reason.', 'reason'],
  roomsStopped: ['Rooms that this node stopped running, by reason.', 'reason'],
  lostPositions: ['Joins whose position is no longer in the room\'s history because the store lost entries.'],
  lostRooms: ['Rooms found older than before, or missing, because the store lost entries.'],
  lostEntries: ['Acknowledged entries missing when their room was claimed again.'],
  failedRules: ['Calls of game rules that threw.'],
  hungRules: ['Calls of game rules that hung, counted by the next owner.'],
  slowRules: ['Calls of game rules that took more than 50 ms.'],
  failedEffects: ['Failed attempts to run an effect handler.'],
  droppedPublishes: ['Broadcasts dropped while Redis was unavailable.'],
  slowReaders: ['Times a slow client was paused.'],
  badPackets: ['Malformed packets received.'],
  floods: ['Connections closed for sending too many packets.'],
  replays: ['Match recordings stored.'],
  replayBytes: ['Bytes of match recordings stored.'],
  replaysDropped: ['Match recordings dropped, by reason.', 'reason'],
  overQuota: ['rooms that were not made, since too many of their player, or of their address, live', 'of'],
  wrongCodes: ['Joins by a code that no room has.'],
  wrongTokens: ['Requests to metrics or operator routes with a wrong token.'],
};
const timers: Record<TimerName, [help: string, buckets: number[]]> = {
  journalAppend: ['Time from sending an entry to the store to its reply, in seconds.', [0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]],
  takeoverInterruption: ['Time in which a room that was taken over could not commit, in seconds.', [0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 4, 8]],
  handoverInterruption: ['Time between the old and the new owner of a room that was handed over, in seconds.', [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1]],
  forwardRoundTrip: ['Round-trip time of a message to the owner on another node, in seconds.', [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]],
};

export interface Metrics { meter: Meter; text(): Promise<string>; contentType: string; /** event-loop delay since the last call, p99 in ms */ eventLoopDelay(): number; close(): void }

/** Prometheus metrics of one node. `now` gives the figures that are read rather than counted; `quarantined`, one of the whole cluster, from the store. */
export function createMetrics(readFigures: () => { rooms: number; seats: number; sockets: number; storeFill: number | null }, quarantined: () => Promise<number>): Metrics {
  const registers = [new PromRegistry()];
  const [registry] = registers as [PromRegistry];
  const counted = new Map(Object.entries(counters).map(([name, [help, label]]) => [name, new Counter({ name: `rejoin_${toSnakeCase(name)}_total`, help, labelNames: label ? [label] : [], registers })]));
  const timed = new Map(Object.entries(timers).map(([name, [help, buckets]]) => [name, new Histogram({ name: `rejoin_${toSnakeCase(name)}_seconds`, help, buckets, registers })]));
  const gauge = (name: string, help: string, read: () => number) => new Gauge({ name: `rejoin_${name}`, help, registers, collect() { this.set(read()); } });
  // Of the process, by the names that dashboards know.
  const processGauge = (name: string, help: string, read: () => number) => new Gauge({ name, help, registers, collect() { this.set(read()); } });
  processGauge('process_resident_memory_bytes', 'Resident memory of the process in bytes.', () => process.memoryUsage.rss());
  processGauge('nodejs_heap_size_used_bytes', 'Used heap in bytes.', () => process.memoryUsage().heapUsed);
  processGauge('nodejs_active_resources', 'Handles and requests that keep the event loop alive.', () => process.getActiveResourcesInfo().length);
  new Counter({ name: 'process_cpu_seconds_total', help: 'User and system CPU time in seconds.', registers, collect() {
    const { user, system } = process.cpuUsage();
    this.reset();
    this.inc((user + system) / 1e6);
  } });
  gauge('rooms', 'Rooms that this node runs.', () => readFigures().rooms);
  gauge('seated_players', 'Players with a seat that are connected to this node.', () => readFigures().seats);
  gauge('store_memory_used_ratio', 'Used share of the store\'s memory, from 0 to 1; 0 if it has no limit.', () => readFigures().storeFill ?? 0);
  gauge('sockets', 'Clients connected to this node.', () => readFigures().sockets);
  // While the store is away the last figure stands.
  const quarantinedGauge: Gauge = new Gauge({ name: 'rejoin_quarantined_rooms', help: 'Quarantined rooms in the whole cluster, at most 1000.', registers, collect: () => quarantined().then(n => quarantinedGauge.set(n), () => {}) });
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  let p99 = 0;
  const eventLoopDelay = () => {
    if (loop.count > 20) {
      p99 = Math.max(0, loop.percentile(99) / 1e6 - 20);
      loop.reset();
    }
    return p99;
  };
  gauge('event_loop_delay_p99_seconds', 'Event-loop delay, 99th percentile since the last heartbeat, in seconds.', () => p99 / 1_000);
  return {
    meter: {
      count: (name, by = 1, label) => {
        const labelName = counters[name][1];
        const counter = counted.get(name)!;
        if (labelName) counter.inc({ [labelName]: label ?? '' }, by);
        else counter.inc(by);
      },
      observe: (name, ms) => timed.get(name)!.observe(ms / 1_000),
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    eventLoopDelay,
    close: () => loop.disable(),
  };
}

const toSnakeCase = (name: string): string => name.replace(/[A-Z]/g, c => `_${c.toLowerCase()}`);

/** Counts nothing: for parts that run alone in tests. */
export const noMeter: Meter = { count: () => {}, observe: () => {} };

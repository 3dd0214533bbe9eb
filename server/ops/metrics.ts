import { Counter, Gauge, Histogram, Registry as PromRegistry } from 'prom-client';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CounterName, Meter, TimerName } from '../runtime/ports.ts';

const counters: Record<CounterName, [name: string, help: string, label?: string]> = {
  actionsAccepted: ['rejoin_actions_accepted_total', 'Actions accepted.'],
  actionsRefused: [
    'rejoin_actions_refused_total',
    'Actions refused by the rules or the engine, by refusal code.',
    'code',
  ],
  journalEntries: ['rejoin_journal_entries_total', 'Journal entries written.'],
  takeovers: ['rejoin_takeovers_total', 'Rooms claimed from an owner that was declared dead.'],
  handovers: ['rejoin_handovers_total', 'Rooms handed over to another node, by reason.', 'reason'],
  roomsStopped: ['rejoin_rooms_stopped_total', 'Rooms that this node stopped running, by reason.', 'reason'],
  lostPositions: [
    'rejoin_lost_positions_total',
    "Joins whose position is no longer in the room's history because the store lost entries.",
  ],
  lostRooms: ['rejoin_lost_rooms_total', 'Rooms found older than before, or missing, because the store lost entries.'],
  lostEntries: ['rejoin_lost_entries_total', 'Acknowledged entries missing when their room was claimed again.'],
  failedRules: ['rejoin_failed_rules_total', 'Calls of game rules that threw.'],
  hungRules: ['rejoin_hung_rules_total', 'Calls of game rules that hung, counted by the next owner.'],
  slowRules: ['rejoin_slow_rules_total', 'Calls of game rules that took more than 50 ms.'],
  failedEffects: ['rejoin_failed_effects_total', 'Failed attempts to run an effect handler.'],
  droppedPublishes: ['rejoin_dropped_publishes_total', 'Broadcasts dropped while Redis was unavailable.'],
  slowReaders: ['rejoin_slow_readers_total', 'Times a slow client was paused.'],
  badPackets: ['rejoin_bad_packets_total', 'Malformed packets received.'],
  floods: ['rejoin_floods_total', 'Connections closed for sending too many packets.'],
  replays: ['rejoin_replays_total', 'Match recordings stored.'],
  replayBytes: ['rejoin_replay_bytes_total', 'Bytes of match recordings stored.'],
  replaysDropped: ['rejoin_replays_dropped_total', 'Match recordings dropped, by reason.', 'reason'],
  overQuota: ['rejoin_over_quota_total', 'Rooms not created because their player or address has too many.', 'of'],
  wrongCodes: ['rejoin_wrong_codes_total', 'Joins by a code that no room has.'],
  wrongTokens: ['rejoin_wrong_tokens_total', 'Requests to metrics or operator routes with a wrong token.'],
};
const timers: Record<TimerName, [name: string, help: string, buckets: number[]]> = {
  journalAppend: [
    'rejoin_journal_append_seconds',
    'Time from sending an entry to the store to its reply, in seconds.',
    [0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  ],
  takeoverInterruption: [
    'rejoin_takeover_interruption_seconds',
    'Time in which a room that was taken over could not commit, in seconds.',
    [0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 4, 8],
  ],
  handoverInterruption: [
    'rejoin_handover_interruption_seconds',
    'Time between the old and the new owner of a room that was handed over, in seconds.',
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1],
  ],
  forwardRoundTrip: [
    'rejoin_forward_round_trip_seconds',
    'Round-trip time of a message to the owner on another node, in seconds.',
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  ],
};

export interface Metrics {
  meter: Meter;
  text(): Promise<string>;
  contentType: string;
  /** Event-loop delay since the last call, p99, ms. */
  eventLoopDelay(): number;
  close(): void;
}

/**
 * Creates the Prometheus metrics of a node. `readFigures` reads gauges of the node; `quarantined` reads a cluster-wide
 * gauge from the store.
 */
export function createMetrics(
  readFigures: () => { rooms: number; seats: number; sockets: number; storeFill: number | null },
  quarantined: () => Promise<number>,
): Metrics {
  const registers = [new PromRegistry()];
  const [registry] = registers as [PromRegistry];
  const counted = new Map(
    Object.entries(counters).map(([key, [name, help, label]]) => [
      key,
      new Counter({ name, help, labelNames: label ? [label] : [], registers }),
    ]),
  );
  const timed = new Map(
    Object.entries(timers).map(([key, [name, help, buckets]]) => [
      key,
      new Histogram({ name, help, buckets, registers }),
    ]),
  );
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  // Metrics of the process, with the usual names.
  gauge('process_resident_memory_bytes', 'Resident memory of the process in bytes.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'Used heap in bytes.', () => process.memoryUsage().heapUsed);
  gauge(
    'nodejs_active_resources',
    'Handles and requests that keep the event loop alive.',
    () => process.getActiveResourcesInfo().length,
  );
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  gauge('rejoin_rooms', 'Rooms that this node runs.', () => readFigures().rooms);
  gauge('rejoin_seated_players', 'Players with a seat that are connected to this node.', () => readFigures().seats);
  gauge(
    'rejoin_store_memory_used_ratio',
    "Used share of the store's memory, from 0 to 1; 0 if it has no limit.",
    () => readFigures().storeFill ?? 0,
  );
  gauge('rejoin_sockets', 'Clients connected to this node.', () => readFigures().sockets);
  // Keeps the last value while the store is unavailable.
  const quarantinedGauge: Gauge = new Gauge({
    name: 'rejoin_quarantined_rooms',
    help: 'Quarantined rooms in the whole cluster, at most 1000.',
    registers,
    collect: () =>
      quarantined().then(
        n => quarantinedGauge.set(n),
        () => {},
      ),
  });
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
  gauge(
    'rejoin_event_loop_delay_p99_seconds',
    'Event-loop delay, 99th percentile since the last heartbeat, in seconds.',
    () => p99 / 1_000,
  );
  return {
    meter: {
      count: (name, by = 1, label) => {
        const labelName = counters[name][2];
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

/** Counts nothing; for tests. */
export const noMeter: Meter = { count: () => {}, observe: () => {} };

/**
 * The interfaces to the outside: time, randomness, storage, messaging.
 * Code behind them never reads a clock, draws a random number or starts a timer itself. A whole cluster can therefore
 * run in one test process under an injected clock and one seed.
 */
export interface Clock {
  /** Wall time, ms since 1970. */
  now(): number;
  /** Monotonic time, ms. For timeouts and deadlines: unaffected by steps of the wall clock. */
  mono(): number;
  /**
   * Runs `fn` after the events that have already arrived are processed, so that messages sent until then can be
   * batched.
   */
  soon(fn: () => void): void;
  /** Runs `fn` once after `ms`. */
  after(ms: number, fn: () => void): Timer;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
}
export interface Timer {
  cancel(): void;
}

export interface Entropy {
  /** Cryptographically secure random bytes. */
  bytes(count: number): Uint8Array;
  /** A float in [0, 1), for jitter and placement. */
  float(): number;
}

/** Compresses text, for example replays. */
export interface Compressor {
  compress(text: string): Promise<string>;
  decompress(packed: string): Promise<string>;
}

type Fields = Record<string, unknown>;
/**
 * Receives the server's log messages. The interface is that of pino, so a pino logger can be passed.
 * @example
 * ```ts
 * const log: Log = {
 *   info: (fields, text) => console.info(text, fields),
 *   warn: (fields, text) => console.warn(text, fields),
 *   error: (fields, text) => console.error(text, fields),
 *   debug: () => {},
 * }
 * const server = await createServer({ games: [raceGame], log }) // or `log: pino()`
 * ```
 */
export interface Log {
  /** Normal events of interest to an operator. */
  info(fields: Fields, text: string): void;
  /** A problem that the server handles itself. */
  warn(fields: Fields, text: string): void;
  /** A problem that a person has to fix: a rule that throws, a room that cannot be read. */
  error(fields: Fields, text: string): void;
  /** Details for debugging. */
  debug(fields: Fields, text: string): void;
}

/** The rule that a room is running. One object per room, updated in place. See SPEC R8. */
export interface RuleRun {
  /** Room, its owner's token, and the seq of its last entry: together they tell whether the room has moved on since. */
  room: string;
  token: string;
  seq: number;
  game: string;
  /** Kind of the command being processed, or another label where no command is (a view, for example). */
  input: string;
  rule: string;
  /** The player, session and action number that caused the run; '' and 0 if none did. */
  player: string;
  session: string;
  n: number;
  /** The player or audience that the rule is evaluated for; '' if none. */
  who: string;
}

/**
 * Detects rules that do not return. The process of such a rule is ended, and the run is reported to the store
 * (`reportHang`).
 * Called around every run of game code, on the hot path: it must cost next to nothing.
 */
export interface HangDetector {
  /** Marks `run` as running; replaces the previous run. */
  begin(run: Readonly<RuleRun>): void;
  end(): void;
}

/** Counters and timers for operators. See ../ops/metrics.ts for the metric names. */
export interface Meter {
  count(name: CounterName, by?: number, label?: string): void;
  observe(name: TimerName, ms: number): void;
}
export type TimerName = 'journalAppend' | 'takeoverInterruption' | 'handoverInterruption' | 'forwardRoundTrip';
export type CounterName =
  | 'actionsAccepted'
  | 'actionsRefused'
  | 'journalEntries'
  | 'takeovers'
  | 'handovers'
  | 'roomsStopped'
  | 'lostPositions'
  | 'lostRooms'
  | 'lostEntries'
  | 'failedRules'
  | 'hungRules'
  | 'slowRules'
  | 'failedEffects'
  | 'droppedPublishes'
  | 'slowReaders'
  | 'badPackets'
  | 'replays'
  | 'replayBytes'
  | 'replaysDropped'
  | 'floods'
  | 'overQuota'
  | 'wrongCodes'
  | 'wrongTokens';

/** A channel whose subscribers all see the same view of a room. */
export type Channel = string;

/**
 * Sends to all subscribers of a channel, on all nodes. Delivery is at most once, with no order across channels: clients
 * repair gaps from the journal.
 */
export interface Fanout {
  emit(channel: Channel, event: 'change' | 'motion' | 'notice' | 'signal', ...args: unknown[]): void;
  /** As `emit`, but only to clients connected to this node. */
  emitLocal: Fanout['emit'];
}

/** A message to one node. */
export interface NodeMessage {
  node: string;
  text: string;
}

/** Messages between nodes. Delivery is at most once. */
export interface Bus {
  /**
   * Sends the messages immediately and in order.
   * the number of listeners that received each message. 0 suggests that the node is gone; more does not prove that it
   * is alive
   */
  publish(messages: readonly NodeMessage[]): Promise<number[]>;
  /**
   * Subscribes to this node's own inbox. `onBroken` is called when the subscription is lost: messages sent until it is
   * restored are lost, and other nodes may declare this node dead.
   */
  listen(node: string, on: (text: string) => void, onBroken?: () => void): Promise<void>;
}

/**
 * Open connections of a node, as Redis sees them. If both counts are 0, its process has ended or cannot reach the Redis
 * that it needs to commit.
 */
export interface ListenerCounts {
  inbox: number;
  register: number;
}

/** The node register: each node writes its record here and reads the records of the others. */
export interface NodeRegister {
  /**
   * Writes this node's record and reads all records, in one round trip.
   * when the store cannot be reached; the caller then knows nothing new about any node
   */
  heartbeat(record: NodeRecord): Promise<{ nodes: NodeRecord[]; listeners: ReadonlyMap<string, number> }>;
  /** Counts a node's open connections: subscribers of its inbox, and of the channel on its register connection. */
  listeners(node: string): Promise<ListenerCounts>;
  remove(node: string): Promise<void>;
}

/** A node is identified by name and start: a restarted node is a different node. */
export interface NodeRecord {
  /** `name~start`, unique. */
  id: string;
  name: string;
  /** Incremented with each heartbeat. */
  beat: number;
  /** Wall time at which the node sent the heartbeat, ms since 1970. */
  at: number;
  rooms: number;
  sockets: number;
  /** Event-loop delay, p99 of the last seconds, ms. */
  delay: number;
  draining: boolean;
  /** The games it runs, `name@version`. */
  games: string[];
  /** The game versions whose rooms it can load: those in `games`, and the older ones that its rules migrate. */
  reads: readonly string[];
  /**
   * The last period (ms since 1970) in which the node could not write to the store for longer than
   * `limits.deadlineGrace`; null: none since it started.
   */
  outage: { from: number; to: number } | null;
}

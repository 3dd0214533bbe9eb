/**
 * The doors to the outside. Nothing behind them reads a clock, draws a random number, or starts a timer of its own, so
 * that a whole cluster can live in one test process under an injected clock and one seed.
 */
export interface Clock {
  /** Wall time, ms since 1970. */
  now(): number;
  /** Monotonic time in ms: for judging silence and deadlines; unaffected by steps of the wall clock. */
  mono(): number;
  /**
   * Runs `fn` when everything that has arrived by now has been looked at: what is said till then can travel together.
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
  /** Random bytes nobody can guess. */
  bytes(count: number): Uint8Array;
  /** A float in [0, 1), for jitter and placement. */
  float(): number;
}

/** Makes a long text short, and long again. */
export interface Compressor {
  compress(text: string): Promise<string>;
  decompress(packed: string): Promise<string>;
}

type Fields = Record<string, unknown>;
/**
 * Where the server writes what happens: pino's shape, so that a pino logger fits.
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
  /** What an operator may want to know. */
  info(fields: Fields, text: string): void;
  /** Something is wrong, and is being dealt with. */
  warn(fields: Fields, text: string): void;
  /** Somebody has to mend something: a rule that throws, a room that cannot be read. */
  error(fields: Fields, text: string): void;
  /** For who looks for a fault. */
  debug(fields: Fields, text: string): void;
}

/** What the rules of a room are doing at this moment. One object per room, changed as it goes on. See SPEC R8. */
export interface RuleRun {
  /** The room; its owner's token, and its last entry: whether the room is still the one that ran. */
  room: string;
  token: string;
  seq: number;
  game: string;
  /** What the room was asked: the kind of an input, or what else runs. */
  input: string;
  rule: string;
  /** Who asked, and by which number; '' and 0 where nobody did. */
  player: string;
  session: string;
  n: number;
  /** About whom the rule is asked: a player, an audience. */
  who: string;
}

/**
 * Sees that rules end: one that does not takes its node along, and this writes down which it was (store's `blame`).
 * Called around everything of a game that runs, on the hot path: it must cost next to nothing.
 */
export interface HangDetector {
  /** This runs from now on, in place of what ran until now. */
  begin(run: Readonly<RuleRun>): void;
  end(): void;
}

/** Counts and times that an operator sees; see ../ops/metrics.ts for their names. */
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

/** A channel of members: everybody who sees the same of a room. */
export type Channel = string;

/**
 * Sends to all members of a channel, on all nodes. At most once, no promise of order across channels: the journal is
 * the truth.
 */
export interface Fanout {
  emit(channel: Channel, event: 'change' | 'motion' | 'notice' | 'signal', ...args: unknown[]): void;
  /** The same, to those alone who are connected to this node. */
  emitLocal: Fanout['emit'];
}

/** What one node says to another. */
export interface NodeMessage {
  node: string;
  text: string;
}

/** Messages of nodes to others. At most once. */
export interface Bus {
  /**
   * Sends messages, at once and in order.
   * @returns how many listeners took each: 0 is a hint that the node is gone, more is no proof that it lives
   */
  publish(messages: readonly NodeMessage[]): Promise<number[]>;
  /**
   * Starts to hear this node's own inbox. `onBusBroken`: it is not heard for a while, and what is said to it is lost;
   * others may take this node for gone.
   */
  listen(node: string, on: (text: string) => void, broke?: () => void): Promise<void>;
}

/**
 * What is seen of a node from outside: none of either, and its process has ended, or is cut off from all that it would
 * need to commit.
 */
export interface ListenerCounts {
  inbox: number;
  register: number;
}

/** Where nodes register, and where they see each other. */
export interface NodeRegister {
  /**
   * Writes this node's record and reads everybody's, in one round trip.
   * @throws when the store cannot be reached: then nothing was learned about anybody
   */
  heartbeat(record: NodeRecord): Promise<{ nodes: NodeRecord[]; listeners: ReadonlyMap<string, number> }>;
  /**
   * Which of a node's connections stand: how many listen to its inbox, and how many of those by which it registers are
   * open.
   */
  listeners(node: string): Promise<ListenerCounts>;
  remove(node: string): Promise<void>;
}

/** A node's identity is its name and its start: a restarted node is another node. */
export interface NodeRecord {
  /** `name~start`, unique. */
  id: string;
  name: string;
  /** Raised with each beat. */
  beat: number;
  /** Wall time of the beat at the node itself. */
  at: number;
  rooms: number;
  sockets: number;
  /** Event-loop delay, p99 of the last seconds, ms. */
  delay: number;
  draining: boolean;
  /** The games it runs, `name@version`. */
  games: string[];
  /** What of them it can read and go on with: also the older versions that its rules migrate. */
  reads: readonly string[];
  /**
   * When it last could not write to the store for longer than deadlines wait, ms since 1970; null: not since it
   * started.
   */
  outage: { from: number; to: number } | null;
}

/**
 * The bounds that contracts and clients apply. Times are milliseconds, sizes are bytes (of UTF-8 JSON) unless a name
 * says otherwise.
 */
export const clientLimits = {
  // --- what a client sends ------------------------------------------------------------------
  /**
   * The data of one action or signal, or all held inputs: the client refuses more, so that the packet with its names
   * and numbers fits.
   */
  dataBytes: 16_000,
  heldBytes: 12_288,
  /** A guest's token, in characters. */
  tokenLength: 2_048,
  /**
   * The `auth` of a handshake: token, name, and what an app's own `authenticate` reads. The packet with it fits into
   * `packetSize`.
   */
  authBytes: 16_000,
  /** Depth and number of values of one payload: enough for any action, too little to hurt a parser. */
  payloadDepth: 12,
  payloadValues: 1_000,
  /** A player's name as it is sent, in UTF-16 units: what follows is not read. */
  nameUnits: 200,
  /** Names of actions, signals and inputs. */
  wordLength: 64,
  /** A game's options, encoded. */
  optionsBytes: 2_048,
  /** What a player brings along to a seat: every member receives it, and it is kept with the room. */
  profileBytes: 512,
  /** Actions of one session that may be under way at once. */
  actionWindow: 8,
  /** Presses of one input that count in one tick, and messages with presses that a client keeps. */
  pressesPerTick: 16,
  inputsResent: 16,

  // --- what a contract declares -------------------------------------------------------------
  seats: 128,
  timers: 64,
  /** Inputs. */
  inputNames: 32,
  /** Ticks a second. A tick that comes late is run once, not made up for. */
  tickHz: 60,
  /** The longest time that a hold or a timer may be set to. */
  longestTimer: 366 * 24 * 3_600_000,
} as const;

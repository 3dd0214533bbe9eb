/**
 * The bounds that contracts and clients apply. Times are milliseconds, sizes are bytes (of UTF-8 JSON) unless a name
 * says otherwise.
 */
export const clientLimits = {
  // --- what a client sends ------------------------------------------------------------------
  /**
   * JSON of one action or signal (`dataBytes`) and of all held inputs of a message (`heldBytes`). The client refuses
   * more, so that the packet, with names and numbers, fits `packetBytes`.
   */
  dataBytes: 16_000,
  heldBytes: 12_288,
  /** A guest's token, in characters. */
  tokenLength: 2_048,
  /**
   * The `auth` of a handshake: token, name, and the fields that an app's own `authenticate` reads. The packet that
   * carries it fits `packetBytes`.
   */
  authBytes: 16_000,
  /** Depth and number of values of one payload. */
  payloadDepth: 12,
  payloadValues: 1_000,
  /** A player's name as sent, in UTF-16 units. The rest is cut off. */
  nameUnits: 200,
  /** Names of actions, signals and inputs. */
  wordLength: 64,
  /** A game's options, encoded. */
  optionsBytes: 2_048,
  /** A player's profile. Every member receives it, and it is stored with the room. */
  profileBytes: 512,
  /** Actions of one session that may be in flight at once. */
  actionWindow: 8,
  /** Presses of one input that count in one tick; messages with presses that a client keeps for sending again. */
  pressesPerTick: 16,
  inputsResent: 16,

  // --- what a contract declares -------------------------------------------------------------
  seats: 128,
  timers: 64,
  /** Number of inputs. */
  inputNames: 32,
  /** Highest tick rate, in ticks per second. */
  tickHz: 60,
  /** Longest hold and longest timer. */
  longestTimer: 366 * 24 * 3_600_000,
} as const;

import { clientLimits } from './client-limits.ts';

/**
 * Every bound of the system, with the relations between them checked at the end. Those that contracts and clients apply
 * as well are in `client-limits.ts`, so that a page does not load the others. Times are milliseconds, sizes are bytes
 * (of UTF-8 JSON) unless a name says otherwise.
 */
export const limits = {
  ...clientLimits,

  // --- what a client may send -------------------------------------------------------------
  /** One packet from a client; a longer one is refused with `too-large`. */
  packetBytes: 16_384,
  /** A packet above this closes the connection: it is not even read. */
  frameBytes: 65_536,
  /** A player's name, in characters as people count them (graphemes) and in bytes. */
  nameLength: 24,
  nameBytes: 192,
  /** Ids of players, where an app's own authentication gives them. */
  playerIdLength: 128,
  /** Ids that clients mint (sessions, keys of a creation). */
  idLength: 64,
  /** Verdicts kept per session: at least the window, so that every retry finds its answer. */
  verdicts: 16,
  /** Sessions of a seat that are remembered as closed, so that an old tab cannot take its seat back. */
  closedSessions: 4,
  /** Rooms one connection may be in. */
  roomsPerConnection: 8,
  /** Requests of one connection: a bucket of `burst` that refills with `perSecond`. */
  requests: { burst: 80, perSecond: 40 },
  /** Creating rooms costs memory that stays: far fewer. */
  creations: { burst: 12, perSecond: 0.2 },
  /**
   * Rooms that one player has made and that are still in the store: by creations and quick joins, on all nodes
   * together.
   */
  liveRooms: 64,
  /** Inputs and signals of one player: those above are dropped, for nobody waits for them. */
  inputs: { burst: 90, perSecond: 60 },
  signals: { burst: 12, perSecond: 4 },
  /** Lists of rooms that one player asks for. */
  lists: { burst: 40, perSecond: 4 },
  /**
   * Malformed packets of one connection; one more closes it. An honest client of another version sends a few over
   * hours.
   */
  malformedPackets: { burst: 19, perSecond: 0.1 },
  /** Packets of one connection of whatever kind, also such as nobody answers; more closes it. */
  packets: { burst: 600, perSecond: 200 },
  /** A piece of the stream below this counts as a packet, though no frame ends in it. */
  minFragmentBytes: 128,
  /** How long a connection that was closed may take to go. */
  closeTimeout: 1_000,
  /** Wrong codes of one player: a code is short, so that it can be read aloud, and must not be found by trying. */
  wrongCodes: { burst: 10, perSecond: 0.2 },
  /** Seats that one player takes anew, in whatever rooms. To come back to one's own costs nothing. */
  newSeats: { burst: 24, perSecond: 0.5 },
  /** Agreements of a player to begin a match: each match may leave a recording in the store. */
  matches: { burst: 40, perSecond: 0.5 },
  /** Quick joins: each is remembered in the store for a while, so that a repeat finds the same room. */
  quickJoins: { burst: 30, perSecond: 1 },
  /** Connections of one player to one node. */
  connectionsPerPlayer: 24,
  /** Players and addresses whose allowances a node remembers after they have gone. */
  rateLimitEntries: 50_000,

  // --- one address, which may be a school: everything that costs nothing to repeat as another guest ------
  address: {
    connections: 2_500,
    /** As `liveRooms`, of all its players. */
    liveRooms: 2_000,
    /** An IPv6 address is its /64. All /64s of a /56 and of a /48 together have so many times as much. */
    prefixMultiplier: { 56: 4, 48: 16 },
    /** What all its players ask and send together. */
    requests: { burst: 8_000, perSecond: 2_000 },
    inputs: { burst: 18_000, perSecond: 6_000 },
    signals: { burst: 1_200, perSecond: 400 },
    handshakes: { burst: 2_000, perSecond: 50 },
    guests: { burst: 1_000, perSecond: 5 },
    creations: { burst: 100, perSecond: 1 },
    newSeats: { burst: 600, perSecond: 10 },
    matches: { burst: 1_000, perSecond: 10 },
    quickJoins: { burst: 1_000, perSecond: 20 },
    wrongCodes: { burst: 100, perSecond: 0.5 },
    /**
     * Lists of rooms, over HTTP and over sockets; recordings, each of which is computed for its request; everything
     * else over HTTP.
     */
    lists: { burst: 200, perSecond: 20 },
    replays: { burst: 40, perSecond: 1 },
    pages: { burst: 10_000, perSecond: 500 },
    /** Wrong tokens for metrics and the operator's routes. */
    wrongTokens: { burst: 10, perSecond: 0.2 },
  },

  // --- all clients of a node together ---------------------------------------------------------------------
  node: {
    /** Wrong codes: else they could be tried from thousands of addresses. */
    wrongCodes: { burst: 1_000, perSecond: 2 },
  },

  // --- a node -----------------------------------------------------------------------------
  /** Rooms one node runs; above that it makes no more. */
  roomsPerNode: 20_000,
  /** For so long (ms) the list of rooms is not read from the store again. */
  listCacheTtl: 500,
  /**
   * Quick joins: a seat is reserved for `reservation`; a call's room is remembered for `resultTtl`; the player's last
   * call of a game for `lastResultTtl` and the game's hold, of which `maxHold` counts; a second call of the same player
   * within `duplicateWindow` gets the room of the first; a room whose `setup` throws is not offered for `brokenFor`,
   * one that cannot be reached for `unreachableFor`; after so many `maxTries` at rooms that refuse the player, a new
   * one is made.
   */
  quickJoinSearch: {
    reservation: 5_000,
    resultTtl: 600_000,
    lastResultTtl: 3_600_000,
    maxHold: 48 * 3_600_000,
    duplicateWindow: 2_000,
    brokenFor: 60_000,
    unreachableFor: 10_000,
    maxTries: 32,
  },
  /** Index lines of rooms whose life is over are removed this often, so many rooms at a time. */
  indexScan: { interval: 5_000, roomsPerScan: 500 },
  /** Recordings that wait to be shown; more are answered `busy`. */
  pendingReplays: 32,

  /**
   * Share of the store's memory (`maxmemory`) in use from which on no recordings are kept, and no rooms made: a store
   * that is full stops every room. Looked at every `look` ms.
   */
  storeFill: { recordings: 0.8, rooms: 0.95, pollInterval: 5_000 },

  // --- a room -----------------------------------------------------------------------------
  /**
   * Connections that watch one room: each is told everything. Above that nobody new is let in to watch; players always
   * are.
   */
  watchers: 2_000,
  /** Messages waiting for a room; more are answered `busy`. */
  mailbox: 1_024,
  /** Messages that go into one journal entry. */
  batch: 64,
  /** One journal entry. */
  entryBytes: 65_536,
  /**
   * At least so often a room says which message of held inputs has counted: changes are told many times a second, and
   * most clients need not know.
   */
  inputNumberInterval: 2_000,
  /** The whole document of a room: state, seats, timers. */
  documentBytes: 1_048_576,
  /** Entries after which a snapshot is written, and entries kept behind it for resumes. */
  snapshotEvery: 64,
  entriesKept: 32,
  /** Changes kept in memory per room, from which a client that was away is caught up. */
  recentChanges: 128,
  /** Ownerships of a room that are remembered: a place older than the oldest is unknown. */
  termsKept: 32,
  events: 64,
  /**
   * Effects of one room that nobody has done yet; when one failed, it is tried again after this, then less and less
   * often; and how long one try may take.
   */
  pendingEffects: 64,
  effectRetry: 2_000,
  effectRetryMax: 60_000,
  effectTimeout: 30_000,
  /**
   * Recordings: from which time of a match on (ms) its frames lie so far apart; how big one may be, compressed; and how
   * long it is kept where nothing else is said. The last `perRoom` of a room are kept, and none of a match that is
   * `short`: fewer frames in less time.
   */
  recording: {
    frameSpacing: [
      { until: 120_000, spacing: 0 },
      { until: 600_000, spacing: 100 },
      { until: 3_600_000, spacing: 500 },
    ],
    maxFrameSpacing: 2_000,
    maxBytes: 2_097_152,
    ttl: 24 * 3_600_000,
    perRoom: 8,
    short: { ms: 5_000, frames: 4 },
  },
  /** Players that a room remembers to have thrown out. */
  banned: 64,
  /** Players whose last lost seat a room remembers, with the reason. */
  seatLosses: 64,
  /** Ticks that may fail in a row before the room is quarantined. */
  failedTicksInRow: 100,
  /**
   * A rule that takes longer than this is worth a warning. One that hangs is written down soon (long before its node
   * can be held for dead), ends its node after `ends` unless the operator says otherwise, and counts for `counts`; so
   * many that count quarantine their room. The watch looks every `look`.
   */
  slowRuleAfter: 50,
  hang: { pollInterval: 100, reportAfter: 100, exitAfter: 1_000, reportTtl: 3_600_000, maxReports: 3, reportsKept: 16 },
  /** A room that cannot be read is not looked at again before this, though something may be due in it. */
  unreadableRetryAfter: 300_000,
  /** A room that could not commit for longer than this moves its deadlines by the rest. */
  deadlineGrace: 5_000,
  /** For how long a seat is held where the contract does not say. */
  defaultSeatHold: 60_000,
  /** Life of a room's keys after its last entry, beside the time to its next deadline. */
  roomTtl: 24 * 3_600_000,
  /** Life of a room that nobody has joined, or that all have left. */
  unjoinedRoomTtl: 15 * 60_000,
  /** Life of a room without anybody, when the time for which its players' seats were held is over. */
  abandonedRoomTtl: 3_600_000,
  /** An owner lets a room sleep when nobody has been connected to it for this long. */
  sleepAfter: 30_000,
  /**
   * How often the owner of a room that has spectators and no connected player asks the store whether the room is there.
   */
  existenceCheckInterval: 5_000,
  /**
   * After so long a new owner has heard from all nodes which of them have members of its room; until then it tells all
   * of them everything.
   */
  presenceKnownAfter: 2_500,
  /** How long a player may be unseen by any node before the seat counts as away. */
  presenceTimeout: 4_000,

  // --- the cluster ------------------------------------------------------------------------
  /** A node's heartbeat, and the silence (seen by the judge's own clock and reads) that is death. */
  heartbeat: 200,
  nodeTimeout: 1_200,
  nodeTimeoutReads: 4,
  /**
   * A node that has not reached the register for so long sends its clients on; again after twice as long, and so on.
   */
  isolatedAfter: 2_000,
  /** Nobody hears a node's inbox: ask again after this long before believing it. */
  noListenerRetry: 30,
  /** A dead node's record is removed after this long. */
  deadNodeRetention: 60_000,
  /**
   * Claims of one node under way at once. Far from the store each batch costs a round trip:
   * test/protocol/many-rooms.test.ts.
   */
  concurrentClaims: 128,
  /** For so long (ms) newcomers wait for rooms that are being claimed. */
  newClientDelay: 100,
  /** What one node tells another, and is in no hurry, waits so long for something that goes the same way. */
  piggybackDelay: 4,
  /** A forwarded message waits this long for its answer before the owner is looked up again. */
  forwardTimeout: 1_000,
  /** A request of a client is tried for this long, over any number of owners. */
  requestTimeout: 4_000,
  /**
   * A client is pinged so long after its last pong, and told the heads of its rooms: sooner than one asks for them that
   * has nothing to do.
   */
  pingInterval: 1_700,
  /** Heads and members are exchanged between nodes this often. */
  headExchangeInterval: 1_000,
  /** The due index is read this often; a room this late is woken by any node. */
  dueScanInterval: 500,
  overdueAfter: 750,
  /**
   * A scan of the due index reads so many rooms at a time (`page`), so often (`pages`), until it has `asks` to ask. One
   * that was asked is passed over for `again`, one that no node can run for `unrunnableRetryAfter`.
   */
  dueIndex: { pageSize: 100, maxPages: 10, maxRequests: 300, retryAfter: 1_500, unrunnableRetryAfter: 10_000 },
  /**
   * Rooms that show a connected player and that no node runs are looked for so long (ms) after a node died, started or
   * gave a room up (its members' nodes claim most of them before that), and every so often in any case: so many a page,
   * and a scan asks so many at a time.
   */
  orphans: { after: 2_000, every: 300_000, page: 500, asks: 300 },
  /** An append that has not been answered by then counts as unknown. */
  storeTimeout: 1_500,
  /** First pause of an owner that was fenced off before it may claim that room again. */
  fencedBackoff: 250,
  ownerCacheEntries: 50_000,

  // --- moving rooms -----------------------------------------------------------------------
  /**
   * A room is handed over: the next owner has so long to have it ready; keeps it ready for so long; and looks by itself
   * whether it is the owner this often, since word of it may be lost.
   */
  handover: { prepareTimeout: 500, preparedFor: 3_000, ownershipPoll: 300 },
  /**
   * Loads are evened out: while no node came or went for `calm`; between so many times the mean; one room each `apart`
   * (20 a second) and node; none that is here for less than `minStay`; none to a node whose event loop is late by
   * `late` (p99); and none
   *    that is where its players are while no node is more than `few` rooms off the mean.
   */
  balance: {
    quietPeriod: 3_000,
    maxLoadRatio: 1.2,
    minLoadRatio: 0.8,
    toleratedRooms: 4,
    moveInterval: 50,
    minStay: 5_000,
    maxEventLoopDelay: 100,
  },
  /**
   * A room follows its players to a node where this share of them has been for `settled` on end, as far as the loads
   * stay between so many times the mean, or within `few` rooms of it (closer to it than where they are evened out); not
   * for `rest` after it was moved for the loads' sake.
   */
  follow: {
    playerShare: 0.9,
    settledFor: 5_000,
    maxLoadRatio: 1.1,
    minLoadRatio: 0.9,
    toleratedRooms: 3,
    cooldown: 60_000,
  },

  // --- a connection -----------------------------------------------------------------------
  /** Packets waiting for a slow reader: first no more changes, then the door. */
  outboundSoftPackets: 128,
  outboundSoftBytes: 1_048_576,
  outboundHardPackets: 1_024,
  outboundHardBytes: 4_194_304,
  outboundSoftTime: 10_000,
  /**
   * When a node dies its clients come back elsewhere over so long (ms): so much for each, since to let one in costs
   * some ms of a core that others want to play on.
   */
  reconnectSpread: { perClient: 3, min: 100, max: 4_000 },
  /** Sockets one node takes before it answers 503 at the handshake. */
  sockets: 20_000,

  // --- draining ---------------------------------------------------------------------------
  drainTimeout: 12_000,
  /** Connections are told to move over this long, each at its own moment. */
  drainClientSpread: 2_000,
  /** A server that closes gives answers that are on their way so long (ms); then it ends every connection. */
  answerGracePeriod: 500,
} as const;

/** The relations between the bounds. A setting that breaks one would be a bug that no test of a part can see. */
export function checkLimits(l: typeof limits = limits): string[] {
  const violations: string[] = [];
  const require = (holds: boolean, rule: string) => void (holds || violations.push(rule));
  require(l.verdicts >= l.actionWindow, 'verdicts ≥ actionWindow: a retry must find its answer');
  require(l.nodeTimeout >=
    l.heartbeat * l.nodeTimeoutReads, 'nodeTimeout ≥ heartbeat × nodeTimeoutReads: death needs that many silent reads');
  require(l.isolatedAfter > l.nodeTimeout, 'isolatedAfter > nodeTimeout: others have its rooms when its clients come');
  require(l.requestTimeout > l.forwardTimeout * 2, 'requestTimeout > 2 × forwardTimeout: time to ask a second owner');
  require(l.presenceKnownAfter >
    l.headExchangeInterval * 2, 'presenceKnownAfter > 2 × headExchangeInterval: one lost report is made up for');
  require(l.presenceTimeout >
    l.headExchangeInterval * 2, 'presenceTimeout > 2 × headExchangeInterval: one lost report is not an absence');
  require(l.quickJoinSearch.reservation >
    l.requestTimeout, 'quickJoinSearch.reservation > requestTimeout: a seat is reserved until its join has been tried');
  require(l.quickJoinSearch.duplicateWindow <
    l.quickJoinSearch.reservation, 'quickJoinSearch.duplicateWindow < quickJoinSearch.reservation');
  require(l.storeTimeout < l.requestTimeout, 'storeTimeout < requestTimeout');
  require(l.recentChanges >= l.entriesKept, 'recentChanges ≥ entriesKept');
  require(l.handover.preparedFor >
    2 *
      l.handover
        .prepareTimeout, 'handover.preparedFor > 2 × handover.prepareTimeout: what was made ready is still there when it is handed over');
  require(l.handover.ownershipPoll <
    l.forwardTimeout, 'handover.ownershipPoll < forwardTimeout: who asks a new owner that has not heard of it waits for its answer');
  require(l.follow.maxLoadRatio < l.balance.maxLoadRatio &&
    l.follow.minLoadRatio > l.balance.minLoadRatio &&
    l.follow.toleratedRooms <
      l.balance.toleratedRooms, 'follow within balance: what follows its players is no reason to even loads out');
  require(l.balance.minStay >
    l.presenceKnownAfter, 'balance.minStay > presenceKnownAfter: who moves a room knows where its players are');
  require(l.follow.playerShare > 0.5, 'follow.playerShare > 0.5: players are at one node at most');
  require(l.hang.reportAfter + 2 * l.hang.pollInterval <
    l.nodeTimeout -
      2 *
        l.heartbeat, 'hang.reportAfter + 2 × hang.pollInterval < nodeTimeout − 2 × heartbeat: the next owner should find what hung');
  require(l.hang.reportsKept > l.hang.maxReports, 'hang.reportsKept > hang.maxReports');
  require(l.overdueAfter < l.deadlineGrace, 'overdueAfter < deadlineGrace');
  require(l.dataBytes + 4 * l.wordLength <
    l.packetBytes, 'dataBytes + names < packetBytes: what the client lets through, the server reads');
  require(l.heldBytes + l.inputNames * 2 * l.wordLength <= l.packetBytes, 'heldBytes + presses < packetBytes');
  require(l.authBytes + 2 * l.wordLength <
    l.packetBytes, 'authBytes + namespace < packetBytes: a handshake that is too large is answered');
  require(l.packetBytes < l.frameBytes, 'packetBytes < frameBytes: a packet that is too large is answered');
  require(l.packetBytes < l.entryBytes, 'packetBytes < entryBytes: one action fits into one entry');
  require(l.packets.burst >
    l.requests.burst +
      l.inputs.burst +
      l.signals.burst, 'packets ≥ requests + inputs + signals: nobody is closed for what is merely refused');
  require(l.packets.perSecond >
    l.requests.perSecond + l.inputs.perSecond + l.signals.perSecond, 'packets per second, too');
  for (const name of ['requests', 'inputs', 'signals', 'lists', 'creations', 'newSeats', 'wrongCodes'] as const)
    require(l.address[name].burst >= l[name].burst &&
      l.address[name].perSecond >= l[name].perSecond, `address.${name} ≥ ${name}: an address is one player at least`);
  require(l.node.wrongCodes.burst > l.address.wrongCodes.burst &&
    l.node.wrongCodes.perSecond >
      l.address.wrongCodes
        .perSecond, 'node.wrongCodes > address.wrongCodes: one address does not use up what all have');
  require(l.address.prefixMultiplier[48] > l.address.prefixMultiplier[56] &&
    l.address.prefixMultiplier[56] > 1, 'address.prefixMultiplier: a wider network has more');
  require(l.address.liveRooms >
    l.liveRooms, 'address.liveRooms > liveRooms: one player does not use up what an address has');
  require(l.liveRooms > l.creations.burst, 'liveRooms > creations.burst');
  require(l.address.connections < l.sockets, 'address.connections < sockets: one address does not fill a node');
  require(l.outboundHardBytes > l.documentBytes, 'outboundHardBytes > documentBytes: a snapshot can be sent');
  return violations;
}

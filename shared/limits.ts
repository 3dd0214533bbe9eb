import { clientLimits } from './client-limits.ts';

/**
 * All bounds of the system. `checkLimits` checks the relations between them. Bounds that contracts and clients apply
 * too are in `client-limits.ts`, so that a page loads only those. Times are milliseconds, sizes are bytes (of UTF-8
 * JSON), unless the name says otherwise. `burst` and `perSecond` define a token bucket.
 */
export const limits = {
  ...clientLimits,

  // --- what a client may send -------------------------------------------------------------
  /** One packet of a client. A larger one is refused with `too-large`. */
  packetBytes: 16_384,
  /** A larger packet closes the connection without being parsed. */
  frameBytes: 65_536,
  /** A player's name, in graphemes and in bytes. */
  nameLength: 24,
  nameBytes: 192,
  /** A player id, as returned by an app's own `authenticate`. */
  playerIdLength: 128,
  /** Ids that clients generate: sessions, keys of creations and quick joins. */
  idLength: 64,
  /** Verdicts kept per session. At least `actionWindow`, so that every retry finds its verdict. */
  verdicts: 16,
  /** Closed sessions remembered per seat, so that an old tab cannot take its seat back. */
  closedSessions: 4,
  /** Rooms per connection. */
  roomsPerConnection: 8,
  /** Requests of one player. More is refused with `slow-down`. */
  requests: { burst: 80, perSecond: 40 },
  /** Rooms that one player creates. Low, because a room occupies memory after its creator has gone. */
  creations: { burst: 12, perSecond: 0.2 },
  /**
   * Rooms in the store that one player made, by creations and quick joins, on all nodes together. One more is refused
   * with `room-quota`.
   */
  liveRooms: 64,
  /** Inputs and signals of one player. More is dropped, because they have no answer. */
  inputs: { burst: 90, perSecond: 60 },
  signals: { burst: 12, perSecond: 4 },
  /** Requests for the room list, of one player. */
  lists: { burst: 40, perSecond: 4 },
  /**
   * Malformed packets of one connection. One more closes it. An honest client of another version sends a few in hours.
   */
  malformedPackets: { burst: 19, perSecond: 0.1 },
  /** Packets of any kind of one connection. More closes it. */
  packets: { burst: 600, perSecond: 200 },
  /** A fragment of a frame shorter than this counts as a packet. */
  minFragmentBytes: 128,
  /** Time after which a closed connection is terminated. */
  closeTimeout: 1_000,
  /** Wrong room codes of one player. Codes are short, so they must not be found by trying. */
  wrongCodes: { burst: 10, perSecond: 0.2 },
  /** New seats of one player, in all rooms together. Rejoining one's own seat is free. */
  newSeats: { burst: 24, perSecond: 0.5 },
  /** Requests of one player to begin a match: each match may store a recording. */
  matches: { burst: 40, perSecond: 0.5 },
  /** Quick joins of one player: the store remembers each for a while. */
  quickJoins: { burst: 30, perSecond: 1 },
  /** Connections of one player to one node. */
  connectionsPerPlayer: 24,
  /** Buckets of disconnected players and addresses that a node keeps. */
  rateLimitEntries: 50_000,

  // --- one address (which may be a school): bounds everything that could be repeated as another guest ----------
  address: {
    connections: 2_500,
    /** As `liveRooms`, for all players of the address together. */
    liveRooms: 2_000,
    /** An IPv6 address counts as its /64. All /64s of a /56, and of a /48, together get this multiple of the bound. */
    prefixMultiplier: { 56: 4, 48: 16 },
    /** Requests and one-way messages of all players of the address together. */
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
     * HTTP and sockets together. `lists`: room lists. `replays`: recordings, which are computed per request. `pages`:
     * all other HTTP requests.
     */
    lists: { burst: 200, perSecond: 20 },
    replays: { burst: 40, perSecond: 1 },
    pages: { burst: 10_000, perSecond: 500 },
    /** Wrong tokens for metrics and operator routes. */
    wrongTokens: { burst: 10, perSecond: 0.2 },
  },

  // --- all clients of a node together ---------------------------------------------------------------------
  node: {
    /** Wrong room codes at one node, so that codes cannot be tried from thousands of addresses. */
    wrongCodes: { burst: 1_000, perSecond: 2 },
  },

  // --- a node -----------------------------------------------------------------------------
  /** Rooms that one node runs. At this number it makes no more. */
  roomsPerNode: 20_000,
  /** How long a node serves the room list from its cache. */
  listCacheTtl: 500,
  /** Quick join. */
  quickJoinSearch: {
    /** A seat stays reserved for the player this long. */
    reservation: 5_000,
    /** How long a call's room is remembered for retries. */
    resultTtl: 600_000,
    /** How long a player's last call per game is remembered, plus the game's hold up to `maxHold`. */
    lastResultTtl: 3_600_000,
    maxHold: 48 * 3_600_000,
    /** A second call of the same player within this time gets the room of the first. */
    duplicateWindow: 2_000,
    /** How long a room whose `setup` throws is not offered. */
    brokenFor: 60_000,
    /** How long an unreachable room is not offered. */
    unreachableFor: 10_000,
    /** After this many rooms refused the player, a new one is made. */
    maxTries: 32,
  },
  /** Index entries of expired rooms are removed at this interval, this many rooms at a time. */
  indexScan: { interval: 5_000, roomsPerScan: 500 },
  /** Recordings waiting to be computed. More are refused with `busy`. */
  pendingReplays: 32,

  /**
   * Fill of the store (used / `maxmemory`) above which no recordings are kept, and above which no rooms are made. A
   * full store would stop every room. Checked every `pollInterval`.
   */
  storeFill: { recordings: 0.8, rooms: 0.95, pollInterval: 5_000 },

  // --- a room -----------------------------------------------------------------------------
  /** Spectator connections per room. More are refused; players are not. Each spectator receives every change. */
  watchers: 2_000,
  /** Messages waiting for a room. More are refused with `busy`. */
  mailbox: 1_024,
  /** Messages per journal entry. */
  batch: 64,
  /** One journal entry. */
  entryBytes: 65_536,
  /**
   * Longest interval between two publications of the number of the last counted message of held inputs. Held values
   * change many times a second, and most clients do not need the number.
   */
  inputNumberInterval: 2_000,
  /** A room's document: state, seats, timers. */
  documentBytes: 1_048_576,
  /** Entries between two snapshots, and entries kept behind a snapshot for clients that catch up. */
  snapshotEvery: 64,
  entriesKept: 32,
  /** Changes per room kept in memory for clients that catch up. */
  recentChanges: 128,
  /** Entries, with the commands that led to them, that a node in dev mode keeps of each room. */
  devHistory: 1_000,
  /** Rooms of which a node in dev mode keeps a history. */
  devHistories: 100,
  /** Terms remembered per room. The status of a position in an older term is `unknown`. */
  termsKept: 32,
  events: 64,
  /**
   * Pending effects of one room; delay before the first retry, which doubles up to `effectRetryMax`; time limit of one
   * attempt.
   */
  pendingEffects: 64,
  effectRetry: 2_000,
  effectRetryMax: 60_000,
  effectTimeout: 30_000,
  /** Recordings of matches. */
  recording: {
    /** Minimum time between two frames, by match time: `spacing` applies `until` that time, then `maxFrameSpacing`. */
    frameSpacing: [
      { until: 120_000, spacing: 0 },
      { until: 600_000, spacing: 100 },
      { until: 3_600_000, spacing: 500 },
    ],
    maxFrameSpacing: 2_000,
    /** Compressed size. */
    maxBytes: 2_097_152,
    /** Default lifetime. */
    ttl: 24 * 3_600_000,
    /** The last recordings of a room that are kept. */
    perRoom: 8,
    /** A match with fewer frames in less time is not recorded. */
    short: { ms: 5_000, frames: 4 },
  },
  /**
   * Calls of the server that a room remembers by key, and for how long: with a key of the caller's, and with a key of
   * the call's own, which only its repetitions have. `engineKeys`: so many more for calls that end matches and kick.
   */
  serverCalls: { keys: 256, engineKeys: 64, keyLife: 3_600_000, callLife: 60_000 },
  /** A room's metadata: number of keys; a text, in UTF-16 units. */
  metadata: { keys: 8, textLength: 64 },
  /** Rooms in one answer to the server's own code; index lines that are read for it. */
  roomsFound: { page: 500, lines: 2_000 },
  /** Kicked players that a room remembers. */
  banned: 64,
  /** Players for whom a room remembers why they lost their last seat. */
  seatLosses: 64,
  /** Consecutive failed ticks before the room is quarantined. */
  failedTicksInRow: 100,
  /** A rule that takes longer is logged as a warning. */
  slowRuleAfter: 50,
  /** Detection of rules that hang. */
  hang: {
    pollInterval: 100,
    /** Hang time before a report is written. Well below `nodeTimeout`, so that the next owner finds the report. */
    reportAfter: 100,
    /** Hang time before the process exits (default; operators can change it). */
    exitAfter: 1_000,
    /** How long a report counts. `maxReports` reports that count quarantine the room. */
    reportTtl: 3_600_000,
    maxReports: 3,
    reportsKept: 16,
  },
  /** An unreadable room is not read again within this time, even if a timer is due in it. */
  unreadableRetryAfter: 300_000,
  /** If a commit was delayed by more than this, the room's deadlines are moved by the rest. */
  deadlineGrace: 5_000,
  /** A player who has been away for this long does not hold up the next match. */
  rematchGrace: 10_000,
  /** Seat hold if the contract declares none. */
  defaultSeatHold: 60_000,
  /** Lifetime of a room's keys after its last entry, beyond its next deadline. */
  roomTtl: 24 * 3_600_000,
  /** Lifetime of a room that no player has joined, or that all have left. */
  unjoinedRoomTtl: 15 * 60_000,
  /** Lifetime of a room without connections after all seat holds have ended. */
  abandonedRoomTtl: 3_600_000,
  /** A room without connections is released after this time. */
  sleepAfter: 30_000,
  /**
   * Interval at which the owner of a room with spectators but no connected player checks that the room still exists.
   */
  existenceCheckInterval: 5_000,
  /** A new owner knows all nodes with members of its room after this time. Until then it broadcasts to all nodes. */
  presenceKnownAfter: 2_500,
  /** A player that no node has reported for this long counts as away. */
  presenceTimeout: 4_000,

  // --- the cluster ------------------------------------------------------------------------
  /**
   * Heartbeat interval of a node, which is also how often it renews its lease; silence after which it is declared dead,
   * by the observer's own clock; and the minimum number of successful reads by the observer within that time.
   */
  heartbeat: 200,
  nodeTimeout: 1_200,
  nodeTimeoutReads: 4,
  /**
   * A node that cannot reach the node register for this long asks its clients to move. It asks again after twice that
   * time, and so on.
   */
  isolatedAfter: 2_000,
  /** Delay before checking again that no connection subscribes to a node's inbox. */
  noListenerRetry: 30,
  /** How long the record of a dead node is kept. */
  deadNodeRetention: 60_000,
  /**
   * Concurrent claims of one node. With a remote store each batch costs a round trip:
   * test/unit/protocol/many-rooms.test.ts.
   */
  concurrentClaims: 128,
  /** Longest time that new connections wait while rooms are being claimed. */
  newClientDelay: 100,
  /** How long a message between nodes that is not urgent waits for another message to the same node. */
  piggybackDelay: 4,
  /** How long a forwarded message waits for its answer before the owner is looked up again. */
  forwardTimeout: 1_000,
  /** Total time for a client's request, over any number of owners. */
  requestTimeout: 4_000,
  /**
   * Time from a client's pong to the next ping. The latest positions of the client's rooms go along with the ping. Less
   * than the interval at which an idle client asks for them.
   */
  pingInterval: 1_700,
  /**
   * Broadcasts to all clients by the server's own code of a node; JSON of one; clients of a node that receive one at the
   * same time.
   */
  broadcasts: { burst: 20, perSecond: 2 },
  broadcastBytes: 4_096,
  broadcastBatch: 500,
  /** Interval at which nodes exchange the latest positions and members of their rooms. */
  headExchangeInterval: 1_000,
  /** Interval at which nodes read the due index; delay after which any node wakes a room that is overdue. */
  dueScanInterval: 500,
  overdueAfter: 750,
  /**
   * Scan of the due index: reads at most `maxPages` pages until it has `maxRequests` rooms to wake. A room that was
   * asked is skipped for `retryAfter`; one that no node can run is skipped for `unrunnableRetryAfter`.
   */
  dueIndex: { pageSize: 100, maxPages: 10, maxRequests: 300, retryAfter: 1_500, unrunnableRetryAfter: 10_000 },
  /**
   * Search for rooms that show a connected player but have no owner. It runs `after` a node died, started or gave a
   * room up (by then its members' nodes have claimed most of them), and at least `every`; it reads `page` rooms at a
   * time and asks for at most `asks` rooms per scan.
   */
  orphans: { after: 2_000, every: 300_000, page: 500, asks: 300 },
  /** An append without an answer after this time has an unknown outcome. */
  storeTimeout: 1_500,
  /** First delay before an owner that was fenced off may claim that room again. It doubles. */
  fencedBackoff: 250,
  ownerCacheEntries: 50_000,

  // --- moving rooms -----------------------------------------------------------------------
  /**
   * Handover of a room: time limit for the target to prepare; how long the target keeps the prepared room; interval at
   * which the target checks whether it is the owner, because the message may be lost.
   */
  handover: { prepareTimeout: 500, preparedFor: 3_000, ownershipPoll: 300 },
  /**
   * Load balancing: a node above `maxLoadRatio` × the mean number of rooms hands rooms to nodes below the mean. So does
   * any node above the mean while another is below `minLoadRatio` × the mean.
   */
  balance: {
    /** No move before this time has passed without a node joining or leaving. */
    quietPeriod: 3_000,
    maxLoadRatio: 1.2,
    minLoadRatio: 0.8,
    /** A room stays at its players' node while no node is more than this many rooms off the mean. */
    toleratedRooms: 4,
    /** Between two moves of one node. */
    moveInterval: 50,
    /** A room is not moved again within this time. */
    minStay: 5_000,
    /** No moves to a node with a larger p99 event loop delay. */
    maxEventLoopDelay: 100,
  },
  /**
   * A room follows its players to another node while both loads stay within these ratios of the mean, or within
   * `toleratedRooms` of it. The range is narrower than that of `balance`, so neither causes the other.
   */
  follow: {
    /** Share of the room's players that must be connected to that node, for `settledFor`. */
    playerShare: 0.9,
    settledFor: 5_000,
    maxLoadRatio: 1.1,
    minLoadRatio: 0.9,
    toleratedRooms: 3,
    /** Not within this time after load balancing moved the room. */
    cooldown: 60_000,
  },

  // --- a connection -----------------------------------------------------------------------
  /**
   * Outbound packets waiting for a slow client. Above the soft bounds the client gets no more changes, and is told to
   * catch up after reading. Above the hard bounds, or `outboundSoftTime` above the soft ones, it is disconnected.
   */
  outboundSoftPackets: 128,
  outboundSoftBytes: 1_048_576,
  outboundHardPackets: 1_024,
  outboundHardBytes: 4_194_304,
  outboundSoftTime: 10_000,
  /**
   * When a node dies, its clients spread their reconnects over `perClient` ms for each client, within `min` and `max`:
   * accepting a connection costs a few ms of CPU.
   */
  reconnectSpread: { perClient: 3, min: 100, max: 4_000 },
  /** Sockets per node. More are refused with 503 at the handshake. */
  sockets: 20_000,

  // --- draining ---------------------------------------------------------------------------
  drainTimeout: 12_000,
  /** Clients of a draining node are told to move at random times within this period. */
  drainClientSpread: 2_000,
  /** On close, a server waits this long for pending answers, then closes every connection. */
  answerGracePeriod: 500,
} as const;

/** Returns the relations between bounds that do not hold. Tests of single parts would not notice. */
export function checkLimits(l: typeof limits = limits): string[] {
  const violations: string[] = [];
  const require = (holds: boolean, rule: string) => void (holds || violations.push(rule));
  require(l.verdicts >= l.actionWindow, 'verdicts ≥ actionWindow: a retry must find its verdict');
  require(l.nodeTimeout >=
    l.heartbeat *
      l.nodeTimeoutReads, 'nodeTimeout ≥ heartbeat × nodeTimeoutReads: that many reads fit into the timeout');
  require(l.isolatedAfter >
    l.nodeTimeout, 'isolatedAfter > nodeTimeout: other nodes own its rooms when its clients arrive');
  require(l.requestTimeout > l.forwardTimeout * 2, 'requestTimeout > 2 × forwardTimeout: time to ask a second owner');
  require(l.presenceKnownAfter >
    l.headExchangeInterval * 2, 'presenceKnownAfter > 2 × headExchangeInterval: one lost report is tolerated');
  require(l.presenceTimeout >
    l.headExchangeInterval *
      2, 'presenceTimeout > 2 × headExchangeInterval: one lost report does not make a player away');
  require(l.quickJoinSearch.reservation >
    l.requestTimeout, 'quickJoinSearch.reservation > requestTimeout: a seat is reserved until its join has been tried');
  require(l.quickJoinSearch.duplicateWindow <
    l.quickJoinSearch.reservation, 'quickJoinSearch.duplicateWindow < quickJoinSearch.reservation');
  require(l.serverCalls.callLife >
    4 * l.requestTimeout, 'serverCalls.callLife > 4 × requestTimeout: a repetition finds the verdict');
  require(l.storeTimeout < l.requestTimeout, 'storeTimeout < requestTimeout');
  require(l.recentChanges >= l.entriesKept, 'recentChanges ≥ entriesKept');
  require(l.handover.preparedFor >
    2 *
      l.handover
        .prepareTimeout, 'handover.preparedFor > 2 × handover.prepareTimeout: the prepared room still exists at the handover');
  require(l.handover.ownershipPoll <
    l.forwardTimeout, 'handover.ownershipPoll < forwardTimeout: a request to a new owner waits until that owner knows of its ownership');
  require(l.follow.maxLoadRatio < l.balance.maxLoadRatio &&
    l.follow.minLoadRatio > l.balance.minLoadRatio &&
    l.follow.toleratedRooms <
      l.balance.toleratedRooms, 'follow within balance: a room that follows its players does not cause load balancing');
  require(l.balance.minStay >
    l.presenceKnownAfter, 'balance.minStay > presenceKnownAfter: an owner that moves a room knows where its players are');
  require(l.follow.playerShare > 0.5, 'follow.playerShare > 0.5: players are at one node at most');
  require(l.hang.reportAfter + 2 * l.hang.pollInterval <
    l.nodeTimeout -
      2 *
        l.heartbeat, 'hang.reportAfter + 2 × hang.pollInterval < nodeTimeout − 2 × heartbeat: the next owner finds the report');
  require(l.hang.reportsKept > l.hang.maxReports, 'hang.reportsKept > hang.maxReports');
  require(l.overdueAfter < l.deadlineGrace, 'overdueAfter < deadlineGrace');
  require(l.dataBytes + 4 * l.wordLength <
    l.packetBytes, 'dataBytes + names < packetBytes: what the client accepts, the server reads');
  require(l.heldBytes + l.inputNames * 2 * l.wordLength <= l.packetBytes, 'heldBytes + presses ≤ packetBytes');
  require(l.authBytes + 2 * l.wordLength <
    l.packetBytes, 'authBytes + namespace < packetBytes: a handshake above authBytes is answered');
  require(l.packetBytes < l.frameBytes, 'packetBytes < frameBytes: a packet above packetBytes is answered');
  require(l.packetBytes < l.entryBytes, 'packetBytes < entryBytes: one action fits into one entry');
  require(l.packets.burst >
    l.requests.burst +
      l.inputs.burst +
      l.signals.burst, 'packets > requests + inputs + signals: what is only refused does not close a connection');
  require(l.packets.perSecond >
    l.requests.perSecond +
      l.inputs.perSecond +
      l.signals.perSecond, 'packets > requests + inputs + signals, per second');
  for (const name of ['requests', 'inputs', 'signals', 'lists', 'creations', 'newSeats', 'wrongCodes'] as const)
    require(l.address[name].burst >= l[name].burst &&
      l.address[name].perSecond >=
        l[name].perSecond, `address.${name} ≥ ${name}: an address allows at least what one player may use`);
  require(l.node.wrongCodes.burst > l.address.wrongCodes.burst &&
    l.node.wrongCodes.perSecond >
      l.address.wrongCodes
        .perSecond, 'node.wrongCodes > address.wrongCodes: one address does not use up what the node has');
  require(l.address.prefixMultiplier[48] > l.address.prefixMultiplier[56] &&
    l.address.prefixMultiplier[56] > 1, 'address.prefixMultiplier: a wider network gets more');
  require(l.address.liveRooms >
    l.liveRooms, 'address.liveRooms > liveRooms: one player does not use up what the address has');
  require(l.liveRooms > l.creations.burst, 'liveRooms > creations.burst');
  require(l.address.connections < l.sockets, 'address.connections < sockets: one address does not fill a node');
  require(l.outboundHardBytes > l.documentBytes, 'outboundHardBytes > documentBytes: a snapshot can be sent');
  return violations;
}

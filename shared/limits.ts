import { clientLimits } from './client-limits.ts';

/**
 * Every bound of the system, with the relations between them checked at the end. Those that contracts and clients apply as well are in
 * `client-limits.ts`, so that a page does not load the others.
 * Times are milliseconds, sizes are bytes (of UTF-8 JSON) unless a name says otherwise.
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
  /** Rooms that one player has made and that are still in the store: by creations and quick joins, on all nodes together. */
  liveRooms: 64,
  /** Inputs and signals of one player: those above are dropped, for nobody waits for them. */
  inputs: { burst: 90, perSecond: 60 },
  signals: { burst: 12, perSecond: 4 },
  /** Lists of rooms that one player asks for. */
  lists: { burst: 40, perSecond: 4 },
  /** Malformed packets of one connection; one more closes it. An honest client of another version sends a few over hours. */
  strikes: { burst: 19, perSecond: 0.1 },
  /** Packets of one connection of whatever kind, also such as nobody answers; more closes it. */
  packets: { burst: 600, perSecond: 200 },
  /** A piece of the stream below this counts as a packet, though no frame ends in it. */
  smallPiece: 128,
  /** How long a connection that was closed may take to go. */
  farewell: 1_000,
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
  allowances: 50_000,

  // --- one address, which may be a school: everything that costs nothing to repeat as another guest ------
  address: {
    connections: 2_500,
    /** As `liveRooms`, of all its players. */
    liveRooms: 2_000,
    /** An IPv6 address is its /64. All /64s of a /56 and of a /48 together have so many times as much. */
    wider: { 56: 4, 48: 16 },
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
    /** Lists of rooms, over HTTP and over sockets; recordings, each of which is computed for its request; everything else over HTTP. */
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
  rooms: 20_000,
  /** For so long (ms) the list of rooms is not read from the store again. */
  listAge: 500,
  /**
   * Quick joins: a seat is reserved for `reserve`; a call's room is remembered for `remember`; the player's last call of a
   * game for `rememberLast` and the game's hold, of which `mostHold` counts; a second call of the same player
   * within `twice` gets the room of the first; a room whose `setup` throws is not offered for `out`, one that cannot be reached
   * for `unreachable`; after so many `tries` at rooms that refuse the player, a new one is made.
   */
  quick: { reserve: 5_000, remember: 600_000, rememberLast: 3_600_000, mostHold: 48 * 3_600_000, twice: 2_000, out: 60_000, unreachable: 10_000, tries: 32 },
  /** Index lines of rooms whose life is over are removed this often, so many rooms at a time. */
  sweep: { every: 5_000, rooms: 500 },
  /** Recordings that wait to be shown; more are answered `busy`. */
  replaysWaiting: 32,

  /**
   * Share of the store's memory (`maxmemory`) in use from which on no recordings are kept, and no rooms made: a store that is
   * full stops every room. Looked at every `look` ms.
   */
  storeFill: { recordings: 0.8, rooms: 0.95, look: 5_000 },

  // --- a room -----------------------------------------------------------------------------
  /** Connections that watch one room: each is told everything. Above that nobody new is let in to watch; players always are. */
  watchers: 2_000,
  /** Messages waiting for a room; more are answered `busy`. */
  mailbox: 1_024,
  /** Messages that go into one journal entry. */
  batch: 64,
  /** One journal entry. */
  entryBytes: 65_536,
  /** At least so often a room says which message of held inputs has counted: changes are told many times a second, and most clients need not know. */
  inputsNumbered: 2_000,
  /** The whole document of a room: state, seats, timers. */
  documentBytes: 1_048_576,
  /** Entries after which a snapshot is written, and entries kept behind it for resumes. */
  snapshotEvery: 64,
  entriesKept: 32,
  /** Changes kept in memory per room, from which a client that was away is caught up. */
  ring: 128,
  /** Ownerships of a room that are remembered: a place older than the oldest is unknown. */
  terms: 32,
  events: 64,
  /** Effects of one room that nobody has done yet; when one failed, it is tried again after this, then less and less often; and how long one try may take. */
  effects: 64,
  effectRetry: 2_000,
  effectRetryMost: 60_000,
  effectDeadline: 30_000,
  /**
   * Recordings: from which time of a match on (ms) its frames lie so far apart; how big one may be, compressed; and how
   * long it is kept where nothing else is said. The last `perRoom` of a room are kept, and none of a match that is `short`: fewer
   * frames in less time.
   */
  replay: { thin: [{ until: 120_000, apart: 0 }, { until: 600_000, apart: 100 }, { until: 3_600_000, apart: 500 }], thinnest: 2_000, bytes: 2_097_152, life: 24 * 3_600_000, perRoom: 8, short: { ms: 5_000, frames: 4 } },
  /** Players that a room remembers to have thrown out. */
  banned: 64,
  /** Players whose last lost seat a room remembers, with the reason. */
  seatLosses: 64,
  /** Ticks that may fail in a row before the room is quarantined. */
  failedTicks: 100,
  /**
   * A rule that takes longer than this is worth a warning. One that hangs is written down soon (long before its node can be held
   * for dead), ends its node after `ends` unless the operator says otherwise, and counts for `counts`; so many that count
   * quarantine their room. The watch looks every `look`.
   */
  slowRule: 50,
  hang: { look: 100, blame: 100, ends: 1_000, counts: 3_600_000, most: 3, kept: 16 },
  /** A room that cannot be read is not looked at again before this, though something may be due in it. */
  unreadableFor: 300_000,
  /** A room that could not commit for longer than this moves its deadlines by the rest. */
  graceForDeadlines: 5_000,
  /** For how long a seat is held where the contract does not say. */
  defaultHold: 60_000,
  /** Life of a room's keys after its last entry, beside the time to its next deadline. */
  roomLife: 24 * 3_600_000,
  /** Life of a room that nobody has joined, or that all have left. */
  unjoinedLife: 15 * 60_000,
  /** Life of a room without anybody, when the time for which its players' seats were held is over. */
  abandonedLife: 3_600_000,
  /** An owner lets a room sleep when nobody has been connected to it for this long. */
  sleepAfter: 30_000,
  /** How often the owner of a room that has spectators and no connected player asks the store whether the room is there. */
  existenceCheck: 5_000,
  /** After so long a new owner has heard from all nodes which of them have members of its room; until then it tells all of them everything. */
  membersKnown: 2_500,
  /** How long a player may be unseen by any node before the seat counts as away. */
  unseen: 4_000,

  // --- the cluster ------------------------------------------------------------------------
  /** A node's heartbeat, and the silence (seen by the judge's own clock and reads) that is death. */
  beat: 200,
  silence: 1_200,
  silenceReads: 4,
  /** A node that has not reached the register for so long sends its clients on; again after twice as long, and so on. */
  cutOff: 2_000,
  /** Nobody hears a node's inbox: ask again after this long before believing it. */
  confirm: 30,
  /** A dead node's record is removed after this long. */
  forgetNode: 60_000,
  /** Claims of one node under way at once. Far from the store each batch costs a round trip: test/protocol/many-rooms.test.ts. */
  claims: 128,
  /** For so long (ms) newcomers wait for rooms that are being claimed. */
  roomsFirst: 100,
  /** What one node tells another, and is in no hurry, waits so long for something that goes the same way. */
  company: 4,
  /** A forwarded message waits this long for its answer before the owner is looked up again. */
  forward: 1_000,
  /** A request of a client is tried for this long, over any number of owners. */
  request: 4_000,
  /** A client is pinged so long after its last pong, and told the heads of its rooms: sooner than one asks for them that has nothing to do. */
  ping: 1_700,
  /** Heads and members are exchanged between nodes this often. */
  heads: 1_000,
  /** The due index is read this often; a room this late is woken by any node. */
  dueScan: 500,
  overdue: 750,
  /**
   * A scan of the due index reads so many rooms at a time (`page`), so often (`pages`), until it has `asks` to ask. One
   * that was asked is passed over for `again`, one that no node can run for `unrunnable`.
   */
  due: { page: 100, pages: 10, asks: 300, again: 1_500, unrunnable: 10_000 },
  /**
   * Rooms that show a connected player and that no node runs are looked for so long (ms) after a node died, started or gave a room up (its
   * members' nodes claim most of them before that), and every so often in any case: so many a page, and a scan asks so many at a time.
   */
  orphans: { after: 2_000, every: 300_000, page: 500, asks: 300 },
  /** An append that has not been answered by then counts as unknown. */
  storeDeadline: 1_500,
  /** First pause of an owner that was fenced off before it may claim that room again. */
  fencedPause: 250,
  directory: 50_000,

  // --- moving rooms -----------------------------------------------------------------------
  /**
   * A room is handed over: the next owner has so long to have it ready; keeps it ready for so long; and looks by itself
   * whether it is the owner this often, since word of it may be lost.
   */
  handOver: { patience: 500, keep: 3_000, look: 300 },
  /**
   * Loads are evened out: while no node came or went for `calm`; between so many times the mean; one room each `apart` (20 a
   * second) and node; none that is here for less than `stay`; none to a node whose event loop is late by `late` (p99); and none
   that is where its players are while no node is more than `few` rooms off the mean.
   */
  balance: { calm: 3_000, most: 1.2, least: 0.8, few: 4, apart: 50, stay: 5_000, late: 100 },
  /**
   * A room follows its players to a node where this share of them has been for `settled` on end, as far as the loads stay between so
   * many times the mean, or within `few` rooms of it (closer to it than where they are evened out); not for `rest` after it was moved for the loads' sake.
   */
  follow: { share: 0.9, settled: 5_000, most: 1.1, least: 0.9, few: 3, rest: 60_000 },

  // --- a connection -----------------------------------------------------------------------
  /** Packets waiting for a slow reader: first no more changes, then the door. */
  slowPackets: 128,
  slowBytes: 1_048_576,
  slowest: 1_024,
  slowestBytes: 4_194_304,
  slowFor: 10_000,
  /** When a node dies its clients come back elsewhere over so long (ms): so much for each, since to let one in costs some ms of a core that others want to play on. */
  spread: { each: 3, least: 100, most: 4_000 },
  /** Sockets one node takes before it answers 503 at the handshake. */
  sockets: 20_000,

  // --- draining ---------------------------------------------------------------------------
  drainBudget: 12_000,
  /** Connections are told to move over this long, each at its own moment. */
  drainWaves: 2_000,
  /** A server that closes gives answers that are on their way so long (ms); then it ends every connection. */
  lastAnswers: 500,
} as const;

/** The relations between the bounds. A setting that breaks one would be a bug that no test of a part can see. */
export function checkLimits(l: typeof limits = limits): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, rule: string) => void (holds || wrong.push(rule));
  must(l.verdicts >= l.window, 'verdicts ≥ window: a retry must find its answer');
  must(l.silence >= l.beat * l.silenceReads, 'silence ≥ beat × silenceReads: death needs that many silent reads');
  must(l.cutOff > l.silence, 'cutOff > silence: others have its rooms when its clients come');
  must(l.request > l.forward * 2, 'request > 2 × forward: time to ask a second owner');
  must(l.membersKnown > l.heads * 2, 'membersKnown > 2 × heads: one lost report is made up for');
  must(l.unseen > l.heads * 2, 'unseen > 2 × heads: one lost report is not an absence');
  must(l.quick.reserve > l.request, 'quick.reserve > request: a seat is reserved until its join has been tried');
  must(l.quick.twice < l.quick.reserve, 'quick.twice < quick.reserve');
  must(l.storeDeadline < l.request, 'storeDeadline < request');
  must(l.ring >= l.entriesKept, 'ring ≥ entriesKept');
  must(l.handOver.keep > 2 * l.handOver.patience, 'keep > 2 × patience: what was made ready is still there when it is handed over');
  must(l.handOver.look < l.forward, 'look < forward: who asks a new owner that has not heard of it waits for its answer');
  must(l.follow.most < l.balance.most && l.follow.least > l.balance.least && l.follow.few < l.balance.few, 'follow within balance: what follows its players is no reason to even loads out');
  must(l.balance.stay > l.membersKnown, 'balance.stay > membersKnown: who moves a room knows where its players are');
  must(l.follow.share > 0.5, 'follow.share > 0.5: players are at one node at most');
  must(l.hang.blame + 2 * l.hang.look < l.silence - 2 * l.beat, 'hang.blame + 2 × hang.look < silence − 2 × beat: the next owner should find what hung');
  must(l.hang.kept > l.hang.most, 'hang.kept > hang.most');
  must(l.overdue < l.graceForDeadlines, 'overdue < graceForDeadlines');
  must(l.dataBytes + 4 * l.wordLength < l.packetBytes, 'dataBytes + names < packetBytes: what the client lets through, the server reads');
  must(l.heldBytes + l.inputNames * 2 * l.wordLength <= l.packetBytes, 'heldBytes + presses < packetBytes');
  must(l.authBytes + 2 * l.wordLength < l.packetBytes, 'authBytes + namespace < packetBytes: a handshake that is too large is answered');
  must(l.packetBytes < l.frameBytes, 'packetBytes < frameBytes: a packet that is too large is answered');
  must(l.packetBytes < l.entryBytes, 'packetBytes < entryBytes: one action fits into one entry');
  must(l.packets.burst > l.requests.burst + l.inputs.burst + l.signals.burst, 'packets ≥ requests + inputs + signals: nobody is closed for what is merely refused');
  must(l.packets.perSecond > l.requests.perSecond + l.inputs.perSecond + l.signals.perSecond, 'packets per second, too');
  for (const name of ['requests', 'inputs', 'signals', 'lists', 'creations', 'newSeats', 'wrongCodes'] as const) must(l.address[name].burst >= l[name].burst && l.address[name].perSecond >= l[name].perSecond, `address.${name} ≥ ${name}: an address is one player at least`);
  must(l.node.wrongCodes.burst > l.address.wrongCodes.burst && l.node.wrongCodes.perSecond > l.address.wrongCodes.perSecond, 'node.wrongCodes > address.wrongCodes: one address does not use up what all have');
  must(l.address.wider[48] > l.address.wider[56] && l.address.wider[56] > 1, 'address.wider: a wider network has more');
  must(l.address.liveRooms > l.liveRooms, 'address.liveRooms > liveRooms: one player does not use up what an address has');
  must(l.liveRooms > l.creations.burst, 'liveRooms > creations.burst');
  must(l.address.connections < l.sockets, 'address.connections < sockets: one address does not fill a node');
  must(l.slowestBytes > l.documentBytes, 'slowestBytes > documentBytes: a snapshot can be sent');
  return wrong;
}

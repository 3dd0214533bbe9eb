import { edit, type Ablation } from './ablation.ts';

const offers = 'server/store/memory-offers.ts';
const table = 'server/store/room-table.ts';
const joins = 'server/sessions/join-requests.ts';
const seating = 'server/rooms/core/seating.ts';
const quick = 'test/unit/protocol/quick-join.test.ts';
const suite = 'test/unit/store/memory-store.test.ts';

/** Quick joins, and what is left in the store. */
export const lobby: readonly Ablation[] = [
  {
    name: 'quick joins reserve no seat',
    why: 'all who ask at one instant are led to one room',
    hunt: { test: suite, grep: '[Q1] n at once' },
    edits: [
      edit(offers, 'offer.reservations.set(player, now + reserveMs);', 'offer.reservations.clear();'),
      edit(
        offers,
        'reservations: new Map([[wanted.player, now + wanted.reserveMs]])',
        'present: true, reservations: new Map()',
      ),
    ],
  },
  {
    name: 'find and create are two steps',
    why: 'all who ask at one instant make a room each',
    hunt: { test: quick, grep: '[Q1] 20 players' },
    edits: [
      edit(
        'server/lobby/lobby.ts',
        'const found = await store.findOrCreate({',
        `const first = await store.findOrCreate({ game: game.contract.name, pool, player, call, skip, search, prepared: null, reserveMs: limits.quickJoinSearch.reservation, rememberMs: limits.quickJoinSearch.resultTtl, rememberLastMs: limits.quickJoinSearch.lastResultTtl, repeatWithinMs: limits.quickJoinSearch.duplicateWindow });\n        if ('room' in first) return first;\n        const found = await store.findOrCreate({`,
      ),
      edit(
        'server/lobby/lobby.ts',
        'player, call, skip, search, prepared: prepared &&',
        'player, call, skip, search: false, prepared: prepared &&',
      ),
    ],
  },
  {
    name: 'options are compared as text',
    why: 'the order of keys separates players',
    hunt: { test: quick, grep: '[Q2]' },
    edits: [edit('server/rooms/actor/offer.ts', 'update(canonicalJson(options))', 'update(JSON.stringify(options))')],
  },
  {
    name: 'calls have no id',
    why: 'a lost answer takes a second seat',
    hunt: { test: suite, grep: '[Q5] a repeat of a call gets the room' },
    edits: [
      edit(offers, 'remembered && remembered.until > now', 'remembered && remembered.until < now'),
      edit(offers, 'last?.call === wanted.call', 'now < 0'),
    ],
  },
  {
    name: 'the last call is forgotten like others',
    why: 'after an outage a quick join takes a second seat',
    hunt: { test: suite, grep: '[Q5] the last call of a player' },
    edits: [edit(offers, 'last?.call === wanted.call ? last', 'last?.call === undefined ? last')],
  },
  {
    name: 'the last call is remembered for 10 minutes',
    why: 'after an outage a quick join takes a second seat',
    hunt: { test: quick, grep: '[Q5] nor one that is lost before an outage' },
    edits: [
      edit(
        'server/lobby/lobby.ts',
        'rememberLastMs: limits.quickJoinSearch.lastResultTtl + Math.min(holdOf(game), limits.quickJoinSearch.maxHold)',
        'rememberLastMs: limits.quickJoinSearch.remember',
      ),
    ],
  },
  {
    name: 'a double click is two calls',
    why: 'one player has two seats',
    hunt: { test: suite, grep: '[Q6]' },
    edits: [edit(offers, 'if (last && last.pool === pool', 'if (last && last.pool === pool && now < 0')],
  },
  {
    name: 'a refusal ends the quick join',
    why: 'one room from which a player was kicked ends the search',
    hunt: { test: quick, grep: '[Q7] a room from which' },
    edits: [
      edit(
        joins,
        'if (!otherRoomMayAccept.has(reply.code) || (made && !seatsTaken.has(reply.code))) return reply;',
        'return reply;',
      ),
    ],
  },
  {
    name: 'a full new room ends the quick join',
    why: 'a bot has taken the reserved seat, and the player is refused',
    hunt: { test: quick, grep: '[Q7] where a bot has taken' },
    edits: [edit(joins, '(made && !seatsTaken.has(reply.code))', 'made')],
  },
  {
    name: 'failing rooms are offered',
    why: 'everybody is led to a room whose setup throws',
    hunt: { test: quick, grep: '[Q8] a room whose rules throw' },
    edits: [
      edit(
        'server/sessions/room-memberships.ts',
        'this.parts.lobby.withdraw(room, connection.player, limits.quickJoinSearch.brokenFor);',
        '',
      ),
    ],
  },
  {
    name: 'rooms that cannot be reached are offered',
    why: 'a search ends at a room that nobody can run',
    hunt: { test: quick, grep: '[Q8] a room that cannot be reached' },
    edits: [
      edit(
        joins,
        `if (reply.code === 'unavailable' && !made) lobby.withdraw(found.room, connection.player, limits.quickJoinSearch.unreachableFor);`,
        `if (reply.code === 'unavailable') return reply;`,
      ),
    ],
  },
  {
    name: 'deserted rooms are offered',
    why: 'a player waits for somebody whose tab is closed',
    hunt: { test: quick, grep: '[Q3]' },
    edits: [edit(offers, '(present || reservations.size > 0)', '(present || reservations.size >= 0)')],
  },
  {
    name: 'a match begins without those who are away',
    why: 'it is played against a closed tab',
    hunt: { test: quick, grep: '[Q9] full' },
    edits: [edit(seating, 'if (!seated.every(s => isPresent(t, s))) return;', '')],
  },
  {
    name: 'a new owner believes that all are there',
    why: 'a match begins against players who went with their node',
    hunt: { test: quick, grep: '[Q9] after a takeover' },
    edits: [
      edit(
        'server/rooms/actor/presence.ts',
        'return !this.isSettling || this.members.hasPlayer(player);',
        "return this.isSettling || !this.isSettling || player === '';",
      ),
    ],
  },
  {
    name: 'a match that waited for reports is forgotten',
    why: 'all are there, and nothing happens',
    hunt: { test: quick, grep: '[Q9] after a takeover' },
    edits: [
      edit(
        'server/rooms/actor/presence.ts',
        `settles ? [...changes, { kind: 'settle' }] : changes`,
        'settles ? changes : changes',
      ),
    ],
  },
  {
    name: 'who is back begins no match',
    why: 'all are there, and nothing happens',
    hunt: { test: quick, grep: '[Q9] full' },
    edits: [
      edit(
        'server/rooms/core/machine.ts',
        'else rules.startIfNoLongerWaiting(); // the match',
        'else if (!this.doc) rules.startIfNoLongerWaiting(); // the match',
      ),
    ],
  },
  {
    name: 'the next match begins with those who are away',
    why: 'it is played against a closed tab',
    hunt: { test: quick, grep: '[Q9] the next match' },
    edits: [
      edit(seating, '(s.rematch && isPresent(t, s))', 's.rematch'),
      edit(seating, 'all.filter(i => !mayBeginWithout(t, i))', 'all'),
    ],
  },
  {
    name: 'the next match waits for all who are away',
    why: 'one closed tab keeps everybody else from playing',
    hunt: { test: 'test/unit/seats.test.ts', grep: '[S5e] it begins without' },
    edits: [edit(seating, 'all.filter(i => !mayBeginWithout(t, i))', 'all')],
  },
  {
    name: 'the next match waits for nobody who is away',
    why: 'a page that is loaded again loses its seat',
    hunt: { test: 'test/unit/seats.test.ts', grep: '[S5e] a player who is back in time' },
    edits: [edit(seating, 'since.length === 0 || at <= t.now', 'at < Infinity')],
  },
  {
    name: 'the next match frees reserved seats',
    why: 'a listed player who is away loses the place',
    hunt: { test: 'test/unit/reserved-seats.test.ts', grep: '[S5f] the next match waits' },
    edits: [edit(seating, '!hidden.reserved?.includes(hidden.seats[seat]!.player)', 'true')],
  },
  {
    name: 'a death orphans rooms',
    why: 'players who died with their node count as connected for ever',
    hunt: { test: 'test/unit/protocol/orphaned-rooms.test.ts', grep: '[O24] [S2]' },
    edits: [
      edit(
        'server/node/node.ts',
        'this.rpc.failCallsTo(node);\n    this.orphanScan.requestScan();',
        'this.rpc.failCallsTo(node);',
      ),
    ],
  },
  {
    name: 'a room sleeps while it shows a player as connected',
    why: 'after two suspensions of its node no hold begins',
    hunt: { test: 'test/unit/protocol/orphaned-rooms.test.ts', grep: 'suspended twice' },
    edits: [
      edit(
        'server/rooms/actor/actor.ts',
        '!this.hasPendingEffects && !isOccupied(this.doc)) this.lifecycle',
        '!this.hasPendingEffects) this.lifecycle',
      ),
    ],
  },
  {
    name: 'a node that starts looks for no orphans',
    why: 'after the death of all nodes players count as connected for ever',
    hunt: { test: 'test/unit/protocol/orphaned-rooms.test.ts', grep: 'so does a node that starts' },
    edits: [
      edit('server/ownership/orphan-scan.ts', '{ this.requestScan(); }', '{ this.nextAt = Infinity; }'),
      edit(
        'server/node/node.ts',
        'this.rpc.failCallsTo(node);\n    this.orphanScan.requestScan();',
        'this.rpc.failCallsTo(node);',
      ),
    ],
  },
  {
    name: 'rooms given up in an outage are forgotten',
    why: 'players who left meanwhile count as connected for ever',
    hunt: { test: 'test/unit/protocol/orphaned-rooms.test.ts', grep: 'given up in an outage' },
    edits: [
      edit(
        'server/node/node.ts',
        'this.ensureOwner(room));\n    this.orphanScan.requestScan();',
        'this.ensureOwner(room));',
      ),
    ],
  },
  {
    name: 'rooms of a player are not counted',
    why: 'one player fills the store',
    hunt: { test: 'test/unit/protocol/store-quotas.test.ts', grep: 'so many rooms of a player live' },
    edits: [
      edit(
        'server/sessions/client-requests.ts',
        'connection.player, request, { makers: makersOf(connection.player, connection.from) })',
        'connection.player, request)',
      ),
    ],
  },
  {
    name: 'rooms that are over count',
    why: 'who has played long enough makes no room any more',
    hunt: { test: suite, grep: '[W27] a room counts until' },
    edits: [edit(table, 'for (const id of [...rooms].slice(0, 64)) this.room(id);', '')],
  },
  {
    name: 'a refused call looks at all rooms of a network',
    why: 'each refusal costs Redis as many look-ups as the network has rooms',
    hunt: { test: 'test/integration/redis/redis-store.test.ts', grep: '[W27] a maker with thousands' },
    edits: [edit('server/store/lua/index.lua', `to, 'BYLEX', 'LIMIT', 0, 64)) do`, `to, 'BYLEX')) do`)],
  },
  {
    name: 'a node starts without a right that it needs',
    why: 'every room is refused as unavailable, and nothing says why',
    hunt: { test: 'test/integration/redis/acl-and-tls.test.ts', grep: 'does not start, and names' },
    edits: [
      edit(
        'server/store/redis-check.ts',
        'if (forbidden.length > 0) problems.push(',
        'if (forbidden.length > 99) problems.push(',
      ),
    ],
  },
  {
    name: 'a command that Redis refuses is not logged',
    why: 'every room is refused as unavailable, and nothing says why',
    hunt: { test: 'test/integration/redis/acl-and-tls.test.ts', grep: 'taken away later' },
    edits: [
      edit(
        'server/store/redis-access.ts',
        'isFault.test(message)) this.reportFault(what, message);',
        `isFault.test(message)) what += '';`,
      ),
    ],
  },
  {
    name: 'lines of makers outlive their rooms',
    why: 'the store grows with every room',
    hunt: { test: suite, grep: '[J15]' },
    edits: [edit(table, 'rooms?.delete(id);', '')],
  },
  {
    name: 'a room that refuses its maker stays',
    why: 'it is kept for 15 minutes, and nobody is led there',
    hunt: { test: quick, grep: '[Q10] a room that refuses' },
    edits: [
      edit(joins, 'lobby.discard(found.room, connection.player);', 'lobby.withdraw(found.room, connection.player, 0);'),
    ],
  },
  {
    name: 'a room is discarded though others come',
    why: 'a player who was led there finds no room',
    hunt: { test: suite, grep: '[Q10] a room with an entry' },
    edits: [edit(table, 'if (room.seq > 0 || this.offers.isReserved(id)) return false;', '')],
  },
  {
    name: 'seats of bots that will come are free',
    why: 'two are led to the only seat',
    hunt: { test: 'test/unit/lifecycle.test.ts', grep: '[Q3]' },
    edits: [edit('server/rooms/actor/offer.ts', ' - hidden.fill)', ')')],
  },
  {
    name: 'a match that only bots play goes on for ever',
    why: 'a timer that sets itself again keeps the room',
    hunt: { test: 'test/unit/protocol/long-lived-rooms.test.ts', grep: '[B7] [J7]' },
    edits: [
      edit(
        'server/rooms/core/machine.ts',
        'if (changesPresence(command) && !this.fault',
        'if (!this.doc && !this.fault',
      ),
    ],
  },
  {
    name: 'a return does not take the deadline of an abandoned match away',
    why: 'a match ends under a player who is there',
    hunt: { test: 'test/unit/protocol/long-lived-rooms.test.ts', grep: '[B7] a player who comes back' },
    edits: [
      edit(seating, 'if (!isAbandonedMatch(t)) delete timers[abandonedTimer];', 'if (!isAbandonedMatch(t)) return;'),
      edit(seating, 'if (isAbandonedMatch(t)) endUndecided(t);', 'endUndecided(t);'),
    ],
  },
  {
    name: 'offers outlive their rooms',
    why: 'index lines of rooms that expired are never removed',
    hunt: { test: suite, grep: '[J15]' },
    edits: [
      edit(
        table,
        '    this.rooms.delete(id);\n    this.offers.set(id, null, this.now());\n',
        '    this.rooms.delete(id);\n',
      ),
    ],
  },
  {
    name: 'calls are remembered for ever',
    why: 'the store grows with everybody who ever asked',
    hunt: { test: suite, grep: '[J15]' },
    edits: [edit(table, '    this.offers.removeExpired(now);\n', '')],
  },
];

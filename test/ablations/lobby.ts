import { edit, type Ablation } from './ablation.ts';

const offers = 'server/store/memory-offers.ts';
const memory = 'server/store/memory-store.ts';
const edge = 'server/sessions/edge.ts';
const seating = 'server/rooms/seating.ts';
const quick = 'test/protocol/quick.test.ts';
const suite = 'test/contract/memory-store.test.ts';

/** Quick joins, and what is left in the store. */
export const lobby: readonly Ablation[] = [
  { name: 'quick joins reserve no seat', why: 'all who ask at one instant are led to one room', hunt: { test: suite, grep: '[Q1] n at once' }, edits: [edit(offers, 'offer.held.set(player, now + reserve);', 'offer.held.clear();'), edit(offers, 'held: new Map([[wanted.player, now + wanted.reserve]])', 'present: true, held: new Map()')] },
  { name: 'find and create are two steps', why: 'all who ask at one instant make a room each', hunt: { test: quick, grep: '[Q1] 20 players' }, edits: [edit('server/lobby/lobby.ts', 'const found = await store.findOrCreate({', `const first = await store.findOrCreate({ game: game.contract.name, pool, player, call, skip, search, prepared: null, reserve: limits.quick.reserve, remember: limits.quick.remember, twice: limits.quick.twice });
        if ('room' in first) return first;
        const found = await store.findOrCreate({`), edit('server/lobby/lobby.ts', 'player, call, skip, search, prepared: prepared &&', 'player, call, skip, search: false, prepared: prepared &&')] },
  { name: 'options are compared as text', why: 'the order of keys separates players', hunt: { test: quick, grep: '[Q2]' }, edits: [edit('server/rooms/offer.ts', 'update(canonical(options))', 'update(JSON.stringify(options))')] },
  { name: 'calls have no id', why: 'a lost answer takes a second seat', hunt: { test: suite, grep: '[Q5] a repeat of a call gets the room' }, edits: [edit(offers, 'if (called && called.until > now', 'if (called && called.until < now')] },
  { name: 'a double click is two calls', why: 'one player has two seats', hunt: { test: suite, grep: '[Q6]' }, edits: [edit(offers, 'if (last && last.until > now', 'if (last && last.until < now')] },
  { name: 'a refusal ends the quick join', why: 'one room from which a player was kicked ends the search', hunt: { test: quick, grep: '[Q7] a room from which' }, edits: [edit(edge, 'if (!othersMayTake.has(reply.code) || (made && !seatsWereTaken.has(reply.code))) return reply;', 'return reply;')] },
  { name: 'a full new room ends the quick join', why: 'a bot has taken the reserved seat, and the player is refused', hunt: { test: quick, grep: '[Q7] where a bot has taken' }, edits: [edit(edge, '(made && !seatsWereTaken.has(reply.code))', 'made')] },
  { name: 'failing rooms are offered', why: 'everybody is led to a room whose setup throws', hunt: { test: quick, grep: '[Q8] a room whose rules throw' }, edits: [edit(edge, 'this.parts.lobby.withdraw(room, connection.player, limits.quick.out);', '')] },
  { name: 'rooms that cannot be reached are offered', why: 'a search ends at a room that nobody can run', hunt: { test: quick, grep: '[Q8] a room that cannot be reached' }, edits: [edit(edge, `if (reply.code === 'unavailable' && !made) lobby.withdraw(found.room, connection.player, limits.quick.unreachable);`, `if (reply.code === 'unavailable') return reply;`)] },
  { name: 'deserted rooms are offered', why: 'a player waits for somebody whose tab is closed', hunt: { test: quick, grep: '[Q3]' }, edits: [edit(offers, '(present || held.size > 0)', '(present || held.size >= 0)')] },
  { name: 'a match begins without those who are away', why: 'it is played against a closed tab', hunt: { test: quick, grep: '[Q9] full' }, edits: [edit(seating, 'if (!seated.every(s => isPresent(t, s))) return;', '')] },
  { name: 'a new owner believes that all are there', why: 'a match begins against players who went with their node', hunt: { test: quick, grep: '[Q9] after a takeover' }, edits: [edit('server/rooms/attendance.ts', 'return !this.settling || this.members.hasPlayer(player);', 'return this.settling || !this.settling || player === \'\';')] },
  { name: 'a match that waited for reports is forgotten', why: 'all are there, and nothing happens', hunt: { test: quick, grep: '[Q9] after a takeover' }, edits: [edit('server/rooms/attendance.ts', `settles ? [...changes, { kind: 'settle' }] : changes`, 'settles ? changes : changes')] },
  { name: 'who is back begins no match', why: 'all are there, and nothing happens', hunt: { test: quick, grep: '[Q9] full' }, edits: [edit('server/rooms/room.ts', 'else this.waitNoLonger(); // the match', 'else if (!this.doc) this.waitNoLonger(); // the match')] },
  { name: 'the next match begins without those who are away', why: 'it is played against a closed tab', hunt: { test: quick, grep: '[Q9] the next match' }, edits: [edit(seating, '(s.rematch && isPresent(t, s))', 's.rematch')] },
  { name: 'a death orphans rooms', why: 'players who died with their node count as connected for ever', hunt: { test: 'test/protocol/orphaned-rooms.test.ts', grep: '[O24] [S2]' }, edits: [edit('server/node.ts', 'this.peers.giveUpOn(node);\n    this.orphanScan.request();', 'this.peers.giveUpOn(node);')] },
  { name: 'a room sleeps while it shows a player as connected', why: 'after two suspensions of its node no hold begins', hunt: { test: 'test/protocol/orphaned-rooms.test.ts', grep: 'suspended twice' }, edits: [edit('server/rooms/host.ts', '!this.hasEffects && !isOccupied(this.doc)) this.releaseAsked', '!this.hasEffects) this.releaseAsked')] },
  { name: 'a node that starts looks for no orphans', why: 'after the death of all nodes players count as connected for ever', hunt: { test: 'test/protocol/orphaned-rooms.test.ts', grep: 'so does a node that starts' }, edits: [edit('server/ownership/orphan-scan.ts', '{ this.request(); }', '{ this.nextAt = Infinity; }'), edit('server/node.ts', 'this.peers.giveUpOn(node);\n    this.orphanScan.request();', 'this.peers.giveUpOn(node);')] },
  { name: 'rooms given up in an outage are forgotten', why: 'players who left meanwhile count as connected for ever', hunt: { test: 'test/protocol/orphaned-rooms.test.ts', grep: 'given up in an outage' }, edits: [edit('server/node.ts', 'this.reclaim(room));\n    this.orphanScan.request();', 'this.reclaim(room));')] },
  { name: 'offers outlive their rooms', why: 'index lines of rooms that expired are never removed', hunt: { test: suite, grep: '[J15]' }, edits: [edit(memory, '    this.rooms.delete(id);\n    this.offers.set(id, null, this.clock.now());\n', '    this.rooms.delete(id);\n')] },
  { name: 'calls are remembered for ever', why: 'the store grows with everybody who ever asked', hunt: { test: suite, grep: '[J15]' }, edits: [edit(memory, '    this.offers.sweep(now);\n', '')] },
];

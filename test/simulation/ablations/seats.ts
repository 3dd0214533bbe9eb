import { edit, type Ablation } from './ablation.ts';

const seating = 'server/rooms/core/seating.ts';
const holds = 'test/unit/protocol/seat-holds.test.ts';
const leaving = 'test/unit/protocol/leave.test.ts';
const spectators = 'test/unit/protocol/spectators.test.ts';
const memberships = 'server/sessions/room-memberships.ts';
const departures = 'client/pending-leaves.ts';

/** Seats: lost, taken again, left. */
export const seats: readonly Ablation[] = [
  {
    name: 'a refused token ends what the client gives up',
    why: 'the connection that is open never gives the seat up, and the player counts as present',
    hunt: { test: 'test/unit/protocol/leave.test.ts', grep: 'is refused meanwhile' },
    edits: [
      edit(
        'client/client.ts',
        '(refusal, sent) => this.credentials.handleRefusal(refusal, sent),',
        `(refusal, said) => {
        if (refusal.code === 'bad-token') this.departures.end('bad-token', false);
        return this.credentials.handleRefusal(refusal, said);
      },`,
      ),
    ],
  },
  {
    name: 'a session may have a second hold',
    why: 'what was asked under the first is done under it again',
    hunt: { test: holds, grep: 'is not done again in the seat taken after it' },
    edits: [
      edit(seating, `if (request.resume || loss?.session === request.session) return`, `if (loss === null) return`),
    ],
  },
  {
    name: 'a lost session is not renewed',
    why: 'numbers of the old hold are sent under the new one',
    hunt: { test: holds, grep: 'every action after it is answered at once' },
    edits: [
      edit(
        'client/outbox.ts',
        '    this.epoch += 1;\n    this.base = 0;\n    this.end(refusal);',
        '    this.end(refusal);',
      ),
    ],
  },
  {
    name: 'presses of a lost hold are sent again',
    why: 'they count in a seat in which nobody pressed',
    hunt: { test: holds, grep: 'presses that had not counted are dropped' },
    edits: [edit('client/room-sync.ts', '    this.inputs.restart();\n', '')],
  },
  {
    name: 'a loss keeps the place of an earlier one',
    why: 'the reason of a late loss is forgotten before that of earlier ones',
    hunt: { test: 'test/unit/seats.test.ts', grep: 'who lost one last' },
    edits: [
      edit(
        'server/rooms/core/holds.ts',
        `  delete losses[lossKey(player)]; // re-inserted, so that the newest is last\n`,
        '',
      ),
    ],
  },
  {
    name: 'a seat is looked for by its player',
    why: 'signals and views use another seat than the client shows',
    hunt: { test: holds, grep: 'a seat that was left shows its name' },
    edits: [edit('server/rooms/core/holds.ts', '  shown.player = null;\n', '')],
  },
  {
    name: 'a lost seat ends on one connection',
    why: 'another one of the player goes on signalling',
    hunt: { test: holds, grep: 'left in another tab' },
    edits: [edit('server/rooms/actor/presence.ts', '!watch && holders.get(player) !== session ?', 'isClosed ?')],
  },
  {
    name: 'a loss is told once',
    why: 'a node that did not hear it keeps the member',
    hunt: { test: holds, grep: 'a loss that a node is not told of is told again' },
    edits: [
      edit(
        'server/rooms/actor/actor.ts',
        '    this.evictIneligible(); // repeated: a notice may be lost, or the owner may die before sending it\n',
        '',
      ),
    ],
  },
  {
    name: 'an old window takes the seat back',
    why: 'a player is thrown out by a window that was replaced long ago',
    hunt: { test: holds, grep: 'replaced longer ago than is remembered' },
    edits: [
      edit(
        seating,
        `    if (request.resume) return request.forgotten ? refuseLostSeat(request, null) : makeRefusal('session-replaced');\n`,
        '',
      ),
    ],
  },
  {
    name: 'inputs are remembered for ever',
    why: 'memory grows with everybody who ever played',
    hunt: { test: holds, grep: 'every way to lose a seat frees it' },
    edits: [edit('server/rooms/actor/presence.ts', '    this.parts.inputs.retainHolders(holders);\n', '')],
  },
  {
    name: 'who asks is admitted',
    why: 'a player who was removed hears the room while it is refused',
    hunt: { test: leaving, grep: 'never subscribed, however often' },
    edits: [
      edit(
        memberships,
        `    let reply = await ask({ ...(connection`,
        `    const channel = \`room:\${room}:all\`;\n    connection.subscribe(channel);\n    let reply = await ask({ ...(connection`,
      ),
    ],
  },
  {
    name: 'admitted, and not asked again',
    why: 'what is committed before the subscription is missed',
    hunt: { test: leaving, grep: 'is not lost: one join is enough' },
    edits: [
      edit(memberships, `admit: true`, ``),
      edit(memberships, `      reply = await ask({ resume: true });\n`, ''),
    ],
  },
  {
    name: 'joins and leaves overtake each other',
    why: 'a room that was left has a member that nobody sees',
    hunt: { test: leaving, grep: 'leaves no member behind' },
    edits: [
      edit(
        'server/sessions/connection.ts',
        'const current = before ? before.then(work, work) : work();',
        'const current = work();',
      ),
    ],
  },
  {
    name: 'leaving is tried once',
    why: 'without a connection nothing is given up',
    hunt: { test: leaving, grep: 'while reconnecting: confirmed on the next connection' },
    edits: [edit(departures, `for (const [room, one] of this.rooms) void this.send(room, one);`, '')],
  },
  {
    name: 'a join does not withdraw a leave',
    why: 'the seat that was asked for is given up',
    hunt: { test: leaving, grep: 'a join of the same room withdraws it' },
    edits: [edit('client/joined-rooms.ts', 'if (!asked.watch) this.parts.departures.withdraw(asked);', '')],
  },
  {
    name: 'a call to watch withdraws a leave',
    why: 'the seat that was given up stays taken',
    hunt: { test: leaving, grep: 'a call to watch the same room' },
    edits: [
      edit(
        'client/joined-rooms.ts',
        'if (!asked.watch) this.parts.departures.withdraw(asked);',
        'this.parts.departures.withdraw(asked);',
      ),
    ],
  },
  {
    name: 'a leave is for whoever holds the seat',
    why: 'an old window gives up the seat of the new one',
    hunt: { test: leaving, grep: 'an older window does not give up' },
    edits: [
      edit(
        'server/rooms/core/machine.ts',
        `    if (this.doc.hidden.seats[seat]!.session !== command.session) return { kind: 'refused', refusal: makeRefusal('session-replaced') };\n    rules.handleElimination`,
        `    rules.handleElimination`,
      ),
    ],
  },
  {
    name: 'the engine ends matches that rules would go on with',
    why: 'one player of a game for one cannot play on',
    hunt: { test: leaving, grep: 'also one' },
    edits: [
      edit(
        seating,
        'inPlay.length >= t.game.contract.def.seats.min',
        'inPlay.length >= Math.max(2, t.game.contract.def.seats.min)',
      ),
    ],
  },
  {
    name: 'an action is done under whichever session the connection has',
    why: 'given in a room that is being joined again, it is the first of the new session, whose own first action gets its verdict',
    hunt: { test: 'test/unit/protocol/presence-churn.test.ts', grep: 'seed 201' },
    edits: [edit('client/room-sync.ts', 'this.parts.hasPendingJoin() ? { session: this.session } : {}', '{}')],
  },
  {
    name: 'a watcher counts against itself',
    why: 'it cannot catch up in a full house',
    hunt: { test: leaving, grep: 'not one too many' },
    edits: [edit('server/rooms/actor/replies.ts', 'members.otherWatchers(message.at)', 'members.watchers')],
  },
  {
    name: 'only who sits can be removed',
    why: 'a spectator who disturbs stays',
    hunt: { test: spectators, grep: 'is removed by the host' },
    edits: [
      edit(
        'server/rooms/core/engine-actions.ts',
        `if (player === undefined && who !== 'server') return`,
        `if (requester !== 'server') return`,
      ),
    ],
  },
  {
    name: 'a removed spectator is told with the next check',
    why: 'until then it goes on watching',
    hunt: { test: spectators, grep: 'is removed by the host' },
    edits: [
      edit(
        'server/rooms/actor/actor.ts',
        ` || touchesHidden(entry.changes, 'banned')) this.evictIneligible();`,
        ') this.evictIneligible();',
      ),
    ],
  },
  {
    name: 'spectators are named to everybody',
    why: "who watches is nobody else's business",
    hunt: { test: spectators, grep: 'is told to the host alone' },
    edits: [
      edit(
        'server/rooms/actor/replies.ts',
        'return !!seat && seat.player === player && seat.session === session;',
        'return !!seat && player !== session;',
      ),
    ],
  },
];

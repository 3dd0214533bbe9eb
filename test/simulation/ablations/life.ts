import { edit, type Ablation } from './ablation.ts';

export const life: readonly Ablation[] = [
  {
    name: 'a suspended owner judges at once',
    why: 'it has heard no reports, and takes everybody for away',
    hunt: { test: 'test/unit/protocol/suspended-processes.test.ts', grep: 'no player who is connected counts as away' },
    edits: [edit('server/rooms/actor/presence.ts', 'this.suspendedUntil = mono + limits.presenceTimeout;', '')],
  },
  {
    name: 'a suspended owner believes departures at once',
    why: 'clients gave up connections that did not answer, and count as away before their new ones are heard',
    hunt: { test: 'test/unit/protocol/suspended-processes.test.ts', grep: 'no player who is connected counts as away' },
    edits: [edit('server/rooms/actor/presence.ts', 'wasLast && mono >= this.suspendedUntil &&', 'wasLast &&')],
  },
  {
    name: 'a replaced hold has the last word',
    why: 'a client that watches counts as seated, or the reverse',
    hunt: { test: 'test/unit/protocol/rejoin-as-other-role.test.ts', grep: 'under way does not undo' },
    edits: [edit('client/joined-rooms.ts', 'if (before) room.sync.rejoinAfter(before.pendingJoins);', '')],
  },
  {
    name: 'only the last hold but one has a word',
    why: 'of two joins and a rejoin at once, the rejoin got the seat, and the client is thrown out hours later',
    hunt: { test: 'test/unit/protocol/rejoin-as-other-role.test.ts', grep: 'asked for one twice' },
    edits: [
      edit(
        'client/room-sync.ts',
        'for (const join of earlier) { this.unanswered.add(join);',
        'for (const join of earlier) {',
      ),
    ],
  },
  {
    name: 'a seat that a replaced hold got stays there',
    why: 'the server shows a player as present whose client has no room',
    hunt: { test: 'test/unit/protocol/rejoin-as-other-role.test.ts', grep: 'though its earlier room object asks' },
    edits: [
      edit(
        'client/room-sync.ts',
        `if (answer.ok && answer.seat !== null && answer.session !== this.session && !this.parts.watch) this.startNewSession(makeRefusal('session-replaced'));`,
        '',
      ),
    ],
  },
  {
    name: 'a join is sent again before retryAfter if something asks for it',
    why: 'each heartbeat and notice adds a join to the load that the server has just refused',
    hunt: { test: 'test/unit/room-sync.test.ts', grep: 'before retryAfter' },
    edits: [
      edit(
        'client/room-sync.ts',
        `else if (state.request === 'sent') state.request = 'repeat';`,
        `else if (state.request === 'sent') state.request = 'repeat'; else this.sendJoin(state);`,
      ),
    ],
  },
  {
    name: 'changes beside a pending join are kept without a bound',
    why: 'a join that is refused for minutes fills the memory of the page',
    hunt: { test: 'test/unit/room-sync.test.ts', grep: 'has dropped a change' },
    edits: [
      edit(
        'client/room-sync.ts',
        `if (following.buffered.push(change) > bufferedChanges) following.buffered.shift();`,
        `following.buffered.push(change);`,
      ),
    ],
  },
  {
    name: 'the answer to a session that was given up counts',
    why: 'its refusal ends the room, while another session of the same client is about to have the seat',
    hunt: { test: 'test/unit/protocol/rejoin-as-other-role.test.ts', grep: 'a session that was replaced meanwhile' },
    edits: [
      edit(
        'client/room-sync.ts',
        `if (session !== this.session) this.sendJoin(joining);`,
        `if (this.endRefusal) this.sendJoin(joining);`,
      ),
    ],
  },
  {
    name: 'a match that ends with the first entry of its recording has no end',
    why: 'a match that ends in the entry that migrates its state is never recorded',
    hunt: { test: 'test/unit/recorder.test.ts', grep: 'in the entry that migrates its state' },
    edits: [
      edit(
        'server/rooms/actor/recorder.ts',
        `      if (room.phase === 'ended') this.part.end = hashState(state);\n`,
        '',
      ),
    ],
  },
  {
    name: 'nobody looks whether a room with spectators is there',
    why: 'they watch a room that has expired or was discarded, and are told that it is live',
    hunt: { test: 'test/unit/protocol/spectators.test.ts', grep: '[J19]' },
    edits: [
      edit(
        'server/rooms/actor/upkeep.ts',
        'const hasSpectatorsAlone = memberCount > 0 &&',
        'const hasSpectatorsAlone = memberCount < 0 &&',
      ),
    ],
  },
  {
    name: 'a look-up without an answer ends the room',
    why: 'a moment without the store costs a takeover that nobody asked for',
    hunt: { test: 'test/unit/protocol/spectators.test.ts', grep: '[J19] [T6]' },
    edits: [
      edit(
        'server/rooms/actor/journal.ts',
        `return !status.isOwner && status.reason === 'unknown-outcome' ? stillOwner : status;`,
        'return standing;',
      ),
    ],
  },
];

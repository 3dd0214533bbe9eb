import { edit, type Ablation } from './ablation.ts';

export const time: readonly Ablation[] = [
  {
    name: 'members of a room are looked for among all connections',
    why: 'a restart of the store stops a node with many clients for seconds',
    hunt: { test: 'test/unit/protocol/many-rooms.test.ts', grep: 'looks at each connection a few times' },
    edits: [
      edit(
        'server/sessions/connected-clients.ts',
        'return this.subscriptions.membersOf(room).length > 0; }',
        'return [...this.connections.values()].some(c => c.rooms.has(room)); }',
      ),
    ],
  },
  {
    name: "an outage is what the last owner's heartbeats say",
    why: 'after an outage of Redis they go on before the room does, and deadlines do not move',
    hunt: { test: 'test/unit/protocol/outages.test.ts', grep: 'whichever node takes the room' },
    edits: [
      edit(
        'server/ownership/outage-estimator.ts',
        'return outage && outage.to > lastWrite ? Math.max(silentForMs, now - outage.from) : silentForMs;',
        'return silentForMs;',
      ),
      edit('server/ownership/outage-estimator.ts', 'if (own !== null) return own;', ''),
    ],
  },
  {
    name: 'a heartbeat after an outage says nothing of it',
    why: 'who claims a room between two heartbeats of its owner takes it that nothing was wrong',
    hunt: { test: 'test/unit/protocol/outages.test.ts', grep: 'of 60 s (everything)' },
    edits: [
      edit(
        'server/store/store-contact.ts',
        'this.isInterrupted ? { from: this.reachedAt, to: this.clock.mono() } : this.outages.at(-1)',
        'this.outages.at(-1)',
      ),
    ],
  },
  {
    name: 'an owner that stays moves no deadlines',
    why: 'what fell due while the store was away strikes as soon as it is back',
    hunt: { test: 'test/unit/protocol/outages.test.ts', grep: 'a node that stood still alone' },
    edits: [
      edit(
        'server/rooms/actor/room-clock.ts',
        'const outages = this.contact.outagesEndedAfter(this.outagesCheckedAt);',
        'const outages: { from: number; to: number }[] = [];',
      ),
    ],
  },
  {
    name: 'an outage that is journaled is counted again',
    why: 'the answer to that entry was lost, so all deadlines move twice',
    hunt: { test: 'test/unit/protocol/outages.test.ts', grep: 'no reason to count an outage twice' },
    edits: [
      edit(
        'server/ownership/outage-estimator.ts',
        '(seq > own.seq ? (own.unanswered ?? own.since) : own.since)',
        'own.since',
      ),
    ],
  },
  {
    name: 'an outage counts for rooms that came later',
    why: 'the deadlines of a room move for a time in which it slept',
    hunt: { test: 'test/unit/protocol/outages.test.ts', grep: 'was over before the room came there' },
    edits: [edit('server/ownership/outage-estimator.ts', 'outage && outage.to > lastWrite ?', 'outage ?')],
  },
  {
    name: 'the time of a room that was given up starts again',
    why: 'a clock that was set ends all turns when its node takes the room on again',
    hunt: { test: 'test/unit/protocol/clocks.test.ts', grep: 'nor when that node claims its room again' },
    edits: [edit('server/ownership/outage-estimator.ts', ', time: Math.floor(now + own.ahead) };', ' };')],
  },
  {
    name: 'a quiet room is not renewed',
    why: 'it is gone after a day, with its players connected',
    hunt: { test: 'test/unit/protocol/long-lived-rooms.test.ts', grep: 'both players stay connected' },
    edits: [
      edit(
        'server/rooms/actor/upkeep.ts',
        `this.set('renewal', journal.isRenewalDue(roomTime));`,
        `this.set('renewal', false);`,
      ),
    ],
  },
  {
    name: 'a room lives for a day, whatever is due',
    why: 'a deadline or a hold of days ends with the room, and nobody learns of it',
    hunt: { test: 'test/unit/protocol/long-lived-rooms.test.ts', grep: 'a deadline in 30 days' },
    edits: [
      edit(
        'server/rooms/actor/room-life.ts',
        'ms: untilDue + holdOf(game) + limits.roomTtl, played: true',
        'ms: limits.roomTtl, played: true',
      ),
    ],
  },
  {
    name: 'fractions of ms reach the store',
    why: 'Redis refuses them in the middle of a script',
    hunt: { test: 'test/unit/store/memory-store.test.ts', grep: 'no whole numbers' },
    edits: [edit('server/store/whole-ms.ts', 'Math.ceil(ms)', 'ms')],
  },
  {
    name: 'a timer of any length',
    why: 'what is set to the year 3000 by a slip is kept till then',
    hunt: { test: 'test/unit/author-timers.test.ts', grep: 'at most 366 days' },
    edits: [edit('server/rooms/core/rule-context.ts', 'ms >= 0 && ms <= limits.longestTimer', 'ms >= 0')],
  },
  {
    name: 'the longest overdue are all that is looked at',
    why: 'a hundred rooms of a version that nobody has stop the timers of all that sleep',
    hunt: { test: 'test/unit/protocol/overdue-rooms.test.ts', grep: '250 that no node can run' },
    edits: [
      edit(
        'server/ownership/due-scan.ts',
        'this.offset = overdue.length < pageSize ? 0 : this.offset + pageSize;',
        'this.offset = 0;',
      ),
      edit('server/ownership/due-scan.ts', '!this.skippedUntil.has(id) && !this', '!this'),
    ],
  },
  {
    name: 'rooms that nobody can run are asked with each scan',
    why: 'nodes claim them in vain, all the time',
    hunt: { test: 'test/unit/protocol/overdue-rooms.test.ts', grep: '250 that no node can run' },
    edits: [edit('server/ownership/due-scan.ts', '!this.skippedUntil.has(id) && !this', '!this')],
  },
  {
    name: 'the next match may begin in the entry in which one ends',
    why: 'the recording is lost, and nobody sees the end',
    hunt: { test: 'test/unit/protocol/replay.test.ts', grep: '[J17]' },
    edits: [edit('server/rooms/actor/actor.ts', 'if (this.machine.isFull) break;', '')],
  },
  {
    name: 'a last snapshot that fails is not written again',
    why: 'the recording of a match is lost where nothing happens after it',
    hunt: { test: 'test/unit/protocol/replay.test.ts', grep: 'also when nothing happens after it' },
    edits: [edit('server/rooms/actor/upkeep.ts', `this.set('snapshot', recorder.finishedMatches.length > 0);`, '')],
  },
  {
    name: 'the next match takes the place of a recording that is not written yet',
    why: 'the last snapshot of the match before failed',
    hunt: { test: 'test/unit/protocol/replay.test.ts', grep: 'also when the next match is on' },
    edits: [
      edit(
        'server/rooms/actor/recorder.ts',
        'if (this.part.end !== undefined) this.earlierMatches =',
        'if (this.match < 0) this.earlierMatches =',
      ),
    ],
  },
  {
    name: 'all recordings of a room are kept',
    why: 'two players who play the shortest match in a loop fill Redis',
    hunt: { test: 'test/unit/protocol/store-quotas.test.ts', grep: 'of the recordings of a room the last ones' },
    edits: [edit('server/store/memory-store.ts', 'this.replays.delete(`${id}/${match - most}`);', '')],
  },
  {
    name: 'recordings of the shortest matches are kept',
    why: 'they cost nothing to make',
    hunt: { test: 'test/unit/protocol/store-quotas.test.ts', grep: 'none of a match of a few moments' },
    edits: [
      edit(
        'server/replays/replay-archive.ts',
        'if (!this.parts.keepsShort && isShort(recording)) return',
        'if (this.parts.life < 0) return',
      ),
    ],
  },
  {
    name: 'recordings are kept until Redis is full',
    why: 'a full Redis stops every room',
    hunt: { test: 'test/unit/protocol/store-quotas.test.ts', grep: 'a store that fills up' },
    edits: [
      edit(
        'server/node/store-monitor.ts',
        '(this.fill ?? 0) < limits.storeFill.recordings',
        'limits.storeFill.recordings > 0',
      ),
    ],
  },
  {
    name: 'matches begin without a limit',
    why: 'each may leave something in the store',
    hunt: { test: 'test/unit/protocol/request-limits.test.ts', grep: 'act: is refused' },
    edits: [
      edit(
        'server/sessions/client-requests.ts',
        'if (!matchStartActions.has(request.name)) return',
        'if (matchStartActions.size > 0) return',
      ),
    ],
  },
  {
    name: 'losses are forgotten during an outage',
    why: 'a store that comes back older after a minute seems to have lost nothing',
    hunt: { test: 'test/unit/protocol/older-store.test.ts', grep: 'after an outage of any length' },
    edits: [
      edit(
        'server/ownership/data-loss-detector.ts',
        'if (mono - this.parts.contact.reachedAt < silence) this.age',
        'this.age',
      ),
    ],
  },
];

import { client } from './client.ts';
import { edit, type Ablation } from './ablation.ts';
import { hostile } from './attacks.ts';
import { file } from './file.ts';
import { life } from './life.ts';
import { lobby } from './lobby.ts';
import { seats } from './seats.ts';
import { time } from './time.ts';
import { values } from './values.ts';

const table = 'server/store/room-table.ts';
const host = 'server/rooms/actor/actor.ts';
const actions = 'server/rooms/core/actions.ts';

/** Rules of a running match. */
const match: readonly Ablation[] = [
  {
    name: 'the fence is ignored',
    why: 'a frozen owner that wakes goes on writing',
    hunt: { scenario: 'table', most: 400 },
    edits: [edit(table, 'const room = this.owned(id, append.token);', 'const room = this.room(id);')],
  },
  {
    name: 'no expected seq',
    why: 'a command that is sent twice writes twice',
    hunt: { scenario: 'table', most: 400 },
    edits: [edit(table, `if (append.seq !== room.seq + 1) return 'seq';`, '')],
  },
  {
    name: 'claims expect nobody',
    why: 'two nodes take a room from each other',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(table, `if (room.token !== claim.expected) return { ok: false, why: 'taken', owner: ownerOf(room) };`, ''),
    ],
  },
  {
    name: 'terms are used again',
    why: 'after the store fell back two histories have the same places',
    hunt: { scenario: 'forgetful', most: 400 },
    edits: [
      edit(
        table,
        `Math.max(room.term + 1, floor + 1, this.now() * 1024 + Math.floor(this.parts.entropy.float() * 1024), this.lastTerm + 1)`,
        'room.term + 1',
      ),
    ],
  },
  {
    name: 'snapshots are not fenced',
    why: 'an owner of the past writes what it remembers over what is',
    hunt: { schedule: 'a snapshot of the past', most: 5 },
    edits: [
      edit(
        table,
        `{ dropped: number; expires: number } | 'fenced' | 'old' {\n    const room = this.owned(id, token);`,
        `{ dropped: number; expires: number } | 'fenced' | 'old' {\n    const room = this.room(id);`,
      ),
    ],
  },
  {
    name: 'told before it is written',
    why: 'members see what a crash takes back',
    hunt: { scenario: 'table', most: 20 },
    edits: [
      edit(
        'server/rooms/actor/commit.ts',
        'if (!isStillOwner(await journal.append(entry, text.entry, remote))) return null;',
        `for (const [channel, change] of encodedEarly ?? []) broadcaster.sendChange(presence.nodes, channel, change);\n    if (!isStillOwner(await journal.append(entry, text.entry, remote))) return null;`,
      ),
    ],
  },
  {
    name: 'answered before it is written',
    why: 'a verdict is lost with its owner',
    hunt: { scenario: 'table', most: 50 },
    edits: [
      edit(
        host,
        'const published = entry ? await this.commit(entry, batch, outcomes) : await this.confirmOwnership();',
        `batch.forEach(({ item }, i) => item && this.reply(item, outcomes[i] ?? null, nonePublished));\n      const published = entry ? await this.commit(entry, batch, outcomes) : await this.confirmOwnership();`,
      ),
    ],
  },
  {
    name: 'unknown is taken for success',
    why: 'an append without an answer may not have been carried out',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(
        'server/rooms/actor/journal.ts',
        `return { isOwner: false, reason: 'unknown-outcome', why: error.message };`,
        'return isOwner;',
      ),
    ],
  },
  {
    name: 'unknown is taken for failure',
    why: 'an action of an owner that resigned may be in the journal',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(
        'server/routing/router.ts',
        `return { retry: error.wasNotProcessed ? 'unprocessed' : 'unknown', wait: 0 };`,
        `return { reply: makeRefusal('not-seated') };`,
      ),
    ],
  },
  {
    name: 'effects before the commit',
    why: "the host's code does what never happened",
    hunt: { scenario: 'table', most: 50 },
    edits: [
      edit(
        host,
        'const published = await this.committer.commit(entry, acts, status => {',
        'this.effectRunner.reconcile();\n    const published = await this.committer.commit(entry, acts, status => {',
      ),
    ],
  },
  {
    name: 'an effect that fails counts as done',
    why: 'it is not done at least once',
    hunt: { scenario: 'table', most: 200 },
    edits: [
      edit(
        'server/rooms/actor/effect-runner.ts',
        '(error: unknown) => once(() => this.retryLater(key, attempts, error)));',
        '(_error: unknown) => once(() => this.onDone(key)));',
      ),
    ],
  },
  {
    name: 'timers in memory',
    why: "a turn's clock dies with its node",
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(
        'server/rooms/actor/recovery.ts',
        'return { doc, head: positionAt(claimed.seq)',
        'doc.hidden.timers = {};\n  return { doc, head: positionAt(claimed.seq)',
      ),
    ],
  },
  {
    name: 'a timer is not consumed',
    why: 'it fires again',
    hunt: { scenario: 'table', most: 50 },
    edits: [edit('server/rooms/core/timers.ts', 'consume().clear();', 'void consume;')],
  },
  {
    name: 'the due index is not told',
    why: 'a room whose node died is not found in time',
    hunt: { scenario: 'table', most: 20 },
    edits: [
      edit(
        'server/rooms/actor/index-tracker.ts',
        'if (due !== this.due) update.due = this.due = due;',
        'if (due !== this.due) this.due = due;',
      ),
    ],
  },
  {
    name: "time is the wall clock's",
    why: 'a clock that is set ends turns, or stops them',
    hunt: { scenario: 'clocks', most: 200 },
    edits: [
      edit(
        'server/rooms/actor/room-clock.ts',
        'return Math.floor(this.startedAt + this.clock.mono() - this.ownedSince);',
        'return this.clock.now();',
      ),
    ],
  },
  {
    name: 'stamps of older terms are taken',
    why: "after the store fell back, a number is another action's",
    hunt: { scenario: 'forgetful', most: 1_500 },
    edits: [
      edit(
        actions,
        `if (term !== this.term) return { kind: 'stale', base: seat.base, verdicts: verdictsOf(seat) };`,
        'void term;',
      ),
    ],
  },
  {
    name: 'gaps are accepted',
    why: 'a lost action counts as done',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(
        actions,
        `if (n > seat.base + 1) return { kind: 'gap', base: seat.base };`,
        'if (n > seat.base + 1) return null;',
      ),
    ],
  },
  {
    name: 'no session in the number',
    why: 'a client that was restarted is answered for the one before',
    hunt: { scenario: 'table', most: 1_000 },
    edits: [
      edit(
        actions,
        `if (hidden.closed.includes(command.session)) return { kind: 'refused', refusal: makeRefusal('session-replaced') };`,
        '',
      ),
      edit(
        actions,
        `if (hidden.session !== command.session) return { kind: 'refused', refusal: makeRefusal('not-in-room') };`,
        '',
      ),
    ],
  },
  {
    name: 'the last number only',
    why: 'what became of the numbers before it cannot be told',
    hunt: { scenario: 'table', most: 400 },
    edits: [edit(actions, 'const verdict = seat.verdicts[n];', 'const verdict: StoredVerdict | undefined = this.seq;')],
  },
  {
    name: 'a new owner knows the last verdict only',
    why: 'an action is left without one',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(
        'server/rooms/core/document.ts',
        'return Object.entries(seat.verdicts).map(',
        'return Object.entries(seat.verdicts).slice(-1).map(',
      ),
    ],
  },
  {
    name: 'refusals are not journaled',
    why: 'a late copy of a refused action is done',
    hunt: { scenario: 'table', most: 50 },
    edits: [edit(actions, `this.recordVerdict(hidden.player, n, [seq, refusal.code, refusal.detail ?? '']);`, '')],
  },
  {
    name: 'a refused action leaves traces',
    why: 'it is half done',
    hunt: { scenario: 'table', most: 50 },
    edits: [edit('server/rooms/core/draft.ts', '      this.undo();\n', '')],
  },
  {
    name: 'no claim of a new store',
    why: 'an owner goes on with what the store has forgotten',
    hunt: { scenario: 'forgetful', most: 400 },
    edits: [edit('server/node/node.ts', 'store.onIncarnation(() => this.abandonRooms());', '')],
  },
  {
    name: 'numbers are not renumbered',
    why: 'after a loss the next number is one too high for ever',
    hunt: { scenario: 'forgetful', most: 400 },
    edits: [edit('client/outbox.ts', 'this.base = base;', 'this.base = Math.max(base, this.base);')],
  },
  {
    name: 'resumed by seq alone',
    why: 'after the store fell back two histories have an entry 7',
    hunt: { scenario: 'forgetful', most: 400 },
    edits: [
      edit(
        'shared/position.ts',
        'const at = terms.findIndex(([t]) => t === term);',
        `if (seq <= head) return 'ours';\n  const at = terms.findIndex(([t]) => t === term);`,
      ),
    ],
  },
  {
    name: 'a loss is not said',
    why: 'a player goes on as if nothing were missing',
    hunt: { scenario: 'forgetful', most: 400 },
    edits: [edit('server/rooms/actor/replies.ts', `lost: relation === 'lost',`, 'lost: false,')],
  },
  {
    name: 'the view is skipped at a join',
    why: "who comes back sees everybody's hand",
    hunt: { scenario: 'hands', most: 50 },
    edits: [
      edit('server/rooms/actor/replies.ts', 'view: audiences.view(audience) })', `view: audiences.view('all') })`),
    ],
  },
  {
    name: 'events go to all',
    why: 'what was for one seat is told to others',
    hunt: { scenario: 'hands', most: 50 },
    edits: [
      edit(
        'server/rooms/actor/audiences.ts',
        'events.filter(e => !e.to || (seat !== null && e.to.includes(seat)))',
        'events.filter(() => seat !== undefined)',
      ),
    ],
  },
  {
    name: 'the state is not brought to the next version',
    why: 'new rules run on an old state',
    hunt: { scenario: 'versions', most: 100 },
    edits: [
      edit(host, `if (this.needsResync && !doc.hidden.fault) this.mailbox.addCommands({ kind: 'migrate' });`, ''),
    ],
  },
  {
    name: 'changes are taken as they come',
    why: 'a client that missed one shows what never was',
    hunt: { scenario: 'table', most: 200 },
    edits: [
      edit(
        'client/room-replica.ts',
        'if (this.position[0] === prevTerm && this.position[1] === seq - 1) {',
        'if (prevTerm >= 0) {',
      ),
    ],
  },
  {
    name: 'the verdict before its effect',
    why: 'whoever reads the state after the verdict does not find it',
    hunt: { scenario: 'table', most: 200 },
    edits: [
      edit(
        'client/room-actions.ts',
        'if (result.ok) await this.waitForPosition(result.position);',
        'void this.waitForPosition;',
      ),
    ],
  },
  {
    name: 'no head in the keep-alive',
    why: 'the last change before a lull is lost unnoticed',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit(
        'server/sessions/client-requests.ts',
        'const head = this.parts.headExchange.get(room);',
        'const head = null as ReturnType<typeof this.parts.headExchange.get>;',
      ),
    ],
  },
  {
    name: 'read before subscribing, and no head',
    why: 'what is committed in between reaches nobody',
    hunt: { scenario: 'table', most: 400 },
    edits: [
      edit('server/sessions/room-memberships.ts', 'connection.rooms.has(room) ? {} : { admit: true }', '{}'),
      edit('server/sessions/room-memberships.ts', '      reply = await ask({ resume: true });\n', ''),
      edit(
        'server/sessions/client-requests.ts',
        'const head = this.parts.headExchange.get(room);',
        'const head = null as ReturnType<typeof this.parts.headExchange.get>;',
      ),
    ],
  },
  {
    name: 'presses are not counted by number',
    why: 'a press that is said again counts again',
    hunt: { scenario: 'inputs', most: 400 },
    edits: [
      edit(
        'server/rooms/core/input-buffer.ts',
        'if (n > buffered.n && after <= buffered.n) {',
        'if (after <= buffered.n) {',
      ),
    ],
  },
  {
    name: 'nobody looks for silent nodes',
    why: 'a node that hangs keeps its rooms',
    hunt: { schedule: 'frozen for good', most: 5 },
    edits: [
      edit(
        'server/ownership/cluster-membership.ts',
        `if (other.dead === 'no' && other.silentReads >= limits.nodeTimeoutReads && mono - other.beatChangedAt >= limits.nodeTimeout) this.declareDead(record.id, 'silent');`,
        '',
      ),
    ],
  },
  {
    name: 'nobody takes the rooms of the dead',
    why: 'a turn ends only when somebody acts',
    hunt: { schedule: 'nobody acts', most: 5 },
    edits: [
      edit(
        'server/routing/head-exchange.ts',
        `void this.parts.router.ensureOwner(room).then(reply => { if (!reply.ok && reply.code === 'room-missing') this.parts.onRoomMissing(room); });`,
        'void room;',
      ),
      edit(
        'server/node/node.ts',
        `if (this.isStopped || !(this.clients.hasMembers(room) || this.ownedRooms.get(room) === undefined)) return;`,
        'if (room) return;',
      ),
      edit(
        'server/ownership/due-scan.ts',
        'const [now, mono] = [clock.now(), clock.mono()];',
        'if (clock.now() > 0) return [];\n    const [now, mono] = [clock.now(), clock.mono()];',
      ),
      edit('server/ownership/orphan-scan.ts', '{ this.requestScan(); }', '{ this.nextAt = Infinity; }'),
      edit(
        'server/ownership/orphan-scan.ts',
        'if (this.cursor === null && clock.mono() < this.nextAt) return;',
        'if (clock.mono() >= 0) return;',
      ),
    ],
  },
  {
    name: 'nobody looks for what is due',
    why: 'with nobody connected a turn never ends',
    hunt: { schedule: 'nobody connected', most: 5 },
    edits: [
      edit(
        'server/ownership/due-scan.ts',
        'const [now, mono] = [clock.now(), clock.mono()];',
        'if (clock.now() > 0) return [];\n    const [now, mono] = [clock.now(), clock.mono()];',
      ),
    ],
  },
  {
    name: 'answers without asking the store',
    why: 'an owner of the past answers from its memory',
    hunt: { scenario: 'table', most: 600 },
    edits: [
      edit(
        host,
        'if (this.journal.isSurelyOwner && !isRequested) return nonePublished;',
        'if (!this.isEnded || isRequested) return nonePublished;',
      ),
    ],
  },
];

export const ablations: readonly Ablation[] = [
  ...match,
  ...seats,
  ...values,
  ...file,
  ...lobby,
  ...time,
  ...client,
  ...hostile,
  ...life,
];

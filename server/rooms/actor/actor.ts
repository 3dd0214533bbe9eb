import type { AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import type { TermStarts } from '../../../shared/position.ts';
import type { Notice, PublicRoom, RoomHead } from '../../../shared/protocol.ts';
import type { Command, Outcome } from '../core/commands.ts';
import { dueOf, isDeserted, isOccupied, seatOf, type RoomDocument } from '../core/document.ts';
import { encodeSnapshot, touchesHidden, type PendingEntry } from '../core/entry.ts';
import { blockKeys, isBlocked, isEffectBlocked, type HangReport } from '../core/hangs.ts';
import { InputBuffer } from '../core/input-buffer.ts';
import { RoomMachine } from '../core/machine.ts';
import type { RuleTracker } from '../core/rule-tracker.ts';
import type { Audiences } from './audiences.ts';
import type { Broadcaster } from './broadcaster.ts';
import { Committer, type PublishedReplies, type RemoteAct } from './commit.ts';
import { EffectRunner, type EffectHandlerLookup } from './effect-runner.ts';
import { Journal, type JournalParts, type OwnershipStatus } from './journal.ts';
import {
  Lifecycle,
  NotOwnerError,
  type EndReason,
  type HandoverOutcome,
  type HandoverRequest,
  type HandoverResult,
  type HandoverTarget,
} from './lifecycle.ts';
import { Mailbox, type BatchItem, type Delivered, type MailboxItem } from './mailbox.ts';
import { commandOf } from './message-command.ts';
import type { ConnectionRef, RemoteCaller, RoomInputMessage, RoomMessage, RoomReply } from './messages.ts';
import { Presence } from './presence.ts';
import type { Recorder } from './recorder.ts';
import type { RecoveredRoom } from './recovery.ts';
import { buildActReply, buildReply, type ReplyContext } from './replies.ts';
import { deadlineShiftOf, RoomClock, type OwnershipStart } from './room-clock.ts';
import type { RoomMembers } from './room-members.ts';
import type { RoomHistory } from './room-history.ts';
import { RuleFailures } from './rule-failures.ts';
import { Ticker } from './ticker.ts';
import { Upkeep } from './upkeep.ts';
import { VolatileUpdates } from './volatile-updates.ts';

export interface RoomActorParts extends JournalParts {
  /** This node's id. */
  self: string;
  /** Looks up the handler of an effect. */
  effects: EffectHandlerLookup;
  broadcaster: Broadcaster;
  /** See OwnedObjects. */
  thorough: boolean;
  /** Called before each command is run. */
  onStep?(step: RoomStep): void;
  /** Called when a rule failed, each time. */
  onRuleFailed?(room: string, rule: string, error: unknown): void;
  /** Sends to one connection, on any node. */
  sendNotice(at: ConnectionRef, notice: Notice): void;
  /** Called once, when this actor has ended. */
  onEnd(host: RoomActor, why: EndReason): void;
}

/** A command that is about to be run, after entry `seq`. */
export interface RoomStep {
  room: string;
  term: number;
  seq: number;
  roomTime: number;
  command: Command;
}

/**
 * Runs one room on the node that owns it. Its loop: take the mailbox, run the commands, append the entry, then send.
 * Invariants:
 *  - At most one append is in flight; meanwhile no command runs, and no state of the room is read.
 *  - No reply, change or notice is sent before its entry is durable.
 *  - Any result of an append other than 'ok' ends this actor. After an unknown outcome, the next owner reads what was
 *    written.
 */
export class RoomActor {
  private readonly lifecycle = new Lifecycle();
  private readonly clock: RoomClock;
  private readonly presence: Presence;
  private readonly volatileUpdates: VolatileUpdates;
  private readonly ruleFailures: RuleFailures;
  private readonly machine: RoomMachine;
  private readonly audiences: Audiences;
  private readonly journal: Journal;
  private readonly committer: Committer;
  private readonly recorder: Recorder;
  private readonly ticker: Ticker;
  private readonly inputBuffer: InputBuffer;
  private readonly effectRunner: EffectRunner;
  private readonly ruleTracker: RuleTracker;
  private readonly terms: TermStarts;
  private readonly mailbox = new Mailbox();
  private readonly upkeep: Upkeep;
  /** Whether members have to resync once the state is migrated. */
  private needsResync: boolean;
  private readonly hasNewRules: boolean;
  /** Hang reports from previous owners, until they are journaled. Nothing else runs before that. */
  private readonly hangReports: HangReport[];

  constructor(
    private readonly parts: RoomActorParts,
    readonly game: AnyGame,
    readonly token: string,
    readonly term: number,
    recovered: RecoveredRoom,
    start: OwnershipStart,
    private readonly history: RoomHistory | null = null,
  ) {
    const { doc, head, terms, audiences, recorder, ruleTracker } = recovered;
    const def = game.contract.def;
    this.ruleTracker = ruleTracker;
    this.hangReports = recovered.hangReports;
    this.terms = terms;
    this.audiences = audiences;
    this.recorder = recorder;
    this.clock = new RoomClock(parts.clock, parts.contact, start, doc.hidden.clock);
    this.ticker = new Ticker(def.tick?.hz);
    this.ruleFailures = new RuleFailures(parts, () => ({ room: this.id, game: game.contract.name }));
    this.machine = new RoomMachine(
      game,
      doc,
      term,
      head[1],
      (rule, error) => {
        this.ruleFailures.ruleFailed(rule, error);
        parts.onRuleFailed?.(this.id, rule, error);
      },
      ruleTracker,
      parts.thorough,
    );
    this.journal = new Journal(parts, game, token, doc, recorder, start.lease);
    this.upkeep = new Upkeep({ journal: this.journal, recorder, doc, mono: () => parts.clock.mono() });
    this.volatileUpdates = new VolatileUpdates(def, this.machine, audiences, parts.clock);
    this.inputBuffer = new InputBuffer(game);
    this.presence = new Presence({
      id: this.id,
      clock: parts.clock,
      inputs: this.inputBuffer,
      isNewRoom: head[1] === 0,
      awayAfter: game.contract.def.away?.after ?? 0,
      sendNotice: (at, notice) => parts.sendNotice(at, notice),
    });
    this.machine.isConnected = player => this.presence.isConnected(player);
    this.committer = new Committer({
      id: this.id,
      game,
      doc,
      term,
      position: head,
      audiences,
      recorder,
      journal: this.journal,
      history,
      presence: this.presence,
      broadcaster: parts.broadcaster,
    });
    this.effectRunner = new EffectRunner(
      parts,
      () => this.doc,
      ruleTracker,
      name => isEffectBlocked(this.doc, this.hangReports, name, this.clock.now()),
      key => {
        this.mailbox.addCommands({ kind: 'effect', key });
        this.schedule();
      },
    );
    this.hasNewRules = start.hasNewRules ?? false;
    this.needsResync = doc.hidden.stateVersion !== def.version;
    if (this.needsResync && !doc.hidden.fault) this.mailbox.addCommands({ kind: 'migrate' });
    this.queueDeadlineShift(start.outage);
    this.effectRunner.reconcile();
    this.schedule();
  }

  get id(): string {
    return this.doc.room.id;
  }
  get members(): RoomMembers {
    return this.presence.members;
  }
  get head(): RoomHead {
    return { head: this.committer.position, term: this.term, watchers: this.members.watchers };
  }
  get isEnded(): boolean {
    return this.lifecycle.isEnded;
  }
  get publicRoom(): PublicRoom {
    return this.doc.room;
  }
  /** The room's document, to be read only. It may contain changes that are not durable yet. */
  get document(): Readonly<RoomDocument> {
    return this.doc;
  }
  /** Whether the last part of the match's recording is not stored yet. */
  hasUnstoredRecording(match: number): boolean {
    return this.recorder.finishedMatches.includes(match);
  }
  /** Whether a handover is unnoticeable: no pending effects, no pending release or handover, and no quarantine. */
  get isMovable(): boolean {
    return this.lifecycle.keepsRoom && !this.machine.fault && !this.hasPendingEffects;
  }
  /** Monotonic ms since which this node runs the room. */
  get ownedSince(): number {
    return this.clock.ownedSince;
  }
  /** For abandoning the room: since when no node could commit to it. See RoomClock. */
  get outageStart(): ReturnType<RoomClock['outageStart']> {
    return this.clock.outageStart(this.journal.unansweredSince);
  }
  /**
   * The room's data, hidden state included. Public for the test kit, which compares it with the journal.
   * @internal
   */
  get doc(): RoomDocument {
    return this.machine.doc;
  }
  private get hasPendingEffects(): boolean {
    return Object.keys(this.doc.hidden.effects).length > 0;
  }

  // --- what other parts of the node ask --------------------------------------------------------

  /** Queues a message of this node. Rejects with NotOwnerError if this actor ends before it is answered. */
  send(message: RoomMessage): Promise<RoomReply> {
    return this.deliver(message, null) as Promise<RoomReply>; // replies are published for other nodes alone
  }

  /**
   * Queues a message of another node, as `send` does.
   * @returns `published`: that node has the reply already, or will receive it from the store
   */
  sendFrom(caller: RemoteCaller, message: RoomMessage): Promise<RoomReply | 'published'> {
    return this.deliver(message, caller);
  }

  private deliver(message: RoomMessage, caller: RemoteCaller | null): Promise<Delivered> {
    if (this.isEnded) return Promise.reject(new NotOwnerError('ended', true));
    const reply = this.mailbox.add(message, caller);
    this.schedule();
    return reply;
  }

  /** Buffers inputs, which have no reply. They count from the next tick. */
  receiveInput(message: RoomInputMessage): void {
    const seat = seatOf(this.doc, message.player);
    if (this.isEnded || seat < 0 || this.doc.hidden.seats[seat]!.session !== message.session) return;
    if (this.doc.hidden.hangs && isBlocked(this.doc, blockKeys.input(message.player), this.clock.now())) return;
    this.ruleTracker.beginStep('input', 'input', '', message.player, message.session);
    try {
      if (!this.inputBuffer.add(message.player, message.session, this.doc.room.inputs[seat] ?? 0, message))
        this.parts.meter.count('badPackets');
    } finally {
      this.ruleTracker.endStep();
    }
  }

  /** Announces the new owner, so that members compare their position and resend pending actions. */
  announceOwner(): void {
    this.committer.notifyAll({ room: this.id, code: 'owner', term: this.term, head: this.committer.position });
    if (this.hasNewRules) this.committer.notifyAll({ room: this.id, code: 'resync' });
  }

  /** Called once a second. The check runs when the mailbox is next processed. */
  requestPresenceCheck(): void {
    this.upkeep.request('presence');
    this.schedule();
  }

  /** Makes the actor check with the store whether it still owns the room. */
  requestOwnershipCheck(): void {
    this.upkeep.request('ownership');
    this.schedule();
  }

  /** Releases the room once its mailbox is empty. Resolves when this actor has ended, for whatever reason. */
  release(): Promise<void> {
    if (this.isEnded) return Promise.resolve();
    this.schedule();
    this.lifecycle.requestRelease('always');
    return new Promise(resolve => this.lifecycle.onEnd(resolve));
  }

  /**
   * Hands the room over in one step of the store, as soon as the current batch is journaled and its replies are sent.
   * `onHandedOver` is called in the same turn as the store's reply, before waiting callers are redirected.
   */
  requestHandover(target: HandoverTarget, onHandedOver: (how: HandoverResult) => void): Promise<HandoverOutcome> {
    this.schedule();
    return new Promise(resolve => this.lifecycle.requestHandover({ target, onHandedOver, resolve }));
  }

  /**
   * Keeps (true) or stops keeping (false) newly appended entries in memory, so that a node that has read the room can
   * catch up.
   */
  retainEntries(keep: boolean): void {
    if (keep) this.journal.retainFrom(this.committer.position[1]);
    else this.journal.stopRetaining();
  }
  retainedEntriesSince(seq: number): string[] {
    return this.journal.retainedSince(seq);
  }

  /** Ends the actor immediately, as in a crash. The outcome of what is in flight is unknown. */
  abandon(reason: 'unknown-outcome' | 'stopped', why: string): void {
    this.end(reason, why);
  }

  // --- the loop --------------------------------------------------------------------------------

  private schedule(): void {
    if (!this.lifecycle.beginLoop()) return;
    // Deferred, so that messages of the same turn share an entry. Not by queueMicrotask, which tests may have faked.
    void Promise.resolve()
      .then(() => this.runLoop())
      .catch((error: unknown) => {
        this.parts.log.error({ room: this.id, error }, 'room loop failed');
        this.end('unknown-outcome', 'internal error');
      });
  }

  private async runLoop(): Promise<void> {
    while (!this.isEnded) {
      if (this.parts.contact.isInterrupted && this.isIdle) {
        this.upkeep.postponeChecks();
        break;
      }
      if (!(await this.shiftDeadlinesByOutages()) || !(await this.doUpkeep())) return;
      const handover = this.lifecycle.handoverRequest;
      // The engine's own results are journaled first, so that a completed effect is not repeated.
      if (handover && !this.mailbox.hasCommands && !(await this.handOver(handover))) return;
      const batch = this.collectBatch();
      if (batch.length === 0 && !this.upkeep.has('ownership')) break;
      const outcomes = this.runBatch(batch);
      this.mailbox.batchStarted(batch);
      if (this.sendVolatile(batch)) continue;
      const entry = this.machine.takeEntry();
      const published = entry ? await this.commit(entry, batch, outcomes) : await this.confirmOwnership();
      if (!published) return;
      if (!entry) this.history?.nothingCommitted();
      if (!this.mailbox.hasCommands) this.clock.outagesCommitted();
      if (this.hangReports.length > 0)
        this.ruleFailures.rulesHung(this.hangReports.splice(0), this.machine.fault !== null);
      batch.forEach(({ item }, i) => item && this.reply(item, outcomes[i] ?? null, published));
      this.mailbox.batchAnswered();
      if (entry && this.journal.isSnapshotDue && !(await this.writeSnapshot())) return;
    }
    if (this.lifecycle.releaseRequest) await this.releaseIfStillDue();
    if (this.isEnded) return;
    this.lifecycle.endLoop();
    this.scheduleWake();
    if (this.mailbox.size > 0 || this.upkeep.isDue) this.schedule();
  }

  /** Whether nothing needs the store now. While it is unavailable, an idle room need not be given up. */
  private get isIdle(): boolean {
    const due = dueOf(this.doc);
    return (
      this.mailbox.size === 0 &&
      !this.upkeep.has('ownership') &&
      this.lifecycle.handoverRequest === null &&
      (due === null || due > this.clock.now())
    );
  }

  private scheduleWake(): void {
    const due = dueOf(this.doc);
    const wait = Math.min(
      due === null ? Infinity : Math.max(0, due - this.clock.now()),
      this.ticker.msUntilNext(this.parts.clock.mono()),
    );
    // setTimeout is limited to 24.8 days; later deadlines are rescheduled after a day.
    if (wait < Infinity)
      this.lifecycle.wakeBy(this.parts.clock.after(Math.min(wait, 86_400_000), () => this.schedule()));
  }

  /** Collects the engine's own commands, then due timers, then messages, then a tick. */
  private collectBatch(): BatchItem[] {
    if (this.hangReports.length > 0)
      return [{ command: { kind: 'hung', hangReports: [...this.hangReports] }, item: null }];
    const now = this.clock.now();
    if (this.upkeep.take('presence')) this.checkPresence();
    const batch = this.mailbox.takeCommands();
    const due = dueOf(this.doc);
    if (due !== null && due <= now) batch.push({ command: { kind: 'timers' }, item: null });
    const { game, presence, terms, committer } = this;
    const room = { game, presence, terms, seq: committer.position[1] };
    for (const item of this.mailbox.takeMessages()) batch.push({ command: commandOf(item.message, room), item });
    if (this.isTickDue()) batch.push({ command: { kind: 'tick', inputs: this.inputBuffer.takeForTick() }, item: null });
    return batch;
  }

  private isTickDue(): boolean {
    return this.ticker.isDue(this.doc.room.phase === 'playing' && !this.presence.isAlone, this.parts.clock.mono());
  }

  /**
   * Runs commands until the entry is full; the rest is queued again.
   * @returns the outcomes of the commands that stay in `batch`
   */
  private runBatch(batch: BatchItem[]): (Outcome | null)[] {
    const outcomes: (Outcome | null)[] = [];
    for (const { command } of batch) {
      outcomes.push(command ? this.runCommand(command) : null);
      if (this.machine.isFull) break;
    }
    this.mailbox.putBack(batch.splice(outcomes.length));
    return outcomes;
  }

  private connectedPlayers(): string[] {
    return this.doc.hidden.seats.flatMap(s => (s && this.presence.isConnected(s.player) ? [s.player] : []));
  }

  private runCommand(command: Command): Outcome {
    const roomTime = this.clock.now();
    this.parts.onStep?.({ room: this.id, term: this.term, seq: this.committer.position[1], roomTime, command });
    this.history?.commandRun(command, roomTime, this.connectedPlayers());
    return this.machine.step(command, roomTime);
  }

  /**
   * If the batch changed only volatile state that need not be journaled yet, sends it to the members.
   * @returns false when there is an entry to write
   */
  private sendVolatile(batch: readonly BatchItem[]): boolean {
    if (!this.volatileUpdates.mayDeferEntry || this.lifecycle.releaseRequest || !this.journal.isSurelyOwner)
      return false;
    return (
      batch.every(item => item.command?.kind === 'tick') &&
      this.volatileUpdates.send((audience, n, changes) =>
        this.committer.broadcast(audience, 'motion', this.id, ...this.committer.position, n, changes),
      )
    );
  }

  /**
   * Journals pending volatile state before the room is given up: a handover carries none. @returns false when the room
   * is lost
   */
  private async flushVolatile(): Promise<boolean> {
    const entry = this.volatileUpdates.isEnabled ? this.machine.takeEntry() : null;
    return entry === null || (await this.commit(entry, [], [])) !== null;
  }

  /** Journals an entry, then sends it to the members. @returns null when the room is lost; nothing was sent then */
  private async commit(
    entry: PendingEntry,
    batch: readonly BatchItem[],
    outcomes: readonly (Outcome | null)[],
  ): Promise<PublishedReplies<MailboxItem> | null> {
    const acts = batch.some(item => item.command?.kind === 'act') ? this.remoteActs(batch, outcomes) : null;
    const published = await this.committer.commit(entry, acts, status => {
      if (!this.endUnlessOwner(status)) return false;
      this.volatileUpdates.entryCommitted();
      this.ruleTracker.entryCommitted(entry.seq);
      return true;
    });
    if (published === null) return null;
    // a hold has ended, or a player was banned
    if (touchesHidden(entry.changes, 'losses') || touchesHidden(entry.changes, 'banned')) this.evictIneligible();
    // After a migration the view may differ, and not every client can play the new version.
    if (this.needsResync) this.committer.notifyAll({ room: this.id, code: 'resync' });
    this.needsResync = false;
    this.effectRunner.reconcile();
    return published;
  }

  /** The actions of a batch that wait for a reply on other nodes. */
  private remoteActs(batch: readonly BatchItem[], outcomes: readonly (Outcome | null)[]): RemoteAct<MailboxItem>[] {
    return batch.flatMap(({ item }, i) =>
      item?.caller && item.message.k === 'act'
        ? [{ key: item, caller: item.caller, reply: buildActReply(this.committedRoom, item.message, outcomes[i]!) }]
        : [],
    );
  }

  /** Answers a message. Runs after the append, so everything it reads is durable. */
  private reply(item: MailboxItem, outcome: Outcome | null, published: PublishedReplies<MailboxItem>): void {
    const { message } = item;
    const { meter } = this.parts;
    if (outcome?.kind === 'accepted' && message.k === 'act') meter.count('actionsAccepted');
    if (outcome?.kind === 'refusedAction') meter.count('actionsRefused', 1, outcome.refusal.code);
    if (outcome?.kind === 'accepted' && message.k === 'serve' && message.name === '$close') this.evictIneligible();
    if (published.has(item)) return item.resolve('published');
    const reply = buildReply(this.committedRoom, message, outcome);
    if (message.k === 'join' && reply.ok) {
      this.presence.admit(message, outcome);
      if ('lost' in reply && reply.lost) meter.count('lostPositions');
    }
    item.resolve(reply);
  }

  private get committedRoom(): ReplyContext {
    const { id, doc, game, term, terms, audiences, members, history } = this;
    const { position } = this.committer;
    const now = this.clock.now();
    return { id, doc, game, term, terms, position, audiences, now, self: this.parts.self, members, history };
  }

  // --- deadlines and upkeep --------------------------------------------------------------------

  /**
   * Shifts all deadlines by the outages of the store, before any deadline is acted on.
   * @returns false when this node no longer owns the room
   */
  private async shiftDeadlinesByOutages(): Promise<boolean> {
    // The outage may still be going on: only a reply ends it.
    if (this.parts.contact.isInterrupted && !this.endUnlessOwner(await this.journal.confirmOwnership())) return false;
    for (const outage of this.clock.takeEndedOutages()) this.queueDeadlineShift(outage);
    return true;
  }

  /** What is due in the store besides entries. @returns false when this node no longer owns the room */
  private async doUpkeep(): Promise<boolean> {
    const { upkeep } = this;
    if (upkeep.has('renewal') && !this.endUnlessOwner(await upkeep.renewLife(this.clock.now()))) return false;
    if (upkeep.has('existence') && !this.endUnlessOwner(await upkeep.checkExists())) return false;
    return !upkeep.has('snapshot') || ((await this.flushVolatile()) && this.writeSnapshot());
  }

  private queueDeadlineShift(outage: number): void {
    const by = deadlineShiftOf(outage);
    if (by > 0) this.mailbox.addCommands({ kind: 'shift', by });
  }

  /**
   * Once a second: finds players who are away and connections to evict; a room that has been alone for long enough
   * sleeps.
   */
  private checkPresence(): void {
    this.upkeep.findDueTasks(this.members.size, this.clock.now());
    this.mailbox.addCommands(...this.presence.checkSeats(this.doc));
    this.evictIneligible(); // repeated: a notice may be lost, or the owner may die before sending it
    // After a suspension of the process, presence first waits for reports and then marks players as away: a sleeping
    // room shows none as connected.
    if (this.presence.aloneForMs > limits.sleepAfter && !this.hasPendingEffects && !isOccupied(this.doc))
      this.lifecycle.requestRelease('when-alone');
  }

  /** Evicts players who may no longer be in the room. A closed room is removed when its last effect is complete. */
  private evictIneligible(): void {
    if (this.presence.evictIneligible(this.doc, this.machine.fault) && !this.hasPendingEffects)
      this.lifecycle.requestRelease('remove');
  }

  /**
   * Confirms ownership before a reply without an append, which would have shown a loss. While the node's heartbeats are
   * on time, no other node can have claimed the room; after a pause only the store knows.
   * @returns null when the room is lost
   */
  private async confirmOwnership(): Promise<PublishedReplies<MailboxItem> | null> {
    const isRequested = this.upkeep.take('ownership');
    if (this.journal.isSurelyOwner && !isRequested) return nonePublished;
    return this.endUnlessOwner(await this.journal.confirmOwnership()) ? nonePublished : null;
  }

  private async writeSnapshot(): Promise<boolean> {
    this.upkeep.take('snapshot');
    const text = encodeSnapshot(this.doc);
    if (text.length > limits.documentBytes && !this.machine.fault) {
      this.machine.quarantine(`the room's document has ${text.length} bytes`);
      this.mailbox.addCommands({ kind: 'timers' }); // makes the loop run again and journal it
      this.parts.log.error({ room: this.id, bytes: text.length }, 'room quarantined: its document exceeds the limit');
    }
    return this.endUnlessOwner(await this.journal.snapshot(this.committer.position[1], text));
  }

  // --- the end ---------------------------------------------------------------------------------

  /** Ends this actor unless it still owns the room. Also false if it was abandoned meanwhile. */
  private endUnlessOwner(status: OwnershipStatus): boolean {
    if (!status.isOwner) this.end(status.reason, status.why);
    return !this.isEnded;
  }

  /** @returns false when this node no longer runs the room */
  private async handOver(request: HandoverRequest): Promise<boolean> {
    const { target, onHandedOver, resolve } = request;
    const pausedSince = this.parts.clock.mono();
    if (pausedSince <= target.readyUntil) {
      if (!(await this.flushVolatile())) return false;
      const { position } = this.committer;
      const result = await this.journal.handOver(position[1], target);
      if (result.ok) {
        resolve('handed-over');
        onHandedOver({ ...result, seq: position[1], pausedSince, roomTime: this.clock.now() });
        this.end('handed-over', 'handed over');
        return false;
      }
      if (!this.endUnlessOwner(result.status)) return false;
    }
    this.lifecycle.keepAfterHandover(request);
    return true;
  }

  private async releaseIfStillDue(): Promise<void> {
    if (!(await this.flushVolatile())) return;
    if (this.lifecycle.releaseRequest !== 'when-alone' || this.members.size === 0) await this.releaseOwnership();
  }

  private async releaseOwnership(): Promise<void> {
    // The rest of a recording is stored first. If that fails, the room is not removed yet.
    if (this.recorder.finishedMatches.length > 0 && !(await this.writeSnapshot())) return;
    const request = this.lifecycle.releaseRequest;
    if (this.recorder.finishedMatches.length > 0 && request !== 'always') return;
    // A room that no player has joined yet keeps its short life, because its code may have been shared.
    const isEmpty =
      request === 'remove' ||
      (this.committer.position[1] > 0 && isDeserted(this.doc) && this.members.size === 0 && !this.hasPendingEffects);
    await this.journal.release(isEmpty);
    this.end(isEmpty ? 'removed' : 'released', 'released');
  }

  private end(reason: EndReason, why: string): void {
    if (!this.lifecycle.end()) return;
    this.effectRunner.stop();
    this.mailbox.rejectAll(why);
    if (reason === 'unknown-outcome')
      this.parts.log.warn({ room: this.id, term: this.term, why }, 'room abandoned: outcome of its last write unknown');
    this.parts.onEnd(this, reason);
    this.lifecycle.notifyEnd();
  }
}

const nonePublished: PublishedReplies<never> = new Set<never>();

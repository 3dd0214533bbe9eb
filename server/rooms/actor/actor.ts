import type { AnyGame, ContractDef } from '../../../shared/contract.ts';
import { RejoinError } from '../../../shared/errors.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { classifyPosition, type Position, type TermStarts } from '../../../shared/position.ts';
import type { Notice, PublicRoom, RoomHead } from '../../../shared/protocol.ts';
import { makeRefusal } from '../../../shared/refusals.ts';
import type { Broadcaster } from './broadcaster.ts';
import type { Channel, NodeMessage, Timer } from '../../runtime/ports.ts';
import type { PassResult } from '../../store/store.ts';
import { buildActReply, buildJoinReply, checkClientVersion, type CommittedRoom } from './replies.ts';
import { Presence } from './presence.ts';
import { audienceOf, channelOf, type Audience, type Audiences } from './audiences.ts';
import { dueOf, isDeserted, isOccupied, seatOf, type RoomDocument } from '../core/document.ts';
import { EffectRunner, type EffectHandlerLookup } from './effect-runner.ts';
import { encodeEntry, encodeSnapshot, touchesHidden } from '../core/entry.ts';
import type { RecoveredRoom } from './recovery.ts';
import { RuleFailures } from './rule-failures.ts';
import { blockKeys, isBlocked, isEffectBlocked, type HangReport } from '../core/hangs.ts';
import { InputBuffer } from '../core/input-buffer.ts';
import { Journal, type JournalParts, type OwnershipStatus } from './journal.ts';
import type { RoomMembers } from './room-members.ts';
import type { RemoteCaller, ConnectionRef, RoomChange, RoomMessage, RoomReply, RoomInputMessage } from './messages.ts';
import { VolatileUpdates } from './volatile-updates.ts';
import type { Recorder } from './recorder.ts';
import { RoomMachine, type PendingEntry, type Command, type Outcome } from '../core/machine.ts';
import type { RoomHistory } from './room-history.ts';
import { Ticker } from './ticker.ts';
import type { RuleTracker } from '../core/rule-tracker.ts';

/** The room's ownership ended before the message was answered; the current owner has to be asked. */
export class NotOwnerError extends RejoinError {
  override readonly name = 'NotOwnerError';
  override readonly code = 'not-owner';

  /** @param wasNotProcessed the message was certainly not processed: it was still in the mailbox */
  constructor(
    readonly reason: string,
    readonly wasNotProcessed: boolean,
  ) {
    super(reason);
  }
}

/**
 * The node that a room is handed to. It has loaded the room under a token that it issued. `readyUntil`: monotonic ms
 * until which it keeps the room loaded.
 */
export interface HandoverTarget {
  token: string;
  node: string;
  games: readonly string[];
  readyUntil: number;
}
/**
 * The result of a handover: what the new owner has to know. `pausedSince`: monotonic ms since which no command was
 * processed.
 */
export interface HandoverResult extends PassResult {
  seq: number;
  pausedSince: number;
  /** The room's clock, ms. */
  roomTime: number;
}
interface PendingHandover {
  target: HandoverTarget;
  onHandedOver(how: HandoverResult): void;
  resolve(became: 'handed-over' | 'kept' | 'ended'): void;
}

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
  /** Sends to one connection, on any node. */
  sendNotice(at: ConnectionRef, notice: Notice): void;
  /** Called once, when this actor has ended. */
  onEnd(host: RoomActor, why: EndReason): void;
}
/** Why an actor ended. `stopped`: the node shuts down; `handed-over`: another node owns the room now. */
export type EndReason = 'fenced' | 'unknown-outcome' | 'stopped' | 'released' | 'removed' | 'handed-over';
/**
 * How this node became the owner. `outage`: ms for which no node could commit to the room. `lease`: the membership
 * lease at the claim.
 */
export interface OwnershipStart {
  outage: number;
  lease: number | null;
  /**
   * The room's clock, if a live owner has sent it or this node has kept it: wall clocks differ between nodes, and can
   * step.
   */
  time?: number;
  /** The rules have changed: members get a snapshot, because their views may be those of the earlier rules. */
  hasNewRules?: boolean;
}

const notInDevMode = makeRefusal('bad-request', 'the node that runs the room is not in dev mode');

/** A command that is about to be run, after entry `seq`. */
export interface RoomStep {
  room: string;
  term: number;
  seq: number;
  roomTime: number;
  command: Command;
}

interface MailboxItem {
  message: RoomMessage;
  /** Set if the message came from another node. */
  caller: RemoteCaller | undefined;
  resolve(reply: RoomReply): void;
  reject(error: Error): void;
}
/**
 * A command of the batch, and the message it came from; `command` is null for messages that only read, `item` for the
 * engine's own commands.
 */
interface BatchItem {
  command: Command | null;
  item: MailboxItem | null;
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
  private readonly presence: Presence;
  private readonly volatileUpdates: VolatileUpdates;
  private readonly ruleFailures: RuleFailures;
  private readonly machine: RoomMachine;
  private readonly audiences: Audiences;
  private readonly journal: Journal;
  private readonly recorder: Recorder;
  private readonly ticker: Ticker;
  private readonly inputBuffer: InputBuffer;
  private readonly effectRunner: EffectRunner;
  private readonly mailbox: MailboxItem[] = [];
  private readonly engineCommands: Command[] = [];
  /** The batch that is being run and journaled. */
  private inFlight: readonly BatchItem[] = [];
  private isRunning = false;
  private ended = false;
  private releaseRequest: 'when-alone' | 'always' | 'remove' | null = null;
  private isPresenceCheckDue = false;
  private isOwnershipCheckDue = false;
  private isRenewalDue = false;
  private isSnapshotDue = false;
  private isExistenceCheckDue = false;
  /**
   * Monotonic ms of the last check that the room still exists. Needed because a room with only spectators writes
   * nothing.
   */
  private existenceCheckedAt: number;
  private pendingHandover: PendingHandover | null = null;
  /** Whether members have to resync once the state is migrated. */
  private needsResync: boolean;
  private readonly hasNewRules: boolean;
  /** Monotonic ms since which no node could commit, until that is journaled; and up to which outages were processed. */
  private unreportedOutageSince: number | null;
  private outagesCheckedAt: number;
  private readonly endListeners: (() => void)[] = [];
  private wakeTimer: Timer | null = null;
  private readonly terms: TermStarts;
  /** Hang reports from previous owners, until they are journaled. Nothing else runs before that. */
  private readonly hangReports: HangReport[];
  private readonly ruleTracker: RuleTracker;
  /** The room's clock when this actor started. */
  private readonly roomTimeAtStart: number;
  private position: Position;

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
    this.ruleTracker = ruleTracker;
    this.hangReports = recovered.hangReports;
    this.terms = terms;
    this.position = head;
    this.audiences = audiences;
    this.recorder = recorder;
    this.ticker = new Ticker((game.contract.def as ContractDef).tick?.hz);
    this.ruleFailures = new RuleFailures(parts, () => ({ room: this.id, game: game.contract.name }));
    this.machine = new RoomMachine(
      game,
      doc,
      term,
      head[1],
      (rule, error) => this.ruleFailures.ruleFailed(rule, error),
      ruleTracker,
      parts.thorough,
    );
    this.journal = new Journal(parts, game, token, doc, recorder, start.lease);
    this.volatileUpdates = new VolatileUpdates(game.contract.def as ContractDef, this.machine, audiences, parts.clock);
    this.inputBuffer = new InputBuffer(game);
    this.presence = new Presence({
      id: this.id,
      clock: parts.clock,
      inputs: this.inputBuffer,
      isNewRoom: head[1] === 0,
      sendNotice: (at, notice) => parts.sendNotice(at, notice),
    });
    this.machine.isConnected = player => this.presence.isConnected(player);
    this.effectRunner = new EffectRunner(
      parts,
      () => this.doc,
      ruleTracker,
      name => isEffectBlocked(this.doc, this.hangReports, name, this.roomTime()),
      key => {
        this.engineCommands.push({ kind: 'effect', key });
        this.schedule();
      },
    );
    this.hasNewRules = start.hasNewRules ?? false;
    this.needsResync = doc.hidden.stateVersion !== game.contract.def.version;
    if (this.needsResync && !doc.hidden.fault) this.engineCommands.push({ kind: 'migrate' });
    this.roomTimeAtStart = Math.max(start.time ?? parts.clock.now(), doc.hidden.clock);
    this.outagesCheckedAt = this.existenceCheckedAt = parts.clock.mono();
    this.unreportedOutageSince = start.outage > 0 ? this.outagesCheckedAt - start.outage : null;
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
    return { head: this.position, term: this.term, watchers: this.members.watchers };
  }
  get isEnded(): boolean {
    return this.ended;
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
  /**
   * The room's data, hidden state included. Public for the test kit, which compares it with the journal.
   * @internal
   */
  get doc(): RoomDocument {
    return this.machine.doc;
  }

  /** Queues a message. Rejects with NotOwnerError if this actor ends before it is answered. */
  send(message: RoomMessage, caller?: RemoteCaller): Promise<RoomReply> {
    if (this.ended) return Promise.reject(new NotOwnerError('ended', true));
    if (this.mailbox.length >= limits.mailbox) return Promise.resolve(makeRefusal('busy', undefined, 200));
    return new Promise((resolve, reject) => {
      this.mailbox.push({ message, caller, resolve, reject });
      this.schedule();
    });
  }

  /** Buffers inputs, which have no reply. They count from the next tick. */
  receiveInput(message: RoomInputMessage): void {
    const seat = seatOf(this.doc, message.player);
    if (this.ended || seat < 0 || this.doc.hidden.seats[seat]!.session !== message.session) return;
    if (this.doc.hidden.hangs && isBlocked(this.doc, blockKeys.input(message.player), this.roomTime())) return;
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
    this.notifyAll({ room: this.id, code: 'owner', term: this.term, head: this.position });
    if (this.hasNewRules) this.notifyAll({ room: this.id, code: 'resync' });
  }

  /**
   * The entry as each channel gets it.
   * @param visible its visible changes, encoded: in games without a view, members get this text
   */
  private encodeChanges(entry: PendingEntry, position: Position, visible: string): (readonly [Channel, RoomChange])[] {
    return this.audiences
      .encodeChanges(position, this.position, entry.changes, entry.events, visible, this.presence.hasSpectators)
      .map(({ audience, ...change }) => [
        channelOf(this.id, audience),
        { room: this.id, term: position[0], seq: position[1], prevTerm: this.position[0], ...change },
      ]);
  }

  /**
   * The messages to other nodes that the store publishes in the same step in which it writes the entry: changes and
   * replies. That saves waiting for the store's reply. Used only if a player waits for an action; ticks are cheaper in
   * batched messages. Null: not used.
   */
  private remoteMessages(
    batch: readonly BatchItem[],
    outcomes: readonly (Outcome | null)[],
    changes: readonly (readonly [Channel, RoomChange])[],
  ): NodeMessage[] | null {
    if (!batch.some(item => item.command?.kind === 'act') || !this.journal.canPublishOnAppend) return null;
    const replies = batch.flatMap(({ item }, i) =>
      item?.caller && item.message.k === 'act'
        ? [{ caller: item.caller, reply: buildActReply(this.committedRoom, item.message, outcomes[i]!) }]
        : [],
    );
    const messages = this.parts.broadcaster.remoteMessages(
      this.presence.nodes,
      changes,
      replies.map(({ caller, reply }) => [caller.node, caller.callId, reply as unknown as Json] as const),
    );
    if (messages) for (const { caller } of replies) caller.hasReply = true;
    return messages;
  }

  private broadcast(audience: Audience, event: 'motion' | 'notice', ...what: unknown[]): void {
    this.parts.broadcaster.send(this.presence.nodes, channelOf(this.id, audience), event, ...what);
  }

  private notifyAll(notice: Notice): void {
    const audiences = new Set([
      audienceOf(this.game, null),
      ...this.doc.hidden.seats.flatMap(s => (s ? [audienceOf(this.game, s.player)] : [])),
    ]);
    for (const audience of audiences) this.broadcast(audience, 'notice', notice);
  }

  /** Called once a second. The check runs when the mailbox is next processed. */
  requestPresenceCheck(): void {
    this.isPresenceCheckDue = true;
    this.schedule();
  }

  /** Makes the actor check with the store whether it still owns the room. */
  requestOwnershipCheck(): void {
    this.isOwnershipCheckDue = true;
    this.schedule();
  }

  /** Releases the room once its mailbox is empty. Resolves when this actor has ended, for whatever reason. */
  release(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.releaseRequest = 'always';
    this.schedule();
    return new Promise(resolve => this.endListeners.push(resolve));
  }

  /**
   * Keeps (true) or stops keeping (false) newly appended entries in memory, so that a node that has read the room can
   * catch up.
   */
  retainEntries(keep: boolean): void {
    if (keep) this.journal.retainFrom(this.position[1]);
    else this.journal.stopRetaining();
  }
  retainedEntriesSince(seq: number): string[] {
    return this.journal.retainedSince(seq);
  }

  /**
   * Hands the room over in one step of the store, as soon as the current batch is journaled and its replies are sent.
   * `onHandedOver` is called in the same turn as the store's reply, before waiting callers are redirected.
   * @returns `kept`: this actor still runs the room; `ended`: it ended for another reason
   */
  requestHandover(
    target: HandoverTarget,
    onHandedOver: (how: HandoverResult) => void,
  ): Promise<'handed-over' | 'kept' | 'ended'> {
    if (this.ended || this.pendingHandover) return Promise.resolve(this.ended ? 'ended' : 'kept');
    return new Promise(resolve => {
      this.pendingHandover = { target, onHandedOver, resolve };
      this.endListeners.push(() => resolve('ended'));
      this.schedule();
    });
  }

  /** Whether a handover is unnoticeable: no pending effects, no pending release or handover, and no quarantine. */
  get isMovable(): boolean {
    return (
      !this.ended &&
      !this.machine.fault &&
      !this.hasPendingEffects &&
      this.releaseRequest === null &&
      this.pendingHandover === null
    );
  }
  /** Monotonic ms since which this node runs the room. */
  get ownedSince(): number {
    return this.presence.startedAt;
  }

  /** Ends the actor immediately, as in a crash. The outcome of what is in flight is unknown. */
  abandon(reason: 'unknown-outcome' | 'stopped', why: string): void {
    this.end(reason, why);
  }

  private schedule(): void {
    if (this.isRunning || this.ended) return;
    this.isRunning = true;
    // Deferred, so that messages of the same turn share an entry.
    queueMicrotask(
      () =>
        void this.runLoop().catch((error: unknown) => {
          this.parts.log.error({ room: this.id, error }, 'room loop failed');
          this.end('unknown-outcome', 'internal error');
        }),
    );
  }

  private async runLoop(): Promise<void> {
    this.wakeTimer?.cancel();
    while (!this.ended) {
      if (this.parts.contact.isInterrupted && this.isIdle) {
        // presence is checked once its result can be journaled
        this.isPresenceCheckDue = this.isExistenceCheckDue = false;
        break;
      }
      if (!(await this.shiftDeadlinesByOutages())) return;
      if (this.isRenewalDue && !(await this.renewLife())) return;
      if (this.isExistenceCheckDue && !(await this.checkExists())) return;
      if (this.isSnapshotDue && !((await this.flushVolatile()) && (await this.writeSnapshot()))) return;
      // The engine's own results are journaled first, so that a completed effect is not repeated.
      if (this.pendingHandover && this.engineCommands.length === 0 && !(await this.handOver(this.pendingHandover)))
        return;
      const batch = this.collectBatch();
      if (batch.length === 0 && !this.isOwnershipCheckDue) break;
      const outcomes = this.runBatch(batch);
      this.inFlight = batch;
      if (this.sendVolatile(batch)) continue;
      const entry = this.machine.takeEntry();
      if (!(entry ? await this.commitEntry(entry, batch, outcomes) : await this.confirmOwnership())) return;
      if (!entry) this.history?.nothingCommitted();
      if (this.engineCommands.length === 0) this.unreportedOutageSince = null;
      if (this.hangReports.length > 0)
        this.ruleFailures.rulesHung(this.hangReports.splice(0), this.machine.fault !== null);
      batch.forEach((item, i) => item.item?.resolve(this.buildReply(item.item.message, outcomes[i] ?? null)));
      this.inFlight = []; // otherwise a sleeping room would retain its last replies, which may contain its whole state
      if (entry && this.journal.isSnapshotDue && !(await this.writeSnapshot())) return;
    }
    if (this.releaseRequest && !(await this.flushVolatile())) return;
    if (
      this.releaseRequest === 'remove' ||
      this.releaseRequest === 'always' ||
      (this.releaseRequest === 'when-alone' && this.members.size === 0)
    )
      await this.releaseOwnership();
    this.releaseRequest = null;
    this.isRunning = false;
    if (this.ended) return;
    this.scheduleWake();
    if (
      this.mailbox.length + this.engineCommands.length > 0 ||
      this.isPresenceCheckDue ||
      this.isOwnershipCheckDue ||
      this.isRenewalDue ||
      this.isSnapshotDue ||
      this.isExistenceCheckDue ||
      this.pendingHandover
    )
      this.schedule();
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
    const rest = batch.splice(outcomes.length);
    this.mailbox.unshift(...rest.flatMap(({ item }) => item ?? []));
    // Due timers are found again; a tick after the end of a match does nothing.
    this.engineCommands.unshift(
      ...rest.flatMap(({ command, item }) =>
        command && !item && command.kind !== 'timers' && command.kind !== 'tick' ? [command] : [],
      ),
    );
    return outcomes;
  }

  /**
   * Shifts all deadlines by the outages of the store, before any deadline is acted on.
   * @returns false when this node no longer owns the room
   */
  private async shiftDeadlinesByOutages(): Promise<boolean> {
    const { contact } = this.parts;
    // The outage may still be going on: only a reply ends it.
    if (contact.isInterrupted && !this.endUnlessOwner(await this.journal.confirmOwnership())) return false;
    const outages = contact.outagesEndedAfter(this.outagesCheckedAt);
    if (outages.length === 0) return true;
    this.unreportedOutageSince ??= outages[0]!.from;
    this.outagesCheckedAt = this.parts.clock.mono();
    for (const { from, to } of outages) this.queueDeadlineShift(to - from);
    return true;
  }

  private queueDeadlineShift(outage: number): void {
    if (outage > limits.deadlineGrace)
      this.engineCommands.push({ kind: 'shift', by: Math.round(outage - limits.deadlineGrace) });
  }

  /** Whether nothing needs the store now. While it is unavailable, an idle room need not be given up. */
  private get isIdle(): boolean {
    const due = dueOf(this.doc);
    return (
      this.mailbox.length + this.engineCommands.length === 0 &&
      !this.isOwnershipCheckDue &&
      this.pendingHandover === null &&
      (due === null || due > this.roomTime())
    );
  }

  /**
   * For abandoning the room: monotonic ms since which no node could commit to it, and since which its last append has
   * had no reply. `ahead`: offset of the room's clock to the monotonic clock.
   */
  get outageStart(): { since: number; unanswered: number | null; ahead: number } {
    const { contact, clock } = this.parts;
    const { unansweredSince: unanswered } = this.journal;
    return {
      since: Math.min(
        this.unreportedOutageSince ?? Infinity,
        contact.outagesEndedAfter(this.outagesCheckedAt)[0]?.from ?? Infinity,
        contact.reachedAt,
        unanswered ?? clock.mono(),
      ),
      unanswered,
      ahead: this.roomTimeAtStart - this.ownedSince,
    };
  }

  private connectedPlayers(): string[] {
    return this.doc.hidden.seats.flatMap(s => (s && this.presence.isConnected(s.player) ? [s.player] : []));
  }

  private runCommand(command: Command): Outcome {
    const roomTime = this.roomTime();
    this.parts.onStep?.({ room: this.id, term: this.term, seq: this.position[1], roomTime, command });
    this.history?.commandRun(command, roomTime, this.connectedPlayers());
    return this.machine.step(command, roomTime);
  }

  /**
   * If the batch changed only volatile state that need not be journaled yet, sends it to the members.
   * @returns false when there is an entry to write
   */
  private sendVolatile(batch: readonly BatchItem[]): boolean {
    if (!this.volatileUpdates.mayDeferEntry || this.releaseRequest !== null || !this.journal.isSurelyOwner)
      return false;
    return (
      batch.every(item => item.command?.kind === 'tick') &&
      this.volatileUpdates.send((audience, n, changes) =>
        this.broadcast(audience, 'motion', this.id, ...this.position, n, changes),
      )
    );
  }

  /**
   * Journals pending volatile state before the room is given up: a handover carries none. @returns false when the room
   * is lost
   */
  private async flushVolatile(): Promise<boolean> {
    const entry = this.volatileUpdates.isEnabled ? this.machine.takeEntry() : null;
    return entry === null || this.commitEntry(entry);
  }

  /** Collects the engine's own commands, then due timers, then messages, then a tick. */
  private collectBatch(): BatchItem[] {
    if (this.hangReports.length > 0)
      return [{ command: { kind: 'hung', hangReports: [...this.hangReports] }, item: null }];
    const now = this.roomTime();
    if (this.isPresenceCheckDue) this.checkPresence();
    const batch: BatchItem[] = this.engineCommands.splice(0).map(command => ({ command, item: null }));
    const due = dueOf(this.doc);
    if (due !== null && due <= now) batch.push({ command: { kind: 'timers' }, item: null });
    for (const item of this.mailbox.splice(0, limits.batch))
      batch.push({ command: this.commandOf(item.message), item });
    if (this.isTickDue()) batch.push({ command: { kind: 'tick', inputs: this.inputBuffer.takeForTick() }, item: null });
    return batch;
  }

  /** The command of a message; null if it only reads. */
  private commandOf(message: RoomMessage): Command | null {
    switch (message.k) {
      case 'join':
        return message.watch || checkClientVersion(this.game, message)
          ? null
          : {
              kind: 'join',
              player: message.player,
              name: message.name,
              session: message.session,
              ...this.resumeFields(message),
              ...(message.noNewSeat ? { noNewSeat: message.noNewSeat } : {}),
              ...(message.profile === undefined ? {} : { profile: message.profile }),
            };
      case 'act':
        return {
          kind: 'act',
          player: message.player,
          session: message.session,
          name: message.name,
          data: message.data,
          number: message.number,
        };
      case 'serve':
        return { kind: 'serve', name: message.name, data: message.data };
      case 'leave':
        return { kind: 'leave', player: message.player, session: message.session };
      case 'disconnected':
        return this.presence.handleDisconnect(message);
      case 'ensure-owner':
      case 'inspect':
      case 'view':
      case 'dump':
      case 'rerun':
        return null;
    }
  }

  /** Whether a join resumes an earlier hold, and whether the entries in which that hold began were lost. */
  private resumeFields({ resume, place }: RoomMessage & { k: 'join' }): { resume?: boolean; forgotten?: boolean } {
    if (!resume) return {};
    return { resume, forgotten: place !== null && classifyPosition(place, this.terms, this.position[1]) === 'lost' };
  }

  /**
   * Once a second: finds players who are away and connections to evict; a room that has been alone for long enough
   * sleeps.
   */
  private checkPresence(): void {
    this.isPresenceCheckDue = false;
    this.isRenewalDue = this.journal.isRenewalDue(this.roomTime());
    this.isSnapshotDue = this.recorder.finishedMatches.length > 0; // one failed, or the previous owner died before it
    // A room with only spectators may have expired or been discarded, and it writes nothing that would show that.
    this.isExistenceCheckDue =
      this.members.size > 0 &&
      !isOccupied(this.doc) &&
      this.parts.clock.mono() - this.existenceCheckedAt >= limits.existenceCheckInterval;
    this.engineCommands.push(...this.presence.checkSeats(this.doc));
    this.evictIneligible(); // repeated: a notice may be lost, or the owner may die before sending it
    // After a suspension of the process, presence first waits for reports and then marks players as away: a sleeping
    // room shows none as connected.
    if (this.presence.aloneForMs > limits.sleepAfter && !this.hasPendingEffects && !isOccupied(this.doc))
      this.releaseRequest ??= 'when-alone';
  }

  /** Evicts players who may no longer be in the room. A closed room is removed when its last effect is complete. */
  private evictIneligible(): void {
    if (this.presence.evictIneligible(this.doc, this.machine.fault) && !this.hasPendingEffects)
      this.releaseRequest = 'remove';
  }

  /**
   * The room's clock: the time since this node took over, by the monotonic clock. With the wall clock, a step would end
   * all holds and turns at once, or delay all deadlines.
   */
  private roomTime(): number {
    return Math.floor(this.roomTimeAtStart + this.parts.clock.mono() - this.ownedSince);
  }

  private isTickDue(): boolean {
    return this.ticker.isDue(this.doc.room.phase === 'playing' && !this.presence.isAlone, this.parts.clock.mono());
  }

  private scheduleWake(): void {
    const due = dueOf(this.doc);
    const now = this.roomTime();
    const wait = Math.min(
      due === null ? Infinity : Math.max(0, due - now),
      this.ticker.msUntilNext(this.parts.clock.mono()),
    );
    // setTimeout is limited to 24.8 days; later deadlines are rescheduled after a day.
    if (wait < Infinity) this.wakeTimer = this.parts.clock.after(Math.min(wait, 86_400_000), () => this.schedule());
  }

  /** Journals an entry, then sends it to the members. @returns false when the room is lost; nothing was sent then */
  private async commitEntry(
    entry: PendingEntry,
    batch: readonly BatchItem[] = [],
    outcomes: readonly (Outcome | null)[] = [],
  ): Promise<boolean> {
    const text = encodeEntry(entry);
    const position: Position = [this.term, entry.seq];
    // A view is a rule and may hang, so it is evaluated after the entry is written. Without views, changes are encoded
    // in advance; if the entry is not written, this actor ends and they are discarded.
    const encodedEarly = this.game.rules.view ? null : this.encodeChanges(entry, position, text.visible);
    const remote = encodedEarly && this.remoteMessages(batch, outcomes, encodedEarly);
    if (!this.endUnlessOwner(await this.journal.append(entry, text.entry, remote))) return false;
    this.volatileUpdates.entryCommitted();
    this.ruleTracker.entryCommitted(entry.seq);
    const encoded = encodedEarly ?? this.encodeChanges(entry, position, text.visible);
    this.history?.entryCommitted(position, text.entry);
    this.recorder.commit(entry.seq, entry.changes, entry.events, this.doc);
    this.position = position;
    for (const [channel, change] of encoded) {
      if (remote === null) this.parts.broadcaster.sendChange(this.presence.nodes, channel, change);
      else this.parts.broadcaster.sendChangeLocally(channel, change);
    }
    // a hold has ended, or a player was banned
    if (touchesHidden(entry.changes, 'losses') || touchesHidden(entry.changes, 'banned')) this.evictIneligible();
    // After a migration the view may differ, and not every client can play the new version.
    if (this.needsResync) this.notifyAll({ room: this.id, code: 'resync' });
    this.needsResync = false;
    this.effectRunner.reconcile();
    return true;
  }

  /**
   * Confirms ownership before a reply without an append, which would have shown a loss. While the node's heartbeats are
   * on time, no other node can have claimed the room; after a pause only the store knows.
   */
  private async confirmOwnership(): Promise<boolean> {
    if (this.journal.isSurelyOwner && !this.isOwnershipCheckDue) return true;
    this.isOwnershipCheckDue = false;
    return this.endUnlessOwner(await this.journal.confirmOwnership());
  }

  private async renewLife(): Promise<boolean> {
    this.isRenewalDue = false;
    return this.endUnlessOwner(await this.journal.renew(this.roomTime()));
  }

  private async checkExists(): Promise<boolean> {
    this.isExistenceCheckDue = false;
    this.existenceCheckedAt = this.parts.clock.mono();
    return this.endUnlessOwner(await this.journal.checkExists());
  }

  private async writeSnapshot(): Promise<boolean> {
    this.isSnapshotDue = false;
    const text = encodeSnapshot(this.doc);
    if (text.length > limits.documentBytes && !this.machine.fault) {
      this.machine.quarantine(`the room's document has ${text.length} bytes`);
      this.engineCommands.push({ kind: 'timers' }); // makes the loop run again and journal it
      this.parts.log.error({ room: this.id, bytes: text.length }, 'room quarantined: its document exceeds the limit');
    }
    return this.endUnlessOwner(await this.journal.snapshot(this.position[1], text));
  }

  /** Ends this actor unless it still owns the room. Also false if it was abandoned meanwhile. */
  private endUnlessOwner(status: OwnershipStatus): boolean {
    if (!status.isOwner) this.end(status.reason, status.why);
    return !this.ended;
  }

  /** @returns false when this node no longer runs the room */
  private async handOver({ target, onHandedOver, resolve }: PendingHandover): Promise<boolean> {
    this.pendingHandover = null;
    const { clock } = this.parts;
    const pausedSince = clock.mono();
    if (pausedSince > target.readyUntil) return (resolve('kept'), true);
    if (!(await this.flushVolatile())) return false;
    const result = await this.journal.handOver(this.position[1], target);
    if (result.ok) {
      resolve('handed-over');
      onHandedOver({ ...result, seq: this.position[1], pausedSince, roomTime: this.roomTime() });
      this.end('handed-over', 'handed over');
      return false;
    }
    if (!this.endUnlessOwner(result.status)) return false;
    resolve('kept');
    return true;
  }

  private async releaseOwnership(): Promise<void> {
    // The rest of a recording is stored first. If that fails, the room is not removed yet.
    if (this.recorder.finishedMatches.length > 0 && !(await this.writeSnapshot())) return;
    if (this.recorder.finishedMatches.length > 0 && this.releaseRequest !== 'always') return;
    // A room that no player has joined yet keeps its short life, because its code may have been shared.
    const isEmpty =
      this.releaseRequest === 'remove' ||
      (this.position[1] > 0 && isDeserted(this.doc) && this.members.size === 0 && !this.hasPendingEffects);
    await this.journal.release(isEmpty);
    this.end(isEmpty ? 'removed' : 'released', 'released');
  }

  private end(reason: EndReason, why: string): void {
    if (this.ended) return;
    this.ended = true;
    this.wakeTimer?.cancel();
    this.effectRunner.stop();
    // Pending requests are rejected at once: they must not wait for an append that hangs.
    for (const { item } of this.inFlight) item?.reject(new NotOwnerError(why, false));
    for (const mail of this.mailbox.splice(0)) mail.reject(new NotOwnerError(why, true));
    if (reason === 'unknown-outcome')
      this.parts.log.warn({ room: this.id, term: this.term, why }, 'room abandoned: outcome of its last write unknown');
    this.parts.onEnd(this, reason);
    for (const listener of this.endListeners) listener();
  }

  /** Builds the reply to a message. Runs after the append, so everything it reads is durable. */
  private buildReply(message: RoomMessage, outcome: Outcome | null): RoomReply {
    const { parts, game, term, position, audiences, committedRoom: committed } = this;
    switch (message.k) {
      case 'join': {
        const reply = buildJoinReply(
          committed,
          message,
          outcome,
          message.watch ? this.members.otherWatchers(message.at) : 0,
        );
        if (reply.ok) this.presence.admit(message, outcome);
        if (reply.ok && reply.lost) parts.meter.count('lostPositions');
        return reply;
      }
      case 'act': {
        if (outcome?.kind === 'accepted') parts.meter.count('actionsAccepted');
        if (outcome?.kind === 'refusedAction') parts.meter.count('actionsRefused', 1, outcome.refusal.code);
        return buildActReply(committed, message, outcome!);
      }
      case 'serve': {
        if (outcome?.kind !== 'accepted')
          return outcome?.kind === 'refused' ? outcome.refusal : makeRefusal('bad-request');
        if (message.name === '$close') this.evictIneligible();
        return { ok: true };
      }
      case 'leave':
        return outcome?.kind === 'refused' ? outcome.refusal : { ok: true };
      case 'view':
        return {
          ok: true,
          view: audiences.view(audienceOf(game, null)),
          players: this.doc.hidden.seats.map(s => s?.player ?? null),
        };
      case 'dump': {
        if (!this.history) return notInDevMode;
        const doc = message.at === null ? structuredClone(this.doc) : this.history.documentAt(message.at);
        if (!doc) return makeRefusal('bad-request', `entry ${message.at} is not kept`);
        return {
          ok: true,
          doc: doc as unknown as JsonObject,
          place: position,
          term,
          now: committed.now,
          owner: parts.self,
          entries: this.history.entriesSince(message.since),
        };
      }
      case 'rerun':
        return this.history?.rerun(game) ?? notInDevMode;
      case 'disconnected':
      case 'ensure-owner':
        return { ok: true };
      case 'inspect':
        return {
          ok: true,
          node: '',
          owner: parts.self,
          term,
          head: position,
          nodes: [],
          members: this.members
            .list()
            .filter(m => !m.watch)
            .map(m => ({ player: m.player, node: m.node })),
          ...(this.isHost(message) ? { spectators: this.members.spectators() } : {}),
        };
    }
  }

  private isHost({ player, session }: { player: string; session: string }): boolean {
    const { room, hidden } = this.doc;
    const seat = room.host === null ? null : hidden.seats[room.host];
    return !!seat && seat.player === player && seat.session === session;
  }

  private get committedRoom(): CommittedRoom {
    const { id, doc, game, term, terms, position, audiences } = this;
    return { id, doc, game, term, terms, position, audiences, now: this.roomTime() };
  }

  private get hasPendingEffects(): boolean {
    return Object.keys(this.doc.hidden.effects).length > 0;
  }
}

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
import type { JournalTail } from './journal-tail.ts';
import { Ticker } from './ticker.ts';
import type { RuleTracker } from '../core/rule-tracker.ts';

/** The room was given up before the message was answered: ask whoever owns it now. */
export class NotOwnerError extends RejoinError {
  override readonly name = 'NotOwnerError';
  override readonly code = 'not-owner';

  /** @param wasNotProcessed the message was certainly not acted on: it waited in the mailbox */
  constructor(
    readonly reason: string,
    readonly wasNotProcessed: boolean,
  ) {
    super(reason);
  }
}

/**
 * Whom a room is handed to: a node that has it ready, under a token that it minted. From `until` on (monotonic ms) it
 * may have it ready no more.
 */
export interface HandoverTarget {
  token: string;
  node: string;
  games: readonly string[];
  readyUntil: number;
}
/**
 * The room is the successor's now: what that node has to know, and since when (monotonic ms) nobody was listened to
 * here.
 */
export interface HandoverResult extends PassResult {
  seq: number;
  pausedSince: number;
  /** The room's time. */
  roomTime: number;
}
interface PendingHandover {
  target: HandoverTarget;
  onHandedOver(how: HandoverResult): void;
  resolve(became: 'handed-over' | 'kept' | 'ended'): void;
}

export interface RoomActorParts extends JournalParts {
  /** Id of the node. */
  self: string;
  /** Who does the effects of a game; null where nobody does. */
  effects: EffectHandlerLookup;
  broadcaster: Broadcaster;
  /** See Owned. */
  thorough: boolean;
  /** Hears of every input before it is run. */
  onStep?(step: RoomStep): void;
  /** Sends to one connection, on whichever node. */
  sendNotice(at: ConnectionRef, notice: Notice): void;
  /** Called once, when the room is no longer run here. `why` says whether it was taken, given up, or in doubt. */
  onEnd(host: RoomActor, why: EndReason): void;
}
/** `stopped`: the node stops, as its operator wished; `passed`: another node was given the room. */
export type EndReason = 'fenced' | 'unknown-outcome' | 'stopped' | 'released' | 'removed' | 'handed-over';
/**
 * How a room came to be here: for how long nobody could commit to it (ms), and under which lease (Membership.lease) it
 * became this node's.
 */
export interface OwnershipStart {
  outage: number;
  lease: number | null;
  /**
   * The room's time, where an owner that lives has said it, or this node has kept it: wall clocks differ, and are set.
   */
  time?: number;
}

/** An input that a room is about to run: the last entry before it is `seq`. */
export interface RoomStep {
  room: string;
  term: number;
  seq: number;
  roomTime: number;
  command: Command;
}

interface MailboxItem {
  message: RoomMessage;
  /** Where it came from another node. */
  caller: RemoteCaller | undefined;
  resolve(reply: RoomReply): void;
  reject(error: Error): void;
}
/** An input of the batch, and how its outcome is told once it is durable. */
interface BatchItem {
  command: Command | null;
  item: MailboxItem | null;
}

/**
 * Runs one room on the node that owns it: open the mailbox, run what is there, append, speak, again.
 *
 * Invariants:
 *  - one append at most is in flight, and while it is, nothing runs and nothing of the room is read;
 *  - no reply, change or notice leaves before the entry that holds it is durable;
 *  - anything but a clean 'ok' ends this host. There is no way back from "perhaps": the next owner reads the truth.
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
   * Monotonic ms at which the store was last asked whether the room exists: a room with spectators alone writes
   * nothing.
   */
  private existenceCheckedAt: number;
  private pendingHandover: PendingHandover | null = null;
  /** Members have to be given the whole once the state is migrated. */
  private needsResync: boolean;
  /** Since when (monotonic ms) nobody could commit, until that is journaled; and up to when outages were looked at. */
  private unreportedOutageSince: number | null;
  private outagesCheckedAt: number;
  private readonly endListeners: (() => void)[] = [];
  private wakeTimer: Timer | null = null;
  private readonly terms: TermStarts;
  /** Rules that hung under owners before, until it is journaled. Nothing else is done before that. */
  private readonly hangReports: HangReport[];
  private readonly ruleTracker: RuleTracker;
  /** The room's time when it came here. */
  private readonly roomTimeAtStart: number;
  private position: Position;

  constructor(
    private readonly parts: RoomActorParts,
    readonly game: AnyGame,
    readonly token: string,
    readonly term: number,
    recovered: RecoveredRoom,
    start: OwnershipStart,
    private readonly journalTail: JournalTail | null = null,
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
  /** Whether the last piece of a match's recording is still to be written. */
  hasUnstoredRecording(match: number): boolean {
    return this.recorder.finishedMatches.includes(match);
  }
  private get doc(): RoomDocument {
    return this.machine.doc;
  }

  /** Puts a message into the mailbox. Rejects with NotOwnerError when the room is given up before it is answered. */
  send(message: RoomMessage, caller?: RemoteCaller): Promise<RoomReply> {
    if (this.ended) return Promise.reject(new NotOwnerError('over', true));
    if (this.mailbox.length >= limits.mailbox) return Promise.resolve(makeRefusal('busy', undefined, 200));
    return new Promise((resolve, reject) => {
      this.mailbox.push({ message, caller, resolve, reject });
      this.schedule();
    });
  }

  /** Takes in what needs no answer. What a player does counts from the next tick on. */
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

  /** Announces the new owner, so that members compare their place and send again what was under way. */
  announceOwner(): void {
    this.notifyAll({ room: this.id, code: 'owner', term: this.term, head: this.position });
  }

  /**
   * What an entry shows, by channel.
   * @param visible its visible changes, encoded: where nothing is hidden everybody is told just these
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
   * What the entry tells other nodes, verdicts and all, for the store to say in the step in which it writes it: they
   * need not wait until this node has heard that it is written. Only where somebody waits for it: a tick is told better
   * with others'.
   */
  private remoteMessages(
    batch: readonly BatchItem[],
    outcomes: readonly (Outcome | null)[],
    changes: readonly (readonly [Channel, RoomChange])[],
  ): NodeMessage[] | null {
    if (!batch.some(item => item.command?.kind === 'act') || !this.journal.canPublishOnAppend) return null;
    const replies = batch.flatMap(({ item }, i) =>
      item?.caller && item.message.k === 'act'
        ? [{ asker: item.caller, reply: buildActReply(this.committedRoom, item.message, outcomes[i]!) }]
        : [],
    );
    const messages = this.parts.broadcaster.remoteMessages(
      this.presence.nodes,
      changes,
      replies.map(({ asker: caller, reply }) => [caller.node, caller.callId, reply as unknown as Json] as const),
    );
    if (messages) for (const { asker: caller } of replies) caller.hasReply = true;
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

  /** Once a second. What it finds is acted on when the mailbox is next open. */
  requestPresenceCheck(): void {
    this.isPresenceCheckDue = true;
    this.schedule();
  }

  /** Asks the store whether the room is still this host's. */
  requestOwnershipCheck(): void {
    this.isOwnershipCheckDue = true;
    this.schedule();
  }

  /** Gives the room up once its mailbox is empty. Resolves when it is no longer run here, for whatever reason. */
  release(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.releaseRequest = 'always';
    this.schedule();
    return new Promise(resolve => this.endListeners.push(resolve));
  }

  /**
   * From now on until `retainEntries(false)` what is appended is kept at hand, for a node that has read the room to
   * catch up with.
   */
  retainEntries(keep: boolean): void {
    if (keep) this.journal.retainFrom(this.position[1]);
    else this.journal.stopRetaining();
  }
  retainedEntriesSince(seq: number): string[] {
    return this.journal.retainedSince(seq);
  }

  /**
   * Hands the room to a node that has it ready, in one step of the store, as soon as what is being run is journaled and
   * told. `passed` is called in the turn in which the store has said so, before anybody who waits is sent on.
   * @returns what became of it; `kept`: it is still run here; `over`: it is not, for another reason
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

  /** Whether it can be moved without anybody noticing: nothing is under way outside, and it is not out of play. */
  get isMovable(): boolean {
    return (
      !this.ended &&
      !this.machine.fault &&
      !this.hasPendingEffects &&
      this.releaseRequest === null &&
      this.pendingHandover === null
    );
  }
  /** Monotonic ms since when it is run here. */
  get ownedSince(): number {
    return this.presence.startedAt;
  }

  /** Drops the room at once, as after a crash: what was under way is in doubt. */
  abandon(reason: 'unknown-outcome' | 'stopped', why: string): void {
    this.end(reason, why);
  }

  private schedule(): void {
    if (this.isRunning || this.ended) return;
    this.isRunning = true;
    // Not at once: what arrives in the same turn of the loop goes into the same entry.
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
        // who has gone is found out when it can be journaled
        this.isPresenceCheckDue = this.isExistenceCheckDue = false;
        break;
      }
      if (!(await this.shiftDeadlinesByOutages())) return;
      if (this.isRenewalDue && !(await this.renewLife())) return;
      if (this.isExistenceCheckDue && !(await this.checkExists())) return;
      if (this.isSnapshotDue && !((await this.flushVolatile()) && (await this.writeSnapshot()))) return;
      // What the engine itself has found out goes into an entry first: an effect that is done need not be done again.
      if (this.pendingHandover && this.engineCommands.length === 0 && !(await this.handOver(this.pendingHandover)))
        return;
      const batch = this.collectBatch();
      if (batch.length === 0 && !this.isOwnershipCheckDue) break;
      const outcomes = this.runBatch(batch);
      this.inFlight = batch;
      if (this.sendVolatile(batch)) continue;
      const entry = this.machine.takeEntry();
      if (!(entry ? await this.commitEntry(entry, batch, outcomes) : await this.confirmOwnership())) return;
      if (this.engineCommands.length === 0) this.unreportedOutageSince = null;
      if (this.hangReports.length > 0)
        this.ruleFailures.rulesHung(this.hangReports.splice(0), this.machine.fault !== null);
      batch.forEach((item, i) => item.item?.resolve(this.buildReply(item.item.message, outcomes[i] ?? null)));
      this.inFlight = []; // else a room that sleeps keeps its last answers, which may hold all of it
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
   * Runs inputs until the entry is full; what is left over goes into the next one.
   * @returns the outcomes of those that stay in `batch`
   */
  private runBatch(batch: BatchItem[]): (Outcome | null)[] {
    const outcomes: (Outcome | null)[] = [];
    for (const { command } of batch) {
      outcomes.push(command ? this.runCommand(command) : null);
      if (this.machine.isFull) break;
    }
    const rest = batch.splice(outcomes.length);
    this.mailbox.unshift(...rest.flatMap(({ item }) => item ?? []));
    // Timers are looked for again; a tick after the end of a match does nothing.
    this.engineCommands.unshift(
      ...rest.flatMap(({ command, item }) =>
        command && !item && command.kind !== 'timers' && command.kind !== 'tick' ? [command] : [],
      ),
    );
    return outcomes;
  }

  /**
   * What could not be committed while the store was away moves all deadlines, before any of them is acted on.
   * @returns false when the room is lost
   */
  private async shiftDeadlinesByOutages(): Promise<boolean> {
    const { contact } = this.parts;
    // It may have been away until this moment: only its answer ends an outage.
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

  /** Nothing that needs the store: while it is away there is no reason to give the room up. */
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
   * For who gives the room up: since when nobody could commit to it, and since when its last append has had no answer
   * (monotonic ms).
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

  private runCommand(command: Command): Outcome {
    const roomTime = this.roomTime();
    this.parts.onStep?.({ room: this.id, term: this.term, seq: this.position[1], roomTime, command });
    return this.machine.step(command, roomTime);
  }

  /**
   * Where a batch only moved things, and the game has them journaled less often: tells them.
   * @returns false when there is an entry to be written
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

  /** Before the room is given up: a hand-over takes nothing. @returns false when the room is lost */
  private async flushVolatile(): Promise<boolean> {
    const entry = this.volatileUpdates.isEnabled ? this.machine.takeEntry() : null;
    return entry === null || this.commitEntry(entry);
  }

  /** Everything there is to do now: the engine's own first, then due timers, then the mailbox. */
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

  /** The input a message is to the room; null where it only reads. */
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
        return null;
    }
  }

  /** What a join says of an earlier hold, and whether the history in which that hold began was lost. */
  private resumeFields({ resume, place }: RoomMessage & { k: 'join' }): { resume?: boolean; forgotten?: boolean } {
    if (!resume) return {};
    return { resume, forgotten: place !== null && classifyPosition(place, this.terms, this.position[1]) === 'lost' };
  }

  /** Once a second: who is away, who has to go; and a room that has been alone for long goes to sleep. */
  private checkPresence(): void {
    this.isPresenceCheckDue = false;
    this.isRenewalDue = this.journal.isRenewalDue(this.roomTime());
    this.isSnapshotDue = this.recorder.finishedMatches.length > 0; // its snapshot failed, or the owner died before it
    // Spectators do not keep a room: it may have expired, or have been discarded, and nothing is written that would
    // show it.
    this.isExistenceCheckDue =
      this.members.size > 0 &&
      !isOccupied(this.doc) &&
      this.parts.clock.mono() - this.existenceCheckedAt >= limits.existenceCheckInterval;
    this.engineCommands.push(...this.presence.checkSeats(this.doc));
    this.evictIneligible(); // again: the first time it may have been lost, or the owner may have died
    // After a suspension of this process it first waits for reports, and declares the players away: a room that sleeps
    // shows none as connected.
    if (this.presence.aloneForMs > limits.sleepAfter && !this.hasPendingEffects && !isOccupied(this.doc))
      this.releaseRequest ??= 'when-alone';
  }

  /** Shows those out who have to go. A room that is closed goes when its last effect is done. */
  private evictIneligible(): void {
    if (this.presence.evictIneligible(this.doc, this.machine.fault) && !this.hasPendingEffects)
      this.releaseRequest = 'remove';
  }

  /**
   * The room's time: from when this node took it on, by a clock that nobody sets. Else a step of the wall clock would
   * end every hold and turn at once, or hold all deadlines up.
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
    // setTimeout holds 24.8 days; a later deadline is looked at again then.
    if (wait < Infinity) this.wakeTimer = this.parts.clock.after(Math.min(wait, 86_400_000), () => this.schedule());
  }

  /** Journals a batch and tells the members. @returns false when the room is lost: then nobody was told anything */
  private async commitEntry(
    entry: PendingEntry,
    batch: readonly BatchItem[] = [],
    outcomes: readonly (Outcome | null)[] = [],
  ): Promise<boolean> {
    const text = encodeEntry(entry);
    const position: Position = [this.term, entry.seq];
    // A view is a rule, and may hang: it is asked once the entry is written. Where there is none, all is known before,
    // and
    // looked at by nobody until it is written: if it never is, this host ends.
    const encodedEarly = this.game.rules.view ? null : this.encodeChanges(entry, position, text.visible);
    const remote = encodedEarly && this.remoteMessages(batch, outcomes, encodedEarly);
    if (!this.endUnlessOwner(await this.journal.append(entry, text.entry, remote))) return false;
    this.volatileUpdates.entryCommitted();
    this.ruleTracker.entryCommitted(entry.seq);
    const encoded = encodedEarly ?? this.encodeChanges(entry, position, text.visible);
    this.journalTail?.add(position, text.entry);
    this.recorder.commit(entry.seq, entry.changes, entry.events, this.doc);
    this.position = position;
    for (const [channel, change] of encoded) {
      if (remote === null) this.parts.broadcaster.sendChange(this.presence.nodes, channel, change);
      else this.parts.broadcaster.sendChangeLocally(channel, change);
    }
    // a hold has ended, or a player may not even watch any more
    if (touchesHidden(entry.changes, 'losses') || touchesHidden(entry.changes, 'banned')) this.evictIneligible();
    // It may be shown in another way than before, and not every client can play the new version.
    if (this.needsResync) this.notifyAll({ room: this.id, code: 'resync' });
    this.needsResync = false;
    this.effectRunner.reconcile();
    return true;
  }

  /**
   * Before something is answered without an append, which would have shown it: is the room still ours? While the node's
   * beats were on time nobody can have taken it; after a pause only the store knows.
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
      this.engineCommands.push({ kind: 'timers' }); // so that the loop goes round once more, and journals it
      this.parts.log.error({ room: this.id, bytes: text.length }, 'room quarantined: its document exceeds the limit');
    }
    return this.endUnlessOwner(await this.journal.snapshot(this.position[1], text));
  }

  /**
   * Ends this host unless the room is still its own. Abandoned meanwhile, it knows nothing any more: whoever owns the
   * room now does.
   */
  private endUnlessOwner(status: OwnershipStatus): boolean {
    if (!status.isOwner) this.end(status.reason, status.why);
    return !this.ended;
  }

  /** @returns false when the room is not run here any more */
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
    if (!this.endUnlessOwner(result.standing)) return false;
    resolve('kept');
    return true;
  }

  private async releaseOwnership(): Promise<void> {
    // What is left of a recording goes into the store first; where that fails, a room that is to be removed waits.
    if (this.recorder.finishedMatches.length > 0 && !(await this.writeSnapshot())) return;
    if (this.recorder.finishedMatches.length > 0 && this.releaseRequest !== 'always') return;
    // A room that nobody has joined yet is left to its short life: somebody may hold its code.
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
    // Those under way hear it too, and at once: an append that hangs is no reason to keep anybody waiting.
    for (const { item } of this.inFlight) item?.reject(new NotOwnerError(why, false));
    for (const mail of this.mailbox.splice(0)) mail.reject(new NotOwnerError(why, true));
    if (reason === 'unknown-outcome')
      this.parts.log.warn({ room: this.id, term: this.term, why }, 'room abandoned: outcome of its last write unknown');
    this.parts.onEnd(this, reason);
    for (const listener of this.endListeners) listener();
  }

  /** What whoever asked is told. Runs after the append, so all it reads is durable. */
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
      case 'dump':
        return this.journalTail
          ? {
              ok: true,
              doc: structuredClone(this.doc) as unknown as JsonObject,
              place: position,
              term,
              now: committed.now,
              owner: parts.self,
              entries: this.journalTail.entriesSince(message.since),
            }
          : makeRefusal('bad-request', 'the node that runs the room is not in dev mode');
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

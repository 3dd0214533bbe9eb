import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { standing, type Place, type Terms } from '../../shared/place.ts';
import type { Notice, PublicRoom } from '../../shared/protocol.ts';
import { refused } from '../../shared/refusals.ts';
import type { Casts } from '../cluster/casts.ts';
import type { Channel, Message, Timer } from '../ports.ts';
import type { Passed } from '../store/contract.ts';
import { answerAct, answerJoin, unfit, type Standpoint } from './answers.ts';
import { Attendance } from './attendance.ts';
import { audienceOf, channelOf, type Audience, type Audiences } from './audiences.ts';
import { dueOf, isDeserted, isOccupied, seatOf, type RoomDocument } from './document.ts';
import { Effects, type EffectHandlers } from './effects.ts';
import { encodeEntry, encodeSnapshot, touches, type Recovered } from './entry.ts';
import { Failures } from './failures.ts';
import { barred, isBarred, isUndone, type Blame } from './hangs.ts';
import { Inputs } from './inputs.ts';
import { Journal, type JournalParts, type Standing } from './journal.ts';
import type { Members } from './members.ts';
import type { Asker, Conn, Head, RoomChange, RoomMessage, RoomReply, RoomSaying } from './messages.ts';
import { Motion } from './motion.ts';
import type { Recorder } from './recorder.ts';
import { Room, type Batch, type Input, type Outcome } from './room.ts';
import type { Tail } from './tail.ts';
import { Ticker } from './ticker.ts';
import type { Watched } from './watched.ts';

/** The room was given up before the message was answered: ask whoever owns it now. */
export class Resigned extends Error {
  /** @param untouched the message was certainly not acted on: it waited in the mailbox */
  constructor(readonly why: string, readonly untouched: boolean) {
    super(why);
    this.name = 'Resigned';
  }
}

/** Whom a room is handed to: a node that has it ready, under a token that it minted. From `until` on (monotonic ms) it may have it ready no more. */
export interface Successor { token: string; node: string; games: readonly string[]; until: number }
/** The room is the successor's now: what that node has to know, and since when (monotonic ms) nobody was listened to here. */
export interface HandedOver extends Passed { seq: number; since: number; /** The room's time. */ time: number }
interface Handing { to: Successor; passed(how: HandedOver): void; resolve(became: 'passed' | 'kept' | 'over'): void }

export interface HostParts extends JournalParts {
  /** Id of the node. */
  self: string;
  /** Who does the effects of a game; null where nobody does. */
  effects: EffectHandlers;
  casts: Casts;
  /** See Owned. */
  thorough: boolean;
  /** Hears of every input before it is run. */
  onStep?(step: RoomStep): void;
  /** Sends to one connection, on whichever node. */
  tell(at: Conn, notice: Notice): void;
  /** Called once, when the room is no longer run here. `why` says whether it was taken, given up, or in doubt. */
  onEnd(host: RoomHost, why: EndReason): void;
}
/** `stopped`: the node stops, as its operator wished; `passed`: another node was given the room. */
export type EndReason = 'fenced' | 'doubt' | 'stopped' | 'released' | 'removed' | 'passed';
/** How a room came to be here: for how long nobody could commit to it (ms), and under which lease (Membership.lease) it became this node's. */
export interface Started { outage: number; lease: number | null; /** The room's time, where an owner that lives has said it, or this node has kept it: wall clocks differ, and are set. */ time?: number }

/** An input that a room is about to run: the last entry before it is `seq`. */
export interface RoomStep { room: string; term: number; seq: number; wall: number; input: Input }

interface Mail { message: RoomMessage; /** Where it came from another node. */ asker: Asker | undefined; resolve(reply: RoomReply): void; reject(error: Error): void }
/** An input of the batch, and how its outcome is told once it is durable. */
interface Due { input: Input | null; mail: Mail | null }

/**
 * Runs one room on the node that owns it: open the mailbox, run what is there, append, speak, again.
 *
 * Invariants:
 *  - one append at most is in flight, and while it is, nothing runs and nothing of the room is read;
 *  - no reply, change or notice leaves before the entry that holds it is durable;
 *  - anything but a clean 'ok' ends this host. There is no way back from "perhaps": the next owner reads the truth.
 */
export class RoomHost {
  private readonly attendance: Attendance;
  private readonly motion: Motion;
  private readonly failures: Failures;
  private readonly room: Room;
  private readonly audiences: Audiences;
  private readonly journal: Journal;
  private readonly recorder: Recorder;
  private readonly ticker: Ticker;
  private readonly inputs: Inputs;
  private readonly effects: Effects;
  private readonly mailbox: Mail[] = [];
  private readonly urgent: Input[] = [];
  /** The batch that is being run and journaled. */
  private underWay: readonly Due[] = [];
  private running = false;
  private ended = false;
  private releaseAsked: 'when-alone' | 'always' | 'remove' | null = null;
  private sweepAsked = false;
  private checkAsked = false;
  private renewAsked = false;
  private recordAsked = false;
  private existenceAsked = false;
  /** Monotonic ms at which the store was last asked whether the room exists: a room with spectators alone writes nothing. */
  private existenceCheckedAt: number;
  private handing: Handing | null = null;
  /** Members have to be given the whole once the state is migrated. */
  private migrates: boolean;
  /** Since when (monotonic ms) nobody could commit, until that is journaled; and up to when outages were looked at. */
  private uncounted: number | null;
  private countedTo: number;
  private readonly onceOver: (() => void)[] = [];
  private wake: Timer | null = null;
  private readonly terms: Terms;
  /** Rules that hung under owners before, until it is journaled. Nothing else is done before that. */
  private readonly blames: Blame[];
  private readonly watched: Watched;
  /** The room's time when it came here. */
  private readonly tookOverAt: number;
  private place: Place;

  constructor(private readonly parts: HostParts, readonly game: AnyGame, readonly token: string, readonly term: number, recovered: Recovered, started: Started, private readonly tail: Tail | null = null) {
    const { doc, head, terms, audiences, recorder, watched } = recovered;
    this.watched = watched;
    this.blames = recovered.blames;
    this.terms = terms;
    this.place = head;
    this.audiences = audiences;
    this.recorder = recorder;
    this.ticker = new Ticker((game.contract.def as ContractDef).tick?.hz);
    this.failures = new Failures(parts, () => ({ room: this.id, game: game.contract.name }));
    this.room = new Room(game, doc, term, head[1], (rule, error) => this.failures.failed(rule, error), watched, parts.thorough);
    this.journal = new Journal(parts, game, token, doc, recorder, started.lease);
    this.motion = new Motion(game.contract.def as ContractDef, this.room, audiences, parts.clock);
    this.inputs = new Inputs(game);
    this.attendance = new Attendance({ id: this.id, clock: parts.clock, inputs: this.inputs, fresh: head[1] === 0, tell: (at, notice) => parts.tell(at, notice) });
    this.room.isConnected = player => this.attendance.isConnected(player);
    this.effects = new Effects(parts, () => this.doc, watched, name => isUndone(this.doc, this.blames, name, this.time()), key => {
      this.urgent.push({ kind: 'effect', key });
      this.kick();
    });
    this.migrates = doc.hidden.stateVersion !== game.contract.def.version;
    if (this.migrates && !doc.hidden.fault) this.urgent.push({ kind: 'migrate' });
    this.tookOverAt = Math.max(started.time ?? parts.clock.now(), doc.hidden.clock);
    this.countedTo = this.existenceCheckedAt = parts.clock.mono();
    this.uncounted = started.outage > 0 ? this.countedTo - started.outage : null;
    this.moveDeadlines(started.outage);
    this.effects.pump();
    this.kick();
  }

  get id(): string { return this.doc.room.id; }
  get members(): Members { return this.attendance.members; }
  get head(): Head { return { head: this.place, term: this.term, watchers: this.members.watchers }; }
  get over(): boolean { return this.ended; }
  get shown(): PublicRoom { return this.doc.room; }
  /** Whether the last piece of a match's recording is still to be written. */
  records(match: number): boolean { return this.recorder.over.includes(match); }
  private get doc(): RoomDocument { return this.room.doc; }

  /** Puts a message into the mailbox. Rejects with Resigned when the room is given up before it is answered. */
  send(message: RoomMessage, asker?: Asker): Promise<RoomReply> {
    if (this.ended) return Promise.reject(new Resigned('over', true));
    if (this.mailbox.length >= limits.mailbox) return Promise.resolve(refused('busy', undefined, 200));
    return new Promise((resolve, reject) => {
      this.mailbox.push({ message, asker, resolve, reject });
      this.kick();
    });
  }

  /** Takes in what needs no answer. What a player does counts from the next tick on. */
  hear(saying: RoomSaying): void {
    const seat = seatOf(this.doc, saying.player);
    if (this.ended || seat < 0 || this.doc.hidden.seats[seat]!.session !== saying.session) return;
    if (this.doc.hidden.hangs && isBarred(this.doc, barred.input(saying.player), this.time())) return;
    this.watched.begin('input', 'input', '', saying.player, saying.session);
    try {
      if (!this.inputs.take(saying.player, saying.session, this.doc.room.inputs[seat] ?? 0, saying)) this.parts.meter.count('badPackets');
    } finally {
      this.watched.end();
    }
  }

  /** Announces the new owner, so that members compare their place and send again what was under way. */
  announce(): void { this.notifyAll({ room: this.id, code: 'owner', term: this.term, head: this.place }); }

  /** What an entry shows, by channel. @param visible its visible changes, encoded: where nothing is hidden everybody is told just these */
  private shownBy(entry: Batch, place: Place, visible: string): (readonly [Channel, RoomChange])[] {
    return this.audiences.show(place, this.place, entry.changes, entry.events, visible, this.attendance.isWatched)
      .map(({ audience, ...told }) => [channelOf(this.id, audience), { room: this.id, term: place[0], seq: place[1], prevTerm: this.place[0], ...told }]);
  }

  /**
   * What the entry tells other nodes, verdicts and all, for the store to say in the step in which it writes it: they need not
   * wait until this node has heard that it is written. Only where somebody waits for it: a tick is told better with others'.
   */
  private elsewhere(batch: readonly Due[], outcomes: readonly (Outcome | null)[], changes: readonly (readonly [Channel, RoomChange])[]): Message[] | null {
    if (!batch.some(due => due.input?.kind === 'act') || !this.journal.tells) return null;
    const asked = batch.flatMap(({ mail }, i) => (mail?.asker && mail.message.k === 'act' ? [{ asker: mail.asker, reply: answerAct(this.standpoint, mail.message, outcomes[i]!) }] : []));
    const messages = this.parts.casts.elsewhere(this.attendance.nodes, changes, asked.map(({ asker, reply }) => [asker.node, asker.question, reply as unknown as Json] as const));
    if (messages) for (const { asker } of asked) asker.answered = true;
    return messages;
  }

  private tell(audience: Audience, event: 'motion' | 'notice', ...what: unknown[]): void { this.parts.casts.tell(this.attendance.nodes, channelOf(this.id, audience), event, ...what); }

  private notifyAll(notice: Notice): void {
    const audiences = new Set([audienceOf(this.game, null), ...this.doc.hidden.seats.flatMap(s => (s ? [audienceOf(this.game, s.player)] : []))]);
    for (const audience of audiences) this.tell(audience, 'notice', notice);
  }

  /** Once a second. What it finds is acted on when the mailbox is next open. */
  sweep(): void {
    this.sweepAsked = true;
    this.kick();
  }

  /** Asks the store whether the room is still this host's. */
  check(): void {
    this.checkAsked = true;
    this.kick();
  }

  /** Gives the room up once its mailbox is empty. Resolves when it is no longer run here, for whatever reason. */
  release(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.releaseAsked = 'always';
    this.kick();
    return new Promise(resolve => this.onceOver.push(resolve));
  }

  /** From now on until `keepEntries(false)` what is appended is kept at hand, for a node that has read the room to catch up with. */
  keepEntries(keep: boolean): void {
    if (keep) this.journal.keepFrom(this.place[1]);
    else this.journal.keepNoMore();
  }
  entriesSince(seq: number): string[] { return this.journal.keptSince(seq); }

  /**
   * Hands the room to a node that has it ready, in one step of the store, as soon as what is being run is journaled and told.
   * `passed` is called in the turn in which the store has said so, before anybody who waits is sent on.
   * @returns what became of it; `kept`: it is still run here; `over`: it is not, for another reason
   */
  passTo(to: Successor, passed: (how: HandedOver) => void): Promise<'passed' | 'kept' | 'over'> {
    if (this.ended || this.handing) return Promise.resolve(this.ended ? 'over' : 'kept');
    return new Promise(resolve => {
      this.handing = { to, passed, resolve };
      this.onceOver.push(() => resolve('over'));
      this.kick();
    });
  }

  /** Whether it can be moved without anybody noticing: nothing is under way outside, and it is not out of play. */
  get movable(): boolean { return !this.ended && !this.room.fault && !this.hasEffects && this.releaseAsked === null && this.handing === null; }
  /** Monotonic ms since when it is run here. */
  get since(): number { return this.attendance.since; }

  /** Drops the room at once, as after a crash: what was under way is in doubt. */
  abandon(reason: 'doubt' | 'stopped', why: string): void { this.end(reason, why); }

  private kick(): void {
    if (this.running || this.ended) return;
    this.running = true;
    // Not at once: what arrives in the same turn of the loop goes into the same entry.
    queueMicrotask(() => void this.loop().catch((error: unknown) => {
      this.parts.log.error({ room: this.id, error }, 'the loop of a room failed');
      this.end('doubt', 'internal error');
    }));
  }

  private async loop(): Promise<void> {
    this.wake?.cancel();
    while (!this.ended) {
      if (this.parts.contact.isOut && this.isIdle) {
        this.sweepAsked = this.existenceAsked = false; // who has gone is found out when it can be journaled
        break;
      }
      if (!(await this.countOutages())) return;
      if (this.renewAsked && !(await this.renew())) return;
      if (this.existenceAsked && !(await this.checkExists())) return;
      if (this.recordAsked && !((await this.flushMotion()) && (await this.snapshot()))) return;
      // What the engine itself has found out goes into an entry first: an effect that is done need not be done again.
      if (this.handing && this.urgent.length === 0 && !(await this.pass(this.handing))) return;
      const batch = this.collect();
      if (batch.length === 0 && !this.checkAsked) break;
      const outcomes = this.run(batch);
      this.underWay = batch;
      if (this.tellMotion(batch)) continue;
      const entry = this.room.take();
      if (!(entry ? await this.append(entry, batch, outcomes) : await this.confirm())) return;
      if (this.urgent.length === 0) this.uncounted = null;
      if (this.blames.length > 0) this.failures.hung(this.blames.splice(0), this.room.fault !== null);
      batch.forEach((due, i) => due.mail?.resolve(this.answer(due.mail.message, outcomes[i] ?? null)));
      this.underWay = []; // else a room that sleeps keeps its last answers, which may hold all of it
      if (entry && this.journal.wantsSnapshot && !(await this.snapshot())) return;
    }
    if (this.releaseAsked && !(await this.flushMotion())) return;
    if (this.releaseAsked === 'remove' || this.releaseAsked === 'always' || (this.releaseAsked === 'when-alone' && this.members.size === 0)) await this.letGo();
    this.releaseAsked = null;
    this.running = false;
    if (this.ended) return;
    this.sleepUntilDue();
    if (this.mailbox.length + this.urgent.length > 0 || this.sweepAsked || this.checkAsked || this.renewAsked || this.recordAsked || this.existenceAsked || this.handing) this.kick();
  }

  /** Runs inputs until the entry is full; what is left over goes into the next one. @returns the outcomes of those that stay in `batch` */
  private run(batch: Due[]): (Outcome | null)[] {
    const outcomes: (Outcome | null)[] = [];
    for (const { input } of batch) {
      outcomes.push(input ? this.step(input) : null);
      if (this.room.isFull) break;
    }
    const rest = batch.splice(outcomes.length);
    this.mailbox.unshift(...rest.flatMap(({ mail }) => mail ?? []));
    // Timers are looked for again; a tick after the end of a match does nothing.
    this.urgent.unshift(...rest.flatMap(({ input, mail }) => (input && !mail && input.kind !== 'timers' && input.kind !== 'tick' ? [input] : [])));
    return outcomes;
  }

  /** What could not be committed while the store was away moves all deadlines, before any of them is acted on. @returns false when the room is lost */
  private async countOutages(): Promise<boolean> {
    const { contact } = this.parts;
    // It may have been away until this moment: only its answer ends an outage.
    if (contact.isOut && !this.still(await this.journal.confirm())) return false;
    const outages = contact.endedAfter(this.countedTo);
    if (outages.length === 0) return true;
    this.uncounted ??= outages[0]!.from;
    this.countedTo = this.parts.clock.mono();
    for (const { from, to } of outages) this.moveDeadlines(to - from);
    return true;
  }

  private moveDeadlines(outage: number): void {
    if (outage > limits.graceForDeadlines) this.urgent.push({ kind: 'shift', by: Math.round(outage - limits.graceForDeadlines) });
  }

  /** Nothing that needs the store: while it is away there is no reason to give the room up. */
  private get isIdle(): boolean {
    const due = dueOf(this.doc);
    return this.mailbox.length + this.urgent.length === 0 && !this.checkAsked && this.handing === null && (due === null || due > this.time());
  }

  /** For who gives the room up: since when nobody could commit to it, and since when its last append has had no answer (monotonic ms). */
  get outSince(): { since: number; unanswered: number | null; ahead: number } {
    const { contact, clock } = this.parts;
    const { unansweredSince: unanswered } = this.journal;
    return { since: Math.min(this.uncounted ?? Infinity, contact.endedAfter(this.countedTo)[0]?.from ?? Infinity, contact.reachedAt, unanswered ?? clock.mono()), unanswered, ahead: this.tookOverAt - this.since };
  }

  private step(input: Input): Outcome {
    const wall = this.time();
    this.parts.onStep?.({ room: this.id, term: this.term, seq: this.place[1], wall, input });
    return this.room.step(input, wall);
  }

  /** Where a batch only moved things, and the game has them journaled less often: tells them. @returns false when there is an entry to be written */
  private tellMotion(batch: readonly Due[]): boolean {
    if (!this.motion.mayWait || this.releaseAsked !== null || !this.journal.surelyOurs) return false;
    return batch.every(due => due.input?.kind === 'tick') && this.motion.tell((audience, n, changes) => this.tell(audience, 'motion', this.id, ...this.place, n, changes));
  }

  /** Before the room is given up: a hand-over takes nothing. @returns false when the room is lost */
  private async flushMotion(): Promise<boolean> {
    const rest = this.motion.isUsed ? this.room.take() : null;
    return rest === null || this.append(rest);
  }

  /** Everything there is to do now: the engine's own first, then due timers, then the mailbox. */
  private collect(): Due[] {
    if (this.blames.length > 0) return [{ input: { kind: 'hung', blames: [...this.blames] }, mail: null }];
    const now = this.time();
    if (this.sweepAsked) this.look();
    const batch: Due[] = this.urgent.splice(0).map(input => ({ input, mail: null }));
    const due = dueOf(this.doc);
    if (due !== null && due <= now) batch.push({ input: { kind: 'timers' }, mail: null });
    for (const mail of this.mailbox.splice(0, limits.batch)) batch.push({ input: this.inputOf(mail.message), mail });
    if (this.tickDue()) batch.push({ input: { kind: 'tick', inputs: this.inputs.next() }, mail: null });
    return batch;
  }

  /** The input a message is to the room; null where it only reads. */
  private inputOf(message: RoomMessage): Input | null {
    switch (message.k) {
      case 'join': return message.watch || unfit(this.game, message) ? null : { kind: 'join', player: message.player, name: message.name, session: message.session, ...this.resumes(message), ...(message.noNewSeat ? { noNewSeat: message.noNewSeat } : {}), ...(message.profile === undefined ? {} : { profile: message.profile }) };
      case 'act': return { kind: 'act', player: message.player, session: message.session, name: message.name, data: message.data, number: message.number };
      case 'serve': return { kind: 'serve', name: message.name, data: message.data };
      case 'leave': return { kind: 'leave', player: message.player, session: message.session };
      case 'gone': return this.attendance.gone(message);
      case 'poke': case 'inspect': case 'see': case 'lay-open': return null;
    }
  }

  /** What a join says of an earlier hold, and whether the history in which that hold began was lost. */
  private resumes({ resume, place }: RoomMessage & { k: 'join' }): { resume?: boolean; forgotten?: boolean } {
    if (!resume) return {};
    return { resume, forgotten: place !== null && standing(place, this.terms, this.place[1]) === 'lost' };
  }

  /** Once a second: who is away, who has to go; and a room that has been alone for long goes to sleep. */
  private look(): void {
    this.sweepAsked = false;
    this.renewAsked = this.journal.isRenewalDue(this.time());
    this.recordAsked = this.recorder.over.length > 0; // its snapshot failed, or the owner died before it
    // Spectators do not keep a room: it may have expired, or have been discarded, and nothing is written that would show it.
    this.existenceAsked = this.members.size > 0 && !isOccupied(this.doc) && this.parts.clock.mono() - this.existenceCheckedAt >= limits.existenceCheck;
    this.urgent.push(...this.attendance.look(this.doc));
    this.showOut(); // again: the first time it may have been lost, or the owner may have died
    // After a suspension of this process it first waits for reports, and declares the players away: a room that sleeps shows none as connected.
    if (this.attendance.aloneFor > limits.sleepAfter && !this.hasEffects && !isOccupied(this.doc)) this.releaseAsked ??= 'when-alone';
  }

  /** Shows those out who have to go. A room that is closed goes when its last effect is done. */
  private showOut(): void {
    if (this.attendance.showOut(this.doc, this.room.fault) && !this.hasEffects) this.releaseAsked = 'remove';
  }

  /** The room's time: from when this node took it on, by a clock that nobody sets. Else a step of the wall clock would end every hold and turn at once, or hold all deadlines up. */
  private time(): number { return Math.floor(this.tookOverAt + this.parts.clock.mono() - this.since); }

  private tickDue(): boolean { return this.ticker.due(this.doc.room.phase === 'playing' && !this.attendance.alone, this.parts.clock.mono()); }

  private sleepUntilDue(): void {
    const due = dueOf(this.doc);
    const now = this.time();
    const wait = Math.min(due === null ? Infinity : Math.max(0, due - now), this.ticker.wait(this.parts.clock.mono()));
    // setTimeout holds 24.8 days; a later deadline is looked at again then.
    if (wait < Infinity) this.wake = this.parts.clock.after(Math.min(wait, 86_400_000), () => this.kick());
  }

  /** Journals a batch and tells the members. @returns false when the room is lost: then nobody was told anything */
  private async append(entry: Batch, batch: readonly Due[] = [], outcomes: readonly (Outcome | null)[] = []): Promise<boolean> {
    const text = encodeEntry(entry);
    const place: Place = [this.term, entry.seq];
    // A view is a rule, and may hang: it is asked once the entry is written. Where there is none, all is known before, and
    // looked at by nobody until it is written: if it never is, this host ends.
    const early = this.game.rules.view ? null : this.shownBy(entry, place, text.visible);
    const elsewhere = early && this.elsewhere(batch, outcomes, early);
    if (!this.still(await this.journal.append(entry, text.entry, elsewhere))) return false;
    this.motion.committed();
    this.watched.committed(entry.seq);
    const told = early ?? this.shownBy(entry, place, text.visible);
    this.tail?.add(place, text.entry);
    this.recorder.commit(entry.seq, entry.changes, entry.events, this.doc);
    this.place = place;
    for (const [channel, change] of told) {
      if (elsewhere === null) this.parts.casts.change(this.attendance.nodes, channel, change);
      else this.parts.casts.changeHere(channel, change);
    }
    if (touches(entry.changes, 'losses') || touches(entry.changes, 'banned')) this.showOut(); // a hold has ended, or a player may not even watch any more
    // It may be shown in another way than before, and not every client can play the new version.
    if (this.migrates) this.notifyAll({ room: this.id, code: 'resync' });
    this.migrates = false;
    this.effects.pump();
    return true;
  }

  /**
   * Before something is answered without an append, which would have shown it: is the room still ours? While the node's
   * beats were on time nobody can have taken it; after a pause only the store knows.
   */
  private async confirm(): Promise<boolean> {
    if (this.journal.surelyOurs && !this.checkAsked) return true;
    this.checkAsked = false;
    return this.still(await this.journal.confirm());
  }

  private async renew(): Promise<boolean> {
    this.renewAsked = false;
    return this.still(await this.journal.renew(this.time()));
  }

  private async checkExists(): Promise<boolean> {
    this.existenceAsked = false;
    this.existenceCheckedAt = this.parts.clock.mono();
    return this.still(await this.journal.checkExists());
  }

  private async snapshot(): Promise<boolean> {
    this.recordAsked = false;
    const text = encodeSnapshot(this.doc);
    if (text.length > limits.documentBytes && !this.room.fault) {
      this.room.quarantine(`the room's document has ${text.length} bytes`);
      this.urgent.push({ kind: 'timers' }); // so that the loop goes round once more, and journals it
      this.parts.log.error({ room: this.id, bytes: text.length }, 'a room has grown beyond its bound and was taken out of play');
    }
    return this.still(await this.journal.snapshot(this.place[1], text));
  }

  /** Ends this host unless the room is still its own. Abandoned meanwhile, it knows nothing any more: whoever owns the room now does. */
  private still(standing: Standing): boolean {
    if (!standing.ours) this.end(standing.reason, standing.why);
    return !this.ended;
  }

  /** @returns false when the room is not run here any more */
  private async pass({ to, passed, resolve }: Handing): Promise<boolean> {
    this.handing = null;
    const { clock } = this.parts;
    const since = clock.mono();
    if (since > to.until) return resolve('kept'), true;
    if (!(await this.flushMotion())) return false;
    const done = await this.journal.pass(this.place[1], to);
    if (done.ok) {
      resolve('passed');
      passed({ ...done, seq: this.place[1], since, time: this.time() });
      this.end('passed', 'handed over');
      return false;
    }
    if (!this.still(done.standing)) return false;
    resolve('kept');
    return true;
  }

  private async letGo(): Promise<void> {
    // What is left of a recording goes into the store first; where that fails, a room that is to be removed waits.
    if (this.recorder.over.length > 0 && !(await this.snapshot())) return;
    if (this.recorder.over.length > 0 && this.releaseAsked !== 'always') return;
    // A room that nobody has joined yet is left to its short life: somebody may hold its code.
    const empty = this.releaseAsked === 'remove' || (this.place[1] > 0 && isDeserted(this.doc) && this.members.size === 0 && !this.hasEffects);
    await this.journal.letGo(empty);
    this.end(empty ? 'removed' : 'released', 'released');
  }

  private end(reason: EndReason, why: string): void {
    if (this.ended) return;
    this.ended = true;
    this.wake?.cancel();
    this.effects.stop();
    // Those under way hear it too, and at once: an append that hangs is no reason to keep anybody waiting.
    for (const { mail } of this.underWay) mail?.reject(new Resigned(why, false));
    for (const mail of this.mailbox.splice(0)) mail.reject(new Resigned(why, true));
    if (reason === 'doubt') this.parts.log.warn({ room: this.id, term: this.term, why }, 'room given up in doubt');
    this.parts.onEnd(this, reason);
    for (const over of this.onceOver) over();
  }

  /** What whoever asked is told. Runs after the append, so all it reads is durable. */
  private answer(message: RoomMessage, outcome: Outcome | null): RoomReply {
    const { parts, game, term, place, audiences, standpoint: from } = this;
    switch (message.k) {
      case 'join': {
        const reply = answerJoin(from, message, outcome, message.watch ? this.members.watchersBeside(message.at) : 0);
        if (reply.ok) this.attendance.welcome(message, outcome);
        if (reply.ok && reply.lost) parts.meter.count('lost');
        return reply;
      }
      case 'act': {
        if (outcome?.kind === 'accepted') parts.meter.count('actions');
        if (outcome?.kind === 'refusedAction') parts.meter.count('refusals', 1, outcome.refusal.code);
        return answerAct(from, message, outcome!);
      }
      case 'serve': {
        if (outcome?.kind !== 'accepted') return outcome?.kind === 'refused' ? outcome.refusal : refused('bad-request');
        if (message.name === '$close') this.showOut();
        return { ok: true };
      }
      case 'leave': return outcome?.kind === 'refused' ? outcome.refusal : { ok: true };
      case 'see': return { ok: true, view: audiences.view(audienceOf(game, null)), players: this.doc.hidden.seats.map(s => s?.player ?? null) };
      case 'lay-open': return this.tail ? { ok: true, doc: structuredClone(this.doc) as unknown as JsonObject, place, term, now: from.now, owner: parts.self, entries: this.tail.since(message.since) } : refused('bad-request', 'the node that runs the room is not in dev mode');
      case 'gone': case 'poke': return { ok: true };
      case 'inspect': return {
        ok: true, node: '', owner: parts.self, term, head: place, nodes: [],
        members: this.members.list().filter(m => !m.watch).map(m => ({ player: m.player, node: m.node })),
        ...(this.isHost(message) ? { spectators: this.members.spectators() } : {}),
      };
    }
  }

  private isHost({ player, session }: { player: string; session: string }): boolean {
    const { room, hidden } = this.doc;
    const seat = room.host === null ? null : hidden.seats[room.host];
    return !!seat && seat.player === player && seat.session === session;
  }

  private get standpoint(): Standpoint {
    const { id, doc, game, term, terms, place, audiences } = this;
    return { id, doc, game, term, terms, place, audiences, now: this.time() };
  }

  private get hasEffects(): boolean { return Object.keys(this.doc.hidden.effects).length > 0; }
}

import type { AnyGame } from '../../../shared/contract.ts';
import { contextFor, assertSync } from './rule-context.ts';
import type { RoomDocument } from './document.ts';
import type { Draft } from './draft.ts';
import { blockKeys, departure, isBlocked, RuleHungError } from './hangs.ts';
import { enterQuarantine } from './quarantine.ts';
import { endIfTooFew, maybeRematch, maybeStart, type EliminatedSeat } from './seating.ts';
import type { RoomTransaction } from './transaction.ts';
import type { RuleTracker } from './rule-tracker.ts';

/** Runs the rules of a room on its draft, and what follows when seats have changed. */
export class RuleRunner {
  /** The room's clock; never behind the last entry. */
  now: number;
  /** The player of the current command. */
  currentPlayer: string | null = null;
  /** Whether a player who is not marked as away is known to be connected. Set by the room's actor. */
  isConnected: (player: string) => boolean = () => true;

  constructor(
    readonly game: AnyGame,
    readonly doc: RoomDocument,
    readonly draft: Draft,
    readonly ruleTracker: RuleTracker,
    readonly onFailure: (where: string, error: unknown) => void,
  ) {
    this.now = doc.hidden.clock;
  }

  transaction(subject = ''): RoomTransaction {
    return {
      game: this.game,
      doc: this.doc,
      events: this.draft.events,
      now: this.now,
      beforeRule: rule => this.ruleTracker.beginRule(rule, subject),
      isConnected: player => player === this.currentPlayer || this.isConnected(player),
    };
  }

  /** The context of a rule that runs for a seat, or for none. */
  context(seat: number | null): ReturnType<typeof contextFor> {
    return contextFor(this.game, this.doc, this.draft.events, this.now, seat);
  }

  /** Whether `what` (see `blockKeys`) hung and must not be run. */
  isBlocked(what: string): boolean {
    return this.doc.hidden.hangs !== undefined && isBlocked(this.doc, what, this.now);
  }

  /** Why the room is quarantined, or null. */
  get fault(): string | null {
    return this.doc.hidden.fault;
  }

  /** Quarantines the room, unless it is quarantined already. */
  quarantine(why: string): void {
    if (!this.fault) this.draft.transact(() => enterQuarantine(this.doc, why, this.now));
  }

  /** Called before a bot is asked. @returns whether it may be */
  mayAskBot(seat: number): boolean {
    const { player } = this.doc.hidden.seats[seat]!;
    this.ruleTracker.beginRule('bot', player);
    return !this.isBlocked(blockKeys.bot(player));
  }

  /** @returns whether the game has this hook and it succeeded */
  runHook(name: 'away' | 'back' | 'left', seat: number, player: string, more: object = {}): boolean {
    const hook = this.game.rules[name];
    if (!hook || this.doc.room.phase !== 'playing') return false;
    if (this.isBlocked(blockKeys.hook(name, player))) {
      this.onFailure(name, new RuleHungError(name));
      return false;
    }
    this.ruleTracker.beginRule(name, player);
    return this.draft.tryTransact(
      name,
      () => assertSync(hook(this.doc.state, Object.assign(this.context(seat), more))),
      'rule',
    );
  }

  /** Runs `left` for a seat that went out of play, and ends the match if too few are left. */
  handleElimination(eliminated: EliminatedSeat | null): void {
    if (eliminated === null) return;
    const decided = this.runHook('left', eliminated.seat, eliminated.player, { why: eliminated.why });
    this.draft.tryTransact('left', () => endIfTooFew(this.transaction(), decided));
  }

  /** Starts a match that waited for a player who has left or is back. */
  startIfNoLongerWaiting(): void {
    if (this.isBlocked(blockKeys.setup)) return;
    if (this.doc.room.phase === 'waiting')
      this.draft.tryTransact('setup', () => maybeStart(this.transaction(departure)));
    if (this.doc.room.phase === 'ended')
      this.draft.tryTransact('setup', () => maybeRematch(this.transaction(departure)));
  }
}

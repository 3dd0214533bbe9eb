import { limits } from '../../../shared/limits.ts';
import type { Notice } from '../../../shared/protocol.ts';
import type { Clock } from '../../runtime/ports.ts';
import { closedFault, isBot, type RoomDocument } from '../core/document.ts';
import type { InputBuffer } from '../core/input-buffer.ts';
import { RoomMembers } from './room-members.ts';
import type { ConnectionRef, RoomMessage } from './messages.ts';
import type { Command, Outcome } from '../core/machine.ts';

interface PresenceParts {
  id: string;
  clock: Clock;
  inputs: InputBuffer;
  /** Nobody was ever in: who comes, comes by here. */
  isNewRoom: boolean;
  /** Sends to one connection, on whichever node. */
  sendNotice(at: ConnectionRef, notice: Notice): void;
}

/** Who is in the room, who is away, and who has to go: what the nodes report, held against the seats. */
export class Presence {
  readonly members = new RoomMembers();
  /** Monotonic ms since when the room is run here, and since when nobody has been connected. */
  readonly startedAt: number;
  private aloneSince: number;
  /**
   * Monotonic ms of the last look or departure, and until when no player counts as away because this process was
   * suspended.
   */
  private checkedAt: number;
  private suspendedUntil: number;

  /** Matches may wait for reports. */
  private isSettling: boolean;

  constructor(private readonly parts: PresenceParts) {
    this.isSettling = !parts.isNewRoom;
    this.aloneSince = this.startedAt = this.checkedAt = this.suspendedUntil = parts.clock.mono();
  }

  /** Nobody is here, also after all nodes must have reported: until then a new owner takes it that somebody is. */
  get isAlone(): boolean {
    return this.members.size === 0 && this.parts.clock.mono() - this.startedAt > limits.presenceTimeout;
  }
  /** The nodes that have members; null while a new owner may not have heard of all of them. */
  get nodes(): ReadonlySet<string> | null {
    return this.parts.isNewRoom || this.parts.clock.mono() - this.startedAt > limits.presenceKnownAfter
      ? this.members.nodes
      : null;
  }
  /** Somebody watches, or may: a new owner may not have heard. */
  get hasSpectators(): boolean {
    return this.nodes === null || this.members.watchers > 0;
  }
  /**
   * Whether a player who is not marked as away is known to be connected. A new owner believes only reports, until all
   * nodes have reported.
   */
  isConnected(player: string): boolean {
    return !this.isSettling || this.members.hasPlayer(player);
  }
  /** For how long (ms) nobody has been connected. */
  get aloneForMs(): number {
    return this.parts.clock.mono() - this.aloneSince;
  }

  /**
   * Seats whose player no node has seen for a while are away until one sees them again.
   * Nodes report each second, so silence about a player is the player's, or that of a node that is gone.
   * @returns what the room has to be told
   */
  checkSeats(doc: RoomDocument): Command[] {
    const mono = this.parts.clock.mono();
    this.detectSuspension(mono);
    if (mono >= this.suspendedUntil) this.members.expire(mono);
    if (this.members.size > 0) this.aloneSince = mono;
    // a new owner does not have the reports of all nodes yet
    const isEarly = mono < this.suspendedUntil || mono - this.startedAt <= limits.presenceTimeout;
    const settles = this.isSettling && (doc.room.phase === 'waiting' || doc.room.phase === 'ended');
    this.isSettling &&= isEarly;
    const changes = doc.hidden.seats.flatMap((seat, i): Command[] => {
      const shown = doc.room.seats[i];
      if (!seat || !shown || isBot(seat.player)) return [];
      const seen = this.members.has(seat);
      if (seen) this.parts.inputs.setConnected(seat.player, true);
      if (shown.here && !seen && !isEarly) return [this.awayCommand(seat)];
      // It was the reports that were gone, not the player, who has noticed nothing.
      return !shown.here && seen
        ? [{ kind: 'join', player: seat.player, name: shown.name, session: seat.session }]
        : [];
    });
    return settles ? [...changes, { kind: 'settle' }] : changes;
  }

  /**
   * A connection has gone. After a suspension of this process that says nothing about the player: the client gave up a
   * connection that did not answer, and its new one waits for a node that was suspended as well. A player who does not
   * come back is found by `look`.
   * @returns the command for the room, if it was the player's last
   */
  handleDisconnect({ at, player, session }: RoomMessage & { k: 'disconnected' }): Command | null {
    const mono = this.parts.clock.mono();
    this.detectSuspension(mono);
    const wasLast = this.members.remove(at, { player, session });
    return wasLast && mono >= this.suspendedUntil ? this.awayCommand({ player, session }) : null;
  }

  /**
   * A process that was suspended has received no reports meanwhile. It waits for those of all nodes, like a new owner.
   */
  private detectSuspension(mono: number): void {
    if (mono - this.checkedAt > limits.presenceTimeout) {
      this.suspendedUntil = mono + limits.presenceTimeout;
      this.isSettling = true;
    }
    this.checkedAt = mono;
  }

  private awayCommand({ player, session }: { player: string; session: string }): Command {
    if (!this.members.hasPlayer(player)) this.parts.inputs.setConnected(player, false);
    return { kind: 'away', player, session };
  }

  /** Somebody is in: others of the same seat are told, unless it is the very connection that asks. */
  admit(message: RoomMessage & { k: 'join' }, outcome: Outcome | null): void {
    if (outcome?.kind === 'seated' && outcome.seated.replacedSession !== null) {
      const others = this.members
        .ofSession({ player: message.player, session: outcome.seated.replacedSession })
        .filter(old => old.node !== message.at.node || old.conn !== message.at.conn);
      for (const old of others)
        this.parts.sendNotice(old, { room: this.parts.id, code: 'session-replaced', session: old.session });
    }
    this.aloneSince = this.parts.clock.mono();
    this.members.add(message.at, message, this.aloneSince);
  }

  /**
   * Ends the membership of every connection that may not have one any more: of players who were thrown out, of sessions
   * whose seat is lost or has a newer session, and of a closed room, of all. Each is sent the reason, repeatedly until
   * its node has stopped reporting it. Called when a hold ends, and once a second.
   * @returns whether the room is closed
   */
  evictIneligible(doc: RoomDocument, fault: string | null): boolean {
    const isClosed = fault === closedFault;
    const holders = new Map(doc.hidden.seats.flatMap(s => (s ? [[s.player, s.session] as const] : [])));
    this.parts.inputs.retainHolders(holders);
    const banned = new Set(doc.hidden.banned);
    for (const member of this.members.list()) {
      const { player, session, watch } = member;
      const notice: Notice | null = isClosed
        ? { room: this.parts.id, code: 'closed' }
        : banned.has(player)
          ? { room: this.parts.id, code: 'kicked' }
          : !watch && holders.get(player) !== session
            ? { room: this.parts.id, code: 'seat-lost', session }
            : null;
      if (!notice) continue;
      this.parts.sendNotice(member, notice);
      this.members.drop(member);
    }
    return isClosed;
  }
}

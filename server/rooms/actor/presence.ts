import { limits } from '../../../shared/limits.ts';
import type { Notice } from '../../../shared/protocol.ts';
import type { Clock } from '../../runtime/ports.ts';
import { closedFault, isBot, type RoomDocument } from '../core/document.ts';
import type { InputBuffer } from '../core/input-buffer.ts';
import { RoomMembers } from './room-members.ts';
import type { ConnectionRef, RoomMessage } from './messages.ts';
import type { Command, Outcome } from '../core/commands.ts';

interface PresenceParts {
  id: string;
  clock: Clock;
  inputs: InputBuffer;
  /** A new room has no members but those that join through this owner. */
  isNewRoom: boolean;
  /** Ms without a connection after which a player is away (the contract's `away.after`). */
  awayAfter: number;
  /** Sends to one connection, on any node. */
  sendNotice(at: ConnectionRef, notice: Notice): void;
}

/** Tracks which connections are in the room, as nodes report them, and compares them with the seats. */
export class Presence {
  readonly members = new RoomMembers();
  /** Monotonic ms since which this node runs the room, and since which no connection is in it. */
  readonly startedAt: number;
  private aloneSince: number;
  /**
   * Monotonic ms of the last check or disconnect; and until which no player counts as away, because this process was
   * suspended.
   */
  private checkedAt: number;
  private suspendedUntil: number;

  /** Since when (monotonic ms) a seated player has had no connection, while that is no absence yet. */
  private readonly unconnectedSince = new Map<string, number>();

  /** Whether matches may still wait for reports of nodes. */
  private isSettling: boolean;

  constructor(private readonly parts: PresenceParts) {
    this.isSettling = !parts.isNewRoom;
    this.aloneSince = this.startedAt = this.checkedAt = this.suspendedUntil = parts.clock.mono();
  }

  /** Whether no connection is in the room. False until all nodes must have reported to a new owner. */
  get isAlone(): boolean {
    return this.members.size === 0 && this.parts.clock.mono() - this.startedAt > limits.presenceTimeout;
  }
  /** The nodes with members; null while a new owner may not have all reports. */
  get nodes(): ReadonlySet<string> | null {
    return this.parts.isNewRoom || this.parts.clock.mono() - this.startedAt > limits.presenceKnownAfter
      ? this.members.nodes
      : null;
  }
  /** Whether there are spectators, or may be, because a new owner may not have all reports. */
  get hasSpectators(): boolean {
    return this.nodes === null || this.members.watchers > 0;
  }
  /**
   * Whether a player who is not marked as away is known to be connected. Until all nodes have reported, a new owner
   * counts only reported players.
   */
  isConnected(player: string): boolean {
    return !this.isSettling || this.members.hasPlayer(player);
  }
  /** Ms for which no connection has been in the room. */
  get aloneForMs(): number {
    return this.parts.clock.mono() - this.aloneSince;
  }

  /**
   * Finds players whom no node has reported for some time, and players who are back. Nodes report every second, so a
   * missing report means that the player is disconnected or the node is gone.
   * @returns commands for the room
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
    for (const player of this.unconnectedSince.keys())
      if (!doc.hidden.seats.some(seat => seat?.player === player)) this.unconnectedSince.delete(player);
    const changes = doc.hidden.seats.flatMap((seat, i): Command[] => {
      const shown = doc.room.seats[i];
      if (!seat || !shown || isBot(seat.player)) return [];
      const seen = this.members.has(seat);
      if (seen) {
        this.parts.inputs.setConnected(seat.player, true);
        this.unconnectedSince.delete(seat.player);
      }
      if (shown.here && !seen && !isEarly) return this.awayCommands(seat);
      // Only the reports were missing: the player has noticed nothing and does not join again.
      return !shown.here && seen
        ? [{ kind: 'join', player: seat.player, name: shown.name, session: seat.session }]
        : [];
    });
    return settles ? [...changes, { kind: 'settle' }] : changes;
  }

  /**
   * Handles a closed connection. After a suspension of this process it says nothing about the player: the client closed
   * a connection that did not respond, and its new one may wait for a node that was suspended as well. `checkSeats`
   * finds players who do not return.
   * @returns a command if it was the player's last connection
   */
  handleDisconnect({ at, player, session }: RoomMessage & { k: 'disconnected' }): Command | null {
    const mono = this.parts.clock.mono();
    this.detectSuspension(mono);
    const wasLast = this.members.remove(at, { player, session });
    return (wasLast && mono >= this.suspendedUntil && this.awayCommands({ player, session })[0]) || null;
  }

  /**
   * Detects a suspension of this process, during which no reports arrived. As after a takeover, it then waits for the
   * reports of all nodes.
   */
  private detectSuspension(mono: number): void {
    if (mono - this.checkedAt > limits.presenceTimeout) {
      this.suspendedUntil = mono + limits.presenceTimeout;
      this.isSettling = true;
    }
    this.checkedAt = mono;
  }

  /** @returns none while that is no absence yet: `checkSeats` comes back to it */
  private awayCommands({ player, session }: { player: string; session: string }): Command[] {
    if (!this.members.hasPlayer(player)) this.parts.inputs.setConnected(player, false);
    const mono = this.parts.clock.mono();
    const since = this.unconnectedSince.get(player) ?? mono;
    if (mono - since < this.parts.awayAfter) {
      this.unconnectedSince.set(player, since);
      return [];
    }
    this.unconnectedSince.delete(player);
    return [{ kind: 'away', player, session }];
  }

  /** Adds a member. Other connections whose session it replaced are notified. */
  admit(message: RoomMessage & { k: 'join' }, outcome: Outcome | null): void {
    if (outcome?.kind === 'seated' && outcome.seated.replacedSession !== null) {
      const others = this.members
        .ofSession({ player: message.player, session: outcome.seated.replacedSession })
        .filter(old => old.node !== message.at.node || old.conn !== message.at.conn);
      for (const old of others)
        this.parts.sendNotice(old, { room: this.parts.id, code: 'session-replaced', session: old.session });
    }
    this.unconnectedSince.delete(message.player);
    this.aloneSince = this.parts.clock.mono();
    this.members.add(message.at, message, this.aloneSince);
  }

  /**
   * Ends the membership of connections that may no longer have one: of kicked players, of sessions whose seat is lost
   * or has a newer session, and all connections of a closed room. Each is sent the reason, repeatedly until its node
   * stops reporting it. Called when a hold ends, and once a second.
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

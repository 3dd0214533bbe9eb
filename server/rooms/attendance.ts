import { limits } from '../../shared/limits.ts';
import type { Notice } from '../../shared/protocol.ts';
import type { Clock } from '../ports.ts';
import { closedFault, isBot, type RoomDocument } from './document.ts';
import type { Inputs } from './inputs.ts';
import { Members } from './members.ts';
import type { Conn, RoomMessage } from './messages.ts';
import type { Input, Outcome } from './room.ts';

interface AttendanceParts {
  id: string;
  clock: Clock;
  inputs: Inputs;
  /** Nobody was ever in: who comes, comes by here. */
  fresh: boolean;
  /** Sends to one connection, on whichever node. */
  tell(at: Conn, notice: Notice): void;
}

/** Who is in the room, who is away, and who has to go: what the nodes report, held against the seats. */
export class Attendance {
  readonly members = new Members();
  /** Monotonic ms since when the room is run here, and since when nobody has been connected. */
  readonly since: number;
  private aloneSince: number;
  /** Monotonic ms of the last look or departure, and until when no player counts as away because this process was suspended. */
  private lookedAt: number;
  private blindUntil: number;

  /** Matches may wait for reports. */
  private settling: boolean;

  constructor(private readonly parts: AttendanceParts) {
    this.settling = !parts.fresh;
    this.aloneSince = this.since = this.lookedAt = this.blindUntil = parts.clock.mono();
  }

  /** Nobody is here, also after all nodes must have reported: until then a new owner takes it that somebody is. */
  get alone(): boolean { return this.members.size === 0 && this.parts.clock.mono() - this.since > limits.unseen; }
  /** The nodes that have members; null while a new owner may not have heard of all of them. */
  get nodes(): ReadonlySet<string> | null { return this.parts.fresh || this.parts.clock.mono() - this.since > limits.membersKnown ? this.members.nodes : null; }
  /** Somebody watches, or may: a new owner may not have heard. */
  get isWatched(): boolean { return this.nodes === null || this.members.watchers > 0; }
  /** Whether a player who is not marked as away is known to be connected. A new owner believes only reports, until all nodes have reported. */
  isConnected(player: string): boolean { return !this.settling || this.members.hasPlayer(player); }
  /** For how long (ms) nobody has been connected. */
  get aloneFor(): number { return this.parts.clock.mono() - this.aloneSince; }

  /**
   * Seats whose player no node has seen for a while are away until one sees them again.
   * Nodes report each second, so silence about a player is the player's, or that of a node that is gone.
   * @returns what the room has to be told
   */
  look(doc: RoomDocument): Input[] {
    const mono = this.parts.clock.mono();
    this.noticeSuspension(mono);
    if (mono >= this.blindUntil) this.members.expire(mono);
    if (this.members.size > 0) this.aloneSince = mono;
    const early = mono < this.blindUntil || mono - this.since <= limits.unseen; // a new owner does not have the reports of all nodes yet
    const settles = this.settling && (doc.room.phase === 'waiting' || doc.room.phase === 'ended');
    this.settling &&= early;
    const changes = doc.hidden.seats.flatMap((seat, i): Input[] => {
      const shown = doc.room.seats[i];
      if (!seat || !shown || isBot(seat.player)) return [];
      const seen = this.members.has(seat);
      if (seen) this.parts.inputs.seen(seat.player, true);
      if (shown.here && !seen && !early) return [this.away(seat)];
      // It was the reports that were gone, not the player, who has noticed nothing.
      return !shown.here && seen ? [{ kind: 'join', player: seat.player, name: shown.name, session: seat.session }] : [];
    });
    return settles ? [...changes, { kind: 'settle' }] : changes;
  }

  /**
   * A connection has gone. After a suspension of this process that says nothing about the player: the client gave up a connection that
   * did not answer, and its new one waits for a node that was suspended as well. A player who does not come back is found by `look`.
   * @returns the command for the room, if it was the player's last
   */
  gone({ at, player, session }: RoomMessage & { k: 'gone' }): Input | null {
    const mono = this.parts.clock.mono();
    this.noticeSuspension(mono);
    const wasLast = this.members.remove(at, { player, session });
    return wasLast && mono >= this.blindUntil ? this.away({ player, session }) : null;
  }

  /** A process that was suspended has received no reports meanwhile. It waits for those of all nodes, like a new owner. */
  private noticeSuspension(mono: number): void {
    if (mono - this.lookedAt > limits.unseen) {
      this.blindUntil = mono + limits.unseen;
      this.settling = true;
    }
    this.lookedAt = mono;
  }

  private away({ player, session }: { player: string; session: string }): Input {
    if (!this.members.hasPlayer(player)) this.parts.inputs.seen(player, false);
    return { kind: 'away', player, session };
  }

  /** Somebody is in: others of the same seat are told, unless it is the very connection that asks. */
  welcome(message: RoomMessage & { k: 'join' }, outcome: Outcome | null): void {
    if (outcome?.kind === 'seated' && outcome.seated.replaced !== null) {
      const others = this.members.ofSession({ player: message.player, session: outcome.seated.replaced }).filter(old => old.node !== message.at.node || old.conn !== message.at.conn);
      for (const old of others) this.parts.tell(old, { room: this.parts.id, code: 'session-replaced', session: old.session });
    }
    this.aloneSince = this.parts.clock.mono();
    this.members.add(message.at, message, this.aloneSince);
  }

  /**
   * Ends the membership of every connection that may not have one any more: of players who were thrown out, of sessions whose seat
   * is lost or has a newer session, and of a closed room, of all. Each is sent the reason, repeatedly until its node has stopped
   * reporting it. Called when a hold ends, and once a second.
   * @returns whether the room is closed
   */
  showOut(doc: RoomDocument, fault: string | null): boolean {
    const isClosed = fault === closedFault;
    const holders = new Map(doc.hidden.seats.flatMap(s => (s ? [[s.player, s.session] as const] : [])));
    this.parts.inputs.keep(holders);
    const banned = new Set(doc.hidden.banned);
    for (const member of this.members.list()) {
      const { player, session, watch } = member;
      const notice: Notice | null = isClosed ? { room: this.parts.id, code: 'closed' }
        : banned.has(player) ? { room: this.parts.id, code: 'kicked' }
        : !watch && holders.get(player) !== session ? { room: this.parts.id, code: 'seat-lost', session } : null;
      if (!notice) continue;
      this.parts.tell(member, notice);
      this.members.drop(member);
    }
    return isClosed;
  }
}

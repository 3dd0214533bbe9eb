import { limits } from '../../../shared/limits.ts';
import type { Spectator } from '../../../shared/protocol.ts';
import type { ConnectionRef, MemberReport } from './messages.ts';

export interface RoomMember extends ConnectionRef {
  player: string;
  session: string;
  watch: boolean;
  /** A spectator's name, from the last join; players' names are in their seats. */
  name: string;
  /** Monotonic ms of the last join or report. */
  seen: number;
}

/** The connections in a room, as nodes report them. Not durable: a new owner gets the reports within a second. */
export class RoomMembers {
  private readonly all = new Map<string, RoomMember>();
  /** Number of members by node. */
  private readonly byNode = new Map<string, number>();
  /** Cached, because it is read with each entry; reset when a node is added or removed. */
  private nodeIds: ReadonlySet<string> | null = null;

  add(
    at: ConnectionRef,
    { player, session, watch, name }: { player: string; session: string; watch: boolean; name?: string },
    mono: number,
  ): void {
    const known = this.all.get(connectionKey(at));
    // Updated in place: this runs once a second for every member.
    if (known) {
      Object.assign(known, { player, session, watch, seen: mono });
      if (name !== undefined && watch) known.name = name;
    } else {
      this.all.set(connectionKey(at), {
        node: at.node,
        conn: at.conn,
        player,
        session,
        watch,
        name: watch && name !== undefined ? name : '',
        seen: mono,
      });
      this.byNode.set(at.node, (this.byNode.get(at.node) ?? 0) + 1);
      this.nodeIds = null;
    }
  }

  /** Removes a connection. @returns whether the player has no other connection with this session */
  remove(at: ConnectionRef, who: { player: string; session: string }): boolean {
    this.drop(at);
    return !this.has(who);
  }

  /** Applies a node's report: exactly these members are connected there. */
  report(node: string, reports: readonly MemberReport[], mono: number): void {
    for (const r of reports) {
      const known = this.all.get(connectionKey({ node, conn: r.conn }));
      // The member may have changed its session after the report was written.
      if (known && known.session !== r.session && mono - known.seen <= limits.headExchangeInterval / 2) continue;
      this.add({ node, conn: r.conn }, r, mono);
    }
    // A member that joined a moment ago may be missing in a report that was written before.
    for (const m of this.all.values())
      if (m.node === node && m.seen !== mono && mono - m.seen > limits.headExchangeInterval / 2) this.drop(m);
  }

  /** Drops members that their nodes have not reported for too long. */
  expire(mono: number): void {
    for (const m of this.all.values()) if (mono - m.seen > limits.presenceTimeout) this.drop(m);
  }

  /** Connections of a player's session. Clients choose their session ids, so these are unique only per player. */
  ofSession({ player, session }: { player: string; session: string }): RoomMember[] {
    return [...this.all.values()].filter(m => m.session === session && m.player === player);
  }
  /** All connections of a player, including those as a spectator. */
  ofPlayer(player: string): RoomMember[] {
    return [...this.all.values()].filter(m => m.player === player);
  }
  hasPlayer(player: string): boolean {
    return this.ofPlayer(player).some(m => !m.watch);
  }
  drop(at: ConnectionRef): void {
    if (!this.all.delete(connectionKey(at))) return;
    const left = this.byNode.get(at.node)! - 1;
    if (left > 0) return void this.byNode.set(at.node, left);
    this.byNode.delete(at.node);
    this.nodeIds = null;
  }
  has({ player, session }: { player: string; session: string }): boolean {
    for (const m of this.all.values()) if (m.session === session && m.player === player) return true;
    return false;
  }
  get size(): number {
    return this.all.size;
  }
  /** Nodes with at least one member. */
  get nodes(): ReadonlySet<string> {
    return (this.nodeIds ??= new Set(this.byNode.keys()));
  }
  /** Number of spectator connections other than `at`. */
  otherWatchers(at: ConnectionRef): number {
    return this.watchers - (this.all.get(connectionKey(at))?.watch ? 1 : 0);
  }
  /** Spectators, each player once. */
  spectators(): Spectator[] {
    const players = new Map<string, Spectator>();
    for (const { player, name, watch } of this.all.values())
      if (watch && (name !== '' || !players.has(player))) players.set(player, { player, name });
    return [...players.values()];
  }
  get watchers(): number {
    let n = 0;
    for (const m of this.all.values()) if (m.watch) n++;
    return n;
  }
  /**
   * The node with nearly all players' connections (`limits.follow.playerShare`), spectators not counted. Null if they
   * are spread over nodes, or there are no players.
   */
  get majorityNode(): string | null {
    const players = new Map<string, number>();
    let all = 0;
    for (const m of this.all.values()) {
      if (m.watch) continue;
      if (this.byNode.size === 1) return m.node;
      players.set(m.node, (players.get(m.node) ?? 0) + 1);
      all += 1;
    }
    for (const [node, n] of players) if (n >= limits.follow.playerShare * all) return node;
    return null;
  }
  list(): RoomMember[] {
    return [...this.all.values()];
  }
}

const connectionKey = (at: ConnectionRef): string => `${at.node}/${at.conn}`;

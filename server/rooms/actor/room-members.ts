import { limits } from '../../../shared/limits.ts';
import type { Spectator } from '../../../shared/protocol.ts';
import type { ConnectionRef, MemberReport } from './messages.ts';

export interface RoomMember extends ConnectionRef {
  player: string;
  session: string;
  watch: boolean;
  /** A spectator's, from the last join; seats have names of their own. */
  name: string;
  /** monotonic ms of the last sign of it */
  seen: number;
}

/**
 * Who is connected to a room right now, by what the nodes say. Not durable: a new owner hears it from the nodes within
 * a second.
 */
export class RoomMembers {
  private readonly all = new Map<string, RoomMember>();
  /** How many, by node. */
  private readonly byNode = new Map<string, number>();
  /** Asked for with each entry, and another one only when a node has come or gone. */
  private nodeIds: ReadonlySet<string> | null = null;

  add(
    at: ConnectionRef,
    { player, session, watch, name }: { player: string; session: string; watch: boolean; name?: string },
    mono: number,
  ): void {
    const known = this.all.get(connectionKey(at));
    // Once a second for everybody who is here: changed where it is, for what is made anew each time is garbage.
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

  /** A connection that has gone. @returns whether its player has no other connection with this session left */
  remove(at: ConnectionRef, who: { player: string; session: string }): boolean {
    this.drop(at);
    return !this.has(who);
  }

  /** Takes in what a node says about its own: exactly these are connected there. */
  report(node: string, reports: readonly MemberReport[], mono: number): void {
    for (const r of reports) {
      const known = this.all.get(connectionKey({ node, conn: r.conn }));
      // Who took another session a moment ago may have done so after the report was written.
      if (known && known.session !== r.session && mono - known.seen <= limits.headExchangeInterval / 2) continue;
      this.add({ node, conn: r.conn }, r, mono);
    }
    // Who joined a moment ago may have done so after the report was written.
    for (const m of this.all.values())
      if (m.node === node && m.seen !== mono && mono - m.seen > limits.headExchangeInterval / 2) this.drop(m);
  }

  /** Drops those whose node has been silent about them for too long. */
  expire(mono: number): void {
    for (const m of this.all.values()) if (mono - m.seen > limits.presenceTimeout) this.drop(m);
  }

  /**
   * Connections of a player's session. Sessions are what clients say: only together with the player do they mean
   * anything.
   */
  ofSession({ player, session }: { player: string; session: string }): RoomMember[] {
    return [...this.all.values()].filter(m => m.session === session && m.player === player);
  }
  /** Also where it only watches. */
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
  /** Where they are. */
  get nodes(): ReadonlySet<string> {
    return (this.nodeIds ??= new Set(this.byNode.keys()));
  }
  /** Other connections that watch. */
  otherWatchers(at: ConnectionRef): number {
    return this.watchers - (this.all.get(connectionKey(at))?.watch ? 1 : 0);
  }
  /** Who watches, each player once. */
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
   * The one node to which nearly all players are connected (`limits.follow.share`), whoever watches; null where they
   * are spread, or nobody plays.
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

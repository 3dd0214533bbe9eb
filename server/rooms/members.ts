import { limits } from '../../shared/limits.ts';
import type { Conn, MemberReport } from './messages.ts';

export interface Member extends Conn { player: string; session: string; watch: boolean; /** monotonic ms of the last sign of it */ seen: number }

/** Who is connected to a room right now, by what the nodes say. Not durable: a new owner hears it from the nodes within a second. */
export class Members {
  private readonly all = new Map<string, Member>();
  /** How many, by node. */
  private readonly byNode = new Map<string, number>();

  add(at: Conn, member: { player: string; session: string; watch: boolean }, mono: number): void {
    if (!this.all.has(key(at))) this.byNode.set(at.node, (this.byNode.get(at.node) ?? 0) + 1);
    this.all.set(key(at), { ...at, ...member, seen: mono });
  }

  /** A connection that has gone. @returns whether its player has no other connection with this session left */
  remove(at: Conn, who: { player: string; session: string }): boolean {
    this.drop(at);
    return !this.has(who);
  }

  /** Takes in what a node says about its own: exactly these are connected there. */
  report(node: string, reports: readonly MemberReport[], mono: number): void {
    const said = new Set(reports.map(r => r.conn));
    // Who joined a moment ago may have done so after the report was written.
    for (const m of this.all.values()) if (m.node === node && !said.has(m.conn) && mono - m.seen > limits.heads / 2) this.drop(m);
    for (const r of reports) this.add({ node, conn: r.conn }, r, mono);
  }

  /** Drops those whose node has been silent about them for too long. */
  expire(mono: number): void {
    for (const m of this.all.values()) if (mono - m.seen > limits.unseen) this.drop(m);
  }

  /** Connections of a player's session. Sessions are what clients say: only together with the player do they mean anything. */
  ofSession({ player, session }: { player: string; session: string }): Member[] { return [...this.all.values()].filter(m => m.session === session && m.player === player); }
  /** Also where it only watches. */
  ofPlayer(player: string): Member[] { return [...this.all.values()].filter(m => m.player === player); }
  hasPlayer(player: string): boolean { return this.ofPlayer(player).some(m => !m.watch); }
  drop(at: Conn): void {
    if (!this.all.delete(key(at))) return;
    const left = this.byNode.get(at.node)! - 1;
    if (left > 0) this.byNode.set(at.node, left);
    else this.byNode.delete(at.node);
  }
  has({ player, session }: { player: string; session: string }): boolean {
    for (const m of this.all.values()) if (m.session === session && m.player === player) return true;
    return false;
  }
  get size(): number { return this.all.size; }
  /** Where they are. */
  get nodes(): ReadonlySet<string> { return new Set(this.byNode.keys()); }
  get watchers(): number { let n = 0; for (const m of this.all.values()) if (m.watch) n++; return n; }
  /** The one node to which nearly all players are connected (`limits.follow.share`), whoever watches; null where they are spread, or nobody plays. */
  get home(): string | null {
    const players = new Map<string, number>();
    let all = 0;
    for (const m of this.all.values()) {
      if (m.watch) continue;
      if (this.byNode.size === 1) return m.node;
      players.set(m.node, (players.get(m.node) ?? 0) + 1);
      all += 1;
    }
    for (const [node, n] of players) if (n >= limits.follow.share * all) return node;
    return null;
  }
  list(): Member[] { return [...this.all.values()]; }
}

const key = (at: Conn): string => `${at.node}/${at.conn}`;

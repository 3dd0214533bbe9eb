import { limits } from '../../shared/limits.ts';
import type { Conn, MemberReport } from './messages.ts';

export interface Member extends Conn { player: string; session: string; watch: boolean; /** monotonic ms of the last sign of it */ seen: number }

/** Who is connected to a room right now, by what the nodes say. Not durable: a new owner hears it from the nodes within a second. */
export class Members {
  private readonly all = new Map<string, Member>();

  add(at: Conn, member: { player: string; session: string; watch: boolean }, mono: number): void {
    this.all.set(key(at), { ...at, ...member, seen: mono });
  }

  /** A connection that has gone. @returns whether its player has no other connection with this session left */
  remove(at: Conn, who: { player: string; session: string }): boolean {
    this.all.delete(key(at));
    return !this.has(who);
  }

  /** Takes in what a node says about its own: exactly these are connected there. */
  report(node: string, reports: readonly MemberReport[], mono: number): void {
    const said = new Set(reports.map(r => r.conn));
    // Who joined a moment ago may have done so after the report was written.
    for (const [k, m] of this.all) if (m.node === node && !said.has(m.conn) && mono - m.seen > limits.heads / 2) this.all.delete(k);
    for (const r of reports) this.all.set(key({ node, conn: r.conn }), { node, ...r, seen: mono });
  }

  /** Drops those whose node has been silent about them for too long. */
  expire(mono: number): void {
    for (const [k, m] of this.all) if (mono - m.seen > limits.unseen) this.all.delete(k);
  }

  /** Connections of a player's session. Sessions are what clients say: only together with the player do they mean anything. */
  ofSession({ player, session }: { player: string; session: string }): Member[] { return [...this.all.values()].filter(m => m.session === session && m.player === player); }
  /** Also where it only watches. */
  ofPlayer(player: string): Member[] { return [...this.all.values()].filter(m => m.player === player); }
  hasPlayer(player: string): boolean { return this.ofPlayer(player).some(m => !m.watch); }
  drop(at: Conn): void { this.all.delete(key(at)); }
  has({ player, session }: { player: string; session: string }): boolean {
    for (const m of this.all.values()) if (m.session === session && m.player === player) return true;
    return false;
  }
  get size(): number { return this.all.size; }
  get watchers(): number { let n = 0; for (const m of this.all.values()) if (m.watch) n++; return n; }
  list(): Member[] { return [...this.all.values()]; }
}

const key = (at: Conn): string => `${at.node}/${at.conn}`;

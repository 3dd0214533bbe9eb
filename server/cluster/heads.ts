import { limits } from '../../shared/limits.ts';
import type { Clock } from '../ports.ts';
import type { Head, HeadsReply, HeadsRequest, MemberReport } from '../rooms/messages.ts';
import type { Registry } from '../rooms/registry.ts';
import type { Peers } from './peers.ts';
import type { Router } from './router.ts';

/**
 * The heads of the rooms in which this node has members, as their owners say them. Not what this node happened to relay:
 * what was lost on the way to a client may have been lost on the way to this node.
 */
export class Heads {
  private readonly known = new Map<string, { head: Head; at: number }>();

  constructor(private readonly parts: { self: string; registry: Registry; router: Router; peers: Peers; clock: Clock; reports: () => Map<string, MemberReport[]>; /** A room with members here does not exist. */ missing(room: string): void }) {
    parts.peers.on('heads', (from, body) => this.answer(from, body as unknown as HeadsRequest) as never);
  }

  /** The head, if its owner was heard within the last exchanges; null where it was not. */
  get(room: string): Head | null {
    const host = this.parts.registry.get(room);
    if (host) return host.head;
    const known = this.known.get(room);
    return known && this.parts.clock.mono() - known.at < limits.heads * 2.5 ? known.head : null;
  }

  /** What an answer of the owner said; of the spectators it says nothing. */
  heard(room: string, said: Omit<Head, 'watchers'>): void {
    if (this.parts.registry.get(room)) return;
    this.known.set(room, { head: { ...said, watchers: this.known.get(room)?.head.watchers ?? 0 }, at: this.parts.clock.mono() });
  }

  /** Tells each owner who is here, and hears its rooms' heads. Rooms that no living node owns are taken over. */
  async exchange(): Promise<void> {
    const { registry, router, self, clock } = this.parts;
    const byOwner = new Map<string, HeadsRequest>();
    const reports = this.parts.reports();
    for (const [room, members] of reports) {
      const host = registry.get(room);
      if (host) {
        host.members.report(self, members, clock.mono());
        continue;
      }
      const owner = router.directory.get(room)?.node;
      if (owner === undefined || owner === null || owner === self) this.poke(room);
      else {
        let rooms = byOwner.get(owner);
        if (!rooms) byOwner.set(owner, rooms = {});
        rooms[room] = members;
      }
    }
    for (const room of this.known.keys()) if (!reports.has(room)) this.known.delete(room);
    await Promise.all([...byOwner].map(([owner, rooms]) => this.ask(owner, rooms)));
  }

  private async ask(owner: string, rooms: HeadsRequest): Promise<void> {
    const { peers, router, clock } = this.parts;
    let heads: HeadsReply;
    try {
      heads = (await peers.ask(owner, 'heads', rooms)) as unknown as HeadsReply;
    } catch {
      // Gone or silent: the poke finds out which, and who owns the rooms now.
      for (const room of Object.keys(rooms)) this.poke(room);
      return;
    }
    for (const [room, head] of Object.entries(heads)) {
      if (head) this.known.set(room, { head, at: clock.mono() });
      else {
        router.directory.forget(room);
        this.poke(room);
      }
    }
  }

  private poke(room: string): void {
    void this.parts.router.request(room, { k: 'poke' }).then(reply => { if (!reply.ok && reply.code === 'room-missing') this.parts.missing(room); });
  }

  private answer(from: string, rooms: HeadsRequest): HeadsReply {
    const reply: HeadsReply = {};
    for (const [room, members] of Object.entries(rooms)) {
      const host = this.parts.registry.get(room);
      host?.members.report(from, members, this.parts.clock.mono());
      reply[room] = host ? host.head : null;
    }
    return reply;
  }
}

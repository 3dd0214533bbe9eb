import type { RoomLine } from './room-tracker.ts';

/** A place in a room's history. */
interface Place {
  key: string;
  term: string;
  seq: number;
}
/** What a server has that is not in the history yet; or, where it began anew, at which place. */
type Waiting = RoomLine | { begins: { term: string; seq: number } };
interface Follower {
  cursor: Map<string, number>;
  waiting: Map<string, Waiting[]>;
}

/**
 * One history from several servers: what the master has, in its order. The others have a beginning of it, of which the
 * lineage keeps count; so that when one of them is made the master it is known what it lacks. What the old master took
 * until it knew comes before that: it was durable nowhere else, and is gone.
 */
export class Lineage {
  private readonly history = new Map<string, Place[]>();
  private readonly followers = new Map<string, Follower>();
  private readonly next: string[] = [];

  /**
   * @param write writes down a line, or that a room ends with an entry again: 'rolled-back', when, its seq, its term
   */
  constructor(
    public master: string,
    private readonly write: (room: string, record: readonly unknown[]) => void,
  ) {}

  /** What a server says happened. */
  heard(server: string, line: RoomLine): void {
    const follower = this.followers.get(server);
    if (server === this.master && !follower) return this.append(line);
    this.wait(server, line.room, line);
  }

  /** A server began anew, with these rooms. A master does so only when it is none any more. */
  began(server: string, rooms: ReadonlyMap<string, { term: string; seq: number }>): void {
    if (server === this.master && this.next.length === 0) return;
    const follower: Follower = { cursor: new Map(), waiting: new Map() };
    this.followers.set(server, follower);
    for (const [room, places] of this.history)
      if (!rooms.has(room) && places.at(-1)?.key === 'removed') follower.cursor.set(room, places.length);
    for (const [room, begins] of rooms) this.wait(server, room, { begins: { term: begins.term, seq: begins.seq } });
  }

  /** Another one is the master; what the old one has said is not at its end before `settle`. */
  switched(server: string): void {
    this.next.push(server);
  }

  /** Whoever was the master says no more. @returns how many entries are gone */
  settle(at: number): number {
    let gone = 0;
    for (const server of this.next.splice(0)) if (server !== this.master) gone += this.promote(server, at);
    return gone;
  }

  private promote(server: string, at: number): number {
    let gone = 0;
    const follower = this.follower(server);
    const old = this.followers.get(this.master) ?? null;
    const ends = new Map<string, number>();
    const own: RoomLine[] = [];
    for (const room of new Set([...this.history.keys(), ...follower.waiting.keys()])) {
      this.advance(follower, room);
      const places = this.history.get(room) ?? [];
      const cursor = follower.cursor.get(room) ?? 0;
      if (cursor < places.length) {
        const last = places[cursor - 1];
        gone += places.splice(cursor).filter(p => p.key.startsWith('entry')).length;
        this.write(room, ['rolled-back', at, last?.seq ?? 0, Number(last?.term ?? 0)]);
        if (!last) this.write(room, ['removed', at]);
      }
      ends.set(room, places.length);
      const waiting = follower.waiting.get(room) ?? [];
      const until = waiting.findIndex(line => 'begins' in line);
      own.push(...(waiting.splice(0, until < 0 ? waiting.length : until) as RoomLine[]));
    }
    for (const other of this.followers.values())
      for (const [room, cursor] of other.cursor) other.cursor.set(room, Math.min(cursor, ends.get(room) ?? 0));
    // One that has not begun anew has all of it, and hears the rest.
    if (!old) this.followers.set(this.master, { cursor: ends, waiting: new Map() });
    this.master = server;
    // A master whose lines are at an end once more begins anew: what it has heard since waits with it.
    if ([...follower.waiting.values()].every(lines => lines.length === 0)) this.followers.delete(server);
    for (const line of own) this.append(line);
    return gone;
  }

  private append({ room, record, key, term, seq }: RoomLine): void {
    this.write(room, record);
    if (key === '') return;
    const places = this.history.get(room);
    if (places) places.push({ key, term, seq });
    else this.history.set(room, [{ key, term, seq }]);
  }

  private follower(server: string): Follower {
    let one = this.followers.get(server);
    if (!one) this.followers.set(server, (one = { cursor: new Map(), waiting: new Map() }));
    return one;
  }

  private wait(server: string, room: string, what: Waiting): void {
    const follower = this.follower(server);
    const waiting = follower.waiting.get(room);
    if (waiting) waiting.push(what);
    else follower.waiting.set(room, [what]);
    this.advance(follower, room);
  }

  /** Strikes out what the history has as well. */
  private advance({ cursor, waiting }: Follower, room: string): void {
    const lines = waiting.get(room) ?? [];
    const places = this.history.get(room) ?? [];
    for (let [first] = lines; first; [first] = lines) {
      if ('begins' in first) {
        const { term, seq } = first.begins;
        const at = places.findLastIndex(p => p.term === term && p.seq === seq);
        if (at < 0) return;
        cursor.set(room, at + 1);
      } else if (first.key !== '') {
        const at = cursor.get(room) ?? 0;
        if (places[at]?.key !== first.key) return;
        cursor.set(room, at + 1);
      }
      lines.shift();
    }
  }
}

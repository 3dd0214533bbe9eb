/**
 * The names of everything in Redis. Ids come from `ids.ts` (letters, digits, - and _), so nothing here can be steered.
 */
export class RedisKeys {
  constructor(private readonly prefix: string) {}
  /** Token, term, owner, seq of a room. The keys of one room share a tag. */
  meta(id: string): string {
    return `${this.prefix}{r:${id}}:m`;
  }
  journal(id: string): string {
    return `${this.prefix}{r:${id}}:j`;
  }
  snapshot(id: string): string {
    return `${this.prefix}{r:${id}}:s`;
  }
  /** Pieces of the recording of a match, and the whole of it. */
  replayParts(id: string, match: number): string {
    return `${this.prefix}{r:${id}}:p${match}`;
  }
  replay(id: string, match: number): string {
    return `${this.prefix}{r:${id}}:r${match}`;
  }
  code(code: string): string {
    return `${this.prefix}code:${code}`;
  }
  /**
   * When rooms expire (sorted set: id -> ms). Every index line of a room ends with its line here: see lua/sweep.lua.
   */
  get lives(): string {
    return `${this.prefix}lives`;
  }
  /** Public rooms: id -> json, and their order (see lua/index.lua). */
  get summaries(): string {
    return `${this.prefix}summaries`;
  }
  get listed(): string {
    return `${this.prefix}listed`;
  }
  /**
   * Rooms offered to quick joins: id -> json; those that are open, in order; when to look at an offer again (id -> ms).
   */
  get offers(): string {
    return `${this.prefix}offers`;
  }
  get open(): string {
    return `${this.prefix}open`;
  }
  get reviews(): string {
    return `${this.prefix}reviews`;
  }
  /** The room that one quick join was given, by its id; and the last one of a player, by game. */
  call(player: string, game: string, call: string): string {
    return `${this.prefix}call:${player}:${game}:${call}`;
  }
  lastCall(player: string, game: string): string {
    return `${this.prefix}last-call:${player}:${game}`;
  }
  /** Rooms out of play: id -> why, since. */
  get quarantined(): string {
    return `${this.prefix}quarantined`;
  }
  /** Who made which rooms that live: id -> json; and by maker, in order (see lua/index.lua). */
  get makers(): string {
    return `${this.prefix}makers`;
  }
  get made(): string {
    return `${this.prefix}made`;
  }
  /** Rooms in which a player is connected: ids, in their order. */
  get occupied(): string {
    return `${this.prefix}occupied`;
  }
  get due(): string {
    return `${this.prefix}due`;
  }
  get nodes(): string {
    return `${this.prefix}nodes`;
  }
  get probe(): string {
    return `${this.prefix}probe`;
  }
  /** Channel of a node's inbox. */
  inbox(node: string): string {
    return `${this.prefix}node:${node}`;
  }
  /** Channel to which a node listens on its register's connection, for nothing but to be seen there. */
  presence(node: string): string {
    return `${this.prefix}standing:${node}`;
  }
  /** Channels of the Socket.IO adapter begin so. */
  get adapter(): string {
    return `${this.prefix}io`;
  }
}

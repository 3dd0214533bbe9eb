/**
 * All key and channel names in Redis. Ids contain only letters, digits, - and _, so a client cannot inject into a name.
 */
export class RedisKeys {
  constructor(private readonly prefix: string) {}
  /** Token, term, owner and seq of a room. All keys of one room share a hash tag. */
  meta(id: string): string {
    return `${this.prefix}{r:${id}}:m`;
  }
  journal(id: string): string {
    return `${this.prefix}{r:${id}}:j`;
  }
  snapshot(id: string): string {
    return `${this.prefix}{r:${id}}:s`;
  }
  /** Parts of a match's recording, and the complete recording. */
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
   * When rooms expire (sorted set: id -> ms). A room's other index entries are removed with this one: see
   * lua/sweep.lua.
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
  /** Offers to quick joins: id -> json; open rooms in order; when to review an offer (id -> ms). */
  get offers(): string {
    return `${this.prefix}offers`;
  }
  get open(): string {
    return `${this.prefix}open`;
  }
  get reviews(): string {
    return `${this.prefix}reviews`;
  }
  /** The room that a quick join was given, by call id; and the last one of a player, by game. */
  call(player: string, game: string, call: string): string {
    return `${this.prefix}call:${player}:${game}:${call}`;
  }
  lastCall(player: string, game: string): string {
    return `${this.prefix}last-call:${player}:${game}`;
  }
  /** Quarantined rooms: id -> reason, since. */
  get quarantined(): string {
    return `${this.prefix}quarantined`;
  }
  /** Makers of live rooms: id -> json; and rooms by maker, in order (see lua/index.lua). */
  get makers(): string {
    return `${this.prefix}makers`;
  }
  get made(): string {
    return `${this.prefix}made`;
  }
  /** Ids of rooms with a connected player, in order. */
  get occupied(): string {
    return `${this.prefix}occupied`;
  }
  /** How the server's own code finds rooms: lines by term, in order, and records, id -> json (see lua/index.lua). */
  get terms(): string {
    return `${this.prefix}terms`;
  }
  get indexed(): string {
    return `${this.prefix}indexed`;
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
  /** Channel that a node subscribes to on its register connection, only so that its subscription can be counted. */
  presence(node: string): string {
    return `${this.prefix}standing:${node}`;
  }
  /** Prefix of the Socket.IO adapter's channels. */
  get adapter(): string {
    return `${this.prefix}io`;
  }
}

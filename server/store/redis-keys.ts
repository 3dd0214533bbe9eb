/** The names of everything in Redis. Ids come from `ids.ts` (letters, digits, - and _), so nothing here can be steered. */
export class RedisKeys {
  constructor(private readonly prefix: string) {}
  /** Token, term, owner, seq of a room. The keys of one room share a tag. */
  meta(id: string): string { return `${this.prefix}{r:${id}}:m`; }
  journal(id: string): string { return `${this.prefix}{r:${id}}:j`; }
  snapshot(id: string): string { return `${this.prefix}{r:${id}}:s`; }
  /** Pieces of the recording of a match, and the whole of it. */
  replayParts(id: string, match: number): string { return `${this.prefix}{r:${id}}:p${match}`; }
  replay(id: string, match: number): string { return `${this.prefix}{r:${id}}:r${match}`; }
  code(code: string): string { return `${this.prefix}code:${code}`; }
  get listed(): string { return `${this.prefix}listed`; }
  get open(): string { return `${this.prefix}open`; }
  get summaries(): string { return `${this.prefix}summaries`; }
  /** Rooms out of play: id -> why, since. */
  get quarantined(): string { return `${this.prefix}quarantined`; }
  get due(): string { return `${this.prefix}due`; }
  get nodes(): string { return `${this.prefix}nodes`; }
  get probe(): string { return `${this.prefix}probe`; }
  /** Channel of a node's inbox. */
  inbox(node: string): string { return `${this.prefix}node:${node}`; }
  /** Channel to which a node listens on its register's connection, for nothing but to be seen there. */
  standing(node: string): string { return `${this.prefix}standing:${node}`; }
  /** Channels of the Socket.IO adapter begin so. */
  get adapter(): string { return `${this.prefix}io`; }
}

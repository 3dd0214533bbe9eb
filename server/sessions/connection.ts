import type { Notice, ServerToClient } from '../../shared/protocol.ts';
import type { Channel } from '../ports.ts';
import type { AddressAllowance, PlayerAllowance } from './allowances.ts';
import { full } from './bucket.ts';
import type { Encoded } from './encoded.ts';
import type { LocalCasts } from './local-casts.ts';

/** A client's line, as the gateway gives it. */
export interface ClientLink {
  readonly id: string;
  send<E extends keyof ServerToClient>(event: E, ...args: Parameters<ServerToClient[E]>): void;
  /** Sends what is encoded already, in order with everything else. */
  pass(said: Encoded): void;
  /** Takes effect before it returns: what is sent to the channel from now on arrives. */
  subscribe(channel: Channel): void;
  unsubscribe(channel: Channel): void;
  close(): void;
}

/** A connection's hold on a room. */
export interface Attachment { session: string; watch: boolean; channels: readonly Channel[]; game: string }
interface Attached extends Attachment { /** The room's number on this node. */ number: number; /** The owner's term that the client goes by, and that it knows the number; null: it knows neither. */ known: number | null }

/** One connected client: who it is, and the rooms it is in. */
export class Connection {
  readonly rooms = new Map<string, Attached>();
  /** The last of the requests about a room that are carried out in turn; null: none, as most of the time. */
  private turns: Map<string, Promise<unknown>> | null = null;
  /** When its allowance of malformed packets is full again, in the clock's ms: see bucket.ts. */
  strikes: number = full;
  open = true;

  constructor(readonly link: ClientLink, readonly player: string, readonly name: string, private readonly casts: LocalCasts, readonly allowance: PlayerAllowance, readonly address: AddressAllowance | null = null, /** Its address; null for this machine, or if it is unknown. */ readonly from: string | null = null) {}

  get id(): string { return this.link.id; }

  /** In how many rooms it is, or about to be. */
  get roomCount(): number {
    let count = this.rooms.size;
    if (this.turns) for (const room of this.turns.keys()) if (!this.rooms.has(room)) count += 1;
    return count;
  }

  /** The room that goes by a number; undefined: none that it is in. Most are in one. */
  roomBy(number: number): string | undefined {
    for (const [room, own] of this.rooms) if (own.number === number) return room;
    return undefined;
  }

  /** Whether it is in the room, or about to be. */
  isIn(room: string): boolean { return this.rooms.has(room) || this.turns?.has(room) === true; }

  /**
   * Carries out a request about a room when those before it are done: two joins, or a join and a leave, that overtook each other
   * would leave the connection with a membership that nobody wants. The room counts as one of its own meanwhile.
   */
  async inTurn<T>(room: string, work: () => Promise<T>): Promise<T> {
    const turns = (this.turns ??= new Map<string, Promise<unknown>>());
    const before = turns.get(room);
    const turn = before ? before.then(work, work) : work();
    turns.set(room, turn);
    try {
      return await turn;
    } finally {
      if (turns.get(room) === turn) turns.delete(room);
      if (turns.size === 0 && this.turns === turns) this.turns = null;
    }
  }

  /** Hears a channel from now on. */
  subscribe(channel: Channel): void {
    this.link.subscribe(channel);
    this.casts.subscribe(channel, this);
  }

  unsubscribe(channel: Channel): void {
    this.link.unsubscribe(channel);
    this.casts.unsubscribe(channel, this);
  }

  attach(room: string, attachment: Attachment): void {
    const old = this.rooms.get(room);
    for (const channel of old?.channels ?? []) if (!attachment.channels.includes(channel)) this.unsubscribe(channel);
    for (const channel of attachment.channels) if (!old?.channels.includes(channel)) this.subscribe(channel);
    // The very texts that it subscribed to, so that they are kept once.
    const channels = attachment.channels.map(channel => old?.channels.find(own => own === channel) ?? channel);
    this.rooms.set(room, { ...attachment, channels, number: old?.number ?? this.casts.enter(room, this), known: old?.known ?? null });
  }

  /** The answer to a join has just been sent: what follows may be said by the number and under the term that it gave. */
  knows(room: string, term: number): void {
    const own = this.rooms.get(room);
    if (own) own.known = term;
  }

  detach(room: string): Attachment | undefined {
    const attachment = this.rooms.get(room);
    for (const channel of attachment?.channels ?? []) this.unsubscribe(channel);
    if (attachment) this.casts.leave(room, this);
    this.rooms.delete(room);
    return attachment;
  }

  notice(notice: Notice): void {
    const attachment = this.rooms.get(notice.room);
    if (notice.code === 'session-replaced' || notice.code === 'seat-lost') {
      if (attachment?.session !== notice.session) return; // this connection has moved on to another session
      this.detach(notice.room);
    }
    if (notice.code === 'kicked' || notice.code === 'closed') this.detach(notice.room);
    this.link.send('notice', notice);
  }
}

import type { Notice, ServerToClient } from '../../shared/protocol.ts';
import type { Channel } from '../ports.ts';
import type { AddressAllowance, PlayerAllowance } from './allowances.ts';

/** A client's line, as the gateway gives it. */
export interface ClientLink {
  readonly id: string;
  send<E extends keyof ServerToClient>(event: E, ...args: Parameters<ServerToClient[E]>): void;
  /** Takes effect before it returns: what is sent to the channel from now on arrives. */
  subscribe(channel: Channel): void;
  unsubscribe(channel: Channel): void;
  close(): void;
}

/** A connection's hold on a room. */
export interface Attachment { session: string; watch: boolean; channels: readonly Channel[]; game: string }

/** One connected client: who it is, and the rooms it is in. */
export class Connection {
  readonly rooms = new Map<string, Attachment>();
  /** Rooms it is being let into. */
  readonly joining = new Set<string>();
  strikes = 0;
  open = true;

  constructor(readonly link: ClientLink, readonly player: string, readonly name: string, readonly allowance: PlayerAllowance, readonly address: AddressAllowance | null = null) {}

  get id(): string { return this.link.id; }

  attach(room: string, attachment: Attachment): void {
    const old = this.rooms.get(room);
    for (const channel of old?.channels ?? []) if (!attachment.channels.includes(channel)) this.link.unsubscribe(channel);
    this.rooms.set(room, attachment);
  }

  detach(room: string): Attachment | undefined {
    const attachment = this.rooms.get(room);
    for (const channel of attachment?.channels ?? []) this.link.unsubscribe(channel);
    this.rooms.delete(room);
    return attachment;
  }

  notice(notice: Notice): void {
    const attachment = this.rooms.get(notice.room);
    if (notice.code === 'session-replaced') {
      if (attachment?.session !== notice.session) return; // this connection has moved on to another session
      this.detach(notice.room);
    }
    if (notice.code === 'kicked' || notice.code === 'closed') this.detach(notice.room);
    this.link.send('notice', notice);
  }
}

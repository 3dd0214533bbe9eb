import type { Notice } from '../../shared/protocol.ts';
import type { Channel } from '../runtime/ports.ts';
import type { AddressAllowance, PlayerAllowance } from './allowances.ts';
import { full } from './token-bucket.ts';
import type { ClientLink, RoomSubscription, Subscriber, TrackedRoomSubscription } from './client-link.ts';
import type { LocalSubscriptions } from './local-subscriptions.ts';

/** One connected client: who it is, and the rooms it is in. */
export class Connection implements Subscriber {
  readonly rooms = new Map<string, TrackedRoomSubscription>();
  /** The last of the requests about a room that are carried out in turn; null: none, as most of the time. */
  private pendingByRoom: Map<string, Promise<unknown>> | null = null;
  /** When its allowance of malformed packets is full again, in the clock's ms: see token-bucket.ts. */
  malformedFullAt: number = full;
  isOpen = true;

  constructor(
    readonly link: ClientLink,
    readonly player: string,
    readonly name: string,
    private readonly subscriptions: LocalSubscriptions,
    readonly allowance: PlayerAllowance,
    readonly address: AddressAllowance | null = null,
    /** Its address; null for this machine, or if it is unknown. */
    readonly from: string | null = null,
  ) {}

  get id(): string {
    return this.link.id;
  }

  /** In how many rooms it is, or about to be. */
  get roomCount(): number {
    let count = this.rooms.size;
    if (this.pendingByRoom) for (const room of this.pendingByRoom.keys()) if (!this.rooms.has(room)) count += 1;
    return count;
  }

  /** The room that goes by a number; undefined: none that it is in. Most are in one. */
  roomByNumber(number: number): string | undefined {
    for (const [room, own] of this.rooms) if (own.number === number) return room;
    return undefined;
  }

  /** Whether it is in the room, or about to be. */
  isInRoom(room: string): boolean {
    return this.rooms.has(room) || this.pendingByRoom?.has(room) === true;
  }

  /**
   * Carries out a request about a room when those before it are done: two joins, or a join and a leave, that overtook
   * each other would leave the connection with a membership that nobody wants. The room counts as one of its own
   * meanwhile.
   */
  async runInOrder<T>(room: string, work: () => Promise<T>): Promise<T> {
    const pending = (this.pendingByRoom ??= new Map<string, Promise<unknown>>());
    const before = pending.get(room);
    const current = before ? before.then(work, work) : work();
    pending.set(room, current);
    try {
      return await current;
    } finally {
      if (pending.get(room) === current) pending.delete(room);
      if (pending.size === 0 && this.pendingByRoom === pending) this.pendingByRoom = null;
    }
  }

  /** Hears a channel from now on. */
  subscribe(channel: Channel): void {
    this.link.subscribe(channel);
    this.subscriptions.subscribe(channel, this);
  }

  unsubscribe(channel: Channel): void {
    this.link.unsubscribe(channel);
    this.subscriptions.unsubscribe(channel, this);
  }

  enterRoom(room: string, subscription: RoomSubscription): void {
    const old = this.rooms.get(room);
    for (const channel of old?.channels ?? []) if (!subscription.channels.includes(channel)) this.unsubscribe(channel);
    for (const channel of subscription.channels) if (!old?.channels.includes(channel)) this.subscribe(channel);
    // The very texts that it subscribed to, so that they are kept once.
    const channels = subscription.channels.map(channel => old?.channels.find(own => own === channel) ?? channel);
    this.rooms.set(room, {
      ...subscription,
      channels,
      number: old?.number ?? this.subscriptions.addMember(room, this),
      knownTerm: old?.knownTerm ?? null,
    });
  }

  /**
   * The answer to a join has just been sent: what follows may be said by the number and under the term that it gave.
   */
  setKnownTerm(room: string, term: number): void {
    const own = this.rooms.get(room);
    if (own) own.knownTerm = term;
  }

  leaveRoom(room: string): RoomSubscription | undefined {
    const subscription = this.rooms.get(room);
    for (const channel of subscription?.channels ?? []) this.unsubscribe(channel);
    if (subscription) this.subscriptions.removeMember(room, this);
    this.rooms.delete(room);
    return subscription;
  }

  deliverNotice(notice: Notice): void {
    const subscription = this.rooms.get(notice.room);
    if (notice.code === 'session-replaced' || notice.code === 'seat-lost') {
      if (subscription?.session !== notice.session) return; // this connection has moved on to another session
      this.leaveRoom(notice.room);
    }
    if (notice.code === 'kicked' || notice.code === 'closed') this.leaveRoom(notice.room);
    this.link.send('notice', notice);
  }
}

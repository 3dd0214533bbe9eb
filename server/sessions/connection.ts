import type { Notice } from '../../shared/protocol.ts';
import type { Channel } from '../runtime/ports.ts';
import type { AddressAllowance, PlayerAllowance } from './allowances.ts';
import { full } from './token-bucket.ts';
import type { ClientLink, RoomSubscription, Subscriber, TrackedRoomSubscription } from './client-link.ts';
import type { LocalSubscriptions } from './local-subscriptions.ts';

/** Who is connected, and by which link. */
export interface ConnectedClient {
  link: ClientLink;
  player: string;
  name: string;
  allowance: PlayerAllowance;
  address: AddressAllowance | null;
  /** The client's address; null: this machine, or unknown. */
  from: string | null;
}

/** A client connection: its player, and the rooms it is in. */
export class Connection implements Subscriber {
  readonly rooms = new Map<string, TrackedRoomSubscription>();
  /** Last pending request by room, for requests that are executed in order; null: none, the common case. */
  private pendingByRoom: Map<string, Promise<unknown>> | null = null;
  /** When the bucket of malformed packets is full, ms: see token-bucket.ts. */
  malformedFullAt: number = full;
  isOpen = true;

  constructor(
    private readonly subscriptions: LocalSubscriptions,
    private readonly client: ConnectedClient,
  ) {}

  get link(): ClientLink {
    return this.client.link;
  }
  get player(): string {
    return this.client.player;
  }
  get name(): string {
    return this.client.name;
  }
  get allowance(): PlayerAllowance {
    return this.client.allowance;
  }
  get address(): AddressAllowance | null {
    return this.client.address;
  }
  /** The client's address; null: this machine, or unknown. */
  get from(): string | null {
    return this.client.from;
  }
  get id(): string {
    return this.link.id;
  }

  /** Number of rooms that it is in or is joining. */
  get roomCount(): number {
    let count = this.rooms.size;
    if (this.pendingByRoom) for (const room of this.pendingByRoom.keys()) if (!this.rooms.has(room)) count += 1;
    return count;
  }

  /** The room with this number; undefined: it is in no such room. Most connections are in one room. */
  roomByNumber(number: number): string | undefined {
    for (const [room, own] of this.rooms) if (own.number === number) return room;
    return undefined;
  }

  /** Whether it is in the room or is joining it. */
  isInRoom(room: string): boolean {
    return this.rooms.has(room) || this.pendingByRoom?.has(room) === true;
  }

  /**
   * Executes requests about a room in order: reordered joins and leaves could leave the connection with a wrong
   * membership. The room counts towards the room limit meanwhile.
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
    // Reuses equal channel strings, so that each is stored once.
    const channels = subscription.channels.map(channel => old?.channels.find(own => own === channel) ?? channel);
    this.rooms.set(room, {
      ...subscription,
      channels,
      number: old?.number ?? this.subscriptions.addMember(room, this),
      knownTerm: old?.knownTerm ?? null,
    });
  }

  /**
   * Called when the reply to a join has been sent: later messages may use the room's number and the term in that reply.
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
      if (subscription?.session !== notice.session) return; // the connection has another session by now
      this.leaveRoom(notice.room);
    }
    if (notice.code === 'kicked' || notice.code === 'closed') this.leaveRoom(notice.room);
    this.link.send('notice', notice);
  }
}

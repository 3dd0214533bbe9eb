import type { Contract, ContractDef } from '../shared/contract.ts';
import type { Changes } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import type { JoinRequest, JoinSuccess, Notice, WireChange } from '../shared/protocol.ts';
import { encodePayloads } from './outgoing-checks.ts';
import type { PersistentRequests } from './persistent-requests.ts';
import { randomId } from './ports.ts';
import { RoomError } from './room-error.ts';
import type { ClientParts } from './room-sync.ts';
import { Room } from './room.ts';

/** Changes of rooms without a room object that are kept until the join that they belong to is answered. */
const maxEarlyChanges = 64;

/**
 * The rooms that a client is in: enters them, and passes to each what arrives for it.
 * | Invariant: a client has at most one open room object per room, that of its latest join.
 */
export class JoinedRooms {
  private readonly rooms = new Map<string, Room>();
  /** Rooms that are being entered, by what was asked for. */
  private readonly entering = new Map<string, Promise<Room>>();
  private lastWish = '';
  /** Number of joins without an answer. */
  private pendingJoins = 0;
  private readonly earlyChanges: [room: string, change: WireChange][] = [];

  constructor(
    private readonly parts: ClientParts,
    private readonly requests: PersistentRequests,
  ) {}

  get all(): Room[] {
    return [...this.rooms.values()];
  }
  get(id: string): Room | undefined {
    return this.rooms.get(id);
  }

  /**
   * Enters a room. While that is not answered, the same request enters it only once: of quick joins each, of other
   * requests the last one, so that a client that first watches, then joins, then watches a room ends up watching it.
   * @throws RoomError
   */
  enter<D extends ContractDef>(asked: JoinRequest, game: Contract<D>): Promise<Room<D>> {
    if (!asked.watch) this.parts.departures.withdraw(asked);
    const wish = keyOf([game.name, { ...asked, quick: asked.quick && [asked.quick.options] }]);
    if (!asked.quick) {
      if (wish !== this.lastWish) this.entering.delete(this.lastWish);
      this.lastWish = wish;
    }
    const running = this.entering.get(wish) as Promise<Room<D>> | undefined;
    if (running) return running;
    const entered = this.join(asked, game).finally(() => {
      if (this.entering.get(wish) === (entered as unknown)) this.entering.delete(wish);
    });
    this.entering.set(wish, entered as unknown as Promise<Room>);
    return entered;
  }

  private async join<D extends ContractDef>(asked: JoinRequest, game: Contract<D>): Promise<Room<D>> {
    if (asked.room === undefined && asked.code === undefined && !asked.quick)
      throw new RoomError('bad-request', 'which room? Name it by { id } or { code }.');
    const request = {
      ...asked,
      ...encodePayloads({ profile: asked.profile }),
      ...(asked.quick ? { quick: { ...asked.quick, ...encodePayloads({ options: asked.quick.options }) } } : {}),
    } as JoinRequest;
    const { clock } = this.parts;
    for (let tries = 0; ; tries++) {
      this.pendingJoins += 1;
      const session = randomId(clock);
      try {
        const reply = await this.requests.send(
          'join',
          {
            ...request,
            ...(request.quick ? {} : { game: game.name }),
            version: game.def.version,
            short: true,
            session,
          },
          (reply, asked) => this.adopt(reply, game as unknown as Contract, session, request, asked),
        );
        return this.rooms.get(reply.room) as unknown as Room<D>;
      } catch (error) {
        // The answer was lost, and so was the seat before the retry: another session may get a seat.
        if (!(error instanceof RoomError && error.code === 'seat-lost') || tries >= 2) throw error;
      } finally {
        this.pendingJoins -= 1;
      }
    }
  }

  /** Creates the room object in the same turn as the answer arrives: changes may follow immediately. */
  private adopt(
    reply: JoinSuccess,
    game: Contract,
    session: string,
    { watch = false, profile }: JoinRequest,
    asked: number,
  ): void {
    const before = this.rooms.get(reply.room)?.sync;
    before?.end({ ok: false, code: before.isLeaving ? 'left' : 'session-replaced' });
    if (this.requests.closedError) throw this.requests.closedError; // closed by a callback of that room
    const room: Room = new Room({
      ...this.parts,
      game: game.def,
      id: reply.room,
      session,
      watch,
      profile,
      forget: () => {
        if (this.rooms.get(reply.room) === room) this.rooms.delete(reply.room);
      },
      hasPendingJoin: () => this.pendingJoins > 0,
    });
    this.rooms.set(reply.room, room);
    room.sync.acceptJoin(reply, asked);
    // A join of the previous room object may reach the node after this one. This object's session must be the last to
    // join.
    if (before) room.sync.rejoinAfter(before.pendingJoins);
    // Changes between the join's entry and now had no room object. The heartbeat would notice later; this does it at
    // once.
    for (const [id, change] of this.earlyChanges.splice(0)) if (id === reply.room) room.sync.receiveChange(change);
    this.parts.connector.switchIfRoomChanged();
  }

  receiveEvent(name: string, args: unknown[]): void {
    const room = this.rooms.get(args[0] as string);
    switch (name) {
      case 'change': {
        const [id, ...change] = args as [string, ...WireChange];
        if (room) room.sync.receiveChange(change as WireChange);
        else if (this.earlyChanges.push([id, change as WireChange]) > maxEarlyChanges) this.earlyChanges.shift();
        return;
      }
      case 'motion': {
        const [, ...motion] = args as [string, number, number, number, Changes];
        return room?.sync.receiveVolatileState(...motion);
      }
      case 'signal': {
        const [, player, signal, data] = args as [string, string, string, Json];
        return room?.receiveSignal(player, signal, data);
      }
      case 'notice': {
        const [notice] = args as [Notice];
        return this.rooms.get(notice.room)?.sync.receiveNotice(notice);
      }
    }
  }
}

/** Key of a request. What JSON cannot hold equals nothing. */
function keyOf(what: unknown[]): string {
  try {
    return JSON.stringify(what);
  } catch {
    return `${Math.random()}`;
  }
}

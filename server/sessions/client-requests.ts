import { limits } from '../../shared/limits.ts';
import { parseJson } from '../../shared/parse-json.ts';
import type {
  ActReply,
  ActRequest,
  CreateReply,
  CreateRequest,
  RoomHead,
  InspectReply,
  JoinReply,
  JoinRequest,
  LeaveRequest,
  HeartbeatReply,
  HeartbeatRequest,
  InputRequest,
  RequestName,
  Requests,
  OneWayMessageName,
  ShortRoomHead,
  SignalRequest,
} from '../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import { makersOf } from '../lobby/makers.ts';
import type { ClusterMembership } from '../ownership/cluster-membership.ts';
import { signalChannelOf } from '../rooms/actor/audiences.ts';
import { runWatched } from '../rooms/core/rule-tracker.ts';
import type { Fanout, HangDetector } from '../runtime/ports.ts';
import type { Connection } from './connection.ts';
import { JoinRequests, type JoinRequestsParts } from './join-requests.ts';
import { refundToken, requestLimits, takeToken, takeTokens } from './request-limits.ts';
import { BadRequestError, requestReaders, messageReaders } from './request-readers.ts';
import { RoomMemberships, type RoomMembershipsParts } from './room-memberships.ts';
import { fullAtAfterTake, waitFor } from './token-bucket.ts';

export interface ClientRequestsParts extends JoinRequestsParts, RoomMembershipsParts {
  name: string;
  membership: ClusterMembership;
  load(): { rooms: number; sockets: number };
  fanout: Fanout;
  hangDetector: HangDetector;
}

/** Actions by which players agree to start a match. */
const matchStartActions: ReadonlySet<string> = new Set(['$ready', '$start', '$rematch']);

/** The requests of the clients that are connected to this node. Independent of the transport. */
export class ClientRequests {
  /** Wall time at the zero of the monotonic clock, ms. */
  private readonly monotonicOrigin: number;

  private readonly memberships: RoomMemberships;
  private readonly joins: JoinRequests;

  constructor(private readonly parts: ClientRequestsParts) {
    this.memberships = new RoomMemberships(parts);
    this.joins = new JoinRequests(parts, this.memberships);
    this.monotonicOrigin = parts.clock.now() - parts.clock.mono();
  }

  /** Ends the connection's membership of its rooms. */
  disconnect(connection: Connection): void {
    this.parts.clients.remove(connection);
    for (const room of [...connection.rooms.keys()]) this.memberships.end(connection, room);
  }

  /**
   * Handles a request of a client. Never throws. A refused request has no effect.
   * @returns the reply; null: the connection has to be closed instead
   */
  async handle<K extends RequestName>(
    connection: Connection,
    name: K,
    raw: unknown,
  ): Promise<Requests[K][1] | Refused | null> {
    const wait = takeTokens(connection, requestLimits[name].always, this.parts.clock.mono());
    if (wait > 0) return makeRefusal('slow-down', undefined, wait);
    let request: Requests[K][0];
    try {
      request = requestReaders[name](raw);
    } catch (error) {
      if (!(error instanceof BadRequestError)) throw error;
      return this.countMalformed(connection) ? makeRefusal('bad-request', error.message) : null;
    }
    return this.dispatch(connection, name, request);
  }

  /** Called when the reply to a request has just been sent, in order with everything else. */
  onReplySent(connection: Connection, name: RequestName, reply: unknown): void {
    if (name !== 'join') return;
    const joined = reply as JoinReply;
    if (joined.ok && joined.number !== undefined) connection.setKnownTerm(joined.room, joined.term);
  }

  /** Handles a one-way message. @returns false when the connection has to be closed */
  handleMessage(connection: Connection, name: OneWayMessageName, raw: unknown): boolean {
    // Dropped: the next one supersedes it.
    if (takeTokens(connection, requestLimits[name].always, this.parts.clock.mono()) > 0) return true;
    try {
      if (name === 'signal') this.broadcastSignal(connection, messageReaders.signal(raw));
      else if (name === 'input') this.forwardInput(connection, messageReaders.input(raw));
      else {
        const [number, n, hold, press, after] = messageReaders.i(raw);
        const room = connection.roomByNumber(number);
        if (room !== undefined)
          this.forwardInput(connection, {
            room,
            n,
            ...(after ? { after } : {}),
            ...(hold ? { hold } : {}),
            ...(press ? { press } : {}),
          });
      }
      return true;
    } catch (error) {
      if (!(error instanceof BadRequestError)) throw error;
      return this.countMalformed(connection);
    }
  }

  private forwardInput(connection: Connection, { room, n, after, hold, press, session }: InputRequest): void {
    const subscription = connection.rooms.get(room);
    if (subscription && !subscription.watch && (session === undefined || session === subscription.session))
      this.parts.router.sendInput(room, {
        k: 'input',
        player: connection.player,
        session: subscription.session,
        n,
        after,
        hold,
        press,
      });
  }

  /**
   * Sends a signal to the members on all nodes, bypassing the owner: it is not part of the room's history. A signal
   * that violates the contract is dropped, because it may come from a client of another version. It counts towards the
   * rate limits all the same.
   */
  private broadcastSignal(connection: Connection, { room, name, data }: SignalRequest): void {
    const subscription = connection.rooms.get(room);
    if (!subscription || subscription.watch) return;
    const schemas = this.parts.games.get(subscription.game)?.contract.def.signals ?? {};
    const read = Object.hasOwn(schemas, name)
      ? runWatched(this.parts.hangDetector, subscription.game, `signals.${name}`, connection.player, () =>
          parseJson(schemas[name]!, data, `signals.${name}`),
        )
      : null;
    if (read?.ok) this.parts.fanout.emit(signalChannelOf(room), 'signal', room, connection.player, name, read.value);
    else if (!read?.isNotJson) this.parts.meter.count('badPackets');
    else
      this.parts.log.warn(
        { game: subscription.game, detail: read.detail },
        'signal dropped: schema output is not JSON',
      );
  }

  /** Handles an oversized packet. @returns the refusal; null: the connection has to be closed instead */
  refuseOversized(connection: Connection, bytes: number): Refused | null {
    return this.countMalformed(connection)
      ? makeRefusal('too-large', `the message has ${bytes} bytes, at most ${limits.packetBytes} (packetBytes)`)
      : null;
  }

  /** Counts a malformed packet. @returns false when the limit is exceeded */
  countMalformed(connection: Connection): boolean {
    this.parts.meter.count('badPackets');
    const now = this.parts.clock.mono();
    if (waitFor(connection.malformedFullAt, limits.malformedPackets, now) > 0) return false;
    connection.malformedFullAt = fullAtAfterTake(connection.malformedFullAt, limits.malformedPackets, now);
    return true;
  }

  private dispatch(
    connection: Connection,
    name: RequestName,
    request: Requests[RequestName][0],
  ): Promise<Requests[RequestName][1]> {
    switch (name) {
      case 'create':
        return this.create(connection, request as CreateRequest);
      case 'join':
        return this.joins.join(connection, request as JoinRequest);
      case 'act':
        return this.act(connection, request as ActRequest);
      case 'place':
        return Promise.resolve(this.answerHeartbeat(connection, request as HeartbeatRequest));
      case 'leave':
        return this.memberships.leave(connection, request as LeaveRequest);
      case 'list':
        return this.parts.lobby.list((request as { game?: string }).game ?? null);
      case 'inspect':
        return this.inspect(connection, (request as { room: string }).room);
    }
  }

  private async create(connection: Connection, request: CreateRequest): Promise<CreateReply> {
    if (this.parts.createRooms === 'server') return makeRefusal('creation-closed');
    const wait = takeToken(connection, 'creations', this.parts.clock.mono());
    if (wait > 0) return makeRefusal('slow-down', 'too many new rooms', wait);
    return this.parts.lobby.create(connection.player, request, {
      makers: makersOf(connection.player, connection.from),
    });
  }

  private async act(connection: Connection, request: ActRequest): Promise<ActReply> {
    if (!matchStartActions.has(request.name)) return this.sendAction(connection, request);
    const wait = takeToken(connection, 'matches', this.parts.clock.mono());
    if (wait > 0) return makeRefusal('slow-down', 'too many new matches', wait);
    const reply = await this.sendAction(connection, request);
    if (!reply.ok) refundToken(connection, 'matches');
    return reply;
  }

  private async sendAction(connection: Connection, request: ActRequest): Promise<ActReply> {
    const subscription = connection.rooms.get(request.room);
    if (!subscription || (request.session !== undefined && request.session !== subscription.session))
      return makeRefusal('not-in-room');
    if (subscription.watch) return makeRefusal('not-seated');
    const reply = (await this.parts.router.request(request.room, {
      k: 'act',
      player: connection.player,
      session: subscription.session,
      name: request.name,
      data: request.data ?? null,
      number: request.n === undefined ? null : { n: request.n, term: request.term! },
    })) as ActReply;
    // Signals and inputs bypass the owner, so membership without a seat has to end here.
    if (request.name === '$leave' && reply.ok) this.memberships.end(connection, request.room, subscription.session);
    return reply;
  }

  private answerHeartbeat(connection: Connection, request: HeartbeatRequest): HeartbeatReply {
    const rooms: HeartbeatReply['rooms'] = {};
    for (const room of Object.keys(request.rooms)) {
      const subscription = connection.rooms.get(room);
      if (!subscription) continue;
      rooms[room] = this.roomHeadOf(room, subscription.knownTerm);
    }
    return {
      ok: true,
      now: Math.round(this.monotonicOrigin + this.parts.clock.mono()),
      rooms,
      spread: this.parts.clients.spreadMs,
    };
  }

  /**
   * The latest positions of all rooms of a connection in the format of the event `h`; null if there are none, or one of
   * them has no short form.
   */
  roomHeads(connection: Connection): number[] | null {
    const numbers: number[] = [];
    for (const [room, subscription] of connection.rooms) {
      const head = this.roomHeadOf(room, subscription.knownTerm);
      if (!Array.isArray(head)) return null;
      numbers.push(subscription.number, ...head);
    }
    return numbers.length > 0 ? numbers : null;
  }

  /** The latest position of a room; in short form if position and owner have the term that the client knows. */
  private roomHeadOf(room: string, knownTerm: number | null): RoomHead | null | ShortRoomHead {
    const head = this.parts.headExchange.get(room);
    return head && head.term === knownTerm && head.head[0] === knownTerm ? [head.head[1], head.watchers] : head;
  }

  private async inspect(connection: Connection, room: string): Promise<InspectReply> {
    const subscription = connection.rooms.get(room);
    if (!subscription) return makeRefusal('not-in-room');
    const reply = (await this.parts.router.request(room, {
      k: 'inspect',
      player: connection.player,
      session: subscription.session,
    })) as InspectReply;
    if (!reply.ok) return reply;
    const { membership, load, name } = this.parts;
    const named = new Map(membership.allNodes().map(({ record }) => [record.id, record.name]));
    named.set(this.parts.self, name);
    const short = (id: string) => named.get(id) ?? id.split('~')[0]!;
    return {
      ...reply,
      node: name,
      owner: reply.owner === null ? null : short(reply.owner),
      members: reply.members.map(m => ({ ...m, node: short(m.node) })),
      nodes: [
        { name, ...load(), alive: true, draining: false },
        ...membership
          .allNodes()
          .filter(({ record: r, alive }) => alive || !membership.aliveNodes().some(n => n.name === r.name))
          .map(({ record: r, alive }) => ({
            name: r.name,
            rooms: r.rooms,
            sockets: r.sockets,
            alive,
            draining: r.draining,
          })),
      ].sort((a, b) => a.name.localeCompare(b.name)),
    };
  }
}

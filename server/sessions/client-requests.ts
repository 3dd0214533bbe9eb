import type { AnyGame } from '../../shared/contract.ts';
import { idFromBytes } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
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
import { parseJson } from '../../shared/parse-json.ts';
import { dutyOf, makeRefusal, type RefusalCode, type Refused } from '../../shared/refusals.ts';
import type { Router } from '../routing/router.ts';
import type { Lobby } from '../lobby/lobby.ts';
import { makersOf } from '../lobby/makers.ts';
import type { ClusterMembership } from '../ownership/cluster-membership.ts';
import type { Clock, Entropy, Fanout, Log, Meter, HangDetector } from '../runtime/ports.ts';
import { checkClientVersion } from '../rooms/actor/replies.ts';
import { signalChannelOf } from '../rooms/actor/audiences.ts';
import type { OwnerJoinReply, RoomMessage } from '../rooms/actor/messages.ts';
import { runWatched } from '../rooms/core/rule-tracker.ts';
import type { HeadExchange } from '../routing/head-exchange.ts';
import { fullAtAfterTake, waitFor } from './token-bucket.ts';
import type { ConnectedClients } from './connected-clients.ts';
import type { Connection } from './connection.ts';
import { BadRequestError, requestReaders, messageReaders } from './request-readers.ts';
import { requestLimits, type OccasionalKind, type SharedKind } from './request-limits.ts';

/** Refusals by one room that do not imply a refusal by other rooms of the game. */
const otherRoomMayAccept: ReadonlySet<string> = new Set<RefusalCode>([
  'room-full',
  'room-started',
  'room-ended',
  'room-missing',
  'room-quarantined',
  'kicked',
  'reserved',
  'join-refused',
  'client-outdated',
  'room-outdated',
]);
/** Those of them that a new room gives only because its seats were taken meanwhile: another new room may accept. */
const seatsTaken: ReadonlySet<string> = new Set<RefusalCode>(['room-full', 'room-started', 'room-ended']);

export interface ClientRequestsParts {
  self: string;
  name: string;
  router: Router;
  lobby: Lobby;
  clients: ConnectedClients;
  headExchange: HeadExchange;
  membership: ClusterMembership;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  meter: Meter;
  load(): { rooms: number; sockets: number };
  games: ReadonlyMap<string, AnyGame>;
  fanout: Fanout;
  hangDetector: HangDetector;
}

/** Actions by which players agree to start a match. */
const matchStartActions: ReadonlySet<string> = new Set(['$ready', '$start', '$rematch']);

/** The requests of the clients that are connected to this node. Independent of the transport. */
export class ClientRequests {
  /** Wall time at the zero of the monotonic clock, ms. */
  private readonly monotonicOrigin: number;

  /** Monotonic ms before which wrong codes are not logged again. */
  private nextCodeWarningAt = 0;

  constructor(private readonly parts: ClientRequestsParts) {
    this.monotonicOrigin = parts.clock.now() - parts.clock.mono();
  }

  /** Ends the connection's membership of its rooms. */
  disconnect(connection: Connection): void {
    this.parts.clients.remove(connection);
    for (const room of [...connection.rooms.keys()]) this.endMembership(connection, room);
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
    const wait = this.takeAll(connection, requestLimits[name].always);
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
    if (this.takeAll(connection, requestLimits[name].always) > 0) return true; // dropped: the next one supersedes it
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
        return this.join(connection, request as JoinRequest);
      case 'act':
        return this.act(connection, request as ActRequest);
      case 'place':
        return Promise.resolve(this.answerHeartbeat(connection, request as HeartbeatRequest));
      case 'leave':
        return this.leave(connection, request as LeaveRequest);
      case 'list':
        return this.parts.lobby.list((request as { game?: string }).game ?? null);
      case 'inspect':
        return this.inspect(connection, (request as { room: string }).room);
    }
  }

  private async create(connection: Connection, request: CreateRequest): Promise<CreateReply> {
    const wait = this.take(connection, 'creations');
    if (wait > 0) return makeRefusal('slow-down', 'too many new rooms', wait);
    return this.parts.lobby.create(connection.player, request, {
      makers: makersOf(connection.player, connection.from),
    });
  }

  /**
   * Takes a token of each kind from the player and the address, or none if one of them is empty.
   * @returns 0, or the ms after which to retry
   */
  private takeAll(connection: Connection, kinds: readonly SharedKind[]): number {
    const now = this.parts.clock.mono();
    const { allowance, address } = connection;
    for (const kind of kinds) {
      const wait = Math.max(allowance.wait(kind, now), address?.wait(kind, now) ?? 0);
      if (wait > 0) return wait;
    }
    for (const kind of kinds) {
      allowance.take(kind, now);
      address?.take(kind, now);
    }
    return 0;
  }
  private take(connection: Connection, kind: OccasionalKind): number {
    return this.takeAll(connection, [kind]);
  }
  private refund(connection: Connection, kind: OccasionalKind): void {
    connection.allowance.refund(kind);
    connection.address?.refund(kind);
  }

  private async join(connection: Connection, request: JoinRequest): Promise<JoinReply> {
    if (request.quick) {
      const wait = this.take(connection, 'quickJoins');
      return wait > 0
        ? makeRefusal('slow-down', 'too many quick joins', wait)
        : this.quickJoin(connection, request, request.quick);
    }
    // Without an `await` before it, so that a following leave of the same room is executed after it.
    if (request.room !== undefined) return this.joinRoom(connection, request.room, request);
    const found = await this.findByCode(connection, request.code!);
    return 'code' in found ? found : this.joinRoom(connection, found.room, request);
  }

  /**
   * Tries rooms until one accepts the player; rooms that refuse are skipped from then on. Only the store knows
   * reservations: before the player joins, a bot or a player with the code may take the seat, even in a room created
   * for this call.
   */
  private async quickJoin(
    connection: Connection,
    request: JoinRequest,
    wanted: NonNullable<JoinRequest['quick']>,
  ): Promise<JoinReply> {
    const { lobby, games } = this.parts;
    const game = games.get(wanted.game);
    const outdated =
      game && request.version !== undefined
        ? checkClientVersion(game, { game: wanted.game, version: request.version })
        : null;
    if (outdated?.code === 'client-outdated') return outdated;
    const call = wanted.call ?? request.session ?? null;
    const makers = makersOf(connection.player, connection.from);
    const skip: string[] = [];
    for (;;) {
      // A new room takes a token. Without one, or at the room limit, the player may still find an existing room.
      const wait = this.take(connection, 'creations');
      const isAtRoomLimit = connection.roomCount >= limits.roomsPerConnection;
      const found = await lobby.findOrCreate(connection.player, wanted, {
        call,
        skip,
        search: skip.length < limits.quickJoinSearch.maxTries,
        mayCreate: wait === 0 && !isAtRoomLimit,
        makers,
      });
      const made = 'how' in found && found.how === 'made';
      if (wait === 0 && !made) this.refund(connection, 'creations');
      if ('code' in found) return found;
      if (found.how === 'none')
        return isAtRoomLimit ? makeRefusal('too-many-rooms') : makeRefusal('slow-down', 'too many new rooms', wait);
      const reply = await this.joinRoom(connection, found.room, request);
      if (reply.ok || !connection.isOpen) return reply;
      if (reply.code === 'unavailable' && !made)
        lobby.withdraw(found.room, connection.player, limits.quickJoinSearch.unreachableFor);
      else if (made && reply.code !== 'unavailable') lobby.discard(found.room, connection.player);
      else if (otherRoomMayAccept.has(reply.code) || dutyOf(reply.code) === 'final' || reply.code === 'slow-down')
        lobby.withdraw(found.room, connection.player, 0);
      if (!otherRoomMayAccept.has(reply.code) || (made && !seatsTaken.has(reply.code))) return reply;
      skip.push(found.room);
    }
  }

  /**
   * A wrong code takes a token. Without tokens, correct codes are refused as well, so that a client cannot keep
   * guessing.
   */
  private async findByCode(connection: Connection, code: string): Promise<{ room: string } | Refused> {
    const { node } = this.parts.clients.allowances;
    const nodeWait = node.wait('wrongCodes', this.parts.clock.mono());
    if (nodeWait > 0) this.warnOfWrongCodes();
    const wait = nodeWait > 0 ? nodeWait : this.take(connection, 'wrongCodes');
    if (wait > 0) return makeRefusal('slow-down', 'too many wrong codes', wait);
    node.take('wrongCodes', this.parts.clock.mono());
    const found = await this.parts.lobby.byCode(code);
    if ('code' in found && found.code === 'bad-code') this.parts.meter.count('wrongCodes');
    else {
      this.refund(connection, 'wrongCodes');
      node.refund('wrongCodes');
    }
    return found;
  }

  private warnOfWrongCodes(): void {
    const now = this.parts.clock.mono();
    if (now < this.nextCodeWarningAt) return;
    this.nextCodeWarningAt = now + 60_000;
    this.parts.log.warn({ budget: limits.node.wrongCodes }, 'joins by code refused: too many wrong codes');
  }

  private async joinRoom(connection: Connection, room: string, request: JoinRequest): Promise<JoinReply> {
    if (!connection.isInRoom(room) && connection.roomCount >= limits.roomsPerConnection)
      return makeRefusal('too-many-rooms');
    return connection.runInOrder(room, () => this.admit(connection, room, request));
  }

  /**
   * A connection gets nothing of a room before the owner admits it. A connection that is not in the room yet therefore
   * asks twice: for admission, and, once it is subscribed, for the state. Changes after the second reply arrive by its
   * channels.
   */
  private async admit(connection: Connection, room: string, request: JoinRequest): Promise<JoinReply> {
    const session = request.session ?? idFromBytes(this.parts.entropy.bytes(16));
    const watch = request.watch ?? false;
    // Only the owner knows whether this takes a new seat; without a token, an existing seat can still be resumed.
    const wait = watch ? 0 : this.take(connection, 'newSeats');
    const message = {
      k: 'join',
      player: connection.player,
      name: connection.name,
      session,
      watch,
      place: request.place ?? null,
      ...(request.whole ? { whole: true } : {}),
      at: { node: this.parts.self, conn: connection.id },
      game: request.game ?? request.quick?.game ?? null,
      ...(request.version === undefined ? {} : { version: request.version }),
      ...(watch || request.profile === undefined ? {} : { profile: request.profile }),
      ...(request.resume ? { resume: true } : {}),
    } satisfies RoomMessage;
    // A client that has disconnected may already be back on another node: a late join would replace its own new
    // session.
    const ask = async (more: Partial<RoomMessage & { k: 'join' }>) =>
      (await this.parts.router.request(
        room,
        { ...message, ...more },
        { isWanted: () => connection.isOpen },
      )) as OwnerJoinReply;
    let reply = await ask({
      ...(connection.rooms.has(room) ? {} : { admit: true }),
      ...(wait > 0 ? { noNewSeat: wait } : {}),
    });
    if (!watch && wait === 0 && !(reply.ok && reply.fresh)) this.refund(connection, 'newSeats');
    if (
      reply.ok &&
      connection.isOpen &&
      !reply.channels.every(channel => connection.rooms.get(room)?.channels.includes(channel))
    ) {
      connection.enterRoom(room, { session, watch, channels: reply.channels, game: reply.game });
      reply = await ask({ resume: true });
    }
    if (!reply.ok) {
      if ('failed' in reply) {
        this.parts.lobby.withdraw(room, connection.player, limits.quickJoinSearch.brokenFor);
        delete reply.failed;
      }
      // The connection was a member and must not be one any more: the seat is lost, or the game was upgraded.
      if (dutyOf(reply.code) !== 'retry' && connection.rooms.get(room)?.session === session)
        this.endMembership(connection, room);
      return reply;
    }
    const { channels, game, fresh: _, ...joined } = reply;
    connection.enterRoom(room, { session, watch, channels, game });
    this.parts.headExchange.recordHead(room, { head: joined.place, term: joined.term });
    if (!connection.isOpen) this.endMembership(connection, room); // disconnected during the join
    return request.short ? { ...joined, number: connection.rooms.get(room)?.number, shortInputs: true } : joined;
  }

  private async act(connection: Connection, request: ActRequest): Promise<ActReply> {
    if (!matchStartActions.has(request.name)) return this.sendAction(connection, request);
    const wait = this.take(connection, 'matches');
    if (wait > 0) return makeRefusal('slow-down', 'too many new matches', wait);
    const reply = await this.sendAction(connection, request);
    if (!reply.ok) this.refund(connection, 'matches');
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
    if (request.name === '$leave' && reply.ok) this.endMembership(connection, request.room, subscription.session);
    return reply;
  }

  /** Ends the connection's membership; with `seat`, also the hold, even if the connection has not joined. */
  private leave(connection: Connection, { room, session, seat }: LeaveRequest): Promise<{ ok: true } | Refused> {
    return connection.runInOrder(room, async () => {
      const own = session ?? connection.rooms.get(room)?.session;
      if (seat) {
        if (own === undefined) return makeRefusal('not-in-room');
        const reply = (await this.parts.router.request(room, {
          k: 'leave',
          player: connection.player,
          session: own,
        })) as { ok: true } | Refused;
        if (!reply.ok) return reply;
      }
      this.endMembership(connection, room, own);
      return { ok: true };
    });
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

  /**
   * Ends a connection's membership in a room and notifies the owner, which marks the player as away unless another
   * connection has the session.
   */
  private endMembership(connection: Connection, room: string, session?: string): void {
    if (session !== undefined && connection.rooms.get(room)?.session !== session) return;
    const subscription = connection.leaveRoom(room);
    if (!subscription) return;
    // request() does not throw; if the message is lost, the owner notices the missing reports
    void this.parts.router.request(room, {
      k: 'disconnected',
      player: connection.player,
      session: subscription.session,
      at: { node: this.parts.self, conn: connection.id },
    });
  }
}

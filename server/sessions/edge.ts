import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { mint } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
import type { ActReply, ActRequest, CreateReply, CreateRequest, Heard, InspectReply, JoinReply, JoinRequest, LeaveRequest, Notice, PlaceReply, PlaceRequest, InputRequest, RequestName, Requests, SayingName, ShortHeard, SignalRequest } from '../../shared/protocol.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { dutyOf, refused, type RefusalCode, type Refused } from '../../shared/refusals.ts';
import type { Router } from '../cluster/router.ts';
import type { Lobby } from '../lobby/lobby.ts';
import { makersOf } from '../lobby/makers.ts';
import type { Membership } from '../ownership/membership.ts';
import type { Clock, Entropy, Fanout, Log, Meter, Watch } from '../ports.ts';
import { unfit } from '../rooms/answers.ts';
import { signalsOf } from '../rooms/audiences.ts';
import type { MemberReport, OwnerJoinReply, RoomMessage } from '../rooms/messages.ts';
import { watchedAlone } from '../rooms/watched.ts';
import type { Heads } from '../cluster/heads.ts';
import { Allowances } from './allowances.ts';
import { taken, waitFor } from './bucket.ts';
import { Connection, type ClientLink } from './connection.ts';
import { LocalCasts } from './local-casts.ts';
import { BadRequest, readers, sayings } from './read.ts';
import { requestLimits, type OccasionalKind, type SharedKind } from './request-limits.ts';

/** Refusals by one room that another room of the same game need not share. */
const othersMayTake: ReadonlySet<string> = new Set<RefusalCode>(['room-full', 'room-started', 'room-ended', 'room-missing', 'room-quarantined', 'kicked', 'reserved', 'join-refused', 'client-outdated', 'room-outdated']);
/** Of these, refusals that a new room gives only because others were quicker: another new room need not. */
const seatsWereTaken: ReadonlySet<string> = new Set<RefusalCode>(['room-full', 'room-started', 'room-ended']);

export interface EdgeParts { self: string; name: string; router: Router; lobby: Lobby; heads: Heads; membership: Membership; clock: Clock; entropy: Entropy; log: Log; meter: Meter; load(): { rooms: number; sockets: number }; games: ReadonlyMap<string, AnyGame>; fanout: Fanout; watch: Watch }

/** Actions by which players agree to the beginning of a match. */
const beginsMatches: ReadonlySet<string> = new Set(['$ready', '$start', '$rematch']);

/** The clients connected to this node, and what they ask. Knows nothing of how they are connected. */
export class Edge {
  private readonly connections = new Map<string, Connection>();
  /** What players and addresses may still do; also for the doors in front of this one. */
  readonly allowances = new Allowances();
  /** Tells changes to the members who are connected here. */
  readonly casts = new LocalCasts();
  /** Wall time at the zero of the monotonic clock. */
  private readonly bootAt: number;

  /** Monotonic time before which the log does not mention wrong codes again. */
  private warnsOfCodesAt = 0;

  constructor(private readonly parts: EdgeParts) { this.bootAt = parts.clock.now() - parts.clock.mono(); }

  /** @param address where it comes from; null: this machine, or nobody knows */
  connect(link: ClientLink, who: { player: string; name: string }, address: string | null = null): Connection {
    const now = this.parts.clock.mono();
    const allowance = this.allowances.player(who.player, now);
    allowance.connections += 1;
    const connection = new Connection(link, who.player, who.name, this.casts, allowance, address === null ? null : this.allowances.address(address, now), address);
    connection.address?.hold();
    this.connections.set(link.id, connection);
    return connection;
  }

  /** Whether the player has as many connections as there may be. */
  isCrowded(player: string): boolean { return this.allowances.player(player, this.parts.clock.mono()).connections >= limits.connectionsPerPlayer; }

  disconnect(connection: Connection): void {
    connection.open = false;
    this.connections.delete(connection.id);
    connection.allowance.connections -= 1;
    connection.address?.release();
    for (const room of [...connection.rooms.keys()]) this.letGo(connection, room);
  }

  get size(): number { return this.connections.size; }
  all(): Connection[] { return [...this.connections.values()]; }

  /** Who of this node's clients is in which room, for the rooms' owners. */
  reports(): Map<string, MemberReport[]> {
    const rooms = new Map<string, MemberReport[]>();
    for (const c of this.connections.values()) {
      for (const [room, { session, watch }] of c.rooms) {
        let list = rooms.get(room);
        if (!list) rooms.set(room, list = []);
        list.push({ conn: c.id, player: c.player, session, watch });
      }
    }
    return rooms;
  }

  /** Whether any of this node's clients is in that room. */
  hasMembers(room: string): boolean { return this.casts.in(room).length > 0; }

  /** Broadcasts may have been lost to this node: everybody is to compare and catch up. */
  resyncAll(): void {
    for (const connection of this.connections.values()) for (const room of connection.rooms.keys()) connection.notice({ room, code: 'resync' });
  }

  /** Asks all clients to look for another node, each at its own moment. Those that find none stay. */
  sendOn(): void {
    const over = this.spread;
    for (const connection of this.connections.values()) {
      this.parts.clock.after(over * this.parts.entropy.float(), () => { if (connection.open) connection.link.send('moving'); });
    }
  }

  /** Over how long (ms) all clients of this node are to do what each of them does. */
  private get spread(): number { return Math.min(limits.spread.most, Math.max(limits.spread.least, limits.spread.each * this.size)); }

  /** There is no such room any more: its members here hear it, should they not have been told. */
  roomGone(room: string): void {
    for (const connection of this.casts.in(room)) connection.notice({ room, code: 'closed' });
  }

  /** Hands a notice to one connection, if it is still here. */
  notice(conn: string, notice: Notice): void { this.connections.get(conn)?.notice(notice); }

  /**
   * Answers one request of a client. Never throws and never does anything for a request it refuses.
   * @returns the answer, or null when the connection is to be closed instead
   */
  async handle<K extends RequestName>(connection: Connection, name: K, raw: unknown): Promise<Requests[K][1] | Refused | null> {
    const wait = this.takeAll(connection, requestLimits[name].always);
    if (wait > 0) return refused('slow-down', undefined, wait);
    let request: Requests[K][0];
    try {
      request = readers[name](raw);
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      return this.strike(connection) ? refused('bad-request', error.message) : null;
    }
    return this.dispatch(connection, name, request);
  }

  /** Called in the moment in which the answer to a request has left, in order with all else. */
  answered(connection: Connection, name: RequestName, reply: unknown): void {
    if (name !== 'join') return;
    const joined = reply as JoinReply;
    if (joined.ok && joined.number !== undefined) connection.knows(joined.room, joined.term);
  }

  /** Takes in what is said without an answer. @returns false when the connection is to be closed */
  hear(connection: Connection, name: SayingName, raw: unknown): boolean {
    if (this.takeAll(connection, requestLimits[name].always) > 0) return true; // dropped: the next one says more
    try {
      if (name === 'signal') this.signal(connection, sayings.signal(raw));
      else if (name === 'input') this.input(connection, sayings.input(raw));
      else {
        const [number, n, hold, press, after] = sayings.i(raw);
        const room = connection.roomBy(number);
        if (room !== undefined) this.input(connection, { room, n, ...(after ? { after } : {}), ...(hold ? { hold } : {}), ...(press ? { press } : {}) });
      }
      return true;
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      return this.strike(connection);
    }
  }

  private input(connection: Connection, { room, n, after, hold, press, session }: InputRequest): void {
    const attachment = connection.rooms.get(room);
    if (attachment && !attachment.watch && (session === undefined || session === attachment.session)) this.parts.router.say(room, { k: 'input', player: connection.player, session: attachment.session, n, after, hold, press });
  }

  /**
   * Goes from here to the members on all nodes, past the owner: it is no part of the room's history. One that does not fit the contract
   * is dropped: a client of another version of the game sends such, and they are as limited as all others.
   */
  private signal(connection: Connection, { room, name, data }: SignalRequest): void {
    const attachment = connection.rooms.get(room);
    if (!attachment || attachment.watch) return;
    const schemas = (this.parts.games.get(attachment.game)?.contract.def as ContractDef | undefined)?.signals ?? {};
    const read = Object.hasOwn(schemas, name) ? watchedAlone(this.parts.watch, attachment.game, `signals.${name}`, connection.player, () => parseJson(schemas[name]!, data, `signals.${name}`)) : null;
    if (read?.ok) this.parts.fanout.emit(signalsOf(room), 'signal', room, connection.player, name, read.value);
    else if (!read?.unfit) this.parts.meter.count('badPackets');
    else this.parts.log.warn({ game: attachment.game, detail: read.detail }, 'signal dropped: its schema makes no JSON of it');
  }

  /** A packet that is larger than it may be. @returns the answer, or null when the connection is to be closed instead */
  tooLarge(connection: Connection, bytes: number): Refused | null {
    return this.strike(connection) ? refused('too-large', `the message has ${bytes} bytes, at most ${limits.packetBytes} (packetBytes)`) : null;
  }

  /** Counts a malformed packet. @returns false when it was one too many */
  strike(connection: Connection): boolean {
    this.parts.meter.count('badPackets');
    const now = this.parts.clock.mono();
    if (waitFor(connection.strikes, limits.strikes, now) > 0) return false;
    connection.strikes = taken(connection.strikes, limits.strikes, now);
    return true;
  }

  private dispatch(connection: Connection, name: RequestName, request: Requests[RequestName][0]): Promise<Requests[RequestName][1]> {
    switch (name) {
      case 'create': return this.create(connection, request as CreateRequest);
      case 'join': return this.join(connection, request as JoinRequest);
      case 'act': return this.act(connection, request as ActRequest);
      case 'place': return Promise.resolve(this.place(connection, request as PlaceRequest));
      case 'leave': return this.leave(connection, request as LeaveRequest);
      case 'list': return this.parts.lobby.list((request as { game?: string }).game ?? null);
      case 'inspect': return this.inspect(connection, (request as { room: string }).room);
    }
  }

  private async create(connection: Connection, request: CreateRequest): Promise<CreateReply> {
    const wait = this.take(connection, 'creations');
    if (wait > 0) return refused('slow-down', 'too many new rooms', wait);
    return this.parts.lobby.create(connection.player, request, { makers: makersOf(connection.player, connection.from) });
  }

  /** Takes each kind from the player's bucket and from the address's; none, where one of them is empty. @returns 0, or the ms after which to try again */
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
  private take(connection: Connection, kind: OccasionalKind): number { return this.takeAll(connection, [kind]); }
  private giveBack(connection: Connection, kind: OccasionalKind): void {
    connection.allowance.giveBack(kind);
    connection.address?.giveBack(kind);
  }

  private async join(connection: Connection, request: JoinRequest): Promise<JoinReply> {
    if (request.quick) {
      const wait = this.take(connection, 'quickJoins');
      return wait > 0 ? refused('slow-down', 'too many quick joins', wait) : this.quick(connection, request, request.quick);
    }
    // At once, so that a leave of the same room that follows is carried out after it.
    if (request.room !== undefined) return this.joinRoom(connection, request.room, request);
    const found = await this.byCode(connection, request.code!);
    return 'code' in found ? found : this.joinRoom(connection, found.room, request);
  }

  /**
   * Tries rooms until one takes the player. Those that refuse are skipped for the rest of this call. A reservation is known to the store
   * alone: before the player joins, a bot or a player with the code may take the seat, also in a room that was made for this call.
   */
  private async quick(connection: Connection, request: JoinRequest, wanted: NonNullable<JoinRequest['quick']>): Promise<JoinReply> {
    const { lobby, games } = this.parts;
    const game = games.get(wanted.game);
    const outdated = game && request.version !== undefined ? unfit(game, { game: wanted.game, version: request.version }) : null;
    if (outdated?.code === 'client-outdated') return outdated;
    const call = wanted.call ?? request.session ?? null;
    const makers = makersOf(connection.player, connection.from);
    const skip: string[] = [];
    for (;;) {
      // A new room is paid for. Who cannot pay, or is in as many rooms as may be, may still find one.
      const wait = this.take(connection, 'creations');
      const crowded = connection.roomCount >= limits.roomsPerConnection;
      const found = await lobby.findOrCreate(connection.player, wanted, { call, skip, search: skip.length < limits.quick.tries, mayCreate: wait === 0 && !crowded, makers });
      const made = 'how' in found && found.how === 'made';
      if (wait === 0 && !made) this.giveBack(connection, 'creations');
      if ('code' in found) return found;
      if (found.how === 'none') return crowded ? refused('too-many-rooms') : refused('slow-down', 'too many new rooms', wait);
      const reply = await this.joinRoom(connection, found.room, request);
      if (reply.ok || !connection.open) return reply;
      if (reply.code === 'unavailable' && !made) lobby.withdraw(found.room, connection.player, limits.quick.unreachable);
      else if (made && reply.code !== 'unavailable') lobby.discard(found.room, connection.player);
      else if (othersMayTake.has(reply.code) || dutyOf(reply.code) === 'final' || reply.code === 'slow-down') lobby.withdraw(found.room, connection.player, 0);
      if (!othersMayTake.has(reply.code) || (made && !seatsWereTaken.has(reply.code))) return reply;
      skip.push(found.room);
    }
  }

  /** A wrong code is paid for, and who cannot pay hears nothing of right ones either: else one could go on trying. */
  private async byCode(connection: Connection, code: string): Promise<{ room: string } | Refused> {
    const { node } = this.allowances;
    const ofNode = node.wait('wrongCodes', this.parts.clock.mono());
    if (ofNode > 0) this.warnOfCodes();
    const wait = ofNode > 0 ? ofNode : this.take(connection, 'wrongCodes');
    if (wait > 0) return refused('slow-down', 'too many wrong codes', wait);
    node.take('wrongCodes', this.parts.clock.mono());
    const found = await this.parts.lobby.byCode(code);
    if ('code' in found && found.code === 'bad-code') this.parts.meter.count('wrongCodes');
    else {
      this.giveBack(connection, 'wrongCodes');
      node.giveBack('wrongCodes');
    }
    return found;
  }

  private warnOfCodes(): void {
    const now = this.parts.clock.mono();
    if (now < this.warnsOfCodesAt) return;
    this.warnsOfCodesAt = now + 60_000;
    this.parts.log.warn({ budget: limits.node.wrongCodes }, 'joins by code refused: too many wrong codes on this node');
  }

  private async joinRoom(connection: Connection, room: string, request: JoinRequest): Promise<JoinReply> {
    if (!connection.isIn(room) && connection.roomCount >= limits.roomsPerConnection) return refused('too-many-rooms');
    return connection.inTurn(room, () => this.letIn(connection, room, request));
  }

  /**
   * Nothing of a room reaches a connection before the owner has admitted it. So who is not in yet asks twice: to be admitted, and
   * when it is subscribed, for all that there is. What is committed after that answer comes by the channels.
   */
  private async letIn(connection: Connection, room: string, request: JoinRequest): Promise<JoinReply> {
    const session = request.session ?? mint(this.parts.entropy.bytes(16));
    const watch = request.watch ?? false;
    // Whether it takes a seat anew only the owner knows; who may not still comes back to a seat that is its own.
    const wait = watch ? 0 : this.take(connection, 'newSeats');
    const message = {
      k: 'join', player: connection.player, name: connection.name, session, watch, place: request.place ?? null, ...(request.whole ? { whole: true } : {}),
      at: { node: this.parts.self, conn: connection.id }, game: request.game ?? request.quick?.game ?? null, ...(request.version === undefined ? {} : { version: request.version }),
      ...(watch || request.profile === undefined ? {} : { profile: request.profile }), ...(request.resume ? { resume: true } : {}),
    } satisfies RoomMessage;
    // Who is gone may be back by another node already: asked late, it would take the seat from itself.
    const ask = async (more: Partial<RoomMessage & { k: 'join' }>) => (await this.parts.router.request(room, { ...message, ...more }, { wanted: () => connection.open })) as OwnerJoinReply;
    let reply = await ask({ ...(connection.rooms.has(room) ? {} : { admit: true }), ...(wait > 0 ? { noNewSeat: wait } : {}) });
    if (!watch && wait === 0 && !(reply.ok && reply.fresh)) this.giveBack(connection, 'newSeats');
    if (reply.ok && connection.open && !reply.channels.every(channel => connection.rooms.get(room)?.channels.includes(channel))) {
      connection.attach(room, { session, watch, channels: reply.channels, game: reply.game });
      reply = await ask({ resume: true });
    }
    if (!reply.ok) {
      if ('failed' in reply) {
        this.parts.lobby.withdraw(room, connection.player, limits.quick.out);
        delete reply.failed;
      }
      // It was in, and may not be any more: the seat is lost, or the game was upgraded.
      if (dutyOf(reply.code) !== 'retry' && connection.rooms.get(room)?.session === session) this.letGo(connection, room);
      return reply;
    }
    const { channels, game, fresh: _fresh, ...joined } = reply;
    connection.attach(room, { session, watch, channels, game });
    this.parts.heads.heard(room, { head: joined.place, term: joined.term });
    if (!connection.open) this.letGo(connection, room); // it went while it was being let in
    return request.short ? { ...joined, number: connection.rooms.get(room)?.number, shortInputs: true } : joined;
  }

  private async act(connection: Connection, request: ActRequest): Promise<ActReply> {
    if (!beginsMatches.has(request.name)) return this.actIn(connection, request);
    const wait = this.take(connection, 'matches');
    if (wait > 0) return refused('slow-down', 'too many new matches', wait);
    const reply = await this.actIn(connection, request);
    if (!reply.ok) this.giveBack(connection, 'matches');
    return reply;
  }

  private async actIn(connection: Connection, request: ActRequest): Promise<ActReply> {
    const attachment = connection.rooms.get(request.room);
    if (!attachment || (request.session !== undefined && request.session !== attachment.session)) return refused('not-in-room');
    if (attachment.watch) return refused('not-seated');
    const reply = (await this.parts.router.request(request.room, {
      k: 'act', player: connection.player, session: attachment.session, name: request.name, data: request.data ?? null,
      number: request.n === undefined ? null : { n: request.n, term: request.term! },
    })) as ActReply;
    // Signals and inputs go past the owner, who alone knows of seats: without one the connection is out.
    if (request.name === '$leave' && reply.ok) this.letGo(connection, request.room, attachment.session);
    return reply;
  }

  /** Ends the connection's membership; with `seat`, also the hold, whether the connection has joined or not. */
  private leave(connection: Connection, { room, session, seat }: LeaveRequest): Promise<{ ok: true } | Refused> {
    return connection.inTurn(room, async () => {
      const own = session ?? connection.rooms.get(room)?.session;
      if (seat) {
        if (own === undefined) return refused('not-in-room');
        const reply = (await this.parts.router.request(room, { k: 'leave', player: connection.player, session: own })) as { ok: true } | Refused;
        if (!reply.ok) return reply;
      }
      this.letGo(connection, room, own);
      return { ok: true };
    });
  }

  private place(connection: Connection, request: PlaceRequest): PlaceReply {
    const rooms: PlaceReply['rooms'] = {};
    for (const room of Object.keys(request.rooms)) {
      const own = connection.rooms.get(room);
      if (!own) continue;
      rooms[room] = this.headOf(room, own.known);
    }
    return { ok: true, now: Math.round(this.bootAt + this.parts.clock.mono()), rooms, spread: this.spread };
  }

  /** The heads of all rooms that a connection is in, as `h` says them; null where there are none, or one that cannot be said so. */
  heads(connection: Connection): number[] | null {
    const said: number[] = [];
    for (const [room, own] of connection.rooms) {
      const head = this.headOf(room, own.known);
      if (!Array.isArray(head)) return null;
      said.push(own.number, ...head);
    }
    return said.length > 0 ? said : null;
  }

  /** A room's head, in its short form where head and owner are of the term that the connection goes by. */
  private headOf(room: string, known: number | null): Heard | null | ShortHeard {
    const heard = this.parts.heads.get(room);
    return heard && heard.term === known && heard.head[0] === known ? [heard.head[1], heard.watchers] : heard;
  }

  private async inspect(connection: Connection, room: string): Promise<InspectReply> {
    const attachment = connection.rooms.get(room);
    if (!attachment) return refused('not-in-room');
    const reply = (await this.parts.router.request(room, { k: 'inspect', player: connection.player, session: attachment.session })) as InspectReply;
    if (!reply.ok) return reply;
    const { membership, load, name } = this.parts;
    const named = new Map(membership.all().map(({ record }) => [record.id, record.name]));
    named.set(this.parts.self, name);
    const short = (id: string) => named.get(id) ?? id.split('~')[0]!;
    return {
      ...reply, node: name, owner: reply.owner === null ? null : short(reply.owner),
      members: reply.members.map(m => ({ ...m, node: short(m.node) })),
      nodes: [
        { name, ...load(), alive: true, draining: false },
        ...membership.all().filter(({ record: r, alive }) => alive || !membership.alive().some(n => n.name === r.name)).map(({ record: r, alive }) => ({ name: r.name, rooms: r.rooms, sockets: r.sockets, alive, draining: r.draining })),
      ].sort((a, b) => a.name.localeCompare(b.name)),
    };
  }

  /** Ends a connection's membership in a room. The owner is notified, and counts the seat as away if nobody else has the session. */
  private letGo(connection: Connection, room: string, session?: string): void {
    if (session !== undefined && connection.rooms.get(room)?.session !== session) return;
    const attachment = connection.detach(room);
    if (!attachment) return;
    // request() answers, it does not throw; if nobody hears this, the owner finds out by silence
    void this.parts.router.request(room, { k: 'gone', player: connection.player, session: attachment.session, at: { node: this.parts.self, conn: connection.id } });
  }
}

import type { AnyGame } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import type { JoinReply, JoinRequest } from '../../shared/protocol.ts';
import { dutyOf, makeRefusal, type RefusalCode, type Refused } from '../../shared/refusals.ts';
import type { Lobby } from '../lobby/lobby.ts';
import { makersOf } from '../lobby/makers.ts';
import { checkClientVersion } from '../rooms/actor/replies.ts';
import type { Clock, Log, Meter } from '../runtime/ports.ts';
import type { ConnectedClients } from './connected-clients.ts';
import type { Connection } from './connection.ts';
import { refundToken, takeToken } from './request-limits.ts';
import type { RoomMemberships } from './room-memberships.ts';

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

export interface JoinRequestsParts {
  lobby: Lobby;
  games: ReadonlyMap<string, AnyGame>;
  clients: ConnectedClients;
  /** Who may create rooms; see ServerOptions. */
  createRooms: 'anyone' | 'server';
  clock: Clock;
  log: Log;
  meter: Meter;
}

/** Finds the room of a join: by id, by code, or by quick join. */
export class JoinRequests {
  /** Monotonic ms before which wrong codes are not logged again. */
  private nextCodeWarningAt = 0;

  constructor(
    private readonly parts: JoinRequestsParts,
    private readonly memberships: RoomMemberships,
  ) {}

  async join(connection: Connection, request: JoinRequest): Promise<JoinReply> {
    if (request.quick) {
      const wait = takeToken(connection, 'quickJoins', this.parts.clock.mono());
      return wait > 0
        ? makeRefusal('slow-down', 'too many quick joins', wait)
        : this.quickJoin(connection, request, request.quick);
    }
    // Without an `await` before it, so that a following leave of the same room is executed after it.
    if (request.room !== undefined) return this.memberships.join(connection, request.room, request);
    const found = await this.findByCode(connection, request.code!);
    return 'code' in found ? found : this.memberships.join(connection, found.room, request);
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
      const wait = takeToken(connection, 'creations', this.parts.clock.mono());
      const isAtRoomLimit = connection.roomCount >= limits.roomsPerConnection;
      const found = await lobby.findOrCreate(connection.player, wanted, {
        call,
        skip,
        search: skip.length < limits.quickJoinSearch.maxTries,
        mayCreate: wait === 0 && !isAtRoomLimit && this.parts.createRooms === 'anyone',
        makers,
      });
      const made = 'how' in found && found.how === 'made';
      if (wait === 0 && !made) refundToken(connection, 'creations');
      if ('code' in found) return found;
      if (found.how === 'none' && this.parts.createRooms === 'server') return makeRefusal('creation-closed');
      if (found.how === 'none')
        return isAtRoomLimit ? makeRefusal('too-many-rooms') : makeRefusal('slow-down', 'too many new rooms', wait);
      const reply = await this.memberships.join(connection, found.room, request);
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
    const wait = nodeWait > 0 ? nodeWait : takeToken(connection, 'wrongCodes', this.parts.clock.mono());
    if (wait > 0) return makeRefusal('slow-down', 'too many wrong codes', wait);
    node.take('wrongCodes', this.parts.clock.mono());
    const found = await this.parts.lobby.byCode(code);
    if ('code' in found && found.code === 'bad-code') this.parts.meter.count('wrongCodes');
    else {
      refundToken(connection, 'wrongCodes');
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
}

import { idFromBytes } from '../../shared/ids.ts';
import { limits } from '../../shared/limits.ts';
import type { JoinReply, JoinRequest, LeaveRequest } from '../../shared/protocol.ts';
import { dutyOf, makeRefusal, type Refused } from '../../shared/refusals.ts';
import type { Lobby } from '../lobby/lobby.ts';
import type { OwnerJoinReply, RoomMessage } from '../rooms/actor/messages.ts';
import type { HeadExchange } from '../routing/head-exchange.ts';
import type { Router } from '../routing/router.ts';
import type { Clock, Entropy } from '../runtime/ports.ts';
import type { Connection } from './connection.ts';
import { refundToken, takeToken } from './request-limits.ts';

export interface RoomMembershipsParts {
  self: string;
  router: Router;
  lobby: Lobby;
  headExchange: HeadExchange;
  clock: Clock;
  entropy: Entropy;
}

/** Begins and ends the membership of connections in rooms. The owner decides about each. */
export class RoomMemberships {
  constructor(private readonly parts: RoomMembershipsParts) {}

  /** Joins a room, in order with the connection's other requests about it. */
  async join(connection: Connection, room: string, request: JoinRequest): Promise<JoinReply> {
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
    const wait = watch ? 0 : takeToken(connection, 'newSeats', this.parts.clock.mono());
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
    if (!watch && wait === 0 && !(reply.ok && reply.fresh)) refundToken(connection, 'newSeats');
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
      if (dutyOf(reply.code) !== 'retry' && connection.rooms.get(room)?.session === session) this.end(connection, room);
      return reply;
    }
    const { channels, game, fresh: _, ...joined } = reply;
    connection.enterRoom(room, { session, watch, channels, game });
    this.parts.headExchange.recordHead(room, { head: joined.place, term: joined.term });
    if (!connection.isOpen) this.end(connection, room); // disconnected during the join
    return request.short ? { ...joined, number: connection.rooms.get(room)?.number, shortInputs: true } : joined;
  }

  /** Ends the connection's membership; with `seat`, also the hold, even if the connection has not joined. */
  leave(connection: Connection, { room, session, seat }: LeaveRequest): Promise<{ ok: true } | Refused> {
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
      this.end(connection, room, own);
      return { ok: true };
    });
  }

  /**
   * Ends a connection's membership in a room and notifies the owner, which marks the player as away unless another
   * connection has the session.
   */
  end(connection: Connection, room: string, session?: string): void {
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

import type { Ranking } from '../../../shared/contract.ts';
import { RefusalError } from '../../../shared/errors.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import type { RefusalCode } from '../../../shared/refusals.ts';
import { endMatch } from './rule-context.ts';
import { assignedTeam, isBot, seatOf } from './document.ts';
import { readProfile } from './profile.ts';
import {
  addBot,
  isIncomplete,
  loseSeat,
  maybeRematch,
  maybeStart,
  seatsForNextMatch,
  startMatch,
  closeRoom,
  type EliminatedSeat,
} from './seating.ts';
import type { RoomTransaction } from './transaction.ts';

/** A refusal by the engine, before a rule is run. */
export class EngineRefusalError extends RefusalError<RefusalCode> {
  override readonly name = 'EngineRefusalError';
}

/** Who requests an action: a seat, or the server itself, which may do whatever a host may. */
export type Requester = number | 'server';

/**
 * Runs an action that all games share. If it throws, all its changes are undone.
 * @returns the seats that it eliminated
 * @throws EngineRefusalError
 */
export function performEngineAction(
  t: RoomTransaction,
  requester: Requester,
  name: string,
  data: Json,
): EliminatedSeat[] {
  const { room } = t.doc;
  const def = t.game.contract.def;
  const args: JsonObject = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {};
  const yes = args['yes'] !== false;
  const ownSeat = () => {
    if (requester === 'server') throw new EngineRefusalError('bad-data', 'only a player can do this');
    return room.seats[requester]!;
  };
  const assertHost = () => {
    if (requester !== 'server' && room.host !== requester) throw new EngineRefusalError('not-host');
  };
  switch (name) {
    case '$ready':
      if (room.phase !== 'waiting') throw new EngineRefusalError('not-now');
      ownSeat().ready = yes;
      maybeStart(t);
      return [];
    case '$rematch':
      if (room.phase !== 'ended') throw new EngineRefusalError('not-now');
      ownSeat().rematch = yes;
      maybeRematch(t);
      return [];
    case '$start': {
      // In games with start 'host', the host also starts a rematch: with many seats, waiting for every vote takes too
      // long.
      if (requester !== 'server' && def.start !== 'host') throw new EngineRefusalError('not-now');
      if (room.phase !== 'waiting' && room.phase !== 'ended') throw new EngineRefusalError('not-now');
      assertHost();
      if (requester !== 'server' && isIncomplete(t.doc))
        throw new EngineRefusalError('not-now', 'not all players with a reserved seat are here');
      const players = seatsForNextMatch(t.doc);
      if (players.length < def.seats.min || players.every(i => isBot(room.seats[i]!.player)))
        throw new EngineRefusalError('not-now', 'too few players');
      startMatch(t);
      return [];
    }
    case '$team': {
      const team = args['team'];
      if (!def.teams) throw new EngineRefusalError('not-now', 'this game has no teams');
      if (room.phase !== 'waiting') throw new EngineRefusalError('not-now');
      if (!Number.isSafeInteger(team) || def.teams[team as number] === undefined)
        throw new EngineRefusalError('bad-data', 'team: must be the index of a team');
      if (assignedTeam(t.doc, ownSeat().player ?? '') !== null)
        throw new EngineRefusalError('not-now', 'the server has assigned the teams');
      ownSeat().team = team as number;
      return [];
    }
    case '$profile': {
      const seat = ownSeat();
      if (!def.profile) throw new EngineRefusalError('not-now', 'this game has no profiles');
      const read = readProfile(t, data);
      if (!read.ok) throw new EngineRefusalError('bad-data', read.detail);
      seat.profile = read.value;
      return [];
    }
    case '$bot':
      assertHost();
      if (!t.game.rules.bot) throw new EngineRefusalError('not-now', 'this game has no bot');
      if (room.phase === 'ended' || (room.phase === 'playing' && !def.late)) throw new EngineRefusalError('not-now');
      if (addBot(t) === null) throw new EngineRefusalError('room-full');
      maybeStart(t);
      return [];
    case '$host': {
      assertHost();
      const seat = readSeatArgument(t, requester, args);
      if (isBot(room.seats[seat]!.player)) throw new EngineRefusalError('bad-data', 'a bot cannot be the host');
      room.host = seat;
      return [];
    }
    case '$kick': {
      assertHost();
      const player = kickedPlayer(t, requester, args);
      const seat = seatOf(t.doc, player);
      if (seat === requester) throw new EngineRefusalError('bad-data', 'the host cannot kick itself: leave instead');
      const { hidden } = t.doc;
      if (!isBot(player) && !(seat < 0 && hidden.banned.includes(player)))
        hidden.banned = [player, ...hidden.banned.filter(p => p !== player)].slice(0, limits.banned);
      const out = seat < 0 ? null : loseSeat(t, seat, 'kicked');
      return out === null ? [] : [out];
    }
    case '$end': {
      if (requester !== 'server') throw new EngineRefusalError('no-such-action');
      if (room.phase !== 'playing')
        throw new EngineRefusalError(
          'not-now',
          room.phase === 'ended' ? `match ${room.match} has already ended` : 'no match is in progress',
        );
      try {
        endMatch(t.doc, args['ranking'] as unknown as Ranking);
      } catch (error) {
        throw new EngineRefusalError('bad-data', error instanceof Error ? error.message : undefined);
      }
      return [];
    }
    case '$close':
      if (requester !== 'server') throw new EngineRefusalError('no-such-action');
      closeRoom(t);
      return [];
    case '$leave':
      ownSeat();
      return []; // the caller frees the seat after it has recorded the action's verdict
    default:
      throw new EngineRefusalError('no-such-action');
  }
}

/** The server names a player instead of a seat, because seats may have changed since it looked. */
function readSeatArgument(t: RoomTransaction, requester: Requester, args: JsonObject): number {
  const seat = requester === 'server' ? seatOf(t.doc, String(args['player'])) : args['seat'];
  if (requester === 'server' && seat === -1) throw new EngineRefusalError('not-seated');
  if (!Number.isSafeInteger(seat) || !t.doc.room.seats[seat as number] || !t.doc.hidden.seats[seat as number])
    throw new EngineRefusalError('bad-data', 'seat: must be an occupied seat');
  return seat as number;
}

/** The player to kick: of a seat, or named by id. A named player may be a spectator or not connected. */
function kickedPlayer(t: RoomTransaction, who: Requester, args: JsonObject): string {
  const { player } = args;
  if (player === undefined && who !== 'server') return t.doc.hidden.seats[readSeatArgument(t, who, args)]!.player;
  const isId = typeof player === 'string' && player.length > 0 && player.length <= limits.playerIdLength;
  if (!isId || (player.startsWith('$') && seatOf(t.doc, player) < 0))
    throw new EngineRefusalError('bad-data', 'player: must be the id of a player');
  return player;
}

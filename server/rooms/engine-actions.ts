import type { ContractDef, Ranking } from '../../shared/contract.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { RefusalCode } from '../../shared/refusals.ts';
import { endMatch } from './context.ts';
import { isBot, seatOf } from './document.ts';
import { readProfile } from './profile.ts';
import { addBot, loseSeat, maybeRematch, maybeStart, staying, startMatch, vacate, type Out, type Table } from './seating.ts';

/** A refusal by the engine where a rule could not even be asked. */
export class EngineRefusal extends Error {
  constructor(readonly code: RefusalCode, readonly detail?: string) {
    super(code);
    this.name = 'EngineRefusal';
  }
}

/** Who asks: a seat, or the server itself, which may do all that a host may. */
export type Asker = number | 'server';

/**
 * The actions that all games share, by name. They run as one step, undone as a whole if they throw.
 * @returns seats that are out of play now
 * @throws EngineRefusal
 */
export function performEngine(t: Table, who: Asker, name: string, data: Json): Out[] {
  const { room } = t.doc;
  const def = t.game.contract.def as ContractDef;
  const args: JsonObject = typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {};
  const yes = args['yes'] !== false;
  const own = () => {
    if (who === 'server') throw new EngineRefusal('bad-data', 'only a player does this');
    return room.seats[who]!;
  };
  const hostOnly = () => { if (who !== 'server' && room.host !== who) throw new EngineRefusal('not-host'); };
  switch (name) {
    case '$ready':
      if (room.phase !== 'waiting') throw new EngineRefusal('not-now');
      own().ready = yes;
      maybeStart(t);
      return [];
    case '$rematch':
      if (room.phase !== 'ended') throw new EngineRefusal('not-now');
      own().rematch = yes;
      maybeRematch(t);
      return [];
    case '$start': {
      // A table of many cannot wait until the last has agreed: the host begins the next match, too.
      if (who !== 'server' && def.start !== 'host') throw new EngineRefusal('not-now');
      if (room.phase !== 'waiting' && room.phase !== 'ended') throw new EngineRefusal('not-now');
      hostOnly();
      const players = staying(t.doc);
      if (players.length < def.seats.min || players.every(i => isBot(room.seats[i]!.player))) throw new EngineRefusal('not-now', 'too few players');
      startMatch(t);
      return [];
    }
    case '$team': {
      const team = args['team'];
      if (!def.teams) throw new EngineRefusal('not-now', 'this game has no teams');
      if (room.phase !== 'waiting') throw new EngineRefusal('not-now');
      if (!Number.isSafeInteger(team) || def.teams[team as number] === undefined) throw new EngineRefusal('bad-data', 'team: its index');
      own().team = team as number;
      return [];
    }
    case '$profile': {
      const seat = own();
      if (!def.profile) throw new EngineRefusal('not-now', 'in this game one brings nothing along');
      const read = readProfile(t, data);
      if (!read.ok) throw new EngineRefusal('bad-data', read.detail);
      seat.profile = read.value;
      return [];
    }
    case '$bot':
      hostOnly();
      if (!t.game.rules.bot) throw new EngineRefusal('not-now', 'this game has no bot');
      if (room.phase === 'ended' || (room.phase === 'playing' && !def.late)) throw new EngineRefusal('not-now');
      if (addBot(t) === null) throw new EngineRefusal('room-full');
      maybeStart(t);
      return [];
    case '$host': {
      hostOnly();
      const seat = seatArg(t, who, args);
      if (isBot(room.seats[seat]!.player)) throw new EngineRefusal('bad-data', 'a bot is no host');
      room.host = seat;
      return [];
    }
    case '$kick': {
      hostOnly();
      const player = kickedPlayer(t, who, args);
      const seat = seatOf(t.doc, player);
      if (seat === who) throw new EngineRefusal('bad-data', 'to go yourself, leave');
      const { hidden } = t.doc;
      if (!isBot(player) && !(seat < 0 && hidden.banned.includes(player))) hidden.banned = [player, ...hidden.banned.filter(p => p !== player)].slice(0, limits.banned);
      const out = seat < 0 ? null : loseSeat(t, seat, 'kicked');
      return out === null ? [] : [out];
    }
    case '$end': {
      if (who !== 'server') throw new EngineRefusal('no-such-action');
      if (room.phase !== 'playing') throw new EngineRefusal('not-now');
      try {
        endMatch(t.doc, args['ranking'] as unknown as Ranking);
      } catch (error) {
        throw new EngineRefusal('bad-data', error instanceof Error ? error.message : undefined);
      }
      return [];
    }
    case '$close':
      if (who !== 'server') throw new EngineRefusal('no-such-action');
      vacate(t);
      return [];
    case '$leave':
      own();
      return []; // the seat is freed in any case, after the action's own verdict
    default:
      throw new EngineRefusal('no-such-action');
  }
}

/** The server names players: who sits where may have changed since it looked. */
function seatArg(t: Table, who: Asker, args: JsonObject): number {
  const seat = who === 'server' ? seatOf(t.doc, String(args['player'])) : args['seat'];
  if (who === 'server' && seat === -1) throw new EngineRefusal('not-seated');
  if (!Number.isSafeInteger(seat) || !t.doc.room.seats[seat as number] || !t.doc.hidden.seats[seat as number]) throw new EngineRefusal('bad-data', 'seat: one that is taken');
  return seat as number;
}

/** Who is removed: the player of a seat, or the one that is named, who may also watch, or not be here at all. */
function kickedPlayer(t: Table, who: Asker, args: JsonObject): string {
  const { player } = args;
  if (player === undefined && who !== 'server') return t.doc.hidden.seats[seatArg(t, who, args)]!.player;
  const isId = typeof player === 'string' && player.length > 0 && player.length <= limits.playerIdLength;
  if (!isId || (player.startsWith('$') && seatOf(t.doc, player) < 0)) throw new EngineRefusal('bad-data', 'player: the id of a player');
  return player;
}

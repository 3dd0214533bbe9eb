import type { AnyGame } from '../../../shared/contract.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import type { PublicSeat, SeatLoss } from '../../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../../shared/refusals.ts';
import { contextFor, endMatch, endTimers, assertSync } from './rule-context.ts';
import {
  abandonedTimer,
  assignedTeam,
  awaitedPlayers,
  botPlayer,
  closedFault,
  effectsTimer,
  holdTimer,
  isAbandoned,
  isBot,
  isSeatAwaited,
  mayWatch,
  moveTimer,
  rematchTimer,
  seatOf,
  type HiddenSeat,
  type RoomDocument,
} from './document.ts';
import { blockKeys, isBlocked } from './hangs.ts';
import { announceLoss, beginHold, endHold, holdOf, lossOf, resetInputs } from './holds.ts';
import { readProfile } from './profile.ts';
import type { RoomTransaction } from './transaction.ts';

/**
 * Seats: taking, holding, leaving, and the start of matches. Functions on the document only; the room runs each as one
 * step that is undone entirely if it throws.
 */

const awayPolicyOf = (game: AnyGame) => ({
  hold: holdOf(game),
  then: game.contract.def.away?.then ?? ('leave' as const),
});

export type SeatedPlayer = {
  seat: number;
  /** The session that this one replaced. */
  replacedSession: string | null;
  /** A new player, not a returning one. */
  isNew: boolean;
  wasAway: boolean;
};

/**
 * A join. `resume`: an earlier join with this session was answered, so if the session's hold has ended, it must not get
 * a new one. `forgotten`: the entries in which that hold began were lost. `noNewSeat`: a new seat is refused, with this
 * retry delay (ms).
 */
export interface SeatRequest {
  player: string;
  name: string;
  session: string;
  resume?: boolean;
  forgotten?: boolean;
  noNewSeat?: number;
  profile?: Json;
}

/** Takes a seat, or returns to the player's own. Idempotent: a retry after a lost reply gets the same seat. */
export function takeSeat(t: RoomTransaction, request: SeatRequest): SeatedPlayer | Refused {
  const { doc } = t;
  const own = seatOf(doc, request.player);
  if (own >= 0) return resumeSeat(t, own, request);
  const { room, hidden } = doc;
  if (hidden.banned.includes(request.player)) return makeRefusal('kicked');
  const loss = lossOf(doc, request.player);
  if (request.resume || loss?.session === request.session)
    return refuseLostSeat(request, loss?.session === request.session ? loss.why : null);
  if (request.noNewSeat) return makeRefusal('slow-down', 'too many new seats', request.noNewSeat);
  if (hidden.reserved && !hidden.reserved.includes(request.player)) return refuseUnlisted(doc, request.player);
  const free = findFreeSeat(t, request.player);
  if (free === null) return makeRefusal('room-full');
  const late = t.game.contract.def.late === true;
  if (room.phase === 'playing' && !late) return makeRefusal('room-started');
  if (room.phase === 'ended' && !late) return makeRefusal('room-ended');
  const profile = readProfile(t, request.profile ?? null);
  if (!profile.ok) return makeRefusal('bad-profile', profile.detail);
  assignSeat(
    t,
    free,
    { player: request.player, name: request.name, profile: profile.value, bot: false },
    request.session,
  );
  room.host ??= free;
  for (let bots = hidden.fill; bots > 0 && addBot(t) !== null; bots--);
  hidden.fill = 0;
  maybeStart(t);
  return { seat: seatOf(doc, request.player), replacedSession: null, isNew: true, wasAway: false };
}

/** Refuses a player for whom no seat is reserved. The detail says that the player may not watch either. */
const refuseUnlisted = (doc: RoomDocument, player: string): Refused =>
  makeRefusal('reserved', mayWatch(doc, player) ? undefined : notForSpectators);
/** Detail of the refusal of a player who may not watch. */
export const notForSpectators = 'This room is for other players, and they cannot be watched.';

/**
 * A seat for a new player, or for a bot (null): the one that is reserved for the player, else one for which no other
 * player is awaited, else any. In a match with late joins, also one that its player has left.
 */
function findFreeSeat(t: RoomTransaction, player: string | null): number | null {
  const { room, hidden } = t.doc;
  const seats = room.seats.map((_s, i) => i);
  const empty = seats.filter(i => room.seats[i] === null);
  const free = [...empty, ...(reusesSeats(t) ? seats.filter(i => room.seats[i] && hidden.seats[i] === null) : [])];
  const own = player === null ? -1 : (hidden.reserved ?? []).indexOf(player);
  if (free.includes(own)) return own;
  return free.find(i => !isSeatAwaited(t.doc, i)) ?? free[0] ?? null;
}

const reusesSeats = ({ game, doc: { room } }: RoomTransaction): boolean =>
  room.phase === 'playing' && game.contract.def.late === true;
const countFreeSeats = (t: RoomTransaction): number =>
  (reusesSeats(t) ? t.doc.hidden.seats : t.doc.room.seats).filter(s => s === null).length;

/** Refuses a session whose hold has ended or is unknown. */
const refuseLostSeat = ({ forgotten }: SeatRequest, why: SeatLoss | null): Refused =>
  makeRefusal('seat-lost', why ?? (forgotten ? 'forgotten' : 'unknown'));

const hasInputs = ({ game }: RoomTransaction): boolean => game.contract.def.inputs !== undefined;

function assignSeat(
  t: RoomTransaction,
  seat: number,
  who: { player: string; name: string; profile: Json; bot: boolean },
  session: string,
): void {
  const { room } = t.doc;
  const former = room.seats[seat];
  if (former) delete t.doc.hidden.left?.[former.hold];
  const hold = beginHold(t.doc, seat, who.player, session, hasInputs(t));
  room.seats[seat] = {
    ...who,
    hold,
    here: true,
    until: null,
    ready: who.bot,
    rematch: false,
    out: false,
    why: null,
    team: null,
  };
  room.seats[seat].team = assignedTeam(t.doc, who.player) ?? smallestTeam(t);
  t.beforeRule('joined');
  assertSync(t.game.rules.joined?.(t.doc.state, contextFor(t.game, t.doc, t.events, t.now, seat)));
}

/** @returns the bot's seat, or null if none is free */
export function addBot(t: RoomTransaction): number | null {
  const { room } = t.doc;
  const free = findFreeSeat(t, null);
  if (free === null || countFreeSeats(t) <= awaitedPlayers(t.doc).length) return null; // bots take no reserved seat
  let n = 1;
  while (seatOf(t.doc, botPlayer(n)) >= 0 || room.seats.some(s => s?.name === `Bot ${n}`)) n++;
  assignSeat(t, free, { player: botPlayer(n), name: `Bot ${n}`, profile: null, bot: true }, '');
  return free;
}

function smallestTeam({ game, doc }: RoomTransaction): number | null {
  const { teams } = game.contract.def;
  if (!teams) return null;
  const awaited = awaitedPlayers(doc).map(player => assignedTeam(doc, player));
  const sizes = teams.map(
    (_name, team) =>
      doc.room.seats.filter(s => s?.team === team).length + awaited.filter(other => other === team).length,
  );
  return sizes.indexOf(Math.min(...sizes));
}

function resumeSeat(t: RoomTransaction, seat: number, request: SeatRequest): SeatedPlayer | Refused {
  const { player, session, name, profile } = request;
  const hidden = t.doc.hidden.seats[seat]!;
  const publicSeat = t.doc.room.seats[seat]!;
  if (hidden.closed.includes(session)) return makeRefusal('session-replaced');
  const replacedSession = hidden.session === session ? null : hidden.session;
  if (replacedSession !== null) {
    // The player holds the seat by another session. The requesting session was either replaced so long ago that it is
    // no longer listed, or belongs to entries that were lost.
    if (request.resume) return request.forgotten ? refuseLostSeat(request, null) : makeRefusal('session-replaced');
    openSession(hidden, session);
    resetInputs(t.doc.room, seat, hasInputs(t));
  }
  const wasAway = !publicSeat.here;
  publicSeat.here = true;
  publicSeat.bot = false; // a returning player takes over from the bot
  delete t.doc.hidden.timers[moveTimer(seat)];
  publicSeat.until = null;
  publicSeat.name = name;
  // A profile that is no longer valid, for example after an upgrade, must not lock the player out: the old one stays.
  const newProfile =
    profile === undefined || isBlocked(t.doc, blockKeys.join(player), t.now) ? null : readProfile(t, profile);
  if (newProfile?.ok) publicSeat.profile = newProfile.value;
  delete t.doc.hidden.timers[holdTimer(hidden.player)];
  return { seat, replacedSession, isNew: false, wasAway };
}

function openSession(seat: HiddenSeat, session: string): void {
  seat.closed = [seat.session, ...seat.closed].slice(0, limits.closedSessions);
  seat.session = session;
  seat.base = 0;
  seat.verdicts = {};
}

/** @returns whether the player was connected until now */
export function markAway(t: RoomTransaction, seat: number): boolean {
  const publicSeat = t.doc.room.seats[seat]!;
  if (!publicSeat.here) return false;
  publicSeat.here = false;
  publicSeat.until = t.now + awayPolicyOf(t.game).hold;
  t.doc.hidden.timers[holdTimer(t.doc.hidden.seats[seat]!.player)] = { at: publicSeat.until, data: null };
  return true;
}

/** A seat that was eliminated from a match in progress, and why. */
export interface EliminatedSeat {
  seat: number;
  player: string;
  why: SeatLoss;
}

/** Ends the hold time of a seat. @returns the seat if that eliminates it */
export function expireHold(t: RoomTransaction, player: string): EliminatedSeat | null {
  delete t.doc.hidden.timers[holdTimer(player)];
  const seat = seatOf(t.doc, player);
  if (seat < 0) return null;
  t.doc.room.seats[seat]!.until = null;
  if (t.doc.room.phase === 'playing' && awayPolicyOf(t.game).then === 'bot') {
    t.doc.room.seats[seat]!.bot = true;
    reassignHost(t.doc, seat);
    return null;
  }
  if (t.doc.room.phase === 'playing' && awayPolicyOf(t.game).then === 'forfeit') {
    const publicSeat = t.doc.room.seats[seat]!;
    if (publicSeat.out) return null;
    // The player keeps the seat, to watch the rest of the match and to play the next one.
    Object.assign(publicSeat, { out: true, why: 'forfeited' } satisfies Partial<PublicSeat>);
    announceLoss(t.events, seat, publicSeat.name, 'forfeited');
    reassignHost(t.doc, seat);
    return { seat, player, why: 'forfeited' };
  }
  return loseSeat(t, seat, 'expired');
}

/** Ends a player's hold on a seat. @returns the seat if that eliminates it */
export function loseSeat(t: RoomTransaction, seat: number, why: SeatLoss): EliminatedSeat | null {
  const { room } = t.doc;
  const publicSeat = room.seats[seat]!;
  const { player } = t.doc.hidden.seats[seat]!;
  endHold(t, seat, why);
  let eliminated: EliminatedSeat | null = null;
  if (room.phase === 'playing') {
    // Rules address seats by index, so the seat stays, marked, until the match ends: rules and results need its name.
    (t.doc.hidden.left ??= {})[publicSeat.hold] = player;
    if (!publicSeat.out) eliminated = { seat, player, why };
    Object.assign(publicSeat, { out: true, why, here: false, until: null, bot: false } satisfies Partial<PublicSeat>);
  } else {
    room.seats[seat] = null;
    if (room.phase === 'ended') for (const s of room.seats) if (s) s.rematch = false;
  }
  reassignHost(t.doc, seat);
  return eliminated;
}

/** Closes the room: ends all holds and removes all timers, except the one for pending effects. */
export function closeRoom(t: RoomTransaction): void {
  const { room, hidden } = t.doc;
  const { [effectsTimer]: effects } = hidden.timers;
  hidden.seats.forEach((_held, seat) => endHold(t, seat, 'closed'));
  room.phase = 'quarantined';
  room.seats = room.seats.map(() => null);
  room.host = null;
  room.clocks = {};
  hidden.timers = effects ? { [effectsTimer]: effects } : {};
  hidden.fault = closedFault;
}

/** Passes the host's role to a connected player, else to any other player, never to a bot. */
function reassignHost({ room, hidden }: RoomDocument, seat: number): void {
  if (room.host !== seat) return;
  const others = room.seats.flatMap((s, i) => (s && i !== seat && hidden.seats[i] && !isBot(s.player) ? [i] : []));
  room.host = others.find(i => room.seats[i]!.here) ?? others[0] ?? (hidden.seats[seat] ? seat : null);
}

/**
 * Ends the match after an elimination if the rules have not: when no player is left in play, or, in a game without a
 * `left` hook, when fewer than `seats.min` are.
 * @param decided the rules' `left` hook ran and did not fail
 */
export function endIfTooFew(t: RoomTransaction, decided: boolean): void {
  const { room } = t.doc;
  if (room.phase !== 'playing') return;
  const indexes = room.seats.flatMap((s, i) => (s ? [i] : []));
  const inPlay = indexes.filter(i => !room.seats[i]!.out);
  const people = inPlay.some(i => !isBot(room.seats[i]!.player)); // bots do not play among themselves
  if (people && (decided || inPlay.length >= t.game.contract.def.seats.min)) return;
  endUndecided(t);
}

/** Ends a match without a decision by the rules: seats in play rank first. */
function endUndecided({ doc }: RoomTransaction): void {
  const indexes = doc.room.seats.flatMap((s, i) => (s ? [i] : []));
  const [inPlay, outs] = [false, true].map(out => indexes.filter(i => doc.room.seats[i]!.out === out)) as [
    number[],
    number[],
  ];
  endMatch(
    doc,
    [inPlay, outs].filter(p => p.length > 0),
  );
}

/** No player is connected, and no hold is running. The rules may still be setting timers. */
const isAbandonedMatch = ({ doc }: RoomTransaction): boolean => doc.room.phase === 'playing' && isAbandoned(doc);
/** Whether `updateAbandonedTimer` has to set or remove the timer. */
export const isAbandonedTimerStale = (t: RoomTransaction): boolean =>
  isAbandonedMatch(t) !== Object.hasOwn(t.doc.hidden.timers, abandonedTimer);

/** Sets the deadline of an abandoned match; removes it when a player is back. */
export function updateAbandonedTimer(t: RoomTransaction): void {
  const { timers } = t.doc.hidden;
  if (!isAbandonedMatch(t)) delete timers[abandonedTimer];
  // Without game timers the room sleeps, and expires before that deadline.
  else if (Object.keys(timers).some(name => !name.startsWith('$')))
    timers[abandonedTimer] = { at: t.now + holdOf(t.game) + limits.roomTtl, data: null };
}

/** Ends an abandoned match at its deadline. */
export function endAbandoned(t: RoomTransaction): void {
  delete t.doc.hidden.timers[abandonedTimer];
  if (isAbandonedMatch(t)) endUndecided(t);
}

const isPresent = (t: RoomTransaction, seat: PublicSeat): boolean =>
  seat.bot || (seat.here && seat.player !== null && t.isConnected(seat.player));

/** Whether the first match waits for players with reserved seats. Only the server begins it before. */
export const isIncomplete = (doc: RoomDocument): boolean =>
  doc.room.phase === 'waiting' && !doc.hidden.startsIncomplete && awaitedPlayers(doc).length > 0;

export function maybeStart(t: RoomTransaction): void {
  const { room } = t.doc;
  const def = t.game.contract.def;
  if (room.phase !== 'waiting') return;
  const seated = room.seats.filter(s => s !== null);
  if (seated.every(s => isBot(s.player))) return; // bots do not play among themselves
  if (!seated.every(s => isPresent(t, s))) return; // a match does not start automatically while a player is away
  if (isIncomplete(t.doc)) return;
  const start = def.start ?? 'full';
  const { reserved } = t.doc.hidden;
  const isFull =
    seated.length === def.seats.max ||
    (reserved !== null && awaitedPlayers(t.doc).length === 0 && seated.length >= def.seats.min);
  if (start === 'full' && isFull) startMatch(t);
  if (start === 'ready' && seated.length >= def.seats.min && seated.every(s => s.ready)) startMatch(t);
}

/**
 * Seats that take part in the next match, and whose votes it waits for. Excluded: players who left, and disconnected
 * players who forfeited or are played by a bot.
 */
export const seatsForNextMatch = ({ room, hidden }: RoomDocument): number[] =>
  room.seats.flatMap((s, i) => (s && hidden.seats[i] && !((s.out || s.bot) && !s.here) ? [i] : []));

/**
 * Starts the next match in the same room when all participants have agreed, without those who need not be waited for.
 * Sets a timer if they have not been away for long enough.
 */
export function maybeRematch(t: RoomTransaction): void {
  const { room, hidden } = t.doc;
  if (room.phase !== 'ended') return;
  delete hidden.timers[rematchTimer];
  const all = seatsForNextMatch(t.doc);
  const players = all.filter(i => !mayBeginWithout(t, i));
  if (!haveAgreed(t, players)) return;
  const since = all.filter(i => !players.includes(i)).map(i => awaySince(t, i));
  const at = Math.max(...since) + limits.rematchGrace;
  if (since.length === 0 || at <= t.now) startMatch(t, players);
  else hidden.timers[rematchTimer] = { at, data: null };
}

const haveAgreed = (t: RoomTransaction, seats: readonly number[]): boolean => {
  const players = seats.map(i => t.doc.room.seats[i]!);
  return (
    players.length >= t.game.contract.def.seats.min &&
    players.some(s => s.rematch) &&
    players.every(s => s.bot || (s.rematch && isPresent(t, s)))
  );
};

/** Whether the next match need not wait for a seat: its player is away, and has no right to a seat. */
const mayBeginWithout = ({ game, doc: { room, hidden } }: RoomTransaction, seat: number): boolean =>
  !room.seats[seat]!.here &&
  !room.seats[seat]!.bot &&
  game.contract.def.away?.rematch !== 'wait' &&
  !hidden.reserved?.includes(hidden.seats[seat]!.player);

const awaySince = ({ game, doc: { room } }: RoomTransaction, seat: number): number =>
  (room.seats[seat]!.until ?? 0) - holdOf(game);

/**
 * @param players the seats that take part
 * @throws what the game's `setup` throws
 */
export function startMatch(t: RoomTransaction, players = seatsForNextMatch(t.doc)): void {
  const { room, hidden } = t.doc;
  delete hidden.timers[rematchTimer];
  if (room.result)
    hidden.previous = { ranking: room.result.ranking.map(p => [...p]), players: room.seats.map(s => s?.name ?? '') };
  compactSeats(t, players);
  delete hidden.left;
  room.phase = 'playing';
  room.match += 1;
  hidden.began = t.now;
  room.result = null;
  room.clocks = {};
  for (const seat of room.seats)
    if (seat)
      Object.assign(seat, { ready: seat.bot, rematch: false, out: false, why: null } satisfies Partial<PublicSeat>);
  endTimers(hidden);
  t.beforeRule('setup');
  const state = assertSync(t.game.rules.setup(contextFor(t.game, t.doc, t.events, t.now, null)));
  if (state === undefined) throw new TypeError('setup returned nothing: it returns the state that a match begins with');
  t.doc.state = state as Json; // the draft refuses what is not JSON
  hidden.stateVersion = t.game.contract.def.version;
}

/** Rules address players by index, so a match starts with seats 0…n−1: seats of players who left are removed. */
function compactSeats(t: RoomTransaction, staying: readonly number[]): void {
  const { room, hidden } = t.doc;
  if (staying.every((from, to) => from === to) && room.seats.every((s, i) => s === null || staying.includes(i))) return;
  room.seats.forEach((s, i) => {
    if (s && !staying.includes(i)) endHold(t, i, s.out || s.until !== null ? 'forfeited' : 'expired');
  });
  const publicSeats = staying.map(i => room.seats[i]!);
  const hiddenSeats = staying.map(i => hidden.seats[i]!);
  const host = room.host === null ? -1 : staying.indexOf(room.host);
  room.seats = room.seats.map((_s, i) => publicSeats[i] ?? null);
  if (room.inputs.length > 0) room.inputs = staying.map(i => room.inputs[i] ?? 0);
  hidden.seats = hidden.seats.map((_s, i) => hiddenSeats[i] ?? null);
  room.host = host >= 0 ? host : publicSeats.length > 0 ? 0 : null;
  // The last ranking refers to the old indexes: translated for those who stay, dropped for the others.
  if (hidden.previous)
    hidden.previous.ranking = hidden.previous.ranking
      .map(p => p.map(i => staying.indexOf(i)).filter(i => i >= 0))
      .filter(p => p.length > 0);
}

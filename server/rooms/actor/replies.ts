import type { AnyGame } from '../../../shared/contract.ts';
import type { JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { positionOf, classifyPosition, type Position, type TermStarts } from '../../../shared/position.ts';
import type { ActReply, NumberedVerdict } from '../../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../../shared/refusals.ts';
import { audienceOf, channelOf, signalChannelOf, type Audiences } from './audiences.ts';
import { closedFault, mayWatch, seatOf, verdictsOf, type RoomDocument } from '../core/document.ts';
import type { OwnerJoinReply, RoomDumpReply, RoomMessage, RoomReply } from './messages.ts';
import { notForSpectators } from '../core/seating.ts';
import type { RoomHistory } from './room-history.ts';
import type { RoomMembers } from './room-members.ts';
import type { Outcome } from '../core/commands.ts';

/** A room after a commit, from which replies are built. */
export interface CommittedRoom {
  id: string;
  doc: RoomDocument;
  game: AnyGame;
  term: number;
  terms: TermStarts;
  position: Position;
  audiences: Audiences;
  now: number;
}

/** Why a client cannot play this room's game; null if it can. */
export function checkClientVersion(
  game: AnyGame,
  { game: name, version }: { game: string | null; version?: number },
): Refused | null {
  const { contract } = game;
  const def = contract.def;
  if (name !== null && name !== contract.name) return makeRefusal('wrong-game', contract.name);
  if (version === undefined) return null;
  if (version < (def.clientsFrom ?? def.version))
    return makeRefusal('client-outdated', `this room runs version ${def.version}`);
  return version > def.version ? makeRefusal('room-outdated', `this room runs version ${def.version}`, 1_000) : null;
}

/**
 * Builds the reply to a join: the changes that the member missed if they are known, else a snapshot. @param watchers
 * number of other spectator connections
 */
function buildJoinReply(
  from: CommittedRoom,
  message: RoomMessage & { k: 'join' },
  outcome: Outcome | null,
  watchers: number,
): OwnerJoinReply {
  const { doc, game, position, audiences, terms } = from;
  const versionRefusal = checkClientVersion(game, message);
  if (versionRefusal) return versionRefusal;
  if (outcome?.kind === 'refused') return { ...outcome.refusal, ...(outcome.failed ? { failed: true as const } : {}) };
  if (doc.hidden.fault === closedFault) return makeRefusal('room-missing');
  if (message.watch && doc.hidden.banned.includes(message.player)) return makeRefusal('kicked');
  if (message.watch && !mayWatch(doc, message.player)) return makeRefusal('reserved', notForSpectators);
  if (message.watch && watchers >= limits.watchers) return makeRefusal('too-many-watching');
  const seat = message.watch ? -1 : seatOf(doc, message.player);
  const hidden = seat < 0 ? null : doc.hidden.seats[seat]!;
  const audience = audienceOf(game, hidden ? message.player : null);
  const relation = message.place ? classifyPosition(message.place, terms, position[1]) : 'ours';
  const missed = message.admit
    ? []
    : message.place && relation === 'ours' && !message.whole
      ? audiences.changesSince(message.place, position, audience)
      : null;
  return {
    ok: true,
    channels: [channelOf(from.id, audience), ...(game.contract.def.signals ? [signalChannelOf(from.id)] : [])],
    game: game.contract.name,
    room: from.id,
    seat: hidden ? seat : null,
    hold: hidden ? doc.room.seats[seat]!.hold : null,
    session: message.session,
    term: from.term,
    place: position,
    base: hidden?.base ?? 0,
    verdicts: hidden ? withTerms(from, verdictsOf(hidden)) : [],
    now: from.now,
    lost: relation === 'lost',
    ...(outcome?.kind === 'seated' && outcome.seated.isNew ? { fresh: true as const } : {}),
    ...(missed ? { with: 'changes', changes: missed } : { with: 'snapshot', view: audiences.view(audience) }),
  };
}

/** What a room's actor knows besides the room itself. */
export interface ReplyContext extends CommittedRoom {
  /** This node's id. */
  self: string;
  members: RoomMembers;
  /** Kept in dev mode only. */
  history: RoomHistory | null;
}

/** Builds the reply to a message, after what it reads is durable. `outcome`: of the message's command, if it has one. */
export function buildReply(from: ReplyContext, message: RoomMessage, outcome: Outcome | null): RoomReply {
  const { doc, game, term, position, members } = from;
  switch (message.k) {
    case 'join':
      return buildJoinReply(from, message, outcome, message.watch ? members.otherWatchers(message.at) : 0);
    case 'act':
      return buildActReply(from, message, outcome!);
    case 'serve':
      if (outcome?.kind === 'accepted') return { ok: true, ...(outcome.repeated ? { repeated: true } : {}) };
      return outcome?.kind === 'refused' ? outcome.refusal : makeRefusal('bad-request');
    case 'leave':
      return outcome?.kind === 'refused' ? outcome.refusal : { ok: true };
    case 'view':
      return {
        ok: true,
        view: from.audiences.view(audienceOf(game, null)),
        players: doc.hidden.seats.map(s => s?.player ?? null),
      };
    case 'dump':
      return buildDumpReply(from, message);
    case 'rerun':
      return from.history?.rerun(game) ?? notInDevMode;
    case 'disconnected':
    case 'ensure-owner':
      return { ok: true };
    case 'inspect':
      return {
        ok: true,
        node: '',
        owner: from.self,
        term,
        head: position,
        nodes: [],
        members: members
          .list()
          .filter(m => !m.watch)
          .map(m => ({ player: m.player, node: m.node })),
        ...(isHost(doc, message) ? { spectators: members.spectators() } : {}),
      };
  }
}

function buildDumpReply(from: ReplyContext, message: RoomMessage & { k: 'dump' }): RoomDumpReply {
  const { history, doc, term, position, now, self } = from;
  if (!history) return notInDevMode;
  const shown = message.at === null ? structuredClone(doc) : history.documentAt(message.at);
  if (!shown) return makeRefusal('bad-request', `entry ${message.at} is not kept`);
  return {
    ok: true,
    doc: shown as unknown as JsonObject,
    place: position,
    term,
    now,
    owner: self,
    entries: history.entriesSince(message.since),
  };
}

const notInDevMode = makeRefusal('bad-request', 'the node that runs the room is not in dev mode');

function isHost({ room, hidden }: RoomDocument, { player, session }: { player: string; session: string }): boolean {
  const seat = room.host === null ? null : hidden.seats[room.host];
  return !!seat && seat.player === player && seat.session === session;
}

export function buildActReply(from: CommittedRoom, message: RoomMessage & { k: 'act' }, outcome: Outcome): ActReply {
  const n = message.number ? { n: message.number.n } : {};
  switch (outcome.kind) {
    case 'accepted':
      return { ok: true, ...n, place: positionOf(outcome.seq, from.terms) };
    case 'refusedAction':
      return { ...outcome.refusal, ...n, place: positionOf(outcome.seq, from.terms) };
    case 'refused':
      return { ...outcome.refusal, ...n };
    case 'stale':
      return {
        ...makeRefusal('stale-term'),
        code: 'stale-term',
        term: from.term,
        base: outcome.base,
        verdicts: withTerms(from, outcome.verdicts),
      };
    case 'gap':
      return { ...makeRefusal('gap'), code: 'gap', term: from.term, base: outcome.base };
    case 'seated':
    case 'done':
      return makeRefusal('bad-request');
  }
}

/** Adds to each verdict the term of the owner that gave it: a seq alone is not a position. */
function withTerms(from: CommittedRoom, verdicts: readonly NumberedVerdict[]): NumberedVerdict[] {
  return verdicts.map(([n, verdict]) => [n, { ...verdict, term: positionOf(verdict.seq, from.terms)[0] }]);
}

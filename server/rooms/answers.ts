import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import { placeOf, standing, type Place, type Terms } from '../../shared/place.ts';
import type { ActReply, NumberedVerdict } from '../../shared/protocol.ts';
import { refused, type Refused } from '../../shared/refusals.ts';
import { audienceOf, channelOf, signalsOf, type Audiences } from './audiences.ts';
import { closedFault, seatOf, verdictsOf, type RoomDocument } from './document.ts';
import type { OwnerJoinReply, RoomMessage } from './messages.ts';
import type { Outcome } from './room.ts';

/** A room as it stands after a commit: all that answers are made of. */
export interface Standpoint { id: string; doc: RoomDocument; game: AnyGame; term: number; terms: Terms; place: Place; audiences: Audiences; now: number; }

/** Why a client cannot play what the room plays; null where it can. */
export function unfit(game: AnyGame, { game: name, version }: { game: string | null; version?: number }): Refused | null {
  const { contract } = game;
  const def = contract.def as ContractDef;
  if (name !== null && name !== contract.name) return refused('wrong-game', contract.name);
  if (version === undefined) return null;
  if (version < (def.clientsFrom ?? def.version)) return refused('client-outdated', `version ${def.version} is played here`);
  return version > def.version ? refused('room-outdated', `version ${def.version} is played here`, 1_000) : null;
}

/** Lets a member in: everything it needs to be up to date, by what it missed where that is known. */
/** @param watchers other connections that watch */
export function answerJoin(from: Standpoint, message: RoomMessage & { k: 'join' }, outcome: Outcome | null, watchers: number): OwnerJoinReply {
  const { doc, game, place, audiences, terms } = from;
  const wrong = unfit(game, message);
  if (wrong) return wrong;
  if (outcome?.kind === 'refused') return { ...outcome.refusal, ...(outcome.failed ? { failed: true as const } : {}) };
  if (doc.hidden.fault === closedFault) return refused('room-missing');
  if (message.watch && doc.hidden.banned.includes(message.player)) return refused('kicked');
  if (message.watch && watchers >= limits.watchers) return refused('too-many-watching');
  const seat = message.watch ? -1 : seatOf(doc, message.player);
  const hidden = seat < 0 ? null : doc.hidden.seats[seat]!;
  const audience = audienceOf(game, hidden ? message.player : null);
  const where = message.place ? standing(message.place, terms, place[1]) : 'ours';
  const missed = message.admit ? [] : message.place && where === 'ours' && !message.whole ? audiences.since(message.place, place, audience) : null;
  return {
    ok: true, channels: [channelOf(from.id, audience), ...(game.contract.def.signals ? [signalsOf(from.id)] : [])], game: game.contract.name, room: from.id, seat: hidden ? seat : null, hold: hidden ? doc.room.seats[seat]!.hold : null, session: message.session, term: from.term, place,
    base: hidden?.base ?? 0, verdicts: hidden ? placed(from, verdictsOf(hidden)) : [], now: from.now, lost: where === 'lost',
    ...(outcome?.kind === 'seated' && outcome.seated.fresh ? { fresh: true as const } : {}),
    ...(missed ? { with: 'changes', changes: missed } : { with: 'snapshot', view: audiences.view(audience) }),
  };
}

export function answerAct(from: Standpoint, message: RoomMessage & { k: 'act' }, outcome: Outcome): ActReply {
  const n = message.number ? { n: message.number.n } : {};
  switch (outcome.kind) {
    case 'accepted': return { ok: true, ...n, place: placeOf(outcome.seq, from.terms) };
    case 'refusedAction': return { ...outcome.refusal, ...n, place: placeOf(outcome.seq, from.terms) };
    case 'refused': return { ...outcome.refusal, ...n };
    case 'stale': return { ...refused('stale-term'), code: 'stale-term', term: from.term, base: outcome.base, verdicts: placed(from, outcome.verdicts) };
    case 'gap': return { ...refused('gap'), code: 'gap', term: from.term, base: outcome.base };
    case 'seated': case 'done': return refused('bad-request');
  }
}

/** Says of each verdict which owner gave it: a seq alone is no place. */
function placed(from: Standpoint, verdicts: readonly NumberedVerdict[]): NumberedVerdict[] {
  return verdicts.map(([n, verdict]) => [n, { ...verdict, term: placeOf(verdict.seq, from.terms)[0] }]);
}

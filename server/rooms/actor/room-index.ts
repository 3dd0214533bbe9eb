import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../shared/json.ts';
import type { Phase } from '../../../shared/protocol.ts';
import type { RoomIndexRecord } from '../../store/store.ts';
import { closedFault, isBot, type RoomDocument, type RoomMetadata } from '../core/document.ts';
import { canonicalJson } from '../core/canonical-json.ts';

/** A room, as the server's own code finds it. */
export interface FoundRoom {
  id: string;
  code: string;
  game: string;
  phase: Phase;
  /** Number of matches begun. */
  match: number;
  private: boolean;
  options: JsonObject;
  /** Ids of players by seat; null: no player. Ids of bots begin with `$bot-`. */
  players: (string | null)[];
  /** What the rules have set with `ctx.setMetadata`; null: nothing yet. */
  metadata: RoomMetadata | null;
  /** When it was created, ms since 1970. */
  created: number;
}

/** A condition that rooms are indexed by. */
export type RoomTerm =
  | readonly ['all']
  | readonly ['phase', phase: Phase]
  | readonly ['game', game: string]
  | readonly ['game', game: string, phase: Phase]
  | readonly ['player', player: string]
  | readonly ['option' | 'metadata', name: string, value: string];

/** Hashed: terms contain what players and authors choose, and must fit into a line of an index. */
export const termOf = (term: RoomTerm): string =>
  createHash('sha256').update(JSON.stringify(term)).digest('base64url').slice(0, 16);

/** What is indexed of a room; null: it is closed. */
export function foundRoomOf({ room, hidden }: RoomDocument): FoundRoom | null {
  if (hidden.fault === closedFault) return null;
  return {
    id: room.id,
    code: room.code,
    game: room.game,
    phase: room.phase,
    match: room.match,
    private: room.private,
    options: room.options,
    players: hidden.seats.map(seat => seat?.player ?? null),
    metadata: hidden.metadata ?? null,
    created: Math.floor(hidden.created),
  };
}

export function indexRecordOf(found: FoundRoom): RoomIndexRecord {
  const { game, phase, players, options, metadata } = found;
  const terms: RoomTerm[] = [
    ['all'],
    ['phase', phase],
    ['game', game],
    ['game', game, phase],
    ...players.flatMap(player => (player === null || isBot(player) ? [] : [['player', player] as const])),
    ...Object.entries(options).map(([name, value]) => ['option', name, canonicalJson(value)] as const),
    ...Object.entries(metadata ?? {}).map(([name, value]) => ['metadata', name, canonicalJson(value)] as const),
  ];
  return { terms: [...new Set(terms.map(termOf))], text: JSON.stringify(found) };
}

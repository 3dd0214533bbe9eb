import type { AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import type { Life } from '../../store/store.ts';
import { holdOf } from '../core/holds.ts';
import { closedFault, dueOf, isAbandoned, isDeserted, type RoomDocument } from '../core/document.ts';

/**
 * How long (ms) a room has to be kept from room time `now` on, if nothing happens in it; and whether players may come
 * back to it.
 */
interface RequiredLife {
  ms: number;
  played: boolean;
}

/**
 * The life that a room needs. Owners remove empty rooms earlier; this covers rooms whose owner dies before that,
 * sleeping rooms, and rooms to which no player returns. A room outlives its next timer.
 */
function requiredLifeOf(doc: RoomDocument, game: AnyGame, now: number): RequiredLife {
  const due = dueOf(doc);
  const untilDue = due === null ? 0 : Math.max(0, due - now);
  const { fault, effects } = doc.hidden;
  // An operator may want to look at a quarantined room.
  if (Object.keys(effects).length > 0 || (fault !== null && fault !== closedFault))
    return { ms: untilDue + limits.roomTtl, played: false };
  if (isDeserted(doc)) return { ms: untilDue + limits.unjoinedRoomTtl, played: false };
  if (isAbandoned(doc)) return { ms: untilDue + limits.abandonedRoomTtl, played: false };
  return { ms: untilDue + holdOf(game) + limits.roomTtl, played: true };
}

/** Tracks until when the store keeps a room. The life is written again only when it is outdated: see SPEC J7, J18. */
export class RoomLife {
  private storedUntil: number | null = null;
  private readonly since: number;
  private readonly stagger: number;

  /** @param mono the current monotonic time, ms */
  constructor(
    private readonly game: AnyGame,
    id: string,
    mono: number,
  ) {
    this.since = mono;
    this.stagger = staggerOf(id);
  }

  /** The life to write with an entry, or undefined. It counts as written. */
  next(doc: RoomDocument, now: number, mono: number): Life | undefined {
    const { ms } = requiredLifeOf(doc, this.game, now);
    return this.isOutdated(ms, mono) ? this.createRenewal(doc, ms, mono) : undefined;
  }

  /** Whether the life must be written without an entry: a room must not expire while players may return to it. */
  isRenewalDue(doc: RoomDocument, now: number, mono: number): boolean {
    // The previous owner's life lasts for a while. The delay spreads the renewals of a dead node's rooms over time.
    if (this.storedUntil === null && mono - this.since < this.stagger) return false;
    const { ms, played } = requiredLifeOf(doc, this.game, now);
    return played && this.isOutdated(ms, mono);
  }

  /** Called when the last write failed. */
  renewalFailed(): void {
    this.storedUntil = null;
  }

  /** Whether no life was written, or it is shorter than needed, or far longer. */
  private isOutdated(need: number, mono: number): boolean {
    const left = this.storedUntil === null ? 0 : this.storedUntil - mono;
    return left < need || left > need * 1.25;
  }

  private createRenewal(doc: RoomDocument, need: number, mono: number): Life {
    const ms = Math.ceil(need + need / 8);
    this.storedUntil = mono + ms;
    return { ms, code: doc.room.code, match: doc.room.match };
  }
}

/** A delay of up to ten minutes, derived from the room id. */
function staggerOf(id: string): number {
  let hash = 0;
  for (const c of id) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) | 0;
  return (hash >>> 0) % 600_000;
}

import type { AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import type { Life } from '../../store/store.ts';
import { holdOf } from '../core/holds.ts';
import { closedFault, dueOf, isAbandoned, isDeserted, type RoomDocument } from '../core/document.ts';

/**
 * How long (ms) a room has to be kept from its time `now` on, if nothing happens in it; and whether somebody may come
 * back to it.
 */
interface RequiredLife {
  ms: number;
  played: boolean;
}

/**
 * The owner removes a room sooner when it is empty; this is for rooms whose owner dies before that, rooms that sleep,
 * and rooms to which nobody comes back. Whatever is due in one comes first.
 */
function requiredLifeOf(doc: RoomDocument, game: AnyGame, now: number): RequiredLife {
  const due = dueOf(doc);
  const untilDue = due === null ? 0 : Math.max(0, due - now);
  const { fault, effects } = doc.hidden;
  // Of one that is out of play the operator may want to know.
  if (Object.keys(effects).length > 0 || (fault !== null && fault !== closedFault))
    return { ms: untilDue + limits.roomTtl, played: false };
  if (isDeserted(doc)) return { ms: untilDue + limits.unjoinedRoomTtl, played: false };
  if (isAbandoned(doc)) return { ms: untilDue + limits.abandonedRoomTtl, played: false };
  return { ms: untilDue + holdOf(game) + limits.roomTtl, played: true };
}

/**
 * Until when the store keeps a room, as its owner last wrote it. Written again only when that is not right any more:
 * see SPEC J7, J18.
 */
export class RoomLife {
  private storedUntil: number | null = null;
  private readonly since: number;
  private readonly stagger: number;

  /** @param mono monotonic ms of now */
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

  /** Whether it must be written though there is no entry: while players are connected the room must not end. */
  isRenewalDue(doc: RoomDocument, now: number, mono: number): boolean {
    // The previous owner has written enough for a while. All rooms of a node that died are not renewed at once.
    if (this.storedUntil === null && mono - this.since < this.stagger) return false;
    const { ms, played } = requiredLifeOf(doc, this.game, now);
    return played && this.isOutdated(ms, mono);
  }

  /** The last write did not arrive. */
  renewalFailed(): void {
    this.storedUntil = null;
  }

  /** Nothing was written, or the room would be kept for less than is needed, or for far more. */
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

/** At most ten minutes, another for each room. */
function staggerOf(id: string): number {
  let hash = 0;
  for (const c of id) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) | 0;
  return (hash >>> 0) % 600_000;
}

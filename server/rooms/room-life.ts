import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import type { Life } from '../store/contract.ts';
import { closedFault, dueOf, isAbandoned, isDeserted, type RoomDocument } from './document.ts';

/** How long (ms) a room has to be kept from its time `now` on, if nothing happens in it; and whether somebody may come back to it. */
interface Need { ms: number; played: boolean }

/** The contract's hold, in whole ms. */
export const holdOf = (game: AnyGame): number => Math.round((game.contract.def as ContractDef).away?.hold ?? limits.defaultHold);

/**
 * The owner removes a room sooner when it is empty; this is for rooms whose owner dies before that, rooms that sleep, and rooms
 * to which nobody comes back. Whatever is due in one comes first.
 */
function needOf(doc: RoomDocument, game: AnyGame, now: number): Need {
  const due = dueOf(doc);
  const untilDue = due === null ? 0 : Math.max(0, due - now);
  const { fault, effects } = doc.hidden;
  // Of one that is out of play the operator may want to know.
  if (Object.keys(effects).length > 0 || (fault !== null && fault !== closedFault)) return { ms: untilDue + limits.roomLife, played: false };
  if (isDeserted(doc)) return { ms: untilDue + limits.unjoinedLife, played: false };
  if (isAbandoned(doc)) return { ms: untilDue + limits.abandonedLife, played: false };
  return { ms: untilDue + holdOf(game) + limits.roomLife, played: true };
}

/** Until when the store keeps a room, as its owner last wrote it. Written again only when that is not right any more: see SPEC J7, J18. */
export class RoomLife {
  private toldUntil: number | null = null;
  private readonly since: number;
  private readonly stagger: number;

  /** @param mono monotonic ms of now */
  constructor(private readonly game: AnyGame, id: string, mono: number) {
    this.since = mono;
    this.stagger = staggerOf(id);
  }

  /** The life to write with an entry, or undefined. It counts as written. */
  next(doc: RoomDocument, now: number, mono: number): Life | undefined {
    const { ms } = needOf(doc, this.game, now);
    return this.isOff(ms, mono) ? this.tell(doc, ms, mono) : undefined;
  }

  /** Whether it must be written though there is no entry: while players are connected the room must not end. */
  isRenewalDue(doc: RoomDocument, now: number, mono: number): boolean {
    // The previous owner has written enough for a while. All rooms of a node that died are not renewed at once.
    if (this.toldUntil === null && mono - this.since < this.stagger) return false;
    const { ms, played } = needOf(doc, this.game, now);
    return played && this.isOff(ms, mono);
  }

  /** The last write did not arrive. */
  forget(): void { this.toldUntil = null; }

  /** Nothing was written, or the room would be kept for less than is needed, or for far more. */
  private isOff(need: number, mono: number): boolean {
    const left = this.toldUntil === null ? 0 : this.toldUntil - mono;
    return left < need || left > need * 1.25;
  }

  private tell(doc: RoomDocument, need: number, mono: number): Life {
    const ms = Math.ceil(need + need / 8);
    this.toldUntil = mono + ms;
    return { ms, code: doc.room.code, match: doc.room.match };
  }
}

/** At most ten minutes, another for each room. */
function staggerOf(id: string): number {
  let hash = 0;
  for (const c of id) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) | 0;
  return (hash >>> 0) % 600_000;
}

import type { AnyGame } from '../../../shared/contract.ts';
import type { Changes } from '../../../shared/delta.ts';
import type { AppendRequest } from '../../store/store.ts';
import { closedFault, dueOf, isOccupied, summaryOf, type RoomDocument } from '../core/document.ts';
import { gameKey } from '../core/game-key.ts';
import { offerOf, poolOf } from './offer.ts';
import { foundRoomOf, indexRecordOf } from './room-index.ts';
import { RoomLife } from './room-life.ts';

const allowsLateJoin = (game: AnyGame): boolean => game.contract.def.late === true;

const changesMetadata = ({ hidden }: Changes): boolean =>
  typeof hidden === 'object' && hidden !== null && 'metadata' in hidden;

type IndexUpdate = Pick<
  AppendRequest,
  'due' | 'summary' | 'offer' | 'occupied' | 'index' | 'life' | 'game' | 'quarantined'
>;

const faultOf = ({ hidden }: RoomDocument): string | null => (hidden.fault === closedFault ? null : hidden.fault);

/**
 * Tracks the facts by which the store's indexes find a room. A fact is sent with an entry, and only if it has changed.
 */
export class IndexTracker {
  /** Undefined: not sent by this owner yet. After a quarantine both have to be sent again. */
  private due: number | null | undefined;
  private fault: string | null | undefined;
  private summary: string;
  /** Undefined: not sent by this owner yet, because a room that was quarantined is not on offer. */
  private offer: string | undefined;
  private occupied: boolean | undefined;
  /** Text of the index record; null: none; undefined: not sent by this owner yet. */
  private index: string | null | undefined;
  private readonly pool: string;
  private version: number;
  readonly life: RoomLife;

  constructor(doc: RoomDocument, game: AnyGame, mono: number) {
    this.life = new RoomLife(game, doc.room.id, mono);
    this.pool = poolOf(doc.room.options);
    this.summary = JSON.stringify(summaryOf(doc, allowsLateJoin(game)));
    this.version = doc.hidden.stateVersion;
  }

  /** The changed facts, to be sent with the next entry. They count as sent: a failed append ends this owner. */
  nextUpdate(doc: RoomDocument, changes: Changes, game: AnyGame, mono: number): IndexUpdate {
    const update: IndexUpdate = {};
    const due = dueOf(doc);
    if (due !== this.due) update.due = this.due = due;
    if ('room' in changes) {
      // most entries change only the game's state
      const summary = summaryOf(doc, allowsLateJoin(game));
      const text = JSON.stringify(summary);
      if (text !== this.summary) {
        update.summary = summary;
        this.summary = text;
      }
    }
    if ('room' in changes || this.offer === undefined) {
      const offer = offerOf(doc, allowsLateJoin(game), this.pool);
      const text = JSON.stringify(offer);
      if (text !== this.offer) update.offer = offer;
      this.offer = text;
    }
    const occupied = isOccupied(doc);
    if (occupied !== this.occupied) update.occupied = this.occupied = occupied;
    if ('room' in changes || this.index === undefined || changesMetadata(changes)) {
      const found = foundRoomOf(doc);
      const text = found && JSON.stringify(found);
      if (text !== this.index) update.index = found && indexRecordOf(found);
      this.index = text;
    }
    if (this.version !== doc.hidden.stateVersion) {
      this.version = doc.hidden.stateVersion;
      update.game = gameKey(game);
    }
    const fault = faultOf(doc);
    if (fault !== this.fault) {
      update.quarantined =
        fault === null ? null : { why: fault, since: Math.round(doc.hidden.before?.at ?? doc.hidden.clock) };
      this.fault = fault;
    }
    const life = this.life.next(doc, doc.hidden.clock, mono);
    if (life) update.life = life;
    return update;
  }
}

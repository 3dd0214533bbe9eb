import type { AnyGame, ContractDef } from '../../shared/contract.ts';
import type { Changes } from '../../shared/delta.ts';
import type { Append } from '../store/contract.ts';
import { closedFault, dueOf, isOccupied, summaryOf, type RoomDocument } from './document.ts';
import { offerOf, poolOf } from './offer.ts';
import { RoomLife } from './room-life.ts';

/** `name@version` of a game, as the store compares it. */
export const gameKey = (game: AnyGame): string => `${game.contract.name}@${game.contract.def.version as number}`;

const isLate = (game: AnyGame): boolean => (game.contract.def as ContractDef).late === true;

type Facts = Pick<Append, 'due' | 'summary' | 'offer' | 'occupied' | 'life' | 'game' | 'quarantined'>;

const faultOf = ({ hidden }: RoomDocument): string | null => (hidden.fault === closedFault ? null : hidden.fault);

/** What the store keeps about a room besides its journal, so that it is found: told with an entry, and only when it has changed. */
export class ToldFacts {
  /** Undefined: not yet told by this owner. A room that was set aside for a while says both again. */
  private due: number | null | undefined;
  private fault: string | null | undefined;
  private summary: string;
  /** Undefined: as above, for a room that was set aside is not offered. */
  private offer: string | undefined;
  private occupied: boolean | undefined;
  private readonly pool: string;
  private version: number;
  readonly life: RoomLife;

  constructor(doc: RoomDocument, game: AnyGame, mono: number) {
    this.life = new RoomLife(game, doc.room.id, mono);
    this.pool = poolOf(doc.room.options);
    this.summary = JSON.stringify(summaryOf(doc, isLate(game)));
    this.version = doc.hidden.stateVersion;
  }

  /** What is to be told with the next entry. It counts as told: an entry that fails is the end of its owner. */
  next(doc: RoomDocument, changes: Changes, game: AnyGame, mono: number): Facts {
    const facts: Facts = {};
    const due = dueOf(doc);
    if (due !== this.due) facts.due = this.due = due;
    if ('room' in changes) { // most entries change the game's state alone
      const summary = summaryOf(doc, isLate(game));
      const text = JSON.stringify(summary);
      if (text !== this.summary) {
        facts.summary = summary;
        this.summary = text;
      }
    }
    if ('room' in changes || this.offer === undefined) {
      const offer = offerOf(doc, isLate(game), this.pool);
      const text = JSON.stringify(offer);
      if (text !== this.offer) facts.offer = offer;
      this.offer = text;
    }
    const occupied = isOccupied(doc);
    if (occupied !== this.occupied) facts.occupied = this.occupied = occupied;
    if (this.version !== doc.hidden.stateVersion) {
      this.version = doc.hidden.stateVersion;
      facts.game = gameKey(game);
    }
    const fault = faultOf(doc);
    if (fault !== this.fault) {
      facts.quarantined = fault === null ? null : { why: fault, since: Math.round(doc.hidden.before?.at ?? doc.hidden.clock) };
      this.fault = fault;
    }
    const life = this.life.next(doc, doc.hidden.clock, mono);
    if (life) facts.life = life;
    return facts;
  }
}

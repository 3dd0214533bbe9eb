import type { AnyGame, Viewer } from '../../shared/contract.ts';
import { compose } from '../../shared/compose.ts';
import { apply, copy, type Changes } from '../../shared/delta.ts';
import { diffJson } from '../../shared/diff.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import { samePlace, type Place } from '../../shared/place.ts';
import { strictJson } from '../../shared/strict-json.ts';
import type { RoomView, WireChange, WireEvent } from '../../shared/protocol.ts';
import type { Channel } from '../ports.ts';
import { mustBeSync, type RoomEvent } from './context.ts';
import { seatOf, type RoomDocument } from './document.ts';
import { Watched } from './watched.ts';

/** Everybody who sees the same of a room: all of it, or one player, or those who watch. */
export type Audience = 'all' | 'watch' | `player:${string}`;

export const channelOf = (room: string, audience: Audience): Channel => `room:${room}:${audience}`;

/** What members say to each other goes to all of them, whatever they may see. */
export const signalsOf = (room: string): Channel => `room:${room}:signals`;

/** In a game that hides nothing all members are one audience. */
export const audienceOf = (game: AnyGame, player: string | null): Audience => (!game.rules.view ? 'all' : player === null ? 'watch' : `player:${player}`);

/** Who watches over views, and whose view is not asked: it hung, or the room is out of play. */
export interface Seeing { watched: Watched; isUnseen(audience: Audience): boolean }

/** What one audience hears of an entry: in JSON where it was told, else as it was read from the journal. */
interface Heard { audience: Audience; changes: string | Changes; events: string | WireEvent[] | null }
/** The same, told. */
export interface Shown extends Heard { changes: string; events: string | null; /** It is `{"state":…}` and nothing else. */ stateOnly: boolean }
/** One entry, as each audience hears it. */
interface Told { place: Place; prev: Place; heard: readonly Heard[] }

/**
 * Turns entries into what each audience may see of them, and remembers the last ones for those who come back.
 * The hidden part of the document never passes through here into a change: a view is made of `room` and of the state
 * as the game's view shows it.
 */
export class Audiences {
  private readonly ring: Told[] = [];
  /** Motion that was told since the last entry, by audience: of a view only this knows it. */
  private readonly moved = new Map<Audience, Changes>();
  /** The phase that views were made in: a view may show more when the match is over. */
  private phase: string;
  /** For games with a view: what each audience saw last. */
  private readonly seen = new Map<Audience, { state: Json; error?: string }>();

  constructor(private readonly game: AnyGame, private readonly doc: RoomDocument, private readonly onFailure: (where: string, error: unknown) => void, private readonly how: Seeing = { watched: Watched.unwatched(), isUnseen: () => false }) {
    this.phase = doc.room.phase;
    // What older rules showed of a state that is yet to be migrated, these cannot tell: everybody is given the whole afterwards.
    if (game.rules.view && doc.hidden.stateVersion === game.contract.def.version) for (const audience of this.present()) this.seen.set(audience, this.look(audience));
  }

  /** The whole of what an audience sees now. The caller may keep and change it. */
  view(audience: Audience): RoomView {
    const room = copy(this.doc.room);
    if (audience === 'all') return { room, state: copy(this.doc.state) };
    let own = this.seen.get(audience);
    if (!own) this.seen.set(audience, own = this.look(audience)); // what comes next is told as what has changed in this
    return { room, ...copy(own) };
  }

  /** Motion that is told before it is journaled. The next entry contains all of it again. */
  motion(changes: Changes): Map<Audience, Changes> {
    const told = new Map<Audience, Changes>();
    const { hidden: _never, state, ...shared } = changes;
    if (!this.game.rules.view) return told.set('all', state === undefined ? shared : { ...shared, state });
    for (const audience of this.present()) {
      const own = this.ownChange(audience, state !== undefined);
      if (!own) continue;
      const before = this.moved.get(audience);
      this.moved.set(audience, before ? compose(before, structuredClone(own)) : structuredClone(own));
      told.set(audience, { ...shared, ...own });
    }
    return told;
  }

  /** Takes in an entry that was read. The document already contains it. */
  commit(place: Place, prev: Place, changes: Changes, events: readonly RoomEvent[]): void {
    this.remember({ place, prev, heard: this.heard(changes, events, true) });
  }

  /**
   * The same of an entry that is to be told. Remembered as text: what is held for long is dear to look through again and again.
   * @param visible its visible changes, encoded: where nothing is hidden everybody is told just these
   * @param isWatched false: nobody watches, so what they would see need not be known
   */
  show(place: Place, prev: Place, changes: Changes, events: readonly RoomEvent[], visible: string, isWatched: boolean): Shown[] {
    const shown = this.heard(changes, events, isWatched).map(({ audience, changes: own, events: told }): Shown => ({
      audience, changes: isEmpty(own) ? '0' : audience === 'all' ? visible : JSON.stringify(own), events: told && JSON.stringify(told), stateOnly: isStateOnly(own),
    }));
    this.remember({ place, prev, heard: shown });
    return shown;
  }

  /** What an audience has missed since `place`, oldest first; null where that is not remembered. */
  since(place: Place, head: Place, audience: Audience): WireChange[] | null {
    if (samePlace(place, head)) return [];
    const from = this.ring.findIndex(t => samePlace(t.prev, place));
    if (from < 0) return null;
    const missed: WireChange[] = [];
    for (const told of this.ring.slice(from)) {
      const heard = told.heard.find(h => h.audience === audience);
      if (!heard) return null;
      missed.push(wireChange(told, heard));
    }
    return missed;
  }

  private heard(changes: Changes, events: readonly RoomEvent[], isWatched: boolean): (Heard & { changes: Changes; events: WireEvent[] | null })[] {
    const { hidden: _never, state, room, ...rest } = changes;
    const shared: Changes = room === undefined ? rest : { ...rest, room };
    const eventsFor = (seat: number | null): WireEvent[] | null => {
      if (events.length === 0) return null;
      const own = events.filter(e => !e.to || (seat !== null && e.to.includes(seat))).map((e): WireEvent => [e.name, e.data]);
      return own.length > 0 ? own : null;
    };
    if (!this.game.rules.view) {
      this.phase = this.doc.room.phase;
      return [{ audience: 'all', changes: state === undefined ? shared : { ...shared, state }, events: eventsFor(null) }];
    }
    const present = this.present(isWatched);
    const heard = present.flatMap(audience => {
      const own = this.ownChange(audience, state !== undefined || this.phase !== this.doc.room.phase);
      const moved = this.moved.get(audience);
      return own ? [{ audience, changes: { ...shared, ...(moved ? compose(moved, own) : own) }, events: eventsFor(this.seatOf(audience)) }] : [];
    });
    this.phase = this.doc.room.phase;
    this.moved.clear();
    for (const audience of this.seen.keys()) if (!present.includes(audience)) this.seen.delete(audience);
    return heard;
  }

  private remember(told: Told): void {
    this.ring.push(told);
    if (this.ring.length > limits.ring) this.ring.shift();
  }

  /** What changed for one audience of a game with a view. Null: it is new, and is given the whole by its join. */
  private ownChange(audience: Audience, stateChanged: boolean): Changes | null {
    const before = this.seen.get(audience);
    if (before && !stateChanged && !before.error) return {};
    const now = this.look(audience, before?.state);
    if (!before) {
      this.seen.set(audience, now);
      return null;
    }
    const changes = diffJson(before as unknown as Json, now as unknown as Json);
    if (changes) apply(before as unknown as Json, changes);
    return changes ?? {};
  }

  /** @param last what to show if the view fails */
  private look(audience: Audience, last: Json = null): { state: Json; error?: string } {
    if (this.doc.state === null) return { state: null };
    if (this.how.isUnseen(audience)) return { state: last, ...(this.doc.room.phase === 'quarantined' ? {} : { error: 'view-failed' }) };
    const who: Viewer = { seat: this.seatOf(audience), ended: this.doc.room.phase === 'ended', replay: false };
    this.how.watched.begin('view', 'view', audience);
    try {
      // A copy: a view may show one object in two places, and must not be able to hand out the state itself.
      return { state: strictJson(mustBeSync((this.game.rules.view as (s: unknown, who: Viewer) => unknown)(this.doc.state, who)), 'view') };
    } catch (error) {
      return this.failed(error, last);
    } finally {
      this.how.watched.end();
    }
  }

  private failed(error: unknown, last: Json): { state: Json; error: string } {
    this.onFailure('view', error);
    return { state: last, error: 'view-failed' };
  }

  private present(isWatched = true): Audience[] {
    return [...(isWatched ? ['watch' as const] : []), ...this.doc.hidden.seats.flatMap((s): Audience[] => (s ? [`player:${s.player}`] : []))];
  }

  private seatOf(audience: Audience): number | null {
    const seat = audience.startsWith('player:') ? seatOf(this.doc, audience.slice(7)) : -1;
    return seat < 0 ? null : seat;
  }
}

const isEmpty = (changes: Changes): boolean => Object.keys(changes).length === 0;

function isStateOnly(changes: Changes): boolean {
  if (!('state' in changes)) return false;
  for (const key in changes) if (key !== 'state') return false;
  return true;
}

function wireChange({ place, prev }: Told, { changes, events }: Heard): WireChange {
  const change = typeof changes === 'string' ? (JSON.parse(changes) as Changes | 0) : isEmpty(changes) ? 0 : changes;
  const told = typeof events === 'string' ? (JSON.parse(events) as WireEvent[]) : events;
  return told ? [place[0], place[1], prev[0], change, told] : [place[0], place[1], prev[0], change];
}

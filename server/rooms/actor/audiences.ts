import type { AnyGame, Viewer } from '../../../shared/contract.ts';
import { compose } from '../../../shared/compose.ts';
import { apply, copy, type Changes } from '../../../shared/delta.ts';
import { diffJson } from '../../../shared/diff.ts';
import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { isSamePosition, type Position } from '../../../shared/position.ts';
import { strictJson } from '../../../shared/strict-json.ts';
import type { RoomView, WireChange, WireEvent } from '../../../shared/protocol.ts';
import type { Channel } from '../../runtime/ports.ts';
import { assertSync, type RoomEvent } from '../core/rule-context.ts';
import { seatOf, type RoomDocument } from '../core/document.ts';
import { RuleTracker } from '../core/rule-tracker.ts';

/** Everybody who sees the same of a room: all of it, or one player, or those who watch. */
export type Audience = 'all' | 'watch' | `player:${string}`;

export const channelOf = (room: string, audience: Audience): Channel => `room:${room}:${audience}`;

/** What members say to each other goes to all of them, whatever they may see. */
export const signalChannelOf = (room: string): Channel => `room:${room}:signals`;

/** In a game that hides nothing all members are one audience. */
export const audienceOf = (game: AnyGame, player: string | null): Audience =>
  !game.rules.view ? 'all' : player === null ? 'watch' : `player:${player}`;

/** Who watches over views, and whose view is not asked: it hung, or the room is out of play. */
export interface ViewGuard {
  ruleTracker: RuleTracker;
  isViewBlocked(audience: Audience): boolean;
}

/** What one audience hears of an entry: in JSON where it was told, else as it was read from the journal. */
interface AudienceChange {
  audience: Audience;
  changes: string | Changes;
  events: string | WireEvent[] | null;
}
/** The same, told. */
export interface EncodedAudienceChange extends AudienceChange {
  changes: string;
  events: string | null;
  /** It is `{"state":…}` and nothing else. */
  stateOnly: boolean;
}
/** One entry, as each audience hears it. */
interface RememberedEntry {
  position: Position;
  previous: Position;
  changes: readonly AudienceChange[];
}

/**
 * Turns entries into what each audience may see of them, and remembers the last ones for those who come back.
 * The hidden part of the document never passes through here into a change: a view is made of `room` and of the state
 * as the game's view shows it.
 */
export class Audiences {
  private readonly ring: RememberedEntry[] = [];
  /** Motion that was told since the last entry, by audience: of a view only this knows it. */
  private readonly sentVolatile = new Map<Audience, Changes>();
  /** The phase that views were made in: a view may show more when the match is over. */
  private phase: string;
  /** For games with a view: what each audience saw last. */
  private readonly lastViews = new Map<Audience, { state: Json; error?: string }>();

  constructor(
    private readonly game: AnyGame,
    private readonly doc: RoomDocument,
    private readonly onFailure: (where: string, error: unknown) => void,
    private readonly guard: ViewGuard = { ruleTracker: RuleTracker.inactive(), isViewBlocked: () => false },
  ) {
    this.phase = doc.room.phase;
    // What older rules showed of a state that is yet to be migrated, these cannot tell: everybody is given the whole
    // afterwards.
    if (game.rules.view && doc.hidden.stateVersion === game.contract.def.version)
      for (const audience of this.presentAudiences()) this.lastViews.set(audience, this.computeView(audience));
  }

  /** The whole of what an audience sees now. The caller may keep and change it. */
  view(audience: Audience): RoomView {
    const room = copy(this.doc.room);
    if (audience === 'all') return { room, state: copy(this.doc.state) };
    let own = this.lastViews.get(audience);
    // what comes next is told as what has changed in this
    if (!own) this.lastViews.set(audience, (own = this.computeView(audience)));
    return { room, ...copy(own) };
  }

  /** Motion that is told before it is journaled. The next entry contains all of it again. */
  volatileChanges(changes: Changes): Map<Audience, Changes> {
    const volatile = new Map<Audience, Changes>();
    const { hidden: _never, state, ...shared } = changes;
    if (!this.game.rules.view) return volatile.set('all', state === undefined ? shared : { ...shared, state });
    for (const audience of this.presentAudiences()) {
      const own = this.ownChange(audience, state !== undefined);
      if (!own) continue;
      const before = this.sentVolatile.get(audience);
      this.sentVolatile.set(audience, before ? compose(before, structuredClone(own)) : structuredClone(own));
      volatile.set(audience, { ...shared, ...own });
    }
    return volatile;
  }

  /** Takes in an entry that was read. The document already contains it. */
  addEntry(position: Position, previous: Position, changes: Changes, events: readonly RoomEvent[]): void {
    this.remember({ position, previous, changes: this.changesByAudience(changes, events, true) });
  }

  /**
   * The same of an entry that is to be told. Remembered as text: what is held for long is dear to look through again
   * and again.
   * @param visible its visible changes, encoded: where nothing is hidden everybody is told just these
   * @param isWatched false: nobody watches, so what they would see need not be known
   */
  encodeChanges(
    position: Position,
    previous: Position,
    changes: Changes,
    events: readonly RoomEvent[],
    visible: string,
    hasSpectators: boolean,
  ): EncodedAudienceChange[] {
    const shown = this.changesByAudience(changes, events, hasSpectators).map(
      ({ audience, changes: own, events: audienceEvents }): EncodedAudienceChange => ({
        audience,
        changes: isEmpty(own) ? '0' : audience === 'all' ? visible : JSON.stringify(own),
        events: audienceEvents && JSON.stringify(audienceEvents),
        stateOnly: isStateOnly(own),
      }),
    );
    this.remember({ position, previous, changes: shown });
    return shown;
  }

  /** What an audience has missed since `place`, oldest first; null where that is not remembered. */
  changesSince(position: Position, head: Position, audience: Audience): WireChange[] | null {
    if (isSamePosition(position, head)) return [];
    const from = this.ring.findIndex(t => isSamePosition(t.previous, position));
    if (from < 0) return null;
    const missed: WireChange[] = [];
    for (const entry of this.ring.slice(from)) {
      const own = entry.changes.find(h => h.audience === audience);
      if (!own) return null;
      missed.push(wireChange(entry, own));
    }
    return missed;
  }

  private changesByAudience(
    changes: Changes,
    events: readonly RoomEvent[],
    hasSpectators: boolean,
  ): (AudienceChange & { changes: Changes; events: WireEvent[] | null })[] {
    const { hidden: _never, state, room, ...rest } = changes;
    const shared: Changes = room === undefined ? rest : { ...rest, room };
    const eventsFor = (seat: number | null): WireEvent[] | null => {
      if (events.length === 0) return null;
      const own = events
        .filter(e => !e.to || (seat !== null && e.to.includes(seat)))
        .map((e): WireEvent => [e.name, e.data]);
      return own.length > 0 ? own : null;
    };
    if (!this.game.rules.view) {
      this.phase = this.doc.room.phase;
      return [
        { audience: 'all', changes: state === undefined ? shared : { ...shared, state }, events: eventsFor(null) },
      ];
    }
    const present = this.presentAudiences(hasSpectators);
    const byAudience = present.flatMap(audience => {
      const own = this.ownChange(audience, state !== undefined || this.phase !== this.doc.room.phase);
      const sent = this.sentVolatile.get(audience);
      return own
        ? [
            {
              audience,
              changes: { ...shared, ...(sent ? compose(sent, own) : own) },
              events: eventsFor(this.seatOf(audience)),
            },
          ]
        : [];
    });
    this.phase = this.doc.room.phase;
    this.sentVolatile.clear();
    for (const audience of this.lastViews.keys()) if (!present.includes(audience)) this.lastViews.delete(audience);
    return byAudience;
  }

  private remember(entry: RememberedEntry): void {
    this.ring.push(entry);
    if (this.ring.length > limits.recentChanges) this.ring.shift();
  }

  /** What changed for one audience of a game with a view. Null: it is new, and is given the whole by its join. */
  private ownChange(audience: Audience, stateChanged: boolean): Changes | null {
    const before = this.lastViews.get(audience);
    if (before && !stateChanged && !before.error) return {};
    const now = this.computeView(audience, before?.state);
    if (!before) {
      this.lastViews.set(audience, now);
      return null;
    }
    const changes = diffJson(before as unknown as Json, now as unknown as Json);
    if (changes) apply(before as unknown as Json, changes);
    return changes ?? {};
  }

  /** @param last what to show if the view fails */
  private computeView(audience: Audience, last: Json = null): { state: Json; error?: string } {
    if (this.doc.state === null) return { state: null };
    if (this.guard.isViewBlocked(audience))
      return { state: last, ...(this.doc.room.phase === 'quarantined' ? {} : { error: 'view-failed' }) };
    const who: Viewer = { seat: this.seatOf(audience), ended: this.doc.room.phase === 'ended', replay: false };
    this.guard.ruleTracker.beginStep('view', 'view', audience);
    try {
      // A copy: a view may show one object in two places, and must not be able to hand out the state itself.
      return {
        state: strictJson(
          assertSync((this.game.rules.view as (s: unknown, who: Viewer) => unknown)(this.doc.state, who)),
          'view',
        ),
      };
    } catch (error) {
      return this.viewFailed(error, last);
    } finally {
      this.guard.ruleTracker.endStep();
    }
  }

  private viewFailed(error: unknown, last: Json): { state: Json; error: string } {
    this.onFailure('view', error);
    return { state: last, error: 'view-failed' };
  }

  private presentAudiences(hasSpectators = true): Audience[] {
    return [
      ...(hasSpectators ? ['watch' as const] : []),
      ...this.doc.hidden.seats.flatMap((s): Audience[] => (s ? [`player:${s.player}`] : [])),
    ];
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

function wireChange({ position, previous }: RememberedEntry, { changes, events }: AudienceChange): WireChange {
  const change = typeof changes === 'string' ? (JSON.parse(changes) as Changes | 0) : isEmpty(changes) ? 0 : changes;
  const audienceEvents = typeof events === 'string' ? (JSON.parse(events) as WireEvent[]) : events;
  return audienceEvents
    ? [position[0], position[1], previous[0], change, audienceEvents]
    : [position[0], position[1], previous[0], change];
}

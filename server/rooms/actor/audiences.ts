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

/** All viewers with the same view of a room: all members, one player, or the spectators. */
export type Audience = 'all' | 'watch' | `player:${string}`;

export const channelOf = (room: string, audience: Audience): Channel => `room:${room}:${audience}`;

/** Signals go to all members, whatever view they have. */
export const signalChannelOf = (room: string): Channel => `room:${room}:signals`;

/** In a game without a view, all members are one audience. */
export const audienceOf = (game: AnyGame, player: string | null): Audience =>
  !game.rules.view ? 'all' : player === null ? 'watch' : `player:${player}`;

/** Tracks view runs, and tells which views are blocked: those that hung, and all of a quarantined room. */
export interface ViewGuard {
  ruleTracker: RuleTracker;
  isViewBlocked(audience: Audience): boolean;
}

/** An entry as one audience sees it: JSON text if it was sent, parsed if it was read from the journal. */
interface AudienceChange {
  audience: Audience;
  changes: string | Changes;
  events: string | WireEvent[] | null;
}
/** As AudienceChange, encoded for sending. */
export interface EncodedAudienceChange extends AudienceChange {
  changes: string;
  events: string | null;
  /** Whether the changes contain only the key `state`. */
  stateOnly: boolean;
}
/** An entry as each audience sees it. */
interface RememberedEntry {
  position: Position;
  previous: Position;
  changes: readonly AudienceChange[];
}

/**
 * Turns entries into what each audience may see, and keeps recent ones for members that reconnect.
 * The hidden part of the document never becomes part of a change: a view consists of `room` and of the state as the
 * game's view rule shows it.
 */
export class Audiences {
  private readonly ring: RememberedEntry[] = [];
  /** Volatile changes sent since the last entry, by audience. For games with a view they are known only here. */
  private readonly sentVolatile = new Map<Audience, Changes>();
  /** The phase at the last evaluation: a view may show more once the match has ended. */
  private phase: string;
  /** For games with a view: the last view of each audience. */
  private readonly lastViews = new Map<Audience, { state: Json; error?: string }>();

  constructor(
    private readonly game: AnyGame,
    private readonly doc: RoomDocument,
    private readonly onFailure: (where: string, error: unknown) => void,
    private readonly guard: ViewGuard = { ruleTracker: RuleTracker.inactive(), isViewBlocked: () => false },
    /** The position at which the rules changed: views at it may be those of the earlier rules. */
    private readonly rulesChangedAt: Position | null = null,
  ) {
    this.phase = doc.room.phase;
    // Views by the older rules are unknown before a migration; members resync after it.
    if (game.rules.view && doc.hidden.stateVersion === game.contract.def.version)
      for (const audience of this.presentAudiences()) this.lastViews.set(audience, this.computeView(audience));
  }

  /** The complete current view of an audience, as a copy. */
  view(audience: Audience): RoomView {
    const room = copy(this.doc.room);
    if (audience === 'all') return { room, state: copy(this.doc.state) };
    let own = this.lastViews.get(audience);
    // later changes are differences to this view
    if (!own) this.lastViews.set(audience, (own = this.computeView(audience)));
    return { room, ...copy(own) };
  }

  /** Volatile changes by audience, sent before they are journaled. The next entry contains them again. */
  volatileChanges(changes: Changes): Map<Audience, Changes> {
    const volatile = new Map<Audience, Changes>();
    const { hidden: _, state, ...shared } = changes;
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

  /** Adds an entry that was read from the journal. The document already contains it. */
  addEntry(position: Position, previous: Position, changes: Changes, events: readonly RoomEvent[]): void {
    this.remember({ position, previous, changes: this.changesByAudience(changes, events, true) });
  }

  /**
   * Encodes an entry for sending. It is kept as text, because long-lived object graphs slow down garbage collection.
   * @param visible its visible changes, encoded: in games without a view, members get this text
   * @param hasSpectators false: the spectators' view is not evaluated
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

  /** What an audience has missed since `position`, oldest first; null if that is no longer kept. */
  changesSince(position: Position, head: Position, audience: Audience): WireChange[] | null {
    if (this.rulesChangedAt && isSamePosition(position, this.rulesChangedAt)) return null;
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
    const { hidden: _, state, room, ...rest } = changes;
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

  /**
   * The change of one audience in a game with a view. Null: a new audience, which gets the complete view with its join.
   */
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

  /** @param last shown if the view is blocked or fails */
  private computeView(audience: Audience, last: Json = null): { state: Json; error?: string } {
    if (this.doc.state === null) return { state: null };
    if (this.guard.isViewBlocked(audience))
      return { state: last, ...(this.doc.room.phase === 'quarantined' ? {} : { error: 'view-failed' }) };
    const who: Viewer = { seat: this.seatOf(audience), ended: this.doc.room.phase === 'ended', replay: false };
    this.guard.ruleTracker.beginStep('view', 'view', audience);
    try {
      // A copy: a view may reference an object twice, and must not expose the state itself.
      return {
        state: strictJson(assertSync(this.game.rules.view!(this.doc.state, who)), 'view'),
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

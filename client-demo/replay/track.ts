import type { ReplayRoom } from '../../client/replay/index.ts';
import type { ReplayEvent, ReplayEventKind, ReplayGuide } from '../games/common/table-game.ts';

/** A position on the track after a move. The first is the start of the match. */
export interface TrackStop {
  frame: number;
  kind: ReplayEventKind;
  /** Number of moves so far. In a long match one frame may contain several. */
  moves: number;
}
/** An event and its position on the track. */
export interface TrackMark extends ReplayEvent {
  at: number;
}

/** The range of a slider: from 0 to `end`, counted in stops (`moves`) or ms (`time`). */
export interface Track {
  by: 'moves' | 'time';
  end: number;
  marks: readonly TrackMark[];
  /** One per position of a track by moves. */
  stops: readonly TrackStop[];
}

/** Which kind counts most where several events coincide. */
const kindPriority: readonly ReplayEventKind[] = ['round', 'move', 'blow', 'call', 'out'];

/** Maximum number of marks: more are not distinguishable. */
const maxMarks = 64;

/** The marks that fit: the most important first, others where there is a gap. */
export function visibleMarks({ marks, end }: Track): readonly TrackMark[] {
  if (marks.length <= maxMarks) return marks;
  const gap = end / maxMarks;
  const some: TrackMark[] = [];
  for (const mark of marks.toSorted((a, b) => rankOf(b.kind) - rankOf(a.kind))) {
    if (some.every(other => Math.abs(other.at - mark.at) >= gap)) some.push(mark);
  }
  return some.sort((a, b) => a.at - b.at);
}
/** The begin of a round is marked even if something else happens at the same time. */
const rankOf = (kind: ReplayEventKind): number => (kind === 'round' ? kindPriority.length : kindPriority.indexOf(kind));

/** Derives the moves and events from a recording. */
export function trackOf(room: ReplayRoom, { pacing, eventsOf }: ReplayGuide): Track {
  const stops: TrackStop[] = [{ frame: 0, kind: 'round', moves: 0 }];
  const marks: TrackMark[] = [];
  room.scan(({ frame, at, state, before, info, events }) => {
    const names = info.seats.map((seat, i) => seat?.name ?? `Seat ${i + 1}`);
    const all = frame === 0 ? [] : eventsOf({ state, before, names, events });
    if (pacing.by === 'time') return void marks.push(...all.map(one => ({ ...one, at })));
    // The end is always the last stop, also when a clock ran out or somebody left.
    if (all.length === 0 && frame !== room.length) return;
    if (frame === 0) return;
    const kind =
      all.map(one => one.kind).sort((a, b) => kindPriority.indexOf(b) - kindPriority.indexOf(a))[0] ?? 'call';
    stops.push({
      frame,
      kind,
      moves: stops.at(-1)!.moves + Math.max(1, all.filter(one => one.kind === 'move').length),
    });
    marks.push(...all.map(one => ({ ...one, at: stops.length - 1 })));
  });
  return { by: pacing.by, end: pacing.by === 'time' ? room.duration : stops.length - 1, marks, stops };
}

/** Minutes and seconds. */
export const formatClock = (ms: number): string => {
  const s = Math.floor(ms / 1_000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
};

/** The position for display: `7 / 12`, `0:35 / 1:10`. */
export function formatPosition({ by, end, stops }: Track, place: number): { now: string; all: string } {
  return by === 'time'
    ? { now: formatClock(place), all: formatClock(end) }
    : { now: String(stops[place]!.moves), all: String(stops[end]!.moves) };
}

/** The position for screen readers. */
export function describePosition(track: Track, place: number): string {
  const { now, all } = formatPosition(track, place);
  if (track.by === 'time') return `${now} of ${all}`;
  return place === 0 ? `Before the first of ${all} moves` : `Move ${now} of ${all}`;
}

/** The last announced event within `within` before a position; null if there is none. */
export function lastMarkWithin({ marks }: Track, place: number, within: number): TrackMark | null {
  // Binary search: called in every animation frame, and a long match has thousands of events.
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle]!.at <= place) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && marks[i]!.at > place - within; i--) if (marks[i]!.text !== null) return marks[i]!;
  return null;
}

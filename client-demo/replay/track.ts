import type { ReplayRoom } from '../../client/replay/index.ts';
import type { ReplayEvent, ReplayEventKind, ReplayGuide } from '../games/common/table-game.ts';

/** A place on the track where the match is shown after a move; the first is its beginning. */
export interface TrackStop {
  frame: number;
  kind: ReplayEventKind;
  /** Moves until then: more than one may have fallen into one frame of a long match. */
  moves: number;
}
/** Something that happened, and where on the track. */
export interface TrackMark extends ReplayEvent {
  at: number;
}

/** What a slider goes over: numbers from 0 to `end`, which are stops (moves), or ms (time). */
export interface Track {
  by: 'moves' | 'time';
  end: number;
  marks: readonly TrackMark[];
  /** By moves: one for each number. */
  stops: readonly TrackStop[];
}

/** What counts most where several things happened at once. */
const kindPriority: readonly ReplayEventKind[] = ['round', 'move', 'blow', 'call', 'out'];

/** More marks than that are one smear. */
const maxMarks = 64;

/** The marks that a line has room for: those that count most first, others where there is a gap. */
export function visibleMarks({ marks, end }: Track): readonly TrackMark[] {
  if (marks.length <= maxMarks) return marks;
  const gap = end / maxMarks;
  const some: TrackMark[] = [];
  for (const mark of marks.toSorted((a, b) => rankOf(b.kind) - rankOf(a.kind))) {
    if (some.every(other => Math.abs(other.at - mark.at) >= gap)) some.push(mark);
  }
  return some.sort((a, b) => a.at - b.at);
}
/** Where a round begins is of use whatever else there is. */
const rankOf = (kind: ReplayEventKind): number => (kind === 'round' ? kindPriority.length : kindPriority.indexOf(kind));

/** Reads off a recording where its moves are, and what else stands out. */
export function trackOf(room: ReplayRoom, { pacing, eventsOf }: ReplayGuide): Track {
  const stops: TrackStop[] = [{ frame: 0, kind: 'round', moves: 0 }];
  const marks: TrackMark[] = [];
  room.scan(({ frame, at, state, before, info, events }) => {
    const names = info.seats.map((seat, i) => seat?.name ?? `Seat ${i + 1}`);
    const all = frame === 0 ? [] : eventsOf({ state, before, names, events });
    if (pacing.by === 'time') return void marks.push(...all.map(one => ({ ...one, at })));
    // However it ended, the end is the last stop: also where a clock ran out, or somebody left.
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

/** Where one is, for the eye: `7 / 12`, `0:35 / 1:10`. */
export function formatPosition({ by, end, stops }: Track, place: number): { now: string; all: string } {
  return by === 'time'
    ? { now: formatClock(place), all: formatClock(end) }
    : { now: String(stops[place]!.moves), all: String(stops[end]!.moves) };
}

/** Where one is, for the ear. */
export function describePosition(track: Track, place: number): string {
  const { now, all } = formatPosition(track, place);
  if (track.by === 'time') return `${now} of ${all}`;
  return place === 0 ? `Before the first of ${all} moves` : `Move ${now} of ${all}`;
}

/** The last thing worth saying that happened within `within` before a place; null where that is long ago. */
export function lastMarkWithin({ marks }: Track, place: number, within: number): TrackMark | null {
  // Binary: this is asked in every frame of the page, and a long match has thousands.
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle]!.at <= place) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && marks[i]!.at > place - within; i--) if (marks[i]!.text !== null) return marks[i]!;
  return null;
}

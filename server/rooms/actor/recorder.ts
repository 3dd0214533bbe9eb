import { createHash } from 'node:crypto';
import type { AnyGame } from '../../../shared/contract.ts';
import { compose } from '../../../shared/compose.ts';
import { copy, type Changes } from '../../../shared/delta.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import type { PublicRoom } from '../../../shared/protocol.ts';
import type { ReplayPart } from '../../store/store.ts';
import type { RoomEvent } from '../core/rule-context.ts';
import type { RoomDocument } from '../core/document.ts';

/** One or more entries of a match, merged, up to `seq`. */
export interface Frame {
  seq: number;
  at: number;
  c: Changes;
  e?: RoomEvent[];
}
/** The state at the start of a recording. */
export interface RecordingStart {
  seq: number;
  at: number;
  room: PublicRoom;
  state: Json;
}
/** A part of a recording, as stored until the match has ended. */
export interface RecordingPart {
  begin?: RecordingStart;
  frames: Frame[];
  /** Hash of the final state; set when the match has ended. */
  end?: string;
}

/** Maximum number of ended matches kept whose last part is not stored yet. */
const MAX_UNSTORED_MATCHES = 4;

/** SHA-256 (hex) of a state, independent of key order. */
export const hashState = (state: Json): string =>
  createHash('sha256')
    .update(JSON.stringify(sortKeys(state)))
    .digest('hex');

const sortKeys = (value: Json): Json => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, sortKeys((value as JsonObject)[key]!)]),
  );
};

/** Whether a match is in progress, even if the room is quarantined. */
const isMatchOn = ({ room, hidden }: RoomDocument): boolean =>
  room.phase === 'playing' || (room.phase === 'quarantined' && hidden.before?.phase === 'playing');

/** Merges two frames; both are consumed. */
export function mergeFrames(first: Frame, second: Frame | undefined): Frame {
  if (!second) return first;
  const e = [...(first.e ?? []), ...(second.e ?? [])];
  return { seq: second.seq, at: second.at, c: compose(first.c, second.c), ...(e.length > 0 ? { e } : {}) };
}

/**
 * Records a match for replays. Parts are stored with the snapshots, so that the journal stays short enough for a fast
 * takeover; a new owner reads what is not stored yet from the journal. Recordings are bounded: the longer a match, the
 * more entries are merged into a frame.
 */
export class Recorder {
  /** Of the current or last match. */
  private part: RecordingPart = { frames: [] };
  private match: number;
  /** Earlier matches whose last part is not stored yet. */
  private earlierMatches: { match: number; part: RecordingPart }[] = [];
  private isRecording: boolean;

  constructor(
    private readonly game: AnyGame,
    doc: RoomDocument,
  ) {
    this.match = doc.room.match;
    this.isRecording = this.isEnabled && isMatchOn(doc);
  }

  private get isEnabled(): boolean {
    return this.game.contract.def.replay === true;
  }

  /** Adds a committed entry; the document already contains it. */
  commit(seq: number, changes: Changes, events: readonly RoomEvent[], doc: RoomDocument): void {
    if (!this.isEnabled) return;
    const { room, hidden, state } = doc;
    const changed = typeof changes.room === 'object' && changes.room !== null ? changes.room : {};
    // A migration restarts the recording, because one version's rules cannot show another version's states.
    const begins = 'match' in changed || ('version' in changed && this.isRecording);
    if (begins) {
      if (this.part.end !== undefined)
        this.earlierMatches = [...this.earlierMatches, { match: this.match, part: this.part }].slice(
          -MAX_UNSTORED_MATCHES,
        );
      this.match = room.match;
      this.part = { begin: { seq, at: hidden.clock, room: copy(room), state: copy(state) }, frames: [] };
      this.isRecording = isMatchOn(doc);
      // A match may end in the entry that begins its recording: its first one, or the one that migrates its state.
      if (room.phase === 'ended') this.part.end = hashState(state);
      return;
    }
    if (!this.isRecording) return;
    const { hidden: _, ...shown } = changes;
    this.addFrame(
      {
        seq,
        at: hidden.clock,
        c: structuredClone(shown),
        ...(events.length > 0 ? { e: structuredClone([...events]) } : {}),
      },
      hidden.clock - hidden.began,
    );
    if (!isMatchOn(doc)) {
      this.isRecording = false;
      this.part.end = hashState(state);
    }
  }

  private addFrame(frame: Frame, elapsed: number): void {
    const last = this.part.frames.at(-1);
    const interval =
      limits.recording.frameSpacing.find(t => elapsed < t.until)?.spacing ?? limits.recording.maxFrameSpacing;
    if (!last || frame.at - last.at >= interval) return void this.part.frames.push(frame);
    this.part.frames[this.part.frames.length - 1] = mergeFrames(last, frame);
  }

  /** Ended matches whose last part is not stored yet. */
  get finishedMatches(): number[] {
    return this.unstored.filter(({ part }) => part.end !== undefined).map(({ match }) => match);
  }

  /** The parts that are not stored yet, oldest match first. */
  get pending(): ReplayPart[] {
    return this.unstored
      .filter(({ part }) => part.begin || part.end || part.frames.length > 0)
      .map(({ match, part }) => ({ match, text: JSON.stringify(part) }));
  }

  private get unstored(): { match: number; part: RecordingPart }[] {
    return [...this.earlierMatches, { match: this.match, part: this.part }];
  }

  /** Marks everything in `pending` as stored. */
  markStored(): void {
    this.earlierMatches = [];
    this.part = { frames: [] };
  }
}

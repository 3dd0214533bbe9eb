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

/** Entries of a match, up to `seq`; as many as were thinned into one. */
export interface Frame {
  seq: number;
  at: number;
  c: Changes;
  e?: RoomEvent[];
}
/** What a match begins with. */
export interface RecordingStart {
  seq: number;
  at: number;
  room: PublicRoom;
  state: Json;
}
/** A piece of a recording, as the store keeps it until the match is over. */
export interface RecordingPart {
  begin?: RecordingStart;
  frames: Frame[];
  /** Hash of the final state: the match is over. */
  end?: string;
}

/** Matches whose last piece could not be written that are remembered. */
const MAX_UNSTORED_MATCHES = 4;

/** SHA-256 (hex) of a state, whatever the order of its keys. */
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

/** A match is on, if perhaps out of play for now. */
const isMatchOn = ({ room, hidden }: RoomDocument): boolean =>
  room.phase === 'playing' || (room.phase === 'quarantined' && hidden.before?.phase === 'playing');

/** Two frames as one; both are used up. */
export function mergeFrames(first: Frame, second: Frame | undefined): Frame {
  if (!second) return first;
  const e = [...(first.e ?? []), ...(second.e ?? [])];
  return { seq: second.seq, at: second.at, c: compose(first.c, second.c), ...(e.length > 0 ? { e } : {}) };
}

/**
 * Keeps what happens in a match, for those who want to watch it again. It is handed to the store piece by piece, with
 * the snapshots, so that the journal stays as short as a takeover wants it; what is not yet there, a new owner reads
 * from the journal again. The longer a match, the more entries go into one frame, so a recording has a bound.
 */
export class Recorder {
  /** Of the match that is on, or was last. */
  private part: RecordingPart = { frames: [] };
  private match: number;
  /** Of matches before it that are over, and whose last piece the store does not have yet. */
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

  /** Takes in a committed entry; the document already contains it. */
  commit(seq: number, changes: Changes, events: readonly RoomEvent[], doc: RoomDocument): void {
    if (!this.isEnabled) return;
    const { room, hidden, state } = doc;
    const changed = typeof changes.room === 'object' && changes.room !== null ? changes.room : {};
    // A state that was migrated begins a recording anew: rules of one version cannot show what another's have done.
    const begins = 'match' in changed || ('version' in changed && this.isRecording);
    if (begins) {
      if (this.part.end !== undefined)
        this.earlierMatches = [...this.earlierMatches, { match: this.match, part: this.part }].slice(
          -MAX_UNSTORED_MATCHES,
        );
      this.match = room.match;
      this.part = { begin: { seq, at: hidden.clock, room: copy(room), state: copy(state) }, frames: [] };
      this.isRecording = isMatchOn(doc);
      // A match may end in the entry that begins its recording: with its first entry, or with the one that migrates its
      // state.
      if (room.phase === 'ended') this.part.end = hashState(state);
      return;
    }
    if (!this.isRecording) return;
    const { hidden: _never, ...shown } = changes;
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

  /** Matches that are over, and whose last piece is not yet in the store. */
  get finishedMatches(): number[] {
    return this.unstored.filter(({ part }) => part.end !== undefined).map(({ match }) => match);
  }

  /** What the store does not have yet, oldest match first. */
  get pending(): ReplayPart[] {
    return this.unstored
      .filter(({ part }) => part.begin || part.end || part.frames.length > 0)
      .map(({ match, part }) => ({ match, text: JSON.stringify(part) }));
  }

  private get unstored(): { match: number; part: RecordingPart }[] {
    return [...this.earlierMatches, { match: this.match, part: this.part }];
  }

  /** It has it now. */
  markStored(): void {
    this.earlierMatches = [];
    this.part = { frames: [] };
  }
}

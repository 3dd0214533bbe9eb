import { createHash } from 'node:crypto';
import type { AnyGame } from '../../shared/contract.ts';
import { compose, copy, type Changes } from '../../shared/delta.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { PublicRoom } from '../../shared/protocol.ts';
import type { RoomEvent } from './context.ts';
import type { RoomDocument } from './document.ts';

/** Entries of a match, up to `seq`; as many as were thinned into one. */
export interface Frame { seq: number; at: number; c: Changes; e?: RoomEvent[] }
/** What a match begins with. */
export interface Beginning { seq: number; at: number; room: PublicRoom; state: Json }
/** A piece of a recording, as the store keeps it until the match is over. */
export interface Part { begin?: Beginning; frames: Frame[]; /** Hash of the final state: the match is over. */ end?: string }

/** SHA-256 (hex) of a state, whatever the order of its keys. */
export const hashOf = (state: Json): string => createHash('sha256').update(JSON.stringify(sorted(state))).digest('hex');

const sorted = (value: Json): Json => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted((value as JsonObject)[key]!)]));
};

/** Two frames as one; both are used up. */
export function merged(first: Frame, second: Frame | undefined): Frame {
  if (!second) return first;
  const e = [...(first.e ?? []), ...(second.e ?? [])];
  return { seq: second.seq, at: second.at, c: compose(first.c, second.c), ...(e.length > 0 ? { e } : {}) };
}

/**
 * Keeps what happens in a match, for those who want to watch it again. It is handed to the store piece by piece, with the
 * snapshots, so that the journal stays as short as a takeover wants it; what is not yet there, a new owner reads from the
 * journal again. The longer a match, the more entries go into one frame, so a recording has a bound.
 */
export class Recorder {
  private part: Part = { frames: [] };
  private recording: boolean;

  constructor(private readonly game: AnyGame, doc: RoomDocument) { this.recording = this.wanted && doc.room.phase === 'playing'; }

  private get wanted(): boolean { return this.game.contract.def.replay === true; }

  /** Takes in a committed entry; the document already contains it. */
  commit(seq: number, changes: Changes, events: readonly RoomEvent[], doc: RoomDocument): void {
    if (!this.wanted) return;
    const { room, hidden, state } = doc;
    const changed = typeof changes.room === 'object' && changes.room !== null ? changes.room : {};
    // A state that was migrated begins a recording anew: rules of one version cannot show what another's have done.
    const begins = 'match' in changed || ('version' in changed && this.recording);
    if (begins) {
      this.part = { begin: { seq, at: hidden.clock, room: copy(room), state: copy(state) }, frames: [] };
      this.recording = room.phase === 'playing';
      return;
    }
    if (!this.recording) return;
    const { hidden: _never, ...shown } = changes;
    this.add({ seq, at: hidden.clock, c: structuredClone(shown), ...(events.length > 0 ? { e: structuredClone([...events]) } : {}) }, hidden.clock - hidden.began);
    if (room.phase !== 'playing') {
      this.recording = false;
      this.part.end = hashOf(state);
    }
  }

  private add(frame: Frame, elapsed: number): void {
    const last = this.part.frames.at(-1);
    const apart = limits.replay.thin.find(t => elapsed < t.until)?.apart ?? limits.replay.thinnest;
    if (!last || frame.at - last.at >= apart) return void this.part.frames.push(frame);
    this.part.frames[this.part.frames.length - 1] = merged(last, frame);
  }

  /** The match has ended and its last piece is not yet in the store. */
  get over(): boolean { return this.part.end !== undefined; }

  /** What the store does not have yet, or null. */
  get pending(): string | null { return this.part.begin || this.part.end || this.part.frames.length > 0 ? JSON.stringify(this.part) : null; }

  /** It has it now. */
  handedOver(): void { this.part = { frames: [] }; }
}

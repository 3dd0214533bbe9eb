import type { AnyGame } from '../../shared/contract.ts';
import { apply, copy, type Changes } from '../../shared/delta.ts';
import { diffJson } from '../../shared/diff.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { ReplayReply, WireEvent } from '../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import { strictJson } from '../../shared/strict-json.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import type { Clock, Log, Meter, Compressor, HangDetector } from '../runtime/ports.ts';
import { readDocument, UnreadableRoomError } from '../rooms/core/entry.ts';
import {
  hashState,
  mergeFrames,
  type RecordingStart,
  type Frame,
  type RecordingPart,
} from '../rooms/actor/recorder.ts';
import { runWatched } from '../rooms/core/rule-tracker.ts';
import { StoreError, type Store } from '../store/store.ts';

/** Format version of recordings, as `journalVersion`. */
const recordingVersion = 2;

/** A finished match as stored: its start, its frames, and the hash of its final state. */
interface Recording {
  v: number;
  game: string;
  version: number;
  begin: RecordingStart;
  frames: Frame[];
  hash: string;
}

/**
 * If the room's last entry is less than this old (ms), the match may just have ended, and its recording may still be on
 * its way to the store.
 */
const storingWindowMs = 10_000;

/**
 * Finished matches: assembles recordings from their parts, stores them for some time, and renders them through the
 * game's view.
 */
export class ReplayArchive {
  /** Rendering takes CPU time that players on this node would notice. */
  private readonly semaphore = new Semaphore(2);
  /** Replays being rendered, by room and match; concurrent requests share one. */
  private readonly pending = new Map<string, Promise<ReplayReply | Refused>>();

  constructor(
    private readonly parts: {
      store: Store;
      games: ReadonlyMap<string, AnyGame>;
      compressor: Compressor;
      clock: Clock;
      log: Log;
      meter: Meter;
      hangDetector: HangDetector;
      life: number;
      /** See limits.recording.short. */
      keepsShort: boolean;
      /** Whether the store has memory to spare. */
      hasRoom(): boolean;
    },
  ) {}

  /**
   * Assembles, verifies and stores the recording of a finished match, and removes its parts. Idempotent. A failure is
   * only logged: the parts remain for some time, and the room's next owner retries.
   */
  async save(id: string, match: number): Promise<void> {
    const { store, log, life, clock } = this.parts;
    for (let tries = 0; tries < 4; tries++) {
      try {
        const texts = await store.replayParts(id, match);
        if (texts.length === 0) return;
        const pieces = await Promise.all(texts.map(text => this.parts.compressor.decompress(text)));
        const recording = assemble(pieces.map(text => JSON.parse(text) as RecordingPart));
        if (!recording)
          return void log.warn({ room: id, match, pieces: pieces.length }, 'recording dropped: incomplete');
        if (!isConsistent(recording))
          return void log.error({ room: id, match }, 'recording dropped: final state differs');
        const dropReason = this.dropReasonOf(recording);
        if (dropReason !== null) this.parts.meter.count('replaysDropped', 1, dropReason);
        const text = dropReason === null ? await this.encode(recording) : null;
        await store.keepReplay(id, match, { text, life, most: limits.recording.perRoom });
        if (text !== null) {
          this.parts.meter.count('replays');
          this.parts.meter.count('replayBytes', text.length);
        }
        return;
      } catch (error) {
        if (!(error instanceof StoreError))
          return void log.error({ room: id, match, error }, 'recording assembly failed');
        await clock.sleep(500 * 2 ** tries);
      }
    }
    log.warn({ room: id, match }, 'recording not stored; the next owner retries');
  }

  /** Why a recording is not stored; null if it is. */
  private dropReasonOf(recording: Recording): 'short' | 'memory' | null {
    if (!this.parts.keepsShort && isShort(recording)) return 'short';
    return this.parts.hasRoom() ? null : 'memory';
  }

  /** Halves the number of frames until the recording fits into `limits.recording.maxBytes`. */
  private async encode(recording: Recording): Promise<string> {
    const text = await this.parts.compressor.compress(JSON.stringify(recording));
    if (text.length <= limits.recording.maxBytes || recording.frames.length < 2) return text;
    const half: Frame[] = [];
    for (let i = 0; i < recording.frames.length; i += 2)
      half.push(mergeFrames(recording.frames[i]!, recording.frames[i + 1]));
    return this.encode({ ...recording, frames: half });
  }

  /** A finished match as a late spectator may see it. `busy` if too many requests are waiting. */
  read(id: string, match: number): Promise<ReplayReply | Refused> {
    const key = `${id}/${match}`;
    const known = this.pending.get(key);
    if (known) return known;
    if (this.semaphore.waiting >= limits.pendingReplays) return Promise.resolve(makeRefusal('busy', undefined, 1_000));
    const replay = this.semaphore.run(() => this.readStored(id, match)).finally(() => this.pending.delete(key));
    this.pending.set(key, replay);
    return replay;
  }

  private async readStored(id: string, match: number): Promise<ReplayReply | Refused> {
    const { store, games, log } = this.parts;
    try {
      const text = await store.replay(id, match);
      if (text === null) return await this.refusalFor(id, match);
      const recording = JSON.parse(await this.parts.compressor.decompress(text)) as Recording;
      const game = games.get(recording.game);
      if (recording.v !== recordingVersion) return makeRefusal('replay-missing', 'written in another form');
      if (!game || game.contract.def.version !== recording.version)
        return makeRefusal('replay-missing', 'of another version of the game');
      return await this.render(game, recording);
    } catch (error) {
      if (error instanceof StoreError) return makeRefusal('unavailable', undefined, 500);
      log.error({ room: id, match, error }, 'replay rendering failed');
      return makeRefusal('replay-missing');
    }
  }

  /** Why there is no recording: the match is in progress, has just ended, or is not available any more. */
  private async refusalFor(id: string, match: number): Promise<Refused> {
    const { store, games, clock } = this.parts;
    const stored = await store.peek(id);
    if (!stored) return makeRefusal('replay-missing');
    try {
      const { room, hidden } = readDocument(stored);
      if (room.match !== match || games.get(room.game)?.contract.def.replay !== true)
        return makeRefusal('replay-missing');
      if (room.phase === 'playing') return makeRefusal('not-now', 'the match is not over');
      return clock.now() - hidden.clock < storingWindowMs
        ? makeRefusal('unavailable', undefined, 300)
        : makeRefusal('replay-missing');
    } catch (error) {
      if (error instanceof UnreadableRoomError) return makeRefusal('replay-missing');
      throw error;
    }
  }

  private async render(game: AnyGame, { begin, frames, hash, version }: Recording): Promise<ReplayReply> {
    const doc = { room: begin.room, state: begin.state };
    const viewOf = game.rules.view;
    const currentView = () =>
      viewOf
        ? runWatched(this.parts.hangDetector, game.contract.name, 'view', '', () =>
            viewOf(doc.state, { seat: null, ended: true, replay: true }),
          )
        : doc.state;
    const renderState = (): { state: Json } => ({ state: strictJson(currentView(), 'view') });
    const rendered = renderState();
    const from = copy({ room: begin.room, ...rendered });
    const renderedFrames: ReplayReply['frames'] = [];
    for (const [i, { at, c, e }] of frames.entries()) {
      // lets other work run in between
      if (i % 200 === 199) await new Promise<void>(resolve => this.parts.clock.soon(resolve));
      apply(doc as unknown as Json, c);
      let changes: Changes = c;
      if (viewOf) {
        const { state: _, ...open } = c;
        const own = diffJson(rendered as unknown as Json, renderState() as unknown as Json) ?? {};
        apply(rendered as unknown as Json, own);
        changes = { ...open, ...own };
      }
      const events = (e ?? []).filter(event => !event.to).map((event): WireEvent => [event.name, event.data]);
      renderedFrames.push(events.length > 0 ? [at - begin.at, changes, events] : [at - begin.at, changes]);
    }
    return {
      ok: true,
      game: game.contract.name,
      version,
      room: from.room.id,
      match: from.room.match,
      began: begin.at,
      view: from,
      frames: renderedFrames,
      hash,
    };
  }
}

const isShort = ({ begin, frames }: Recording): boolean =>
  frames.length < limits.recording.short.frames &&
  (frames.at(-1)?.at ?? begin.at) - begin.at < limits.recording.short.ms;

/** Parts may overlap if writing a snapshot was repeated; each frame counts once. */
function assemble(parts: readonly RecordingPart[]): Recording | null {
  const begin = parts.findLast(p => p.begin)?.begin;
  const hash = parts.find(p => p.end)?.end;
  if (!begin || hash === undefined) return null;
  let seq = begin.seq;
  const frames: Frame[] = [];
  for (const frame of parts.flatMap(p => p.frames)) {
    if (frame.seq <= seq) continue;
    seq = frame.seq;
    frames.push(frame);
  }
  return { v: recordingVersion, game: begin.room.game, version: begin.room.version, begin, frames, hash };
}

/** Whether applying the frames leads to the recorded final state. */
function isConsistent({ begin, frames, hash }: Recording): boolean {
  const doc = { room: copy(begin.room), state: copy(begin.state) } as unknown as JsonObject;
  try {
    for (const { c } of frames) apply(doc, c);
  } catch {
    return false;
  }
  return hashState(doc['state']!) === hash;
}

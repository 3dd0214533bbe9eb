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

/** Version of how recordings are written, as `journalVersion`. */
const recordingVersion = 2;

/** A finished match as it is kept: how it began, what happened, and the hash of what it must lead to. */
interface Recording {
  v: number;
  game: string;
  version: number;
  begin: RecordingStart;
  frames: Frame[];
  hash: string;
}

/**
 * A match whose room had its last entry within so many ms may just have ended: its recording is on its way into the
 * store.
 */
const storingWindowMs = 10_000;

/** Finished matches: put together from their pieces, kept for a time, shown through the game's view. */
export class ReplayArchive {
  /** Working one out takes a while; more at once would be felt by those who play. */
  private readonly semaphore = new Semaphore(2);
  /** Being worked out, by room and match: whoever asks meanwhile gets the same. */
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
      /** See limits.replay.short. */
      keepsShort: boolean;
      /** Whether the store has memory to spare. */
      hasRoom(): boolean;
    },
  ) {}

  /**
   * Puts a match that is over together, proves it, keeps it, and lets go of its pieces. May be done twice. Fails
   * quietly: the pieces stay for a while, and the next owner of the room tries again.
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
        await store.keepReplay(id, match, text, life, limits.recording.perRoom);
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

  /** Why a recording is not kept, or null. */
  private dropReasonOf(recording: Recording): 'short' | 'memory' | null {
    if (!this.parts.keepsShort && isShort(recording)) return 'short';
    return this.parts.hasRoom() ? null : 'memory';
  }

  /** Thinned further until it fits: a match that lasts for hours is still one value. */
  private async encode(recording: Recording): Promise<string> {
    const text = await this.parts.compressor.compress(JSON.stringify(recording));
    if (text.length <= limits.recording.maxBytes || recording.frames.length < 2) return text;
    const half: Frame[] = [];
    for (let i = 0; i < recording.frames.length; i += 2)
      half.push(mergeFrames(recording.frames[i]!, recording.frames[i + 1]));
    return this.encode({ ...recording, frames: half });
  }

  /** A finished match as a spectator who comes later may see it. `busy` where too many wait for theirs. */
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

  /** Why there is none: the match is on, or it has ended this moment, or for good. */
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
    const viewOf = game.rules.view as ((s: unknown, who: unknown) => unknown) | undefined;
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
      // others want to play meanwhile
      if (i % 200 === 199) await new Promise<void>(resolve => this.parts.clock.soon(resolve));
      apply(doc as unknown as Json, c);
      let changes: Changes = c;
      if (viewOf) {
        const { state: _hidden, ...open } = c;
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

/** Pieces may overlap where a hand-over to the store was repeated: a frame counts once. */
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

/** Whether the frames lead from the beginning to the state that the match really ended with. */
function isConsistent({ begin, frames, hash }: Recording): boolean {
  const doc = { room: copy(begin.room), state: copy(begin.state) } as unknown as JsonObject;
  try {
    for (const { c } of frames) apply(doc, c);
  } catch {
    return false;
  }
  return hashState(doc['state']!) === hash;
}

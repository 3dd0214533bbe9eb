import type { AnyGame } from '../shared/contract.ts';
import { apply, copy, type Changes } from '../shared/delta.ts';
import { diffJson } from '../shared/diff.ts';
import type { Json, JsonObject } from '../shared/json.ts';
import { limits } from '../shared/limits.ts';
import type { ReplayReply, WireEvent } from '../shared/protocol.ts';
import { refused, type Refused } from '../shared/refusals.ts';
import { strictJson } from '../shared/strict-json.ts';
import { Gate } from './gate.ts';
import type { Clock, Log, Meter, Packer, Watch } from './ports.ts';
import { readDocument, Unreadable } from './rooms/entry.ts';
import { hashOf, merged, type Beginning, type Frame, type Part } from './rooms/recorder.ts';
import { watchedAlone } from './rooms/watched.ts';
import { StoreError, type Store } from './store/contract.ts';

/** Version of how recordings are written, as `journalVersion`. */
const recordingVersion = 2;

/** A finished match as it is kept: how it began, what happened, and the hash of what it must lead to. */
interface Recording { v: number; game: string; version: number; begin: Beginning; frames: Frame[]; hash: string }

/** A match whose room had its last entry within so many ms may just have ended: its recording is on its way into the store. */
const onItsWay = 10_000;

/** Finished matches: put together from their pieces, kept for a time, shown through the game's view. */
export class Replays {
  /** Working one out takes a while; more at once would be felt by those who play. */
  private readonly gate = new Gate(2);
  /** Being worked out, by room and match: whoever asks meanwhile gets the same. */
  private readonly underWay = new Map<string, Promise<ReplayReply | Refused>>();

  constructor(private readonly parts: { store: Store; games: ReadonlyMap<string, AnyGame>; packer: Packer; clock: Clock; log: Log; meter: Meter; watch: Watch; life: number; /** See limits.replay.short. */ keepsShort: boolean; /** Whether the store has memory to spare. */ hasRoom(): boolean }) {}

  /**
   * Puts a match that is over together, proves it, keeps it, and lets go of its pieces. May be done twice. Fails quietly:
   * the pieces stay for a while, and the next owner of the room tries again.
   */
  async keep(id: string, match: number): Promise<void> {
    const { store, log, life, clock } = this.parts;
    for (let tries = 0; tries < 4; tries++) {
      try {
        const texts = await store.replayParts(id, match);
        if (texts.length === 0) return;
        const pieces = await Promise.all(texts.map(text => this.parts.packer.unpack(text)));
        const recording = assemble(pieces.map(text => JSON.parse(text) as Part));
        if (!recording) return void log.warn({ room: id, match, pieces: pieces.length }, 'a recording is not whole; it is not kept');
        if (!proves(recording)) return void log.error({ room: id, match }, 'a recording does not lead to the state its match ended with; it is not kept');
        const why = this.unwanted(recording);
        if (why !== null) this.parts.meter.count('replaysDropped', 1, why);
        const text = why === null ? await this.encode(recording) : null;
        await store.keepReplay(id, match, text, life, limits.replay.perRoom);
        if (text !== null) {
          this.parts.meter.count('replays');
          this.parts.meter.count('replayBytes', text.length);
        }
        return;
      } catch (error) {
        if (!(error instanceof StoreError)) return void log.error({ room: id, match, error }, 'a recording could not be put together');
        await clock.sleep(500 * 2 ** tries);
      }
    }
    log.warn({ room: id, match }, 'a recording was not kept; the next owner of the room tries again while its pieces last');
  }

  /** Why a recording is not kept, or null. */
  private unwanted(recording: Recording): 'short' | 'memory' | null {
    if (!this.parts.keepsShort && isShort(recording)) return 'short';
    return this.parts.hasRoom() ? null : 'memory';
  }

  /** Thinned further until it fits: a match that lasts for hours is still one value. */
  private async encode(recording: Recording): Promise<string> {
    const text = await this.parts.packer.pack(JSON.stringify(recording));
    if (text.length <= limits.replay.bytes || recording.frames.length < 2) return text;
    const half: Frame[] = [];
    for (let i = 0; i < recording.frames.length; i += 2) half.push(merged(recording.frames[i]!, recording.frames[i + 1]));
    return this.encode({ ...recording, frames: half });
  }

  /** A finished match as a spectator who comes later may see it. `busy` where too many wait for theirs. */
  show(id: string, match: number): Promise<ReplayReply | Refused> {
    const key = `${id}/${match}`;
    const known = this.underWay.get(key);
    if (known) return known;
    if (this.gate.waiting >= limits.replaysWaiting) return Promise.resolve(refused('busy', undefined, 1_000));
    const shown = this.gate.through(() => this.workOut(id, match)).finally(() => this.underWay.delete(key));
    this.underWay.set(key, shown);
    return shown;
  }

  private async workOut(id: string, match: number): Promise<ReplayReply | Refused> {
    const { store, games, log } = this.parts;
    try {
      const text = await store.replay(id, match);
      if (text === null) return await this.without(id, match);
      const recording = JSON.parse(await this.parts.packer.unpack(text)) as Recording;
      const game = games.get(recording.game);
      if (recording.v !== recordingVersion) return refused('replay-missing', 'written in another form');
      if (!game || game.contract.def.version !== recording.version) return refused('replay-missing', 'of another version of the game');
      return await this.through(game, recording);
    } catch (error) {
      if (error instanceof StoreError) return refused('unavailable', undefined, 500);
      log.error({ room: id, match, error }, 'a recording could not be shown');
      return refused('replay-missing');
    }
  }

  /** Why there is none: the match is on, or it has ended this moment, or for good. */
  private async without(id: string, match: number): Promise<Refused> {
    const { store, games, clock } = this.parts;
    const stored = await store.peek(id);
    if (!stored) return refused('replay-missing');
    try {
      const { room, hidden } = readDocument(stored);
      if (room.match !== match || games.get(room.game)?.contract.def.replay !== true) return refused('replay-missing');
      if (room.phase === 'playing') return refused('not-now', 'the match is not over');
      return clock.now() - hidden.clock < onItsWay ? refused('unavailable', undefined, 300) : refused('replay-missing');
    } catch (error) {
      if (error instanceof Unreadable) return refused('replay-missing');
      throw error;
    }
  }

  private async through(game: AnyGame, { begin, frames, hash, version }: Recording): Promise<ReplayReply> {
    const doc = { room: begin.room, state: begin.state };
    const look = game.rules.view as ((s: unknown, who: unknown) => unknown) | undefined;
    const view = () => (look ? watchedAlone(this.parts.watch, game.contract.name, 'view', '', () => look(doc.state, { seat: null, ended: true, replay: true })) : doc.state);
    const see = (): { state: Json } => ({ state: strictJson(view(), 'view') });
    const seen = see();
    const from = copy({ room: begin.room, ...seen });
    const shown: ReplayReply['frames'] = [];
    for (const [i, { at, c, e }] of frames.entries()) {
      if (i % 200 === 199) await new Promise<void>(resolve => this.parts.clock.soon(resolve)); // others want to play meanwhile
      apply(doc as unknown as Json, c);
      let changes: Changes = c;
      if (look) {
        const { state: _hidden, ...open } = c;
        const own = diffJson(seen as unknown as Json, see() as unknown as Json) ?? {};
        apply(seen as unknown as Json, own);
        changes = { ...open, ...own };
      }
      const events = (e ?? []).filter(event => !event.to).map((event): WireEvent => [event.name, event.data]);
      shown.push(events.length > 0 ? [at - begin.at, changes, events] : [at - begin.at, changes]);
    }
    return { ok: true, game: game.contract.name, version, room: from.room.id, match: from.room.match, began: begin.at, view: from, frames: shown, hash };
  }
}

const isShort = ({ begin, frames }: Recording): boolean => frames.length < limits.replay.short.frames && (frames.at(-1)?.at ?? begin.at) - begin.at < limits.replay.short.ms;

/** Pieces may overlap where a hand-over to the store was repeated: a frame counts once. */
function assemble(parts: readonly Part[]): Recording | null {
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
function proves({ begin, frames, hash }: Recording): boolean {
  const doc = { room: copy(begin.room), state: copy(begin.state) } as unknown as JsonObject;
  try {
    for (const { c } of frames) apply(doc, c);
  } catch {
    return false;
  }
  return hashOf(doc['state']!) === hash;
}

import type {
  ClocksOf,
  Contract,
  ContractDef,
  EventsOf,
  OptionsOf,
  Out,
  ProfileOf,
  ViewOf,
} from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import type { Position } from '../../shared/position.ts';
import type { PublicRoom, PublicSeat, RoomView, WireEvent } from '../../shared/protocol.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import { Listeners } from '../listeners.ts';
import type { Replay } from '../replay.ts';
import type { Act, Input, RoomLike, Signal } from '../room.ts';
import { ReplayCursor } from './replay-cursor.ts';
import { methodsByName } from '../methods-by-name.ts';

/** Options of a replay. */
export interface ReplayOptions<D extends ContractDef> {
  /**
   * For games with a tick: reads the tick number from the state. The replay's time then follows the ticks, without
   * interruptions by takeovers or while no player was connected. Default: time as recorded.
   */
  tick?: (s: ViewOf<D>) => number;
}

/** A frame of a recording during `scan`. States change in place: copy what you keep. */
export interface Scanned<D extends ContractDef> {
  /** Number of frames applied; 0 is the start. */
  frame: number;
  /** Ms from the start. */
  at: number;
  state: ViewOf<D>;
  /** The state one frame earlier; the same at the start. */
  before: ViewOf<D>;
  info: PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
  /** Events of the frame that all members received. */
  events: readonly WireEvent[];
}

/** Events passed by more than this (ms) are marked `replayed`. */
const replayedAfterMs = 1_000;
/** An object with the same function under every name. It is not a promise. */
const constantProxy = (fn: unknown): object => methodsByName(() => fn);

/**
 * A finished match as a room. Components that show a live room show this, too. It is at one frame of the recording and
 * can move to any other quickly, however long the match was. `act` is refused, as for spectators.
 */
export class ReplayRoom<D extends ContractDef = ContractDef> implements RoomLike<D> {
  /** Refused: `not-seated`. */
  readonly act: Act<D> = constantProxy(async () => makeRefusal('not-seated')) as Act<D>;
  /** Does nothing. */
  readonly input: Input<D> = constantProxy(() => {}) as Input<D>;
  /** Does nothing. */
  readonly signal: Signal<D> = constantProxy(() => {}) as Signal<D>;
  /**
   * Calls `fn` after each move to another frame. @returns a function that ends it
   * @example
   * ```ts
   * replayed.onChange(() => draw(replayed.state))
   * ```
   */
  readonly onChange: (fn: () => void) => () => void;
  readonly seat = null;
  readonly ended = null;
  readonly live = true;
  readonly pending = 0;
  readonly watchers = 0;
  private readonly changeListeners = new Listeners<[]>();
  private readonly eventListeners = new Map<
    string,
    Listeners<[data: Json, about: { replayed: boolean; place: Position }]>
  >();
  private readonly cursor: ReplayCursor;
  /** For lookups, which must not move the shown frame. */
  private readonly lookupCursor: ReplayCursor;
  /** Time of each frame, by the number of frames applied; the first is 0. */
  private readonly times: number[];
  private view: RoomView;
  private currentFrame = 0;
  private currentMs = 0;

  /** @internal */
  constructor(
    readonly replay: Replay,
    options: ReplayOptions<D>,
    private readonly hz: number,
  ) {
    this.onChange = fn => this.changeListeners.add(fn);
    this.cursor = ReplayCursor.open(replay.data);
    this.lookupCursor = this.cursor.clone();
    this.view = this.cursor.seek(0);
    this.times = [0, ...replay.data.frames.map(([at]) => at)];
    const { tick } = options;
    if (tick) this.times = this.timesByTick(tick);
  }

  /** Number of frames: `go(length)` moves to the end. */
  get length(): number {
    return this.replay.data.frames.length;
  }
  /** Number of frames applied in what is shown. */
  get frame(): number {
    return this.currentFrame;
  }
  /** Duration, ms. */
  get duration(): number {
    return this.times[this.length]!;
  }
  /** Current time, ms from the start; may lie between two frames. */
  get currentTime(): number {
    return this.currentMs;
  }
  /**
   * Time of a frame, ms from the start.
   * @example
   * ```ts
   * slider.value = String(replayed.timeOf(replayed.frame + 1)) // where the next step leads
   * ```
   */
  timeOf(frame: number): number {
    return this.times[this.clampFrame(frame)]!;
  }

  /**
   * Moves to a time, ms from the start.
   * @example
   * ```ts
   * slider.oninput = () => replayed.seek(Number(slider.value))
   * ```
   */
  seek(ms: number): void {
    const aim = Math.max(0, Math.min(ms || 0, this.duration)); // NaN means the start
    this.moveTo(this.frameAt(aim), aim);
  }

  /**
   * Moves to a frame: the number of frames applied.
   * @example
   * ```ts
   * replayed.go(replayed.frame - 1) // one step back
   * replayed.go(replayed.length)    // the end
   * ```
   */
  go(frame: number): void {
    this.moveTo(this.clampFrame(frame), this.timeOf(frame));
  }

  /**
   * A copy of the state at a frame. The shown frame does not move.
   *
   * @example
   * ```ts
   * draw(replayed.peek(replayed.length)) // the final state
   * ```
   */
  peek(frame: number): ViewOf<D> {
    return copy(this.lookupCursor.seek(this.clampFrame(frame)).state) as ViewOf<D>;
  }

  /**
   * Reads the whole recording once. The shown frame does not move.
   * @example
   * ```ts
   * const leads: number[] = []
   * replayed.scan(({ at, state }) => { if (state.at[0]! > state.at[1]!) leads.push(at) })
   * ```
   */
  scan(look: (seen: Scanned<D>) => void): void {
    const behind = this.cursor.clone();
    for (let frame = 0; frame <= this.length; frame++) {
      const { state, room } = this.lookupCursor.seek(frame);
      look({
        frame,
        at: this.times[frame]!,
        state: state as ViewOf<D>,
        before: behind.seek(Math.max(0, frame - 1)).state as ViewOf<D>,
        info: room as Scanned<D>['info'],
        events: frame === 0 ? [] : this.eventsOf(frame),
      });
    }
  }

  get id(): string {
    return this.view.room.id;
  }
  get code(): string {
    return this.view.room.code;
  }
  /** The state as spectators see it after the match. Read only. It changes in place, so copy what you keep. */
  get state(): ViewOf<D> {
    return this.view.state as ViewOf<D>;
  }
  get info(): PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> } {
    return this.view.room as PublicRoom<ProfileOf<D>> & { options: OptionsOf<D> };
  }
  get players(): (PublicSeat<ProfileOf<D>> | null)[] {
    return this.info.seats;
  }
  /** The frame number, with term 0: owners are not recorded. */
  get position(): Position {
    return [0, this.currentFrame];
  }
  get term(): number {
    return 0;
  }
  /**
   * The room's clock at the shown frame, ms since 1970.
   * @example
   * ```ts
   * draw(new Date(replayed.now()).toLocaleTimeString())
   * ```
   */
  now(): number {
    return this.replay.data.began + (this.currentFrame === 0 ? 0 : this.replay.data.frames[this.currentFrame - 1]![0]);
  }
  /**
   * Ms until a timer of the contract's `clocks` was due; null if it was not set.
   * @example
   * ```ts
   * draw(replayed.clock('turn'))
   * ```
   */
  clock(name: ClocksOf<D>): number | null {
    const due = this.info.clocks[name];
    return due === undefined ? null : Math.max(0, due - this.now());
  }

  /**
   * Subscribes to an event of the game. Events are reported when the replay moves forward past them, not backward.
   * `replayed`: more than a second before the new time.
   * @example
   * ```ts
   * replayed.on('lap', ({ seat, lap }, { replayed: before }) => { if (!before) cheer(`${seat}: lap ${lap}`) })
   * ```
   */
  on<K extends keyof EventsOf<D> & string>(
    event: K,
    fn: (data: Out<EventsOf<D>[K]>, about: { replayed: boolean; place: Position }) => void,
  ): () => void {
    let listeners = this.eventListeners.get(event);
    if (!listeners) this.eventListeners.set(event, (listeners = new Listeners()));
    return listeners.add(fn as never);
  }

  /**
   * Does nothing: signals are not recorded. Exists so that components for live rooms work.
   * @example
   * ```ts
   * replayed.onSignal() // never calls back
   * ```
   */
  onSignal(): () => void {
    return () => {};
  }

  private moveTo(frame: number, ms: number): void {
    const before = this.currentFrame;
    this.currentMs = ms;
    if (frame === before) return;
    this.view = this.cursor.seek(frame);
    this.currentFrame = frame;
    if (this.eventListeners.size > 0) {
      for (let one = before + 1; one <= frame; one++) {
        for (const [name, data] of this.eventsOf(one))
          this.eventListeners
            .get(name)
            ?.notify(data, { replayed: ms - this.times[one]! > replayedAfterMs, place: [0, one] });
      }
    }
    this.changeListeners.notify();
  }

  private eventsOf(frame: number): readonly WireEvent[] {
    return this.replay.data.frames[frame - 1]![2] ?? [];
  }
  private clampFrame(frame: number): number {
    return Math.max(0, Math.min(Math.trunc(frame) || 0, this.length));
  }

  /** The last frame at or before a time. */
  private frameAt(ms: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.times[middle]! <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private timesByTick(tick: (s: ViewOf<D>) => number): number[] {
    const times: number[] = [];
    let first = 0;
    this.scan(({ frame, state }) => {
      if (frame === 0) first = tick(state);
      times.push(Math.max(times.at(-1) ?? 0, ((tick(state) - first) * 1_000) / this.hz));
    });
    return times;
  }
}

/**
 * Shows a finished match as a room, in both directions.
 *
 * @example
 * ```ts
 * const room = replayRoom(await client.replay(id, 1), race)
 * room.onChange(() => draw(room.state))
 * slider.max = String(room.duration)
 * slider.oninput = () => room.seek(Number(slider.value))
 * ```
 */
export const replayRoom = <D extends ContractDef>(
  replay: Replay,
  contract: Contract<D>,
  options: ReplayOptions<D> = {},
): ReplayRoom<D> => new ReplayRoom(replay, options, contract.def.tick?.hz ?? 20);

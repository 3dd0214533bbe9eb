import { apply, copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import type { ReplayReply, RoomView, WireEvent } from '../shared/protocol.ts';

/** A finished match, to be watched again: at any moment of it. */
export class Replay {
  private view: RoomView;
  /** Frames that `view` contains. */
  private taken = 0;

  constructor(readonly data: ReplayReply) { this.view = copy(data.view); }

  /** How long the match was, ms. */
  get duration(): number { return this.data.frames.at(-1)?.[0] ?? 0; }
  /** The moments (ms from the beginning) at which something happened. */
  get moments(): number[] { return this.data.frames.map(([at]) => at); }

  /**
   * What everybody saw at a moment. The next call may change it: copy what is to stay.
   * @example
   * ```ts
   * const replay = await client.replay(room.id, 1)
   * for (const moment of replay.moments) draw(replay.at(moment).state)
   * ```
   */
  at(ms: number): RoomView {
    const { frames } = this.data;
    if (this.taken > 0 && frames[this.taken - 1]![0] > ms) {
      this.view = copy(this.data.view);
      this.taken = 0;
    }
    while (this.taken < frames.length && frames[this.taken]![0] <= ms) apply(this.view as unknown as Json, frames[this.taken++]![1]);
    return this.view;
  }

  /**
   * The events after `from` and up to `to`, ms.
   * @example
   * ```ts
   * const replay = await client.replay(room.id, 1)
   * for (const [name, data] of replay.events(0, replay.duration)) console.log(name, data)
   * ```
   */
  events(from: number, to: number): WireEvent[] { return this.data.frames.flatMap(([at, , events]) => (at > from && at <= to ? events ?? [] : [])); }
}

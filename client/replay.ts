import { apply, copy } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import type { ReplayReply, RoomView, WireEvent } from '../shared/protocol.ts';

/** A finished match, to be watched again, forwards. To go back and forth in it, or to show it as a room: `replayRoom` of `rejoin/replay`. */
export class Replay {
  private view: RoomView | undefined;
  /** Frames that `view` contains. */
  private taken = 0;

  constructor(readonly data: ReplayReply) {}

  /** How long the match was, ms. */
  get duration(): number { return this.moments.at(-1) ?? 0; }
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
    const { frames, view } = this.data;
    if (!this.view || (frames[this.taken - 1]?.[0] as number) > ms) {
      this.view = copy(view);
      this.taken = 0;
    }
    for (let frame; (frame = frames[this.taken]) && frame[0] <= ms; this.taken++) apply(this.view as unknown as Json, frame[1]);
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
  events(from: number, to: number): WireEvent[] { return this.data.frames.flatMap(([at, , events]) => (at > from && at <= to && events) || []); }
}

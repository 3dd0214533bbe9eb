import { apply, copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import type { ReplayReply, RoomView } from '../../shared/protocol.ts';

/** Every n-th view is kept, so seeking applies at most this many frames. */
export const keyframeInterval = 64;

/** A position in a recording. Clones share the kept views. */
export class ReplayCursor {
  private view: RoomView;
  private frame = 0;

  /**
   * @param keyframes the views after 0, `keyframeInterval`, 2 × `keyframeInterval` … frames, as far as any cursor has
   * read
   */
  constructor(
    private readonly frames: ReplayReply['frames'],
    private readonly keyframes: RoomView[],
  ) {
    this.view = copy(keyframes[0]!);
  }

  static open({ view, frames }: ReplayReply): ReplayCursor {
    return new ReplayCursor(frames, [copy(view)]);
  }
  /** Another cursor, at the start. */
  clone(): ReplayCursor {
    return new ReplayCursor(this.frames, this.keyframes);
  }

  /** The view after `frame` frames. The next call may change it. */
  seek(frame: number): RoomView {
    const near = Math.min(this.keyframes.length - 1, Math.floor(frame / keyframeInterval));
    // Forward from the current frame, unless the target is behind it or a kept view is closer.
    if (frame < this.frame || near * keyframeInterval > this.frame) {
      this.view = copy(this.keyframes[near]!);
      this.frame = near * keyframeInterval;
    }
    while (this.frame < frame) {
      apply(this.view as unknown as Json, this.frames[this.frame]![1]);
      this.frame += 1;
      if (this.frame === this.keyframes.length * keyframeInterval) this.keyframes.push(copy(this.view));
    }
    return this.view;
  }
}

import { apply, copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import type { ReplayReply, RoomView } from '../../shared/protocol.ts';

/** A view is kept every so many frames: wherever one goes, at most so many are taken in. */
export const keyframeInterval = 64;

/**
 * A recording, open at one place. It may be opened at several places at once: what was kept on the way is shared by
 * `beside`.
 */
export class ReplayCursor {
  private view: RoomView;
  private frame = 0;

  /** @param keyframes the view with 0, `apart`, 2 × `apart` … frames taken in, as far as somebody has come */
  constructor(
    private readonly frames: ReplayReply['frames'],
    private readonly keyframes: RoomView[],
  ) {
    this.view = copy(keyframes[0]!);
  }

  static open({ view, frames }: ReplayReply): ReplayCursor {
    return new ReplayCursor(frames, [copy(view)]);
  }
  /** Another one, at the beginning. */
  clone(): ReplayCursor {
    return new ReplayCursor(this.frames, this.keyframes);
  }

  /** What was seen when so many frames had happened. The next call may change it. */
  seek(frame: number): RoomView {
    const near = Math.min(this.keyframes.length - 1, Math.floor(frame / keyframeInterval));
    // Forward from here, unless one has to go back, or a view that is kept lies between.
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

import { apply, copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import type { ReplayReply, RoomView } from '../../shared/protocol.ts';

/** A view is kept every so many frames: wherever one goes, at most so many are taken in. */
export const apart = 64;

/** A recording, open at one place. It may be opened at several places at once: what was kept on the way is shared by `beside`. */
export class Cursor {
  private view: RoomView;
  private at = 0;

  /** @param kept the view with 0, `apart`, 2 × `apart` … frames taken in, as far as somebody has come */
  constructor(private readonly frames: ReplayReply['frames'], private readonly kept: RoomView[]) { this.view = copy(kept[0]!); }

  static open({ view, frames }: ReplayReply): Cursor { return new Cursor(frames, [copy(view)]); }
  /** Another one, at the beginning. */
  beside(): Cursor { return new Cursor(this.frames, this.kept); }

  /** What was seen when so many frames had happened. The next call may change it. */
  to(frame: number): RoomView {
    const near = Math.min(this.kept.length - 1, Math.floor(frame / apart));
    // Forward from here, unless one has to go back, or a view that is kept lies between.
    if (frame < this.at || near * apart > this.at) {
      this.view = copy(this.kept[near]!);
      this.at = near * apart;
    }
    while (this.at < frame) {
      apply(this.view as unknown as Json, this.frames[this.at]![1]);
      this.at += 1;
      if (this.at === this.kept.length * apart) this.kept.push(copy(this.view));
    }
    return this.view;
  }
}

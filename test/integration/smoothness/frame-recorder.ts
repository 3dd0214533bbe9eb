import assert from 'node:assert/strict';
import type { ArenaRoom } from '../../../client-demo/games/arena/arena-room.ts';
import { interpolate, predictOwn, type Interpolation, type Own } from '../../../client/predict/index.ts';
import type { ViewOf, DefOf } from '../../../shared/contract.ts';
import type { arena } from '../../../shared/games/arena/contract.ts';
import { arenaPrediction } from '../../../shared/games/arena/prediction.ts';
import { arenaMotion, type CraftMotion } from '../../../client-demo/games/arena/arena-motion.ts';
import { unpack, type Craft } from '../../../shared/games/arena/motion.ts';

type Def = DefOf<typeof arena>;
/** What one frame showed. */
export interface RecordedFrame {
  at: number;
  tick: number;
  things: Record<string, CraftMotion>;
  own: { tick: number; thing: CraftMotion } | null;
  /** Where the last state that has come has them. */
  raw: Craft[];
  /** Whether the last state that has come has one's own craft in play. */
  inPlay: boolean;
  delay: number;
  ahead: number;
}

/** Shows an Arena as a page would, and writes down what was shown, and what the server had said. */
export class FrameRecorder {
  readonly frames: RecordedFrame[] = [];
  /** Where all craft were at each tick, as the server says, and whether each was in play. */
  readonly serverPositions = new Map<number, { crafts: Craft[]; inPlay: boolean[]; round: number }>();
  readonly others: Interpolation<Def, CraftMotion>;
  readonly own: Own<Def, CraftMotion>;

  constructor(readonly room: ArenaRoom) {
    this.others = interpolate(room, arenaMotion);
    this.own = predictOwn(room, arenaPrediction, arenaMotion);
    const hear = () => {
      const s: ViewOf<Def> | null = room.state;
      if (s)
        this.serverPositions.set(s.tick, {
          crafts: unpack(s.crafts),
          inPlay: s.pilots.map(pilot => pilot.back === 0 && !pilot.gone),
          round: s.round,
        });
    };
    hear();
    room.onChange(hear);
  }

  /** Shows the frame of now. */
  frame(): RecordedFrame | null {
    const at = this.room.moment();
    const seen = this.others.at(at);
    const own = this.own.at(at);
    if (!seen) return null;
    const frame: RecordedFrame = {
      at,
      tick: seen.tick,
      things: seen.things,
      own: own?.thing ? { tick: own.tick, thing: own.thing } : null,
      ...this.heard(),
      delay: this.others.delay,
      ahead: this.own.ahead,
    };
    this.frames.push(frame);
    return frame;
  }

  /** Of the last state that has come. */
  private heard(): Pick<RecordedFrame, 'raw' | 'inPlay'> {
    const { crafts, inPlay } = this.serverPositions.get(this.room.state!.tick)!;
    return { raw: crafts, inPlay: inPlay[this.room.seat!]! };
  }

  stop(): void {
    this.others.stop();
    this.own.stop();
  }

  /**
   * Where the server says a craft was, between two ticks; null where it was not heard of both, or was put there in
   * between.
   */
  serverPositionAt(seat: number, tick: number): { x: number; y: number } | null {
    const [a, b] = [this.serverPositions.get(Math.floor(tick)), this.serverPositions.get(Math.floor(tick) + 1)];
    if (!a || !b || a.round !== b.round || !a.inPlay[seat] || !b.inPlay[seat]) return null;
    const [from, to] = [a.crafts[seat]!, b.crafts[seat]!];
    const part = tick - Math.floor(tick);
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  }

  /**
   * How far a craft travels from one moment of the match to another, by what the server says; null where that is not
   * known.
   */
  private travel(seat: number, from: number, to: number): number | null {
    let far = 0;
    for (let tick = Math.floor(from); tick < to; tick++) {
      const [a, b] = [
        this.serverPositionAt(seat, Math.max(from, tick)),
        this.serverPositionAt(seat, Math.min(to, tick + 1 - 1e-9)),
      ];
      if (!a || !b) return null;
      far += Math.hypot(b.x - a.x, b.y - a.y);
    }
    return far;
  }

  /**
   * What the others' motion must be, whatever the network does: never back, never faster than the room by more than a
   * fifth, and never farther from one frame to the next than the craft travelled in the time that is shown.
   * @returns how many steps were looked at, and the farthest, in units a millisecond
   */
  checkOthers(tickTime = 50): { steps: number; farthest: number } {
    let [steps, farthest] = [0, 0];
    this.frames.slice(1).forEach((frame, i) => {
      const before = this.frames[i]!;
      const about = `frame ${i + 1}: tick ${before.tick.toFixed(2)} → ${frame.tick.toFixed(2)} in ${(frame.at - before.at).toFixed(1)} ms`;
      assert.ok(frame.tick >= before.tick, about);
      assert.ok(frame.tick - before.tick <= (1.2 * (frame.at - before.at)) / tickTime + 1e-6, about);
      for (const seat of Object.keys(frame.things)) {
        const [a, b] = [before.things[seat], frame.things[seat]!];
        const travelled = this.travel(Number(seat), before.tick, frame.tick);
        if (!a || travelled === null) continue;
        const far = Math.hypot(b.x - a.x, b.y - a.y);
        assert.ok(
          far <= travelled + 0.5,
          `${about}: craft ${seat} jumps ${far.toFixed(1)}, and travelled ${travelled.toFixed(1)}`,
        );
        steps += 1;
        farthest = Math.max(farthest, far / Math.max(1, frame.at - before.at));
      }
    });
    return { steps, farthest };
  }

  /**
   * How far (units a ms) the others would have gone from one frame to the next, had each state been shown as it came.
   */
  rawFarthest(): number {
    let farthest = 0;
    this.frames.slice(1).forEach((frame, i) => {
      const before = this.frames[i]!;
      frame.raw.forEach((craft, seat) => {
        const was = before.raw[seat];
        const far = was ? Math.hypot(craft.x - was.x, craft.y - was.y) : 0;
        // farther: it fell, and was put back
        if (far < 1_000) farthest = Math.max(farthest, far / Math.max(16, frame.at - before.at));
      });
    });
    return farthest;
  }

  /**
   * The steps of one's own craft, in units a millisecond, and how far it was shown from where the server then said it
   * was at that tick. Where it is put after a fall the server alone knows: it is there when that is heard, which is no
   * step.
   */
  ownSteps(): { fastest: number; step: unknown; errors: number[] } {
    const seat = this.room.seat!;
    let fastest = 0;
    let step: unknown;
    const errors: number[] = [];
    this.frames.forEach((frame, i) => {
      const before = this.frames[i - 1]?.own;
      const truth = frame.own && this.serverPositionAt(seat, frame.own.tick);
      if (!frame.own || !truth) return;
      errors.push(Math.hypot(truth.x - frame.own.thing.x, truth.y - frame.own.thing.y));
      if (!before || !this.serverPositionAt(seat, before.tick) || !this.frames[i - 1]!.inPlay || !frame.inPlay) return;
      const [far, time] = [
        Math.hypot(frame.own.thing.x - before.thing.x, frame.own.thing.y - before.thing.y),
        frame.at - this.frames[i - 1]!.at,
      ];
      if (far / time > fastest) [fastest, step] = [far / time, { far, time, tick: [before.tick, frame.own.tick] }];
    });
    return { fastest, step, errors: errors.sort((a, b) => a - b) };
  }
}

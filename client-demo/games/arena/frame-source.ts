import {
  interpolate,
  interpolateReplay,
  predictOwn,
  type Interpolation,
  type Own,
  type ReplayInterpolation,
} from '../../../client/predict/index.ts';
import { ReplayRoom } from '../../../client/replay/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { arena, Arena } from '../../../shared/games/arena/contract.ts';
import { arenaPrediction } from '../../../shared/games/arena/prediction.ts';
import { unpackGem } from '../../../shared/games/arena/ground.ts';
import { craftSize, type Craft } from '../../../shared/games/arena/motion.ts';
import { dashCooldownTicks } from '../../../shared/games/arena/pilot.ts';
import type { ArenaRoom, ArenaRoomLike } from './arena-room.ts';
import { arenaMotion, type CraftMotion } from './arena-motion.ts';

type Def = DefOf<typeof arena>;
/** What to draw at one moment: other craft interpolated, one's own craft predicted. */
export interface ArenaFrame {
  tick: number;
  s: Arena;
  crafts: Craft[];
}

/** Supplies the frames of a scene and takes inputs. */
export interface FrameSource {
  /** As `room.input`, visible in the next frame. */
  readonly input: ArenaRoomLike['input'];
  at(now: number): ArenaFrame | null;
  stop(): void;
}

export const frameSourceOf = (room: ArenaRoomLike): FrameSource =>
  room instanceof ReplayRoom ? new ReplayFrames(room) : new LiveFrames(room as ArenaRoom);

/** Frames of a live room. */
class LiveFrames implements FrameSource {
  private readonly others: Interpolation<Def, CraftMotion>;
  private readonly own: Own<Def, CraftMotion>;
  private dash: { own: number; shown: number } | null = null;

  constructor(private readonly room: ArenaRoom) {
    this.others = interpolate(room, arenaMotion);
    this.own = predictOwn(room, arenaPrediction, arenaMotion);
  }

  get input(): ArenaRoomLike['input'] {
    return this.own.input;
  }

  at(now: number): ArenaFrame | null {
    const seen = this.others.at(now);
    const own = this.own.at(now);
    if (!seen) return null;
    const shown: ArenaFrame = { tick: seen.tick, s: seen.state, crafts: Object.values(seen.things) };
    const { seat } = this.room;
    const pilot = seat === null ? undefined : shown.s.pilots[seat];
    // Predicted only while the craft flies in the shown round: the server decides about falls.
    if (
      !own?.thing ||
      !pilot ||
      seat === null ||
      pilot.back > 0 ||
      own.state.pilots[seat]?.back !== 0 ||
      own.state.round !== shown.s.round
    )
      return shown;
    shown.crafts[seat] = own.thing;
    const pilots = [...shown.s.pilots];
    pilots[seat] = { ...pilot, dashed: this.dashed(own.state.pilots[seat]!.dashed, pilot.dashed, shown.s.tick) };
    return {
      ...shown,
      s: {
        ...shown.s,
        pilots,
        gems: shown.s.gems.map((gem, slot) => (own.state.gems[slot] === 0 && isAt(gem, own.thing!) ? 0 : gem)),
      },
    };
  }

  stop(): void {
    this.others.stop();
    this.own.stop();
  }

  /** One's own dash is drawn when it is pressed. The server's later event is the same dash. */
  private dashed(own: number, told: number, tick: number): number {
    const same = (at: number) => this.dash !== null && Math.abs(at - this.dash.own) < dashCooldownTicks / 2;
    if (own > told && !same(own)) this.dash = { own, shown: tick + 1 };
    return same(told) || (own > told && same(own)) ? this.dash!.shown : told;
  }
}

/** Frames of a recorded match, at the position of the replay. */
class ReplayFrames implements FrameSource {
  private readonly all: ReplayInterpolation<Def, CraftMotion>;

  constructor(private readonly room: ReplayRoom<Def>) {
    this.all = interpolateReplay(room, arenaMotion);
  }

  get input(): ArenaRoomLike['input'] {
    return this.room.input;
  }

  at(): ArenaFrame {
    const { tick, state, things } = this.all.at();
    return { tick, s: state, crafts: Object.values(things) };
  }

  stop(): void {}
}

/** Whether a gem is where the craft is or just was: that craft took it. */
function isAt(packed: number, craft: CraftMotion): boolean {
  const gem = unpackGem(packed);
  return gem !== null && Math.hypot(gem.x - craft.x, gem.y - craft.y) < 3 * craftSize;
}

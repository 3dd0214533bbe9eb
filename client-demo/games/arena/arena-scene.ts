import { dashCooldownTicks } from '../../../shared/games/arena/pilot.ts';
import type { ArenaRoomLike } from './arena-room.ts';
import { nameOf } from './arena-room.ts';
import { Controls } from './controls.ts';
import { VisualEffects } from './visual-effects.ts';
import { readPalette } from './palette.ts';
import { appliedColors } from '../common/seat-colors.ts';
import { speaker } from '../../sound/speaker.ts';
import { ArenaSounds } from './arena-sounds.ts';
import { Painter } from './painter.ts';
import { frameSourceOf, type FrameSource, type ArenaFrame } from './frame-source.ts';

export interface SceneElements {
  root: HTMLElement;
  pad: HTMLElement;
  canvas: HTMLCanvasElement;
}

/** Draws the room while the page is visible, and sends the player's inputs. */
export class ArenaScene {
  private readonly frames: FrameSource;
  private readonly effects = new VisualEffects();
  private readonly sounds = new ArenaSounds(speaker.play);
  private readonly painter: Painter;
  private readonly controls: Controls;
  private readonly abortController = new AbortController();
  private readonly stops: (() => void)[] = [];
  private palette;
  private reducesMotion = false;
  private frame = 0;
  private shownCooldown = '1';
  private writtenAt = -Infinity;

  constructor(
    private readonly room: ArenaRoomLike,
    private readonly parts: SceneElements,
  ) {
    const { canvas, root, pad } = parts;
    this.frames = frameSourceOf(room);
    this.painter = new Painter(canvas);
    this.palette = readPalette(root);
    this.controls = new Controls(pad, {
      isEnabled: () => this.mayPlay(),
      steer: to => this.steer(to),
      dash: () => this.dash(),
    });
    const resize = new ResizeObserver(() => this.measure());
    resize.observe(canvas);
    this.stops.push(
      () => this.frames.stop(),
      () => resize.disconnect(),
    );
    this.watchMediaQuery('(prefers-reduced-motion: reduce)', matches => {
      this.reducesMotion = matches;
    });
    this.watchMediaQuery('(prefers-color-scheme: dark)', () => {
      this.palette = readPalette(root);
    });
    this.stops.push(
      appliedColors.subscribe(() => {
        this.palette = readPalette(root);
      }),
    );
    document.addEventListener('visibilitychange', () => this.run(), { signal: this.abortController.signal });
    this.run();
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.controls.stop();
    this.abortController.abort();
    for (const stop of this.stops) stop();
  }

  dash(): void {
    if (this.mayPlay()) this.frames.input.dash();
  }

  /** Whether inputs are sent. An input held before the round begins applies from its first tick. */
  private mayPlay(): boolean {
    const { room } = this;
    return room.seat !== null && room.info.phase === 'playing' && room.ended === null;
  }

  private steer(to: { x: number; y: number }): void {
    if (this.mayPlay()) this.frames.input.steer(to);
  }

  private watchMediaQuery(query: string, fn: (matches: boolean) => void): void {
    const media = matchMedia(query);
    fn(media.matches);
    media.addEventListener('change', () => fn(media.matches), { signal: this.abortController.signal });
  }

  /** Sets the resolution of the canvas: that of the screen, at most 2 pixels per CSS pixel. */
  private measure(): void {
    const { canvas } = this.parts;
    const side = Math.max(2, Math.round(canvas.clientWidth * this.pixelRatio));
    if (canvas.width === side) return;
    canvas.width = canvas.height = side;
    this.paint(performance.now()); // otherwise the canvas is empty until the next frame
  }

  private get pixelRatio(): number {
    return Math.min(2, devicePixelRatio || 1);
  }

  private run(): void {
    cancelAnimationFrame(this.frame);
    if (document.hidden) return;
    const next = (): void => {
      this.paint(performance.now());
      this.frame = requestAnimationFrame(next);
    };
    this.frame = requestAnimationFrame(next);
  }

  private paint(now: number): void {
    const { room, palette, reducesMotion } = this;
    const seen = this.frames.at(now);
    const me = room.seat;
    if (seen) {
      this.effects.update(seen, me, now, palette, reducesMotion);
      this.sounds.update(seen, me);
    }
    const names = room.info.seats.map((_seat, i) => nameOf(room, i));
    this.painter.paint(seen, this.effects, palette, { me, now, still: reducesMotion, dense: this.pixelRatio, names });
    if (seen) this.write(seen, me, now);
  }

  /** Writes what is outside the canvas: the cooldown of the dash and, for tests, the positions of the craft. */
  private write(seen: ArenaFrame, me: number | null, now: number): void {
    const { dataset, style } = this.parts.root;
    const pilot = me === null ? undefined : seen.s.pilots[me];
    const rested = pilot ? Math.max(0, Math.min(1, (seen.tick - pilot.dashed) / dashCooldownTicks)).toFixed(2) : '1';
    if (rested !== this.shownCooldown) style.setProperty('--rested', (this.shownCooldown = rested));
    if (now - this.writtenAt < 1_000) return;
    this.writtenAt = now;
    dataset['tick'] = String(seen.s.tick);
    dataset['crafts'] = seen.crafts.map(({ x, y }) => `${Math.round(x)},${Math.round(y)}`).join(' ');
  }
}

import { dashRest } from '../../../shared/games/arena/pilot.ts';
import type { ArenaSeen } from './arena-room.ts';
import { nameOf } from './arena-room.ts';
import { Controls } from './controls.ts';
import { Effects } from './effects.ts';
import { readPalette } from './look.ts';
import { painted } from '../../paint.ts';
import { speaker } from '../../sound/speaker.ts';
import { Noises } from './noises.ts';
import { Painter } from './painter.ts';
import { picturesOf, type Pictures, type Seen } from './playback.ts';

export interface Parts { root: HTMLElement; pad: HTMLElement; canvas: HTMLCanvasElement }

/** The moving part of the page: draws the room while somebody can see it, and takes what the hands do to the room. */
export class Scene {
  private readonly playback: Pictures;
  private readonly effects = new Effects();
  private readonly noises = new Noises(speaker.play);
  private readonly painter: Painter;
  private readonly controls: Controls;
  private readonly ends = new AbortController();
  private readonly stops: (() => void)[] = [];
  private palette;
  private still = false;
  private frame = 0;
  private rested = '1';
  private writtenAt = -Infinity;

  constructor(private readonly room: ArenaSeen, private readonly parts: Parts) {
    const { canvas, root, pad } = parts;
    this.playback = picturesOf(room);
    this.painter = new Painter(canvas);
    this.palette = readPalette(root);
    this.controls = new Controls(pad, { may: () => this.mayPlay(), steer: to => this.steer(to), dash: () => this.dash() });
    const resize = new ResizeObserver(() => this.measure());
    resize.observe(canvas);
    this.stops.push(() => this.playback.stop(), () => resize.disconnect());
    this.follow('(prefers-reduced-motion: reduce)', matches => { this.still = matches; });
    this.follow('(prefers-color-scheme: dark)', () => { this.palette = readPalette(root); });
    this.stops.push(painted.subscribe(() => { this.palette = readPalette(root); }));
    document.addEventListener('visibilitychange', () => this.run(), { signal: this.ends.signal });
    this.run();
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.controls.stop();
    this.ends.abort();
    for (const stop of this.stops) stop();
  }

  dash(): void {
    if (this.mayPlay()) this.playback.input.dash();
  }

  /** What is held before the round begins counts from its first tick. */
  private mayPlay(): boolean {
    const { room } = this;
    return room.seat !== null && room.info.phase === 'playing' && room.ended === null;
  }

  private steer(to: { x: number; y: number }): void {
    if (this.mayPlay()) this.playback.input.steer(to);
  }

  private follow(query: string, fn: (matches: boolean) => void): void {
    const media = matchMedia(query);
    fn(media.matches);
    media.addEventListener('change', () => fn(media.matches), { signal: this.ends.signal });
  }

  /** As many pixels as the screen has; more than two for one of the page are work that nobody sees. */
  private measure(): void {
    const { canvas } = this.parts;
    const side = Math.max(2, Math.round(canvas.clientWidth * this.dense));
    if (canvas.width === side) return;
    canvas.width = canvas.height = side;
    this.paint(performance.now()); // or it would be empty until the next frame
  }

  private get dense(): number { return Math.min(2, devicePixelRatio || 1); }

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
    const { room, palette, still } = this;
    const seen = this.playback.at(now);
    const me = room.seat;
    if (seen) {
      this.effects.take(seen, me, now, palette, still);
      this.noises.take(seen, me);
    }
    const names = room.info.seats.map((_seat, i) => nameOf(room, i));
    this.painter.paint(seen, this.effects, palette, { me, now, still, dense: this.dense, names });
    if (seen) this.write(seen, me, now);
  }

  /** What does not belong on the canvas: how rested the dash is, and, for whoever tests the page, where the craft are. */
  private write(seen: Seen, me: number | null, now: number): void {
    const { dataset, style } = this.parts.root;
    const pilot = me === null ? undefined : seen.s.pilots[me];
    const rested = pilot ? Math.max(0, Math.min(1, (seen.tick - pilot.dashed) / dashRest)).toFixed(2) : '1';
    if (rested !== this.rested) style.setProperty('--rested', this.rested = rested);
    if (now - this.writtenAt < 1_000) return;
    this.writtenAt = now;
    dataset['tick'] = String(seen.s.tick);
    dataset['crafts'] = seen.crafts.map(({ x, y }) => `${Math.round(x)},${Math.round(y)}`).join(' ');
  }
}

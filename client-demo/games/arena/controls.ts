import type { Steer } from '../../../shared/games/arena/motion.ts';

/** Pixels from where a drag began to full speed. */
const fullSpeedPx = 52;
/** Steering resolution. A finger is never still, and each step sends an input. */
const steerStep = 4;
const keys: Record<string, Steer> = {
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  KeyW: { x: 0, y: -1 },
  KeyS: { x: 0, y: 1 },
  KeyA: { x: -1, y: 0 },
  KeyD: { x: 1, y: 0 },
};

export interface ControlTarget {
  /** Whether this player plays now. */
  isEnabled(): boolean;
  steer(to: Steer): void;
  dash(): void;
}

/** Turns keys and drags into one direction. Reports changes; reports zero when the page loses focus. */
export class Controls {
  private readonly down = new Set<string>();
  private pointer: { id: number; x: number; y: number } | null = null;
  private dragged: Steer = { x: 0, y: 0 };
  private lastSent: Steer = { x: 0, y: 0 };
  private readonly ends = new AbortController();

  /** @param pad where drags begin; its CSS variables `--stick-…` position the stick */
  constructor(
    private readonly pad: HTMLElement,
    private readonly target: ControlTarget,
  ) {
    const { signal } = this.ends;
    addEventListener('keydown', this.pressed, { signal });
    addEventListener(
      'keyup',
      event => {
        if (this.down.delete(event.code)) this.sendIfChanged();
      },
      { signal },
    );
    addEventListener('blur', () => this.release(), { signal });
    addEventListener('pagehide', () => this.release(), { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.hidden) this.release();
      },
      { signal },
    );
    pad.addEventListener('pointerdown', this.grabbed, { signal });
    pad.addEventListener('pointermove', this.moved, { signal });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      pad.addEventListener(end, this.released, { signal });
  }

  stop(): void {
    this.release();
    this.ends.abort();
  }

  private release(): void {
    this.down.clear();
    this.releaseStick();
    this.sendIfChanged();
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement | null;
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      target?.closest('input, textarea, select, [contenteditable]') ||
      !this.target.isEnabled()
    )
      return;
    const dash = event.code === 'Space' && !target?.closest('button, a, [role=button]');
    if (!dash && !Object.hasOwn(keys, event.code)) return;
    event.preventDefault(); // keys must not scroll the page
    if (event.repeat) return;
    if (dash) return this.target.dash();
    this.down.add(event.code);
    this.sendIfChanged();
  };

  private readonly grabbed = (event: PointerEvent): void => {
    if (this.pointer || event.button !== 0 || !this.target.isEnabled() || (event.target as Element).closest('button'))
      return;
    this.pointer = { id: event.pointerId, x: event.clientX, y: event.clientY };
    this.pad.setPointerCapture(event.pointerId);
    this.show(0, 0);
  };

  private readonly moved = (event: PointerEvent): void => {
    const { pointer } = this;
    if (pointer?.id !== event.pointerId) return;
    let [dx, dy] = [event.clientX - pointer.x, event.clientY - pointer.y];
    const far = Math.hypot(dx, dy);
    if (far > fullSpeedPx) {
      // The origin follows the finger, so that turning back needs a short drag.
      pointer.x += dx * (1 - fullSpeedPx / far);
      pointer.y += dy * (1 - fullSpeedPx / far);
      [dx, dy] = [(dx * fullSpeedPx) / far, (dy * fullSpeedPx) / far];
    }
    const step = (d: number) => Math.round((d / fullSpeedPx) * (100 / steerStep)) * steerStep + 0;
    this.dragged = far < fullSpeedPx * 0.15 ? { x: 0, y: 0 } : { x: step(dx), y: step(dy) };
    this.show(dx, dy);
    this.sendIfChanged();
  };

  private readonly released = (event: PointerEvent): void => {
    if (this.pointer?.id !== event.pointerId) return;
    this.releaseStick();
    this.sendIfChanged();
  };

  private releaseStick(): void {
    this.pointer = null;
    this.dragged = { x: 0, y: 0 };
    this.pad.classList.remove('is-dragged');
  }

  private show(dx: number, dy: number): void {
    const box = this.pad.getBoundingClientRect();
    this.pad.classList.add('is-dragged');
    for (const [name, value] of [
      ['x', this.pointer!.x - box.left],
      ['y', this.pointer!.y - box.top],
      ['dx', dx],
      ['dy', dy],
    ] as const)
      this.pad.style.setProperty(`--stick-${name}`, `${value}px`);
  }

  private sendIfChanged(): void {
    let [x, y] = [0, 0];
    for (const code of this.down) [x, y] = [x + keys[code]!.x, y + keys[code]!.y];
    const full = x !== 0 && y !== 0 ? 71 : 100;
    const to = x !== 0 || y !== 0 ? { x: Math.sign(x) * full + 0, y: Math.sign(y) * full + 0 } : this.dragged;
    if (to.x === this.lastSent.x && to.y === this.lastSent.y) return;
    this.lastSent = to;
    this.target.steer({ ...to });
  }
}
